//! Azure Key Vault: keys of RSA, which wrap with OAEP and SHA-256.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hagane::sops::AzureKey;
use hagane::{Attempt, SecretBytes};
use serde_json::Value;
use ureq::Agent;
use zeroize::Zeroizing;

use super::Surroundings;
use super::web::{Body, Call, nearby, object, text};
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
    let asked = || {
        let vault = Vault::new(key, surroundings)?;
        let body = object(&[("alg", ALGORITHM), ("value", enc.trim())]);
        let answer =
            vault.call("POST", &format!("keys/{}/{}/decrypt", key.name, key.version), Body::Json(body))?;
        let value = text(&answer, "value").ok_or("gave no value")?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(value.trim_end_matches('='));
        bytes.map(SecretBytes::new).map_err(|_| "gave what is not base64".to_owned())
    };
    asked().map_err(|reason| Attempt::new(&key.vault_url, reason))
}

/// Returns the data key as the key wraps it, and puts the version that wrapped it into the key.
pub(super) fn encrypt(
    key: &mut AzureKey,
    data_key: &SecretBytes,
    surroundings: &Surroundings,
) -> Result<String, Attempt> {
    let url = key.vault_url.clone();
    let mut asked = || {
        let vault = Vault::new(key, surroundings)?;
        if key.version.is_empty() {
            let answer = vault.call("GET", &format!("keys/{}", key.name), Body::None)?;
            let id =
                answer.get("key").and_then(|key| text(key, "kid")).ok_or("named no version of the key")?;
            key.version = id.rsplit('/').next().unwrap_or_default().to_owned();
        }
        let plain = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(data_key.expose()));
        let body = object(&[("alg", ALGORITHM), ("value", &plain)]);
        let answer =
            vault.call("POST", &format!("keys/{}/{}/encrypt", key.name, key.version), Body::Json(body))?;
        text(&answer, "value").map(|value| value.to_string()).ok_or_else(|| "gave no value".to_owned())
    };
    asked().map_err(|reason: String| Attempt::new(url, reason))
}

struct Vault {
    url: String,
    agent: Agent,
    authorization: Zeroizing<String>,
}

impl Vault {
    fn new(key: &AzureKey, surroundings: &Surroundings) -> Result<Vault, String> {
        let url = key.vault_url.trim_end_matches('/').to_owned();
        let host = url.strip_prefix("https://").map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
        let cloud = CLOUDS.iter().find(|(end, _, _)| host.is_some_and(|host| host.ends_with(end)));
        let (_, resource, authority) = cloud.ok_or("is not the address of a vault")?;
        let agent = agent();
        let token = token(resource, authority, &agent, surroundings)?;
        Ok(Vault { url, agent, authorization: Zeroizing::new(format!("Bearer {}", *token)) })
    }

    fn call(&self, method: &str, path: &str, body: Body) -> Result<Value, String> {
        let url = format!("{}/{path}?{API}", self.url);
        let headers = vec![("Authorization", self.authorization.clone())];
        Call { method, url, headers, body, retries: RETRIES }.make(&self.agent)?.json()
    }
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
            let assertion = surroundings.files.read(&surroundings.directory.join(path.as_str()));
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
        .and_then(|output| of_answer(&serde_json::from_slice(&output).unwrap_or_default(), "accessToken"))
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
    of_answer(&call.make(agent)?.json()?, "access_token")
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
    of_answer(&call.make(&nearby())?.json()?, "access_token")
}
