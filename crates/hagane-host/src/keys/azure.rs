//! Azure Key Vault: keys of RSA, which wrap with OAEP and SHA-256.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hagane::sops::AzureKey;
use hagane::{Attempt, SecretBytes};
use serde_json::Value;
use ureq::Agent;
use zeroize::Zeroizing;

use super::Surroundings;
use super::web::{Body, Call, Json, nearby, object, text};
use crate::http::agent;

const API: &str = "api-version=7.4";
const ALGORITHM: &str = "RSA-OAEP-256";
const RETRIES: u32 = 5;

/// The hosts of vaults, and where tokens for them come from. The URL stands in the file, and a token goes nowhere else.
const CLOUDS: [(&str, &str, &str); 4] = [
    (".vault.azure.net", "https://vault.azure.net", "https://login.microsoftonline.com"),
    (".managedhsm.azure.net", "https://managedhsm.azure.net", "https://login.microsoftonline.com"),
    (".vault.azure.cn", "https://vault.azure.cn", "https://login.chinacloudapi.cn"),
    (".vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net", "https://login.microsoftonline.us"),
];

/// Returns what the key has wrapped.
pub(super) fn decrypt(
    key: &AzureKey,
    enc: &str,
    surroundings: &Surroundings,
) -> Result<SecretBytes, Attempt> {
    let asked = check_names(key)
        .and_then(|()| Vault::new(&key.vault_url, surroundings))
        .and_then(|vault| vault.decrypt(key, enc));
    asked.map_err(|reason| Attempt::new(&key.vault_url, reason))
}

/// Returns the data key as the key wraps it, and puts the version that wrapped it into the key.
pub(super) fn encrypt(
    key: &mut AzureKey,
    data_key: &SecretBytes,
    surroundings: &Surroundings,
) -> Result<String, Attempt> {
    let asked = check_names(key)
        .and_then(|()| Vault::new(&key.vault_url, surroundings))
        .and_then(|vault| vault.encrypt(key, data_key));
    asked.map_err(|reason| Attempt::new(&key.vault_url, reason))
}

/// Refuses a name that would lead to another place of the vault.
fn check_names(key: &AzureKey) -> Result<(), String> {
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let fits = !key.name.is_empty() && is_name(&key.name) && is_name(&key.version);
    fits.then_some(()).ok_or_else(|| "has no key of such a name".to_owned())
}

struct Vault {
    url: String,
    agent: Agent,
    authorization: Zeroizing<String>,
}

impl Vault {
    fn new(url: &str, surroundings: &Surroundings) -> Result<Vault, String> {
        let (resource, authority) = cloud(url).ok_or("is not the address of a vault")?;
        let agent = agent();
        let token = token(resource, authority, &agent, surroundings)?;
        let authorization = Zeroizing::new(format!("Bearer {}", *token));
        Ok(Vault { url: url.trim_end_matches('/').to_owned(), agent, authorization })
    }

    fn decrypt(&self, key: &AzureKey, enc: &str) -> Result<SecretBytes, String> {
        let body = object(&[("alg", ALGORITHM), ("value", enc.trim())]);
        let answer =
            self.call("POST", &format!("keys/{}/{}/decrypt", key.name, key.version), Body::Json(body))?;
        let value = text(&answer, "value").ok_or("gave no value")?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(value.trim_end_matches('='));
        bytes.map(SecretBytes::new).map_err(|_| "gave what is not base64".to_owned())
    }

    fn encrypt(&self, key: &mut AzureKey, data_key: &SecretBytes) -> Result<String, String> {
        if key.version.is_empty() {
            let answer = self.call("GET", &format!("keys/{}", key.name), Body::None)?;
            let id =
                answer.get("key").and_then(|key| text(key, "kid")).ok_or("named no version of the key")?;
            key.version = id.rsplit('/').next().unwrap_or_default().to_owned();
        }
        let plain = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(data_key.expose()));
        let body = object(&[("alg", ALGORITHM), ("value", &plain)]);
        let answer =
            self.call("POST", &format!("keys/{}/{}/encrypt", key.name, key.version), Body::Plaintext(body))?;
        text(&answer, "value").map(|value| value.to_string()).ok_or_else(|| "gave no value".to_owned())
    }

    fn call(&self, method: &str, path: &str, body: Body) -> Result<Json, String> {
        let url = format!("{}/{path}?{API}", self.url);
        let headers = vec![("Authorization", self.authorization.clone())];
        Call { method, url, headers, body, retries: RETRIES }.make(&self.agent)?.json()
    }
}

