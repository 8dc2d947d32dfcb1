//! Huawei Cloud KMS, against a server that works out each signature itself.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane::sops::MasterKey;
use hagane::{Keyring, MemoryFiles};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::server::{Asked, Server};
use super::{DATA_KEY, unwrap, with_keys, wrap, wrapped};

const ID: &str = "0d0466b0-e727-4d9c-b35d-f84bb474a37f";
const NAME: &str = "tr-west-1:0d0466b0-e727-4d9c-b35d-f84bb474a37f";
const SECRET: &str = "secret of the case";

fn hexadecimal(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns whether a request is signed by the secret, as Huawei describes it: from what has arrived alone.
fn is_signed(asked: &Asked) -> bool {
    let header = |name: &str| {
        let line = asked.headers.iter().find(|line| line.starts_with(&format!("{name}:")));
        line.map(|line| line[name.len() + 1..].trim().to_owned()).unwrap_or_default()
    };
    let authorization = header("authorization");
    let field = |name: &str| {
        let rest = &authorization[authorization.find(name).unwrap() + name.len()..];
        rest.split(',').next().unwrap().to_owned()
    };
    assert!(authorization.starts_with("SDK-HMAC-SHA256 Access=AK, "), "{authorization}");
    let names = field("SignedHeaders=");
    assert!(
        ["host", "x-sdk-date"].iter().all(|name| names.split(';').any(|signed| signed == *name)),
        "{names}"
    );
    let (method, target) = asked.line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: String = names.split(';').map(|name| format!("{name}:{}\n", header(name))).collect();
    let body = hexadecimal(Sha256::digest(&asked.body));
    let canonical = [method, &format!("{path}/"), query, &headers, &names, &body].join("\n");
    let text = ["SDK-HMAC-SHA256", &header("x-sdk-date"), &hexadecimal(Sha256::digest(canonical))].join("\n");
    let mut code = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    code.update(text.as_bytes());
    hexadecimal(code.finalize().into_bytes()) == field("Signature=")
}

/// Returns what the service does: it turns the text around.
fn kms(asked: &Asked) -> (u16, String) {
    if !is_signed(asked) {
        let error = r#"{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information"}"#;
        return (401, error.into());
    }
    let fields: serde_json::Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let turned = |field: &str| fields[field].as_str().unwrap().chars().rev().collect::<String>();
    match asked.line.as_str() {
        "GET /v3/projects?name=tr-west-1" => (200, r#"{"projects":[{"id":"p1","name":"tr-west-1"}]}"#.into()),
        "POST /v1.0/p1/kms/encrypt-data" => {
            assert_eq!(fields["key_id"], ID);
            (200, format!(r#"{{"key_id":"{ID}","cipher_text":"{}"}}"#, turned("plain_text")))
        }
        "POST /v1.0/p1/kms/decrypt-data" if fields["cipher_text"] == "none" => {
            (400, r#"{"error":{"error_code":"KMS.0301","error_msg":"Invalid ciphertext."}}"#.into())
        }
        "POST /v1.0/p1/kms/decrypt-data" => {
            (200, format!(r#"{{"key_id":"{ID}","plain_text":"{}"}}"#, turned("cipher_text")))
        }
        other => panic!("asked for {other}"),
    }
}

fn asking<T>(url: &str, more: &[(&str, &str)], ask: impl FnOnce(&hagane_host::LocalKeys) -> T) -> T {
    let mut variables = vec![
        ("HUAWEICLOUD_SDK_AK", "AK"),
        ("HUAWEICLOUD_SDK_SK", SECRET),
        ("HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1", url),
        ("HUAWEICLOUD_SDK_IAM_ENDPOINT", url),
    ];
    variables.splice(0..0, more.iter().copied());
    with_keys(&variables, &MemoryFiles::new(), ask)
}

#[test]
fn what_is_wrapped_is_unwrapped() {
    let server = Server::new(|_, asked| kms(asked));
    let key = || MasterKey::huawei_kms(NAME).unwrap();
    asking(&server.url, &[("HUAWEICLOUD_SDK_PROJECT_ID", "p1")], |keys| {
        let wrapped_key = wrap(keys, key()).unwrap();
        let plain: String = wrapped_key.chars().rev().collect();
        assert_eq!(BASE64_STANDARD.decode(plain).unwrap(), DATA_KEY, "the service gets the key in base64");
        assert_eq!(unwrap(keys, key(), &wrapped_key).as_deref(), Ok(DATA_KEY));
        assert!(keys.unwrap_bound(&wrapped(key(), &wrapped_key)).is_ok());
        let damaged = Err("Huawei Cloud KMS answers 400: Invalid ciphertext.".to_owned());
        assert_eq!(unwrap(keys, key(), "none"), damaged);
    });
    assert_eq!(server.asked().len(), 4, "nobody asks for the project that is given");
}

#[test]
fn tokens_and_projects_that_are_not_given() {
    let server = Server::new(|_, asked| kms(asked));
    asking(&server.url, &[("HUAWEICLOUD_SDK_SECURITY_TOKEN", "a token")], |keys| {
        assert!(wrap(keys, MasterKey::huawei_kms(NAME).unwrap()).is_ok());
    });
    let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines, ["GET /v3/projects?name=tr-west-1", "POST /v1.0/p1/kms/encrypt-data"]);
    let token = "x-security-token: a token".to_owned();
    assert!(server.asked().iter().all(|asked| asked.headers.contains(&token)));
}

#[test]
fn an_address_that_is_none_is_said_without_its_password() {
    let check = |url: &str, shown: &str| {
        asking(url, &[("HUAWEICLOUD_SDK_PROJECT_ID", "p1")], |keys| {
            let said = wrap(keys, MasterKey::huawei_kms(NAME).unwrap());
            assert_eq!(said, Err(format!("has no address that is one: `{shown}`")));
        });
    };
    check("kms.example.com", "kms.example.com");
    check("me:hunter2@kms.example.com", "kms.example.com");
    check("https://me:hunter 2@kms.example.com/", "kms.example.com");
    check("https://me:hunter2@kms .example.com", "https://kms .example.com");
}

#[test]
fn what_goes_wrong_is_said_without_the_data_key() {
    let server = Server::new(|_, asked| kms(asked));
    let key = || MasterKey::huawei_kms(NAME).unwrap();
    let project = ("HUAWEICLOUD_SDK_PROJECT_ID", "p1");
    asking(&server.url, &[project, ("HUAWEICLOUD_SDK_SK", "another")], |keys| {
        assert_eq!(wrap(keys, key()), Err("answers 401 (APIGW.0301)".into()));
        let said = "Huawei Cloud KMS answers 401: Incorrect IAM authentication information";
        assert_eq!(unwrap(keys, key(), "x"), Err(said.into()));
    });
    // A service that opens with whatever key it has, and one that says the request again.
    let other = Server::new(|_, _| (200, r#"{"key_id":"x","plain_text":"eA=="}"#.into()));
    asking(&other.url, &[project], |keys| {
        let said = "Huawei Cloud KMS opens it with another key than the one that the file names";
        assert_eq!(unwrap(keys, key(), "x"), Err(said.into()));
    });
    let echo = Server::new(|_, asked| {
        let said = asked.body.replace('"', "'");
        (400, format!(r#"{{"error":{{"error_code":"{said}","error_msg":"{said}"}}}}"#))
    });
    asking(&echo.url, &[project], |keys| assert_eq!(wrap(keys, key()), Err("answers 400".into())));
}
