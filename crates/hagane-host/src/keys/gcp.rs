//! Google Cloud KMS.

mod credentials;

use hagane::{Attempt, SecretBytes};
use zeroize::Zeroizing;

pub(super) use self::credentials::token;
use super::Surroundings;
use super::web::{Body, Call, object, of_base64, text, to_base64};
use crate::http::agent;

const RETRIES: u32 = 5;

/// Returns what the key has wrapped.
pub(super) fn decrypt(id: &str, enc: &str, surroundings: &Surroundings) -> Result<SecretBytes, Attempt> {
    call(id, "decrypt", Body::Json(object(&[("ciphertext", enc.trim())])), "plaintext", surroundings)
        .and_then(|plain| of_base64(&plain))
        .map_err(|reason| Attempt::new("Google Cloud KMS", reason))
}

/// Returns the data key as the key wraps it.
pub(super) fn encrypt(
    id: &str,
    data_key: &SecretBytes,
    surroundings: &Surroundings,
) -> Result<String, Attempt> {
    let body = Body::Plaintext(object(&[("plaintext", &to_base64(data_key))]));
    call(id, "encrypt", body, "ciphertext", surroundings)
        .map(|wrapped| wrapped.to_string())
        .map_err(|reason| Attempt::new("Google Cloud KMS", reason))
}

fn call(
    id: &str,
    operation: &str,
    body: Body,
    field: &str,
    surroundings: &Surroundings,
) -> Result<Zeroizing<String>, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.:".contains(&byte);
    if !id.starts_with("projects/")
        || !id.contains("/cryptoKeys/")
        || !id.bytes().all(plain)
        || id.contains("..")
    {
        return Err("takes `projects/…/locations/…/keyRings/…/cryptoKeys/…`".into());
    }
    let agent = agent();
    let token = credentials::token(&agent, surroundings)?;
    let headers = vec![("Authorization", Zeroizing::new(format!("Bearer {}", *token)))];
    let url = format!("{}/v1/{id}:{operation}", endpoint(surroundings));
    let answer = Call { method: "POST", url, headers, body, retries: RETRIES }.make(&agent)?.json()?;
    text(&answer, field).ok_or_else(|| format!("gave no {field}"))
}

/// Returns the address of the service, which the user may have one of their own of.
fn endpoint(surroundings: &Surroundings) -> String {
    let domain =
        || surroundings.text("SOPS_GCP_KMS_UNIVERSE_DOMAIN").map(|domain| format!("cloudkms.{domain}"));
    let host = surroundings.text("SOPS_GCP_KMS_ENDPOINT").or_else(domain);
    match host {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            url.trim_end_matches('/').to_owned()
        }
        Some(host) => format!("https://{host}"),
        None => "https://cloudkms.googleapis.com".into(),
    }
}
