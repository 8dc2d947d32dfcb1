//! Calls of web services that hold keys: JSON over HTTPS, tried again where the service says that it is busy.

use std::ops::Deref;
use std::thread;
use std::time::{Duration, Instant};

use hagane::SecretBytes;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;
use zeroize::{Zeroize, Zeroizing};

use super::bounded;
use crate::chance::random;
use crate::http::remote_error;

/// How long one call may take.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// How long a call is tried again.
const DEADLINE: Duration = Duration::from_secs(60);
/// The first pause; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes of an answer.
const MAX_ANSWER: u64 = 1 << 20;

/// A call.
pub(super) struct Call<'c> {
    pub(super) method: &'c str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'c str, Zeroizing<String>)>,
    pub(super) body: Body,
    /// How often it is made again at most.
    pub(super) retries: u32,
}

/// What is sent.
pub(super) enum Body {
    None,
    Json(Zeroizing<String>),
    /// JSON that holds plaintext: a service that answers with the request must not bring it into a message.
    Plaintext(Zeroizing<String>),
    /// What is no secret: an encrypted file.
    Bytes(Vec<u8>),
    /// Names and values, as a form of HTML.
    Form(Vec<(&'static str, Zeroizing<String>)>),
}

impl Body {
    /// Returns whether what is said in answer may be shown, or only that it failed: who asks with a secret shows no words.
    fn is_confidential(&self) -> bool {
        matches!(self, Body::Plaintext(_))
    }

    /// Returns what is sent.
    pub(super) fn bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Body::None => Vec::new(),
            Body::Json(text) | Body::Plaintext(text) => text.as_bytes().to_vec(),
            Body::Bytes(bytes) => bytes.clone(),
            Body::Form(fields) => form(fields).as_bytes().to_vec(),
        })
    }

    fn kind(&self) -> Option<&'static str> {
        match self {
            Body::None => None,
            Body::Bytes(_) => Some("application/octet-stream"),
            Body::Json(_) | Body::Plaintext(_) => Some("application/json"),
            Body::Form(_) => Some("application/x-www-form-urlencoded"),
        }
    }
}

/// The fields of a form that prove who asks.
const SECRET_FIELDS: [&str; 5] =
    ["client_secret", "client_assertion", "assertion", "refresh_token", "subject_token"];

/// The codes of errors that services document, and that may be shown whatever was asked. No secret is one of them.
const CODES: [&str; 44] = [
    // Google, by `google.rpc.Code`.
    "INVALID_ARGUMENT",
    "FAILED_PRECONDITION",
    "OUT_OF_RANGE",
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "NOT_FOUND",
    "ABORTED",
    "ALREADY_EXISTS",
    "RESOURCE_EXHAUSTED",
    "CANCELLED",
    "DATA_LOSS",
    "UNKNOWN",
    "INTERNAL",
    "UNIMPLEMENTED",
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    // Azure Key Vault.
    "BadParameter",
    "Unauthorized",
    "Forbidden",
    "KeyNotFound",
    "KeyDisabled",
    "VaultNotFound",
    "Throttled",
    "InternalServerError",
    // AWS KMS, and what stands before every service of Amazon.
    "AccessDeniedException",
    "DependencyTimeoutException",
    "DisabledException",
    "DryRunOperationException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidArnException",
    "InvalidClientTokenId",
    "InvalidGrantTokenException",
    "InvalidKeyUsageException",
    "InvalidSignatureException",
    "KMSInternalException",
    "KMSInvalidStateException",
    "KeyUnavailableException",
    "LimitExceededException",
    "NotFoundException",
    "RequestExpired",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// Returns a code of an error, if it is one that a service documents.
pub(super) fn known_code(code: &str) -> Option<&'static str> {
    CODES.into_iter().find(|known| *known == code)
}

