//! Google Cloud KMS, and the credentials for it.

use hagane::MemoryFiles;
use hagane::sops::MasterKey;

use super::server::{Asked, Server};
use super::{DATA_KEY, unwrap, with_keys, wrap};

const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";
/// A key for tests: everybody knows it.
const PRIVATE_KEY: &str = include_str!("service-account.pem");

fn kms(_number: usize, asked: &Asked) -> (u16, String) {
    let decrypt = format!("POST /v1/{KEY}:decrypt");
    let encrypt = format!("POST /v1/{KEY}:encrypt");
    match asked.line.as_str() {
        "POST /token" if asked.body.contains("grant_type=") => (200, r#"{"access_token":"token"}"#.into()),
        "POST /impersonate" if allowed(asked) => (200, r#"{"accessToken":"token"}"#.into()),
        "GET /subject" => (200, r#"{"value":"subject"}"#.into()),
        "GET /computeMetadata/v1/instance/service-accounts/default/token" => {
            (200, r#"{"access_token":"token","expires_in":3599}"#.into())
        }
        _ if !allowed(asked) => (401, r#"{"error":{"code":401,"message":"no credentials"}}"#.into()),
        line if line == decrypt => {
            (200, r#"{"plaintext":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}"#.into())
        }
        line if line == encrypt => (200, r#"{"ciphertext":"d3JhcHBlZA=="}"#.into()),
        _ => (404, r#"{"error":{"code":404,"message":"not found"}}"#.into()),
    }
}

fn allowed(asked: &Asked) -> bool {
    asked.headers.contains(&"authorization: Bearer token".to_owned())
}

fn check(server: &Server, variables: &[(&str, &str)], files: &MemoryFiles) -> Result<Vec<u8>, String> {
    let endpoint = [("SOPS_GCP_KMS_ENDPOINT", server.url.as_str())];
    let variables: Vec<(&str, &str)> = endpoint.iter().chain(variables).copied().collect();
    with_keys(&variables, files, |keys| {
        let data_key = unwrap(keys, MasterKey::gcp_kms(KEY), "d3JhcHBlZA==")?;
        assert_eq!(wrap(keys, MasterKey::gcp_kms(KEY)).unwrap(), "d3JhcHBlZA==");
        Ok(data_key)
    })
}

#[test]
fn every_kind_of_credentials_gives_a_token() {
    let server = Server::new(kms);
    let url = &server.url;
    let service_account = serde_json(&[
        ("type", "service_account"),
        ("client_email", "a@b"),
        ("token_uri", &format!("{url}/token")),
        ("private_key", PRIVATE_KEY),
    ]);
    let external = format!(
        r#"{{"type": "external_account", "audience": "a", "subject_token_type": "jwt", "token_url": "{url}/token",
        "service_account_impersonation_url": "{url}/impersonate",
        "credential_source": {{"url": "{url}/subject", "format": {{"type": "json", "subject_token_field_name": "value"}}}}}}"#
    );
    let file = format!(
        r#"{{"type": "external_account", "audience": "a", "subject_token_type": "jwt", "token_url": "{url}/token", "credential_source": {{"file": "subject"}}}}"#
    );
    let files = MemoryFiles::new()
        .with("/account.json", &service_account)
        .with("/external.json", external)
        .with("/file.json", file)
        .with("/subject", "subject\n");
    let host = url.strip_prefix("http://").unwrap();
    for variables in [
        [("GOOGLE_OAUTH_ACCESS_TOKEN", "token")],
        [("GOOGLE_CREDENTIALS", service_account.as_str())],
        [("GOOGLE_CREDENTIALS", "account.json")],
        [("GOOGLE_APPLICATION_CREDENTIALS", "/account.json")],
        [("GOOGLE_APPLICATION_CREDENTIALS", "external.json")],
        [("GOOGLE_APPLICATION_CREDENTIALS", "file.json")],
        [("GCE_METADATA_HOST", host)],
    ] {
        assert_eq!(check(&server, &variables, &files), Ok(DATA_KEY.to_vec()), "{}", variables[0].0);
    }
}

/// Returns a JSON object of texts.
fn serde_json(fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("\"{name}\":\"{}\"", value.replace('\n', "\\n"))).collect();
    format!("{{{}}}", fields.join(","))
}

#[test]
fn what_is_wrong_is_said() {
    let server = Server::new(kms);
    let files = MemoryFiles::new().with("/a.json", "{}").with("/b.json", r#"{"type": "magic"}"#);
    let says = |variables: &[(&str, &str)], said: &str| {
        assert_eq!(check(&server, variables, &files), Err(format!("Google Cloud KMS {said}")));
    };
    says(&[("GOOGLE_OAUTH_ACCESS_TOKEN", "other")], "answers 401: no credentials");
    says(&[("GOOGLE_CREDENTIALS", "a.json")], "takes credentials, and they have no `type`");
    says(&[("GOOGLE_CREDENTIALS", "b.json")], "takes credentials, and not of the type `magic`");
    says(&[("GOOGLE_CREDENTIALS", "c.json")], "takes `c.json`, which cannot be read");
    says(&[("GOOGLE_CREDENTIALS", "{")], "takes the credentials of GOOGLE_CREDENTIALS, which are not JSON");
    let answer = with_keys(&[], &files, |keys| unwrap(keys, MasterKey::gcp_kms("projects/../x"), ""));
    let expected = "Google Cloud KMS takes `projects/…/locations/…/keyRings/…/cryptoKeys/…`";
    assert_eq!(answer, Err(expected.to_owned()));
}
