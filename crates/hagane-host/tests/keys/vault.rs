//! Vault's transit engine.

use hagane::sops::{MasterKey, VaultSecrets};
use hagane::{MemoryFiles, SecretBytes};

use super::server::{Asked, Server};
use super::{DATA_KEY, unwrap, with_keys, wrap};

const TOKEN: (&str, &str) = ("VAULT_TOKEN", "s.token");

fn transit(_number: usize, asked: &Asked) -> (u16, String) {
    if !asked.headers.contains(&"x-vault-token: s.token".to_owned()) {
        return (403, r#"{"errors":["permission denied"]}"#.into());
    }
    match asked.line.as_str() {
        "PUT /v1/team/transit/decrypt/key" => {
            (200, r#"{"data":{"plaintext":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}"#.into())
        }
        "PUT /v1/team/transit/encrypt/key" => (200, r#"{"data":{"ciphertext":"vault:v1:abc"}}"#.into()),
        _ => (404, r#"{"errors":[]}"#.into()),
    }
}

fn key(server: &Server) -> MasterKey {
    MasterKey::vault(&format!("{}/v1/team/transit/keys/key", server.url)).unwrap()
}

#[test]
fn a_key_wraps_and_unwraps() {
    let server = Server::new(transit);
    let files = MemoryFiles::new();
    with_keys(&[TOKEN, ("VAULT_NAMESPACE", "team-a")], &files, |keys| {
        assert_eq!(wrap(keys, key(&server)).unwrap(), "vault:v1:abc");
        assert_eq!(unwrap(keys, key(&server), "vault:v1:abc").unwrap(), DATA_KEY);
    });
    let asked = server.asked();
    assert_eq!(asked[0].body, r#"{"plaintext":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}"#);
    assert_eq!(asked[1].body, r#"{"ciphertext":"vault:v1:abc"}"#);
    assert!(asked[1].headers.contains(&"x-vault-namespace: team-a".to_owned()));
}

#[test]
fn a_wrapped_key_is_asked_for_once_a_run() {
    let server = Server::new(transit);
    with_keys(&[TOKEN], &MemoryFiles::new(), |keys| {
        for _ in 0..500 {
            assert_eq!(unwrap(keys, key(&server), "vault:v1:abc").unwrap(), DATA_KEY);
        }
    });
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_token_of_the_home_counts() {
    let server = Server::new(transit);
    let files = MemoryFiles::new().with("/.vault-token", "s.token\n");
    with_keys(&[], &files, |keys| assert_eq!(unwrap(keys, key(&server), "x").unwrap(), DATA_KEY));
}

#[test]
fn a_busy_vault_is_asked_again() {
    let server = Server::new(|number, asked| match number {
        0 => (503, String::new()),
        1 => (429, r#"{"errors":["too many"]}"#.into()),
        _ => transit(number, asked),
    });
    with_keys(&[TOKEN], &MemoryFiles::new(), |keys| {
        assert_eq!(unwrap(keys, key(&server), "x").unwrap(), DATA_KEY)
    });
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_token_goes_only_where_it_may() {
    let server = Server::new(transit);
    let check = |variables: &[(&str, &str)], reason: Option<&str>| {
        let answer = with_keys(variables, &MemoryFiles::new(), |keys| unwrap(keys, key(&server), "x"));
        assert_eq!(answer.err(), reason.map(|reason| format!("{} {reason}", server.url)));
    };
    let not_listed = "is not in SOPS_HC_VAULT_ALLOWLIST";
    check(&[TOKEN, ("SOPS_HC_VAULT_ALLOWLIST", "none")], Some(not_listed));
    check(&[TOKEN, ("SOPS_HC_VAULT_ALLOWLIST", "https://a,https://b")], Some(not_listed));
    check(
        &[TOKEN, ("VAULT_ADDR", "https://vault.example.org")],
        Some(
            "is not the Vault of VAULT_ADDR, to which alone the token is sent; SOPS_HC_VAULT_ALLOWLIST names others",
        ),
    );
    check(&[], Some("takes a token: VAULT_TOKEN is not set, and there is no ~/.vault-token"));
    assert_eq!(server.asked().len(), 0);
    check(&[("VAULT_TOKEN", "other")], Some("answers 403: permission denied"));
    check(&[TOKEN, ("SOPS_HC_VAULT_ALLOWLIST", "https://a, http://127.0.0.1")], None);
    check(&[TOKEN, ("VAULT_ADDR", &format!("{}/", server.url))], None);
}

#[test]
fn a_token_does_not_follow_a_redirect() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::new(transit);
        let target = format!("{}/v1/team/transit/decrypt/key", elsewhere.url);
        let server = Server::redirecting(status, target);
        let answer = with_keys(&[TOKEN], &MemoryFiles::new(), |keys| unwrap(keys, key(&server), "x"));
        assert_eq!(answer, Err(format!("{} answers {status}", server.url)));
        assert_eq!((server.asked().len(), elsewhere.asked().len()), (1, 0), "{status}");
    }
}

#[test]
fn a_file_is_published() {
    let kept = std::sync::Mutex::new(String::new());
    let server = Server::new(move |_, asked| {
        let mut kept = kept.lock().unwrap();
        match asked.line.split_once(' ') {
            _ if !asked.headers.contains(&"x-vault-token: s.token".to_owned()) => (403, String::new()),
            Some(("GET", _)) if kept.is_empty() => (404, r#"{"errors":[]}"#.into()),
            Some(("GET", _)) => (200, format!(r#"{{"data":{kept}}}"#)),
            Some(("PUT", "/v1/kv/data/team/a/b.yaml" | "/v1/one/team/a/b.yaml")) => {
                kept.clone_from(&asked.body);
                (204, String::new())
            }
            _ => (404, r#"{"errors":["no such path"]}"#.into()),
        }
    });
    let check = |mount: &str, version, name: &str, object: &str, want: Result<bool, &str>| {
        let (mount, path) = (mount.to_owned(), "team".to_owned());
        let secrets = VaultSecrets { address: server.url.clone(), mount, path, version };
        let object = SecretBytes::new(object.into());
        let got =
            with_keys(&[TOKEN], &MemoryFiles::new(), |keys| keys.publish_to_vault(&secrets, name, &object));
        assert_eq!(got, want.map_err(str::to_owned), "{name}");
    };
    check("kv", 2, "a/b.yaml", r#"{"a": "one", "n": 1}"#, Ok(true));
    check("kv", 2, "a/b.yaml", r#"{"n": 1, "a": "one"}"#, Ok(false));
    check("kv", 2, "a/b.yaml", r#"{"a": "two"}"#, Ok(true));
    let bodies: Vec<String> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.line.starts_with("PUT"))
        .map(|asked| asked.body)
        .collect();
    assert_eq!(bodies, [r#"{"data":{"a": "one", "n": 1}}"#, r#"{"data":{"a": "two"}}"#]);
    check("one", 1, "a/b.yaml", r#"{"a": "one"}"#, Ok(true));
    check("kv", 2, "../b.yaml", "{}", Err("has nothing at such a path"));
    check("kv?x", 2, "b.yaml", "{}", Err("has nothing at such a path"));
    check("kv", 2, "elsewhere", "{}", Err("answers 404"));
}
