//! The transit engine of HashiCorp Vault and OpenBao.

use hagane::sops::VaultKey;
use hagane::{Attempt, SecretBytes};
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, parse_pem};
use zeroize::Zeroizing;

use super::Surroundings;
use super::web::{Body, Call, object, of_base64, text, to_base64};
use crate::http::{Trust, agent_with};

/// How often a call is made again, unless `VAULT_MAX_RETRIES` says.
const RETRIES: u32 = 2;

/// Returns what the key has wrapped.
pub(super) fn decrypt(
    key: &VaultKey,
    enc: &str,
    surroundings: &Surroundings,
) -> Result<SecretBytes, Attempt> {
    let body = object(&[("ciphertext", enc)]);
    call(key, "decrypt", body, "plaintext", surroundings)
        .and_then(|plain| of_base64(&plain))
        .map_err(|reason| Attempt::new(&key.address, reason))
}

/// Returns the data key as the key wraps it.
pub(super) fn encrypt(
    key: &VaultKey,
    data_key: &SecretBytes,
    surroundings: &Surroundings,
) -> Result<String, Attempt> {
    let body = object(&[("plaintext", &to_base64(data_key))]);
    call(key, "encrypt", body, "ciphertext", surroundings)
        .map(|wrapped| wrapped.to_string())
        .map_err(|reason| Attempt::new(&key.address, reason))
}

fn call(
    key: &VaultKey,
    operation: &str,
    body: Zeroizing<String>,
    field: &str,
    surroundings: &Surroundings,
) -> Result<Zeroizing<String>, String> {
    allowed(key, surroundings)?;
    let mut headers =
        vec![("X-Vault-Request", Zeroizing::new("true".to_owned())), ("X-Vault-Token", token(surroundings)?)];
    if let Some(namespace) = surroundings.text("VAULT_NAMESPACE") {
        headers.push(("X-Vault-Namespace", Zeroizing::new(namespace)));
    }
    let retries = surroundings.text("VAULT_MAX_RETRIES").and_then(|retries| retries.parse().ok());
    let (engine, name) = (key.engine_path.trim_matches('/'), &key.name);
    let url = format!("{}/v1/{engine}/{operation}/{name}", key.address.trim_end_matches('/'));
    let call =
        Call { method: "PUT", url, headers, body: Body::Json(body), retries: retries.unwrap_or(RETRIES) };
    let answer = call.make(&agent(surroundings)?)?.json()?;
    answer.get("data").and_then(|data| text(data, field)).ok_or_else(|| format!("gave no {field}"))
}

/// The address comes from the file, and the token goes there: `SOPS_HC_VAULT_ALLOWLIST` says to whom it may go. Where it does
/// not, and the user has named a Vault, that one is meant.
fn allowed(key: &VaultKey, surroundings: &Surroundings) -> Result<(), String> {
    match surroundings.text("SOPS_HC_VAULT_ALLOWLIST").as_deref().map(str::trim) {
        Some("all") => Ok(()),
        Some(list) if list != "none" => {
            let mut starts = list.split(',').map(str::trim).filter(|start| !start.is_empty());
            let fits = |start: &str| key.address.starts_with(start);
            starts.any(fits).then_some(()).ok_or_else(|| "is not in SOPS_HC_VAULT_ALLOWLIST".to_owned())
        }
        Some(_) => Err("is not in SOPS_HC_VAULT_ALLOWLIST".into()),
        None => match surroundings.text("VAULT_ADDR") {
            Some(named) if named.trim_end_matches('/') != key.address.trim_end_matches('/') => {
                Err("is not the Vault of VAULT_ADDR, to which alone the token is sent; SOPS_HC_VAULT_ALLOWLIST names others".into())
            }
            _ => Ok(()),
        },
    }
}

fn token(surroundings: &Surroundings) -> Result<Zeroizing<String>, String> {
    if let Some(token) = surroundings.text("VAULT_TOKEN") {
        return Ok(Zeroizing::new(token));
    }
    let path = surroundings.home().map(|home| home.join(".vault-token"));
    let content = path.and_then(|path| surroundings.files.read(&path).ok());
    let token = content.and_then(|content| {
        let text = std::str::from_utf8(&content).ok()?.trim();
        (!text.is_empty()).then(|| Zeroizing::new(text.to_owned()))
    });
    token.ok_or_else(|| "takes a token: VAULT_TOKEN is not set, and there is no ~/.vault-token".to_owned())
}

/// Returns an agent that trusts whom `VAULT_CACERT` says, and shows the certificate of `VAULT_CLIENT_CERT`.
fn agent(surroundings: &Surroundings) -> Result<Agent, String> {
    let mut trust = Trust::default();
    if let Some(path) = surroundings.text("VAULT_CACERT") {
        trust.roots = Some(RootCerts::new_with_certs(&certificates(&path, surroundings)?));
    }
    if let (Some(certificate), Some(key)) =
        (surroundings.text("VAULT_CLIENT_CERT"), surroundings.text("VAULT_CLIENT_KEY"))
    {
        let pem = pem(&key, surroundings)?;
        let key = PrivateKey::from_pem(&pem).map_err(|_| format!("takes a key, and `{key}` holds none"))?;
        trust.client = Some(ClientCert::new_with_certs(&certificates(&certificate, surroundings)?, key));
    }
    trust.blindly = surroundings
        .text("VAULT_SKIP_VERIFY")
        .is_some_and(|said| matches!(said.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"));
    Ok(agent_with(trust))
}

fn pem(path: &str, surroundings: &Surroundings) -> Result<Zeroizing<Vec<u8>>, String> {
    let content = surroundings.files.read(&surroundings.directory.join(path));
    content
        .map(|content| Zeroizing::new(content.to_vec()))
        .map_err(|_| format!("takes `{path}`, which cannot be read"))
}

fn certificates(path: &str, surroundings: &Surroundings) -> Result<Vec<Certificate<'static>>, String> {
    let certificates: Vec<_> = parse_pem(&pem(path, surroundings)?)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        Err(format!("takes certificates, and `{path}` holds none"))
    } else {
        Ok(certificates)
    }
}