/// Returns the resource that tokens for a vault are of, and who gives them; nothing where the address is not Azure's.
fn cloud(url: &str) -> Option<(&'static str, &'static str)> {
    let host = url.strip_prefix("https://")?.trim_end_matches('/');
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    let (_, resource, authority) = CLOUDS.iter().find(|(end, _, _)| is_name && host.ends_with(end))?;
    Some((resource, authority))
}

/// Returns a token for a resource: of the client that variables name, of the workload's or the machine's identity, or of
/// `az`, in this order.
fn token(
    resource: &str,
    authority: &str,
    agent: &Agent,
    surroundings: &Surroundings,
) -> Result<Zeroizing<String>, String> {
    let variable = |name: &str| surroundings.text(name).map(Zeroizing::new);
    let mut tried = Vec::new();
    if let (Some(tenant), Some(client)) = (variable("AZURE_TENANT_ID"), variable("AZURE_CLIENT_ID")) {
        let authority =
            variable("AZURE_AUTHORITY_HOST").map_or_else(|| authority.to_owned(), |host| host.to_string());
        let url = format!("{}/{}/oauth2/v2.0/token", authority.trim_end_matches('/'), *tenant);
        let scope = Zeroizing::new(format!("{resource}/.default"));
        let mut fields = vec![
            ("client_id", client),
            ("scope", scope),
            ("grant_type", Zeroizing::new("client_credentials".into())),
        ];
        if let Some(secret) = variable("AZURE_CLIENT_SECRET") {
            fields.push(("client_secret", secret));
            return of_form(url, fields, agent);
        }
        if let Some(path) = variable("AZURE_FEDERATED_TOKEN_FILE") {
            let assertion = surroundings.read(path.as_str());
            let assertion = assertion.map_err(|_| format!("takes `{}`, which cannot be read", *path))?;
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            fields.push(("client_assertion_type", Zeroizing::new(kind.into())));
            fields.push((
                "client_assertion",
                Zeroizing::new(String::from_utf8_lossy(&assertion).trim().to_owned()),
            ));
            return of_form(url, fields, agent);
        }
        tried.push("AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE are not set".to_owned());
    }
    match of_machine(resource, surroundings) {
        Ok(token) => return Ok(token),
        Err(reason) => tried.push(format!("the identity of this machine {reason}")),
    }
    let arguments = ["account", "get-access-token", "--output", "json", "--resource", resource];
    match surroundings
        .output("az", &arguments)
        .and_then(|output| of_answer(Json::read(&output).as_deref().unwrap_or(&Value::Null), "accessToken"))
    {
        Ok(token) => Ok(token),
        Err(reason) => {
            tried.push(format!("`az` {reason}"));
            Err(format!("takes a token: {}", tried.join("; ")))
        }
    }
}

