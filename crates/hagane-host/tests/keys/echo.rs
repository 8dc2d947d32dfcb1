//! Services that answer with what they were asked: none of it comes into a message where the request held plaintext.

use hagane::sops::{MasterKey, VaultSecrets};
use hagane::{Keyring, MemoryFiles, SecretBytes};

use super::server::{Asked, Server};
use super::with_keys;

const SECRET: &str = "hunter2 is long enough";

/// Echoes the request, in each way that services have to say what is wrong; the words of the secret one by one, too.
fn echoes(way: usize) -> impl Fn(usize, &Asked) -> (u16, String) + Send + 'static {
    move |_, asked| {
        if asked.line.starts_with("GET") {
            return (404, "{}".into());
        }
        let quoted = serde_json::Value::from(asked.body.as_str()).to_string();
        let body = match way {
            0 => format!(r#"{{"error":{{"message":{quoted},"code":{quoted},"status":{quoted}}}}}"#),
            1 => format!(r#"{{"errors":[{quoted}]}}"#),
            2 => format!(r#"{{"error":{quoted},"error_description":{quoted}}}"#),
            3 => format!(r#"{{"message":{quoted},"__type":{quoted}}}"#),
            4 => r#"{"error":{"message":"no hunter2 here","status":"hunter2","code":"hunter2"}}"#.into(),
            5 => r#"{"errors":["enough of hunter2"]}"#.into(),
            6 => r#"{"error":{"message":"no hunter2 here","status":"PERMISSION_DENIED"}}"#.into(),
            _ => asked.body.clone(),
        };
        (400, body)
    }
}

#[test]
fn what_was_asked_is_in_no_message() {
    for way in 0..8 {
        let server = Server::new(echoes(way));
        let variables = [
            ("SOPS_GCP_KMS_ENDPOINT", server.url.as_str()),
            ("GOOGLE_OAUTH_ACCESS_TOKEN", "token"),
            ("VAULT_TOKEN", "s.token"),
        ];
        let said = if way == 6 { "answers 400 (PERMISSION_DENIED)" } else { "answers 400" };
        let secret = SecretBytes::new(SECRET.into());
        with_keys(&variables, &MemoryFiles::new(), |keys| {
            for mut key in [
                MasterKey::gcp_kms("projects/p/locations/l/keyRings/r/cryptoKeys/k"),
                MasterKey::vault(&format!("{}/v1/transit/keys/key", server.url)).unwrap(),
            ] {
                let failure = keys.wrap_key(&mut key, &secret).unwrap_err();
                let reasons: Vec<&str> = failure.tried.iter().map(|tried| tried.reason.as_str()).collect();
                assert_eq!(reasons, [said], "{way} {key}");
            }
            let secrets = VaultSecrets {
                address: server.url.clone(),
                mount: "kv".into(),
                path: "team".into(),
                version: 2,
            };
            let object = SecretBytes::new(format!(r#"{{"a":"{SECRET}"}}"#).into());
            let answer = keys.publish_to_vault(&secrets, "a", &object);
            assert_eq!(answer, Err(said.to_owned()), "{way}");
        });
    }
}

#[test]
fn what_proves_who_asks_is_in_no_message() {
    let server = Server::new(|_, asked| {
        let token = asked.headers.iter().find_map(|header| header.strip_prefix("x-vault-token: "));
        (403, format!(r#"{{"errors":["no {} here"]}}"#, token.unwrap_or("token")))
    });
    let check = |token: &str, said: &str| {
        with_keys(&[("VAULT_TOKEN", token)], &MemoryFiles::new(), |keys| {
            let key = MasterKey::vault(&format!("{}/v1/transit/keys/key", server.url)).unwrap();
            assert_eq!(super::unwrap(keys, key, "vault:v1:x"), Err(format!("{} {said}", server.url)));
        });
    };
    check("hvs.long-enough", "answers 403, in words that hold what it was sent");
}