/// Returns the code of an error of Huawei Cloud: a service's name and a number, `KMS.0301`.
fn numbered_code(answer: &Value) -> Option<&str> {
    let code = answer.get("error").unwrap_or(answer).get("error_code").and_then(Value::as_str)?;
    let number = ["KMS.", "APIGW.", "IAM."].iter().find_map(|service| code.strip_prefix(service))?;
    (number.len() <= 6 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

/// A JSON value whose texts are wiped when it is dropped: tokens and keys are among them.
pub(super) struct Json(Value);

impl Json {
    /// Returns the value of a text, if it is one.
    pub(super) fn read(text: &[u8]) -> Option<Json> {
        serde_json::from_slice(text).ok().map(Json)
    }
}

impl Deref for Json {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Drop for Json {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, value)| wipe(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Zeroizing<Vec<u8>>,
    /// Whether what it says may hold what was asked, and that plaintext.
    is_confidential: bool,
    /// The tokens and passwords that were sent: words that hold one are not shown.
    credentials: Vec<Zeroizing<String>>,
}

impl Answer {
    /// Returns the answer as JSON, or why it is none that helps.
    pub(super) fn json(&self) -> Result<Json, String> {
        match Json::read(&self.body) {
            Some(value) if (200..300).contains(&self.status) => Ok(value),
            value => Err(self.complaint(value.as_deref())),
        }
    }

    /// Returns what a service says is wrong, in each of their ways to say it.
    fn complaint(&self, value: Option<&Value>) -> String {
        if self.is_confidential {
            let error = value.and_then(|value| value.get("error"));
            let code = error.and_then(|error| error.get("status").or_else(|| error.get("code")));
            let code = code.and_then(Value::as_str).and_then(known_code);
            return match code.or_else(|| value.and_then(numbered_code)) {
                Some(code) => format!("answers {} ({code})", self.status),
                None => format!("answers {}", self.status),
            };
        }
        let said = value.and_then(|value| {
            let error = value.get("error");
            let text = error.and_then(|error| error.get("message").or_else(|| error.get("error_msg")));
            let text = text.or_else(|| value.get("error_description").or_else(|| value.get("error_msg")));
            let text = text.or_else(|| value.get("errors").and_then(|errors| errors.get(0)));
            text.or(error).or_else(|| value.get("message")).and_then(Value::as_str)
        });
        match said {
            Some(said) if self.credentials.iter().any(|sent| said.contains(sent.as_str())) => {
                format!("answers {}, in words that hold what it was sent", self.status)
            }
            Some(said) => format!("answers {}: {}", self.status, bounded(said.trim())),
            None => format!("answers {}", self.status),
        }
    }
}

impl Call<'_> {
    /// Makes the call, again where the service is busy or cannot be reached for now. The pauses are of random length, so
    /// that those who were turned away together do not come back together.
    pub(super) fn make(&self, agent: &Agent) -> Result<Answer, String> {
        let deadline = Instant::now() + DEADLINE;
        let mut pause = PAUSE;
        for attempt in 0.. {
            let answer = self.once(agent);
            let busy = match &answer {
                Ok(answer) => matches!(answer.status, 429 | 500 | 502 | 503 | 504),
                Err(_) => true,
            };
            let wait = jittered(pause);
            if !busy || attempt >= self.retries || Instant::now() + wait >= deadline {
                return answer;
            }
            thread::sleep(wait);
            pause *= 2;
        }
        Err("was not asked".into())
    }

    fn once(&self, agent: &Agent) -> Result<Answer, String> {
        let mut request = Request::builder().method(self.method).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(*name, value.as_str());
        }
        let body = self.body.bytes();
        if let Some(kind) = self.body.kind() {
            request = request.header("Content-Type", kind);
        }
        let request = request.body(body.as_slice()).map_err(|error| format!("cannot be asked: {error}"))?;
        // A redirect would take tokens along.
        let request = agent
            .configure_request(request)
            .timeout_global(Some(TIME_LIMIT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        let unreachable = |error| format!("cannot be reached: {}", words(&remote_error(error, TIME_LIMIT)));
        let mut response = agent.run(request).map_err(unreachable)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let is_confidential = self.body.is_confidential();
        let credentials = self.credentials();
        body.map(|body| Answer { status, body: Zeroizing::new(body), is_confidential, credentials })
            .map_err(unreachable)
    }

    /// Returns what of the call may be a token or a password: values that are long enough for one, without the word before a token.
    fn credentials(&self) -> Vec<Zeroizing<String>> {
        const SHORTEST: usize = 8;
        let headers = self.headers.iter().map(|(_, value)| value.rsplit(' ').next().unwrap_or_default());
        let fields = match &self.body {
            Body::Form(fields) => fields.as_slice(),
            _ => &[],
        };
        let named = fields.iter().filter(|(name, _)| SECRET_FIELDS.contains(name));
        let values = headers.chain(named.map(|(_, value)| value.as_str()));
        values.filter(|value| value.len() >= SHORTEST).map(|value| Zeroizing::new(value.to_owned())).collect()
    }
}

fn words(error: &hagane::RemoteError) -> String {
    match error {
        hagane::RemoteError::TimedOut(limit) => format!("no answer in {} seconds", limit.as_secs()),
        hagane::RemoteError::Unreachable(words) | hagane::RemoteError::Other(words) => words.clone(),
        other => format!("{other:?}"),
    }
}

fn form(fields: &[(&str, Zeroizing<String>)]) -> Zeroizing<String> {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let mut form = Zeroizing::new(String::with_capacity(4096));
    for (name, value) in fields {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        form.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    form
}

/// Returns between half of a pause and all of it.
fn jittered(pause: Duration) -> Duration {
    let mut chance = [0];
    random(&mut chance);
    pause / 2 + pause / 2 * u32::from(chance[0]) / 255
}

/// Returns an agent for services of this very machine or its cloud: those who are not there are soon known.
pub(super) fn nearby() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_connect(Some(Duration::from_secs(2)));
    Agent::new_with_config(config.build())
}

/// Returns a text of a JSON object.
pub(super) fn text(value: &Value, field: &str) -> Option<Zeroizing<String>> {
    value.get(field).and_then(Value::as_str).map(|text| Zeroizing::new(text.to_owned()))
}

/// Returns a JSON object of texts.
pub(super) fn object(fields: &[(&str, &str)]) -> Zeroizing<String> {
    let quoted = |text: &str| Zeroizing::new(Value::from(text).to_string());
    let mut object = Zeroizing::new(String::with_capacity(1024));
    for (name, value) in fields {
        let sign = if object.is_empty() { '{' } else { ',' };
        object.push(sign);
        object.push_str(&quoted(name));
        object.push(':');
        object.push_str(&quoted(value));
    }
    object.push('}');
    object
}

/// Returns the bytes of a secret in standard base64.
pub(super) fn of_base64(text: &str) -> Result<SecretBytes, String> {
    use base64::Engine as _;
    let bytes = base64::prelude::BASE64_STANDARD.decode(text.trim());
    bytes.map(SecretBytes::new).map_err(|_| "gave what is not base64".to_owned())
}

/// Returns a secret in standard base64.
pub(super) fn to_base64(secret: &SecretBytes) -> Zeroizing<String> {
    use base64::Engine as _;
    Zeroizing::new(base64::prelude::BASE64_STANDARD.encode(secret.expose()))
}