fn of_form(
    url: String,
    fields: Vec<(&'static str, Zeroizing<String>)>,
    agent: &Agent,
) -> Result<Zeroizing<String>, String> {
    let call = Call { method: "POST", url, headers: Vec::new(), body: Body::Form(fields), retries: RETRIES };
    of_answer(&*call.make(agent)?.json()?, "access_token")
}

fn of_answer(answer: &Value, field: &str) -> Result<Zeroizing<String>, String> {
    text(answer, field).ok_or_else(|| "gave no token".to_owned())
}

/// Returns a token of the identity that Azure has given this machine.
fn of_machine(resource: &str, surroundings: &Surroundings) -> Result<Zeroizing<String>, String> {
    let client =
        surroundings.text("AZURE_CLIENT_ID").map(|id| format!("&client_id={id}")).unwrap_or_default();
    let (url, headers) = match (surroundings.text("IDENTITY_ENDPOINT"), surroundings.text("IDENTITY_HEADER"))
    {
        (Some(endpoint), Some(header)) => (
            format!("{endpoint}?api-version=2019-08-01&resource={resource}{client}"),
            vec![("X-IDENTITY-HEADER", Zeroizing::new(header))],
        ),
        _ => (
            format!(
                "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}{client}"
            ),
            vec![("Metadata", Zeroizing::new("true".to_owned()))],
        ),
    };
    let call = Call { method: "GET", url, headers, body: Body::None, retries: 0 };
    of_answer(&*call.make(&nearby())?.json()?, "access_token")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    #[test]
    fn a_token_goes_to_azure_alone() {
        let check = |url: &str, is_azure: bool| assert_eq!(cloud(url).is_some(), is_azure, "{url}");
        check("https://shop.vault.azure.net", true);
        check("https://shop.vault.azure.net/", true);
        check("https://shop.managedhsm.azure.net", true);
        check("https://shop.vault.azure.cn", true);
        check("http://shop.vault.azure.net", false);
        check("https://example.org", false);
        check("https://example.org/.vault.azure.net", false);
        check("https://example.org#.vault.azure.net", false);
        check("https://example.org?.vault.azure.net", false);
        check("https://shop.vault.azure.net@example.org", false);
        check("https://shop.vault.azure.net:443@example.org/x.vault.azure.net", false);
    }

    /// Answers these requests in this order, and returns what each began with.
    fn server(answers: &'static [(&str, &str)]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        thread::spawn(move || {
            for (asked, answer) in answers {
                let (mut stream, _) = listener.accept().expect("somebody asks");
                let right = request(&stream).starts_with(asked);
                let status = if right { "200 OK" } else { "404 Not Found" };
                let length = answer.len();
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{answer}"
                )
                .expect("it listens");
            }
        });
        url
    }

    /// Returns the first line of a request that has come whole: its parts come when they come.
    fn request(stream: &TcpStream) -> String {
        let mut lines = BufReader::new(stream);
        let mut line = || {
            let mut line = String::new();
            lines.read_line(&mut line).expect("it asks something");
            line
        };
        let first = line();
        let headers: Vec<String> =
            std::iter::from_fn(|| Some(line())).take_while(|line| line.trim() != "").collect();
        let length = headers.iter().find_map(|header| {
            let (name, value) = header.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let mut body = vec![0; length.unwrap_or_default()];
        lines.read_exact(&mut body).expect("it sends what it announces");
        first
    }

    #[test]
    fn a_key_wraps_under_its_latest_version_and_unwraps() {
        let url = server(&[
            (
                "GET /keys/sops?api-version=7.4 ",
                r#"{"key":{"kid":"https://shop.vault.azure.net/keys/sops/v2"}}"#,
            ),
            ("POST /keys/sops/v2/encrypt?api-version=7.4 ", r#"{"value":"d3JhcHBlZA"}"#),
            ("POST /keys/sops/v2/decrypt?api-version=7.4 ", r#"{"value":"cGxhaW4_"}"#),
        ]);
        let vault = Vault { url, agent: agent(), authorization: Zeroizing::new("Bearer token".into()) };
        let mut key = AzureKey {
            vault_url: "https://shop.vault.azure.net".into(),
            name: "sops".into(),
            version: String::new(),
        };
        let data_key = SecretBytes::new(b"plain?".to_vec());
        assert_eq!(vault.encrypt(&mut key, &data_key).as_deref(), Ok("d3JhcHBlZA"));
        assert_eq!(key.version, "v2");
        let opened = vault.decrypt(&key, "d3JhcHBlZA").expect("it unwraps");
        assert_eq!(opened.expose(), data_key.expose());
    }

    #[test]
    fn what_was_asked_is_in_no_message() {
        let url = server(&[
            ("nothing that is asked", r#"{"error":{"code":"cGxhaW4_","message":"cGxhaW4_ is no key"}}"#),
            ("nothing that is asked", r#"{"error":{"code":"KeyNotFound","message":"cGxhaW4_"}}"#),
        ]);
        let vault = Vault { url, agent: agent(), authorization: Zeroizing::new("Bearer token".into()) };
        let mut key = AzureKey { vault_url: String::new(), name: "sops".into(), version: "v2".into() };
        let data_key = SecretBytes::new(b"plain?".to_vec());
        for said in ["answers 404", "answers 404 (KeyNotFound)"] {
            assert_eq!(vault.encrypt(&mut key, &data_key), Err(said.to_owned()));
        }
    }
}
