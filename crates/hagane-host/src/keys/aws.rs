//! AWS KMS, through Amazon's own library: its variables, profiles, roles, single sign-on, web identities, containers and
//! machines all count.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::config::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_smithy_http_client::{Builder, tls};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane::sops::AwsKmsKey;
use hagane::{Attempt, SecretBytes};
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::Surroundings;
use super::web::known_code;

/// How often a call is made in all. The library waits longer each time, and for a random part of that.
const ATTEMPTS: u32 = 6;
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Returns what the key has wrapped.
pub(super) fn decrypt(
    key: &AwsKmsKey,
    enc: &str,
    surroundings: &Surroundings,
) -> Result<SecretBytes, Attempt> {
    let failed = |reason: String| Attempt::new("AWS KMS", reason);
    let blob = BASE64_STANDARD
        .decode(enc.trim())
        .map_err(|_| failed("takes base64, and the file has none".into()))?;
    let asked = async {
        let mut call =
            client(key, surroundings).await?.decrypt().key_id(&key.arn).ciphertext_blob(Blob::new(blob));
        for (name, value) in &key.context {
            call = call.encryption_context(name, value);
        }
        let answer = call.send().await.map_err(|error| says(&error))?;
        answer
            .plaintext
            .map(|plain| SecretBytes::new(plain.into_inner()))
            .ok_or_else(|| "gave no plaintext".to_owned())
    };
    runtime().and_then(|runtime| runtime.block_on(asked)).map_err(failed)
}

/// Returns the data key as the key wraps it.
pub(super) fn encrypt(
    key: &AwsKmsKey,
    data_key: &SecretBytes,
    surroundings: &Surroundings,
) -> Result<String, Attempt> {
    let asked = async {
        let plain = Blob::new(data_key.expose());
        let mut call = client(key, surroundings).await?.encrypt().key_id(&key.arn).plaintext(plain);
        for (name, value) in &key.context {
            call = call.encryption_context(name, value);
        }
        let answer = call.send().await.map_err(|error| says_of_plaintext(&error))?;
        answer
            .ciphertext_blob
            .map(|blob| BASE64_STANDARD.encode(blob))
            .ok_or_else(|| "gave no ciphertext".to_owned())
    };
    runtime().and_then(|runtime| runtime.block_on(asked)).map_err(|reason| Attempt::new("AWS KMS", reason))
}

/// A call at a time: a thread of its own for it would only wait.
fn runtime() -> Result<Runtime, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("cannot be asked: {}", crate::disk::words(&error)))
}

async fn client(key: &AwsKmsKey, surroundings: &Surroundings<'_>) -> Result<Client, String> {
    let region = region(&key.arn).ok_or("takes `arn:aws:kms:REGION:ACCOUNT:key/…` or `…:alias/…`")?;
    let mut loader = loader(surroundings)?.region(Region::new(region.to_owned()));
    if !key.profile.is_empty() {
        loader = loader.profile_name(&key.profile);
    }
    let config = loader.load().await;
    match key.role.as_str() {
        "" => Ok(Client::new(&config)),
        role => Ok(Client::new(&assumed(role, config).await)),
    }
}

fn loader(surroundings: &Surroundings<'_>) -> Result<ConfigLoader, String> {
    let http = Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(TIME_LIMIT);
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts.build())
        .app_name(aws_config::AppName::new("hagane").map_err(|error| error.to_string())?);
    Ok(match surroundings.variable("AWS_MAX_ATTEMPTS") {
        Some(_) => loader,
        None => loader.retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS)),
    })
}

/// Who asks a service of Amazon that this program calls itself.
pub(super) struct Caller {
    pub(super) access: Zeroizing<String>,
    pub(super) secret: Zeroizing<String>,
    pub(super) token: Option<Zeroizing<String>>,
    pub(super) region: String,
}

/// Returns who asks, as Amazon's library finds it: by variables, profiles, SSO, roles, or the machine.
pub(super) fn caller(surroundings: &Surroundings) -> Result<Caller, String> {
    let found = async {
        let config = loader(surroundings)?.load().await;
        let region = config.region().map(|region| region.as_ref().to_owned());
        let region = region.filter(|region| region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        let region =
            region.ok_or("takes a region: AWS_REGION is not set, and there is none in the profile")?;
        let provider = config.credentials_provider().ok_or("takes credentials, and there are none")?;
        let found = provider.provide_credentials().await;
        let found = found.map_err(|_| "takes credentials, and there are none: AWS_ACCESS_KEY_ID is not set, and no profile, role or machine has any".to_owned())?;
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        Ok(Caller {
            access: secret(found.access_key_id()),
            secret: secret(found.secret_access_key()),
            token: found.session_token().map(secret),
            region,
        })
    };
    runtime().and_then(|runtime| runtime.block_on(found))
}

/// Returns a configuration whose credentials are those of a role.
async fn assumed(role: &str, config: SdkConfig) -> SdkConfig {
    let name = rustix::system::uname();
    let host: String = name
        .nodename()
        .to_string_lossy()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c))
        .collect();
    // What KMS logs of who has asked, named as SOPS names it; 64 characters at most.
    let session: String = format!("sops@{host}").chars().take(64).collect();
    let provider = AssumeRoleProvider::builder(role).configure(&config).session_name(session).build().await;
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

/// Returns the region of the ARN of a key or an alias.
fn region(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let right = arn == "arn"
        && partition.starts_with("aws")
        && service == "kms"
        && !region.is_empty()
        && account.bytes().all(|digit| digit.is_ascii_digit())
        && (resource.starts_with("key/") || resource.starts_with("alias/"));
    right.then_some(region)
}

fn says(error: &(impl std::error::Error + Send + Sync + 'static)) -> String {
    let text = DisplayErrorContext(error).to_string();
    // Behind it stands how the library keeps it, which helps nobody.
    let text = text.split(" (").next().unwrap_or_default();
    format!("says: {}", super::bounded(&text.replace('\n', " ")))
}

/// Returns what is wrong with a call that carried plaintext: nothing in the service's own words, which may be the request.
fn says_of_plaintext<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let Some(response) = error.raw_response() else { return says(error) };
    let status = response.status().as_u16();
    match error.code().and_then(known_code) {
        Some(code) => format!("answers {status} ({code})"),
        None => format!("answers {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        let check = |arn: &str, expected: Option<&str>| assert_eq!(region(arn), expected, "{arn}");
        check("arn:aws:kms:eu-west-1:123456789012:key/a-b", Some("eu-west-1"));
        check("arn:aws-us-gov:kms:us-gov-1:1:alias/x", Some("us-gov-1"));
        check("arn:aws:s3:eu-west-1:1:key/a", None);
        check("arn:aws:kms:eu-west-1:1:grant/a", None);
        check("key/a", None);
    }
}
