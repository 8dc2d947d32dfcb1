//! Encrypted files in buckets, against servers that look at what arrives.

use hagane::MemoryFiles;
use hagane::sops::Bucket;
use hagane_host::Storage;

use super::server::{Asked, Server};
use super::with_keys;

const FILE: &[u8] = b"a: ENC[AES256_GCM,data:x]\n";

fn bucket() -> Bucket {
    Bucket { name: "mine".into(), prefix: "team/".into() }
}

fn publish(service: Storage, name: &str, variables: &[(&str, &str)]) -> Result<(), String> {
    with_keys(variables, &MemoryFiles::new(), |keys| keys.publish_to_bucket(service, &bucket(), name, FILE))
}

#[test]
fn google_gets_the_file() {
    let server = Server::new(|_, asked| match asked.line.contains("none") {
        true => (404, r#"{"error":{"code":404,"message":"The specified bucket does not exist."}}"#.into()),
        false => (200, r#"{"kind":"storage#object"}"#.into()),
    });
    let host = server.url.trim_start_matches("http://").to_owned();
    for url in [&server.url, &host] {
        let variables = [("STORAGE_EMULATOR_HOST", url.as_str()), ("GOOGLE_OAUTH_ACCESS_TOKEN", "token")];
        assert_eq!(publish(Storage::Google, "a/b c.yaml", &variables), Ok(()));
        let refused = Err("answers 404: The specified bucket does not exist.".to_owned());
        assert_eq!(publish(Storage::Google, "none", &variables), refused);
    }
    let asked = &server.asked()[0];
    let line = "POST /upload/storage/v1/b/mine/o?uploadType=media&name=team%2Fa%2Fb%20c.yaml";
    assert_eq!((asked.line.as_str(), asked.body.as_bytes()), (line, FILE));
    let has_token = asked.headers.iter().any(|header| header.starts_with("authorization:"));
    assert!(!has_token, "a stand-in gets no token");
}

#[cfg(feature = "aws")]
mod amazon {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use sha2::{Digest as _, Sha256};

    use super::*;

    const SECRET: &str = "secret of the case";

    fn hexadecimal(bytes: impl AsRef<[u8]>) -> String {
        bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn code(key: &[u8], text: &str) -> Vec<u8> {
        let mut code = Hmac::<Sha256>::new_from_slice(key).unwrap();
        code.update(text.as_bytes());
        code.finalize().into_bytes().to_vec()
    }

    /// Returns whether a request is signed by the secret, as Amazon describes it: from what has arrived alone.
    fn is_signed(asked: &Asked) -> bool {
        let header = |name: &str| {
            let line = asked.headers.iter().find(|line| line.starts_with(&format!("{name}:")));
            line.map(|line| line[name.len() + 1..].trim().to_owned()).unwrap_or_default()
        };
        let (authorization, time) = (header("authorization"), header("x-amz-date"));
        let field = |name: &str| {
            let rest = &authorization[authorization.find(name).unwrap() + name.len()..];
            rest.split(',').next().unwrap().to_owned()
        };
        let scope = field("Credential=AKID/");
        let day = &time[..8];
        assert_eq!(scope, format!("{day}/eu-west-1/s3/aws4_request"));
        let names = field("SignedHeaders=");
        assert_eq!(names, "host;x-amz-content-sha256;x-amz-date;x-amz-security-token");
        let (method, path) = asked.line.split_once(' ').unwrap();
        let headers: String = names.split(';').map(|name| format!("{name}:{}\n", header(name))).collect();
        let body = hexadecimal(Sha256::digest(&asked.body));
        assert_eq!(header("x-amz-content-sha256"), body);
        let canonical = [method, path, "", &headers, &names, &body].join("\n");
        let text = ["AWS4-HMAC-SHA256", &time, &scope, &hexadecimal(Sha256::digest(canonical))].join("\n");
        let parts = [day, "eu-west-1", "s3", "aws4_request"];
        let key = parts.iter().fold(format!("AWS4{SECRET}").into_bytes(), |key, part| code(&key, part));
        hexadecimal(code(&key, &text)) == field("Signature=")
    }

    /// Runs with the variables of this process: Amazon's library reads them itself.
    #[test]
    fn amazon_gets_the_file() {
        let server = Server::new(|_, asked| match is_signed(asked) {
            true if asked.line.contains("none") => {
                let error =
                    "<Error><Code>NoSuchBucket</Code><Message>The bucket does not exist</Message></Error>";
                (404, format!("<?xml version=\"1.0\"?>{error}"))
            }
            true => (200, String::new()),
            false => (403, "<Error><Code>SignatureDoesNotMatch</Code></Error>".into()),
        });
        let answer_at = |url: &str, name: &str, secret: &str| {
            let program = std::env::current_exe().unwrap();
            let mut command = std::process::Command::new(program);
            command.args(["--exact", "buckets::amazon::as_a_program_of_its_own", "--nocapture"]);
            command.env_clear().envs([
                ("HAGANE_TEST_NAME", name),
                ("HAGANE_TEST_URL", url),
                ("AWS_ACCESS_KEY_ID", "AKID"),
                ("AWS_SECRET_ACCESS_KEY", secret),
                ("AWS_SESSION_TOKEN", "a token"),
                ("AWS_REGION", "eu-west-1"),
            ]);
            let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
            let said = output.lines().find_map(|line| line.strip_prefix("answer: "));
            said.map(str::to_owned).unwrap_or(output)
        };
        let answer = |name: &str, secret: &str| answer_at(&server.url, name, secret);
        assert_eq!(answer("a/b c.yaml", SECRET), "Ok(())");
        let asked = &server.asked()[0];
        assert_eq!((asked.line.as_str(), asked.body.as_bytes()), ("PUT /mine/team/a/b%20c.yaml", FILE));
        let missing = r#"Err("answers 404 (NoSuchBucket): The bucket does not exist")"#;
        assert_eq!(answer("none", SECRET), missing);
        assert_eq!(answer("a", "another"), r#"Err("answers 403")"#);
        let nowhere = r#"Err("has no address that is one: `s3.example.com/mine/team/a`")"#;
        assert_eq!(answer_at("me:hunter2@s3.example.com", "a", SECRET), nowhere);
    }

    /// What the test above starts with variables of its own. Alone it has nothing to do.
    #[test]
    #[allow(clippy::print_stdout, reason = "it answers who has started it")]
    fn as_a_program_of_its_own() {
        let variable = |name: &str| std::env::var(name).ok();
        if let (Some(name), Some(url)) = (variable("HAGANE_TEST_NAME"), variable("HAGANE_TEST_URL")) {
            let answer = publish(Storage::Amazon, &name, &[("AWS_ENDPOINT_URL_S3", &url)]);
            println!("\nanswer: {answer:?}");
        }
    }
}
