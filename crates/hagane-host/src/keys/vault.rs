//! The transit engine of HashiCorp Vault and OpenBao.

use hagane::sops::{VaultKey, VaultSecrets};
use hagane::{Attempt, SecretBytes};
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, parse_pem};
use zeroize::Zeroizing;

use super::Surroundings;
use super::file::KeyFile;
use super::web::{Answer, Body, Call, Json, object, of_base64, text, to_base64};
use crate::http::{Trust, agent_with};

/// How often a call is made again, unless `VAULT_MAX_RETRIES` says.
const RETRIES: u32 = 2;

/// Returns what the key has wrapped.
pub(super) fn decrypt(
    key: &VaultKey,
    enc: &str,
    surroundings: &Surroundings,
) -> Result<SecretBytes, Attempt> {
    let body = Body::Json(object(&[("ciphertext", enc)]));
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
    let body = Body::Plaintext(object(&[("plaintext", &to_base64(data_key))]));
    call(key, "encrypt", body, "ciphertext", surroundings)
        .map(|wrapped| wrapped.to_string())
        .map_err(|reason| Attempt::new(&key.address, reason))
}

fn call(
    key: &VaultKey,
    operation: &str,
    body: Body,
    field: &str,
    surroundings: &Surroundings,
) -> Result<Zeroizing<String>, String> {
    allowed(&key.address, &[&key.engine_path, &key.name], surroundings)?;
    let (engine, name) = (key.engine_path.trim_matches('/'), &key.name);
    let url = format!("{}/v1/{engine}/{operation}/{name}", key.address.trim_end_matches('/'));
    let answer = asked("PUT", url, body, surroundings)?.json()?;
    answer.get("data").and_then(|data| text(data, field)).ok_or_else(|| format!("gave no {field}"))
}

/// Makes a call with the user's token, where that may go.
fn asked(method: &str, url: String, body: Body, surroundings: &Surroundings) -> Result<Answer, String> {
    let mut headers =
        vec![("X-Vault-Request", Zeroizing::new("true".to_owned())), ("X-Vault-Token", token(surroundings)?)];
    if let Some(namespace) = surroundings.text("VAULT_NAMESPACE") {
        headers.push(("X-Vault-Namespace", Zeroizing::new(namespace)));
    }
    let retries = surroundings.text("VAULT_MAX_RETRIES").and_then(|retries| retries.parse().ok());
    Call { method, url, headers, body, retries: retries.unwrap_or(RETRIES) }.make(&agent(surroundings)?)
}

/// Returns the address of a secret: that of the rule, or of `VAULT_ADDR`.
fn url(secrets: &VaultSecrets, name: &str, surroundings: &Surroundings) -> Result<String, String> {
    let address = match secrets.address.as_str() {
        "" => surroundings
            .text("VAULT_ADDR")
            .ok_or("neither `vault_address` nor VAULT_ADDR says where the Vault is")?,
        address => address.to_owned(),
    };
    allowed(&address, &[&secrets.mount, &secrets.path, name], surroundings)?;
    let within = if secrets.version == 1 { "" } else { "data" };
    let parts = [&secrets.mount, within, &secrets.path, name].map(|part| part.trim_matches('/'));
    let path: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Ok(format!("{}/v1/{}", address.trim_end_matches('/'), path.join("/")))
}

/// Writes a JSON object as a secret of a Vault, and returns whether it was another before.
pub(super) fn publish(
    secrets: &VaultSecrets,
    name: &str,
    object: &SecretBytes,
    surroundings: &Surroundings,
) -> Result<bool, String> {
    let url = url(secrets, name, surroundings)?;
    let wanted = Json::read(object.expose()).ok_or("takes an object of JSON")?;
    let there = asked("GET", url.clone(), Body::None, surroundings)?;
    if there.status != 404 {
        let there = there.json()?;
        let data = there.get("data");
        let data = if secrets.version == 1 { data } else { data.and_then(|data| data.get("data")) };
        if data == Some(&*wanted) {
            return Ok(false);
        }
    }
    let text = object.expose_str().unwrap_or_default().trim();
    let body = match secrets.version {
        1 => Zeroizing::new(text.to_owned()),
        _ => Zeroizing::new(format!("{{\"data\":{text}}}")),
    };
    let answer = asked("PUT", url, Body::Plaintext(body), surroundings)?;
    if (200..300).contains(&answer.status) { Ok(true) } else { answer.json().map(|_| true) }
}

