//! Tokens for Google's services: of a variable, of a file of credentials in each of its kinds, or of the machine.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::Value;
use ureq::Agent;
use zeroize::Zeroizing;

use super::RETRIES;
use crate::clock::seconds;
use crate::keys::Surroundings;
use crate::keys::web::{Body, Call, Json, nearby, text};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKENS: &str = "https://oauth2.googleapis.com/token";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

type Token = Result<Zeroizing<String>, String>;

/// Returns a token.
pub(in crate::keys) fn token(agent: &Agent, surroundings: &Surroundings) -> Token {
    if let Some(token) = surroundings.text("GOOGLE_OAUTH_ACCESS_TOKEN") {
        return Ok(Zeroizing::new(token));
    }
    match credentials(surroundings)? {
        Some(credentials) => of_credentials(&credentials, agent, surroundings),
        None => of_machine(surroundings),
    }
}

/// Returns the credentials that variables or gcloud name, if any do.
fn credentials(surroundings: &Surroundings) -> Result<Option<Json>, String> {
    let read =
        |path: &str| surroundings.read(path).map_err(|_| format!("takes `{path}`, which cannot be read"));
    let parsed = |text: &[u8], from: &str| {
        Json::read(text)
            .map(Some)
            .ok_or_else(|| format!("takes the credentials of {from}, which are not JSON"))
    };
    if let Some(text) = surroundings.text("GOOGLE_CREDENTIALS").map(Zeroizing::new) {
        // A file, or what would be in it.
        return match text.trim_start().starts_with('{') {
            true => parsed(text.as_bytes(), "GOOGLE_CREDENTIALS"),
            false => parsed(&read(&text)?, "GOOGLE_CREDENTIALS"),
        };
    }
    if let Some(path) = surroundings.text("GOOGLE_APPLICATION_CREDENTIALS") {
        return parsed(&read(&path)?, "GOOGLE_APPLICATION_CREDENTIALS");
    }
    let gcloud = surroundings.variable("CLOUDSDK_CONFIG").map(std::path::PathBuf::from);
    let gcloud = gcloud.or_else(|| surroundings.home().map(|home| home.join(".config/gcloud")));
    let path = gcloud.map(|gcloud| gcloud.join("application_default_credentials.json"));
    match path.and_then(|path| surroundings.read(path).ok()) {
        Some(content) => parsed(&content, "gcloud"),
        None => Ok(None),
    }
}

fn of_credentials(credentials: &Value, agent: &Agent, surroundings: &Surroundings) -> Token {
    let field = |name: &str| {
        text(credentials, name).ok_or_else(|| format!("takes credentials, and they have no `{name}`"))
    };
    match field("type")?.as_str() {
        "service_account" => {
            let url = text(credentials, "token_uri").map_or_else(|| TOKENS.to_owned(), |url| url.to_string());
            let assertion = assertion(&field("client_email")?, &url, &field("private_key")?)?;
            let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
            of_form(url, vec![("grant_type", plain(grant)), ("assertion", assertion)], agent)
        }
        "authorized_user" => of_form(
            TOKENS.into(),
            vec![
                ("grant_type", plain("refresh_token")),
                ("client_id", field("client_id")?),
                ("client_secret", field("client_secret")?),
                ("refresh_token", field("refresh_token")?),
            ],
            agent,
        ),
        "external_account" => {
            let subject =
                subject(credentials.get("credential_source").unwrap_or(&Value::Null), agent, surroundings)?;
            let fields = vec![
                ("grant_type", plain(EXCHANGE)),
                ("audience", field("audience")?),
                ("scope", plain(SCOPE)),
                ("requested_token_type", plain("urn:ietf:params:oauth:token-type:access_token")),
                ("subject_token_type", field("subject_token_type")?),
                ("subject_token", subject),
            ];
            let token = of_form(field("token_url")?.to_string(), fields, agent)?;
            match text(credentials, "service_account_impersonation_url") {
                Some(url) => impersonated(&url, &token, agent),
                None => Ok(token),
            }
        }
        "impersonated_service_account" => {
            let source = credentials.get("source_credentials").unwrap_or(&Value::Null);
            if text(source, "type").is_some_and(|kind| kind.as_str() == "impersonated_service_account") {
                return Err("takes credentials that lead to others twice".into());
            }
            let token = of_credentials(source, agent, surroundings)?;
            impersonated(&field("service_account_impersonation_url")?, &token, agent)
        }
        other => Err(format!("takes credentials, and not of the type `{other}`")),
    }
}