/// The address comes from the file, and the token goes there: `SOPS_HC_VAULT_ALLOWLIST` or `VAULT_ADDR` says to whom it may
/// go. Without either it goes no further than this machine: a file must not decide who gets a token.
fn allowed(address: &str, paths: &[&str], surroundings: &Surroundings) -> Result<(), String> {
    let place = Place::of(address).ok_or("is not the address of a Vault")?;
    if !paths.iter().all(|path| is_path(path)) {
        return Err("has nothing at such a path".into());
    }
    let list = surroundings.text("SOPS_HC_VAULT_ALLOWLIST");
    let listed = |list: &str| {
        let places = list.split(',').map(str::trim).filter_map(Place::of);
        places.into_iter().any(|allowed| allowed.holds(&place))
    };
    match list.as_deref().map(str::trim) {
        Some("all") => return Ok(()),
        Some(list) if listed(list) => return Ok(()),
        Some(_) => return Err("is not in SOPS_HC_VAULT_ALLOWLIST".into()),
        None => {}
    }
    match surroundings.text("VAULT_ADDR") {
        Some(named) if Place::of(&named).is_some_and(|named| named == place) => Ok(()),
        Some(_) => Err("is not the Vault of VAULT_ADDR, to which alone the token is sent; SOPS_HC_VAULT_ALLOWLIST names others".into()),
        None if place.is_here() => Ok(()),
        None => Err("gets no token: neither VAULT_ADDR nor SOPS_HC_VAULT_ALLOWLIST names it".into()),
    }
}

/// Where a Vault is: scheme, host and port, and a path below which it answers.
#[derive(PartialEq, Eq)]
struct Place<'a> {
    scheme: &'a str,
    host: String,
    path: &'a str,
}

impl<'a> Place<'a> {
    /// Returns the place of an address. One with a user, a query or a fragment could lead elsewhere than it seems.
    fn of(address: &'a str) -> Option<Place<'a>> {
        let (scheme, rest) = address.split_once("://")?;
        let odd = |c: char| matches!(c, '@' | '?' | '#' | '\\') || c.is_whitespace() || c.is_control();
        if !matches!(scheme, "http" | "https") || rest.contains(odd) {
            return None;
        }
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = path.trim_matches('/');
        (!host.is_empty() && is_path(path)).then(|| Place { scheme, host: host.to_ascii_lowercase(), path })
    }

    /// Returns whether another place is this one, or below it. A place without a port is the host's whole.
    fn holds(&self, other: &Place) -> bool {
        let below = other.path.strip_prefix(self.path);
        let is_host =
            self.host == other.host || other.host.rsplit_once(':').is_some_and(|(host, _)| host == self.host);
        self.scheme == other.scheme
            && is_host
            && below.is_some_and(|rest| self.path.is_empty() || rest.is_empty() || rest.starts_with('/'))
    }

    /// Returns whether it is on this machine.
    fn is_here(&self) -> bool {
        let host = match self.host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.host.split(':').next().unwrap_or_default(),
        };
        matches!(host, "localhost" | "127.0.0.1" | "::1")
    }
}

/// Returns whether a text is a path of plain names, which leads nowhere but down.
fn is_path(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'~');
    let is_name = |part: &str| part != "." && part != ".." && !part.is_empty() && part.bytes().all(plain);
    let text = text.trim_matches('/');
    text.is_empty() || text.split('/').all(is_name)
}

fn token(surroundings: &Surroundings) -> Result<Zeroizing<String>, String> {
    if let Some(token) = surroundings.text("VAULT_TOKEN") {
        return Ok(Zeroizing::new(token));
    }
    let path = surroundings.home().map(|home| home.join(".vault-token"));
    let content = path.and_then(|path| surroundings.read(path).ok());
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

fn pem(path: &str, surroundings: &Surroundings) -> Result<KeyFile, String> {
    surroundings.read(path).map_err(|_| format!("takes `{path}`, which cannot be read"))
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

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn places_that_are_allowed() {
        let check = |allowed: &str, address: &str, expected: bool| {
            let place = Place::of(address);
            let found = Place::of(allowed).zip(place).is_some_and(|(allowed, place)| allowed.holds(&place));
            assert_eq!(found, expected, "{address}");
        };
        check("http://vault.corp", "http://vault.corp", true);
        check("http://vault.corp/", "http://Vault.corp/", true);
        check("https://vault.corp:8200", "https://vault.corp:8200/team/", true);
        check("https://vault.corp/team", "https://vault.corp/team/a", true);
        check("https://vault.corp/team", "https://vault.corp/teams", false);
        check("https://vault.corp", "http://vault.corp", false);
        check("https://vault.corp", "https://vault.corp:8200", true);
        check("https://vault.corp:8200", "https://vault.corp:8201", false);
        check("https://vault.corp:8200", "https://vault.corp", false);
        check("https://vault.corp", "https://vault.corp.evil.example", false);
        check("http://vault.corp", "http://vault.corp@localhost:18080", false);
        check("https://vault.corp", "https://vault.corp?x", false);
        check("https://vault.corp", "https://vault.corp/../x", false);
    }

    #[test]
    fn places_on_this_machine() {
        let check = |address: &str, expected: bool| {
            assert_eq!(Place::of(address).is_some_and(|place| place.is_here()), expected, "{address}");
        };
        check("http://127.0.0.1:8200", true);
        check("https://localhost", true);
        check("http://[::1]:8200/", true);
        check("http://localhost.evil.example", false);
        check("http://127.0.0.1.evil.example", false);
    }
}