fn plain(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn of_form(url: String, fields: Vec<(&'static str, Zeroizing<String>)>, agent: &Agent) -> Token {
    let call = Call { method: "POST", url, headers: Vec::new(), body: Body::Form(fields), retries: RETRIES };
    text(&*call.make(agent)?.json()?, "access_token").ok_or_else(|| "gave no token".to_owned())
}

/// Returns what proves to be the service account: a statement that its key has signed.
fn assertion(account: &str, audience: &str, key: &str) -> Token {
    let bad = |_| "takes a service account, whose key cannot be read".to_owned();
    let encoded: Zeroizing<String> =
        Zeroizing::new(key.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect());
    let der = Zeroizing::new(BASE64_STANDARD.decode(encoded.as_str()).map_err(|_| bad(()))?);
    let key = RsaKeyPair::from_pkcs8(&der).map_err(|_| bad(()))?;
    let now = seconds();
    let claims = serde_json::json!({
        "iss": account, "scope": SCOPE, "aud": audience, "iat": now, "exp": now + 3600,
    });
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(r#"{"alg":"RS256","typ":"JWT"}"#), encode(&claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| bad(()))?;
    Ok(Zeroizing::new(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))))
}

/// Returns the token of another identity provider, which is exchanged for one of Google's.
fn subject(source: &Value, agent: &Agent, surroundings: &Surroundings) -> Token {
    let read = if let Some(path) = text(source, "file") {
        let content = surroundings.read(path.as_str());
        let content = content.map_err(|_| format!("takes `{}`, which cannot be read", *path))?;
        Zeroizing::new(content.to_vec())
    } else if let Some(url) = text(source, "url") {
        let given = source.get("headers").and_then(Value::as_object).into_iter().flatten();
        let headers =
            given.filter_map(|(name, value)| Some((name.as_str(), plain(value.as_str()?)))).collect();
        let call = Call { method: "GET", url: url.to_string(), headers, body: Body::None, retries: RETRIES };
        let answer = call.make(agent)?;
        if !(200..300).contains(&answer.status) {
            return Err(format!("takes a token of another provider, who answers {}", answer.status));
        }
        answer.body
    } else {
        return Err("takes credentials of another provider, and they name neither a file nor a URL".into());
    };
    let format = source.get("format").unwrap_or(&Value::Null);
    let missing = || "takes a token of another provider, and there is none".to_owned();
    match text(format, "type").as_deref().map(String::as_str) {
        Some("json") => {
            let value = Json::read(&read).ok_or_else(missing)?;
            let field = text(format, "subject_token_field_name").ok_or_else(missing)?;
            text(&value, &field).ok_or_else(missing)
        }
        _ => std::str::from_utf8(&read).map(|text| plain(text.trim())).map_err(|_| missing()),
    }
}

fn impersonated(url: &str, token: &str, agent: &Agent) -> Token {
    let headers = vec![("Authorization", Zeroizing::new(format!("Bearer {token}")))];
    let body = Zeroizing::new(serde_json::json!({ "scope": [SCOPE] }).to_string());
    let call =
        Call { method: "POST", url: url.to_owned(), headers, body: Body::Json(body), retries: RETRIES };
    text(&*call.make(agent)?.json()?, "accessToken").ok_or_else(|| "gave no token".to_owned())
}

/// Returns a token of the account that Google has given this machine.
fn of_machine(surroundings: &Surroundings) -> Token {
    let host = surroundings.text("GCE_METADATA_HOST").unwrap_or_else(|| "169.254.169.254".into());
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let headers = vec![("Metadata-Flavor", plain("Google"))];
    let call = Call { method: "GET", url, headers, body: Body::None, retries: 0 };
    let answer = call.make(&nearby()).and_then(|answer| answer.json());
    let token = answer.ok().and_then(|answer| text(&answer, "access_token"));
    token.ok_or_else(|| {
        "takes credentials: GOOGLE_CREDENTIALS and GOOGLE_APPLICATION_CREDENTIALS are not set, gcloud has none, and this machine has no account".to_owned()
    })
}
