//! Objects in the buckets of Amazon S3 and of Google Cloud Storage: encrypted files, as `publish` puts them there.

use hagane::sops::Bucket;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::web::{Body, Call};
use super::{Surroundings, gcp};
use crate::http::agent;

/// An encrypted file waits for nobody: who publishes many sees soon that nothing is there.
const RETRIES: u32 = 2;
const GOOGLE: &str = "https://storage.googleapis.com";
/// What stands for itself in a path that is signed.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Writes an object to a bucket of Google Cloud Storage.
pub(super) fn to_google(
    bucket: &Bucket,
    name: &str,
    content: &[u8],
    surroundings: &Surroundings,
) -> Result<(), String> {
    let agent = agent();
    let mut headers = Vec::new();
    let host = match surroundings.text("STORAGE_EMULATOR_HOST") {
        // A stand-in for the service gets no token.
        Some(host) if host.contains("://") => host.trim_end_matches('/').to_owned(),
        Some(host) => format!("http://{host}"),
        None => {
            let token = gcp::token(&agent, surroundings)?;
            headers.push(("Authorization", Zeroizing::new(format!("Bearer {}", *token))));
            GOOGLE.to_owned()
        }
    };
    let (name, bucket) = (encoded(&format!("{}{name}", bucket.prefix)), encoded(&bucket.name));
    let url = format!("{host}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}");
    let body = Body::Bytes(content.to_vec());
    Call { method: "POST", url, headers, body, retries: RETRIES }.make(&agent)?.json().map(drop)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, &UNRESERVED).to_string()
}

#[cfg(feature = "aws")]
mod amazon {
    use super::*;
    use crate::http::authority;
    use crate::keys::aws::{self, Caller};
    use crate::keys::bounded;
    use crate::keys::signed::{Signed, code, no_address, sha256, time};
    use crate::keys::web::Answer;

    /// A path keeps its slashes.
    const PATH: AsciiSet = UNRESERVED.remove(b'/');
    const SCHEME: &str = "AWS4-HMAC-SHA256";

    /// Writes an object to a bucket of Amazon S3.
    pub(in crate::keys) fn to_amazon(
        bucket: &Bucket,
        name: &str,
        content: &[u8],
        surroundings: &Surroundings,
    ) -> Result<(), String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        if bucket.name.is_empty() || !bucket.name.bytes().all(plain) || bucket.name.contains("..") {
            return Err("takes the name of a bucket, in lower case".into());
        }
        let caller = aws::caller(surroundings)?;
        let key = utf8_percent_encode(&format!("{}{name}", bucket.prefix), &PATH).to_string();
        let url = format!("{}/{key}", address(&bucket.name, &caller, surroundings));
        let whole = authority(&url).filter(|whole| url.starts_with(whole.as_str()));
        let whole = whole.ok_or_else(|| no_address(&url))?;
        let (path, host) = (&url[whole.len()..], whole.split_once("://").map_or("", |(_, host)| host));
        let (time, digest) = (time(), sha256(content));
        let mut headers =
            vec![("host", host), ("x-amz-content-sha256", digest.as_str()), ("x-amz-date", time.as_str())];
        headers.extend(caller.token.as_ref().map(|token| ("x-amz-security-token", token.as_str())));
        let signed = Signed { method: "PUT", path, query: "", headers: &headers, body: &digest };
        let mut sent = vec![("Authorization", Zeroizing::new(authorization(&caller, &signed, &time)))];
        sent.extend(
            [("x-amz-content-sha256", &digest), ("x-amz-date", &time)]
                .map(|(name, value)| (name, Zeroizing::new(value.clone()))),
        );
        sent.extend(caller.token.clone().map(|token| ("x-amz-security-token", token)));
        let body = Body::Bytes(content.to_vec());
        let answer = Call { method: "PUT", url, headers: sent, body, retries: RETRIES }.make(&agent())?;
        if (200..300).contains(&answer.status) { Ok(()) } else { Err(complaint(&answer)) }
    }

    /// Returns the address of a bucket: one of its own, or a path of the address that the user names.
    fn address(bucket: &str, caller: &Caller, surroundings: &Surroundings) -> String {
        let named =
            ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].iter().find_map(|name| surroundings.text(name));
        if let Some(url) = named {
            return format!("{}/{bucket}", url.trim_end_matches('/'));
        }
        let region = &caller.region;
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        // A certificate is for one name before it, without a dot.
        match bucket.contains(['.', '_']) {
            true => format!("https://s3.{region}.{domain}/{bucket}"),
            false => format!("https://{bucket}.s3.{region}.{domain}"),
        }
    }

    fn authorization(caller: &Caller, signed: &Signed, time: &str) -> String {
        let day = &time[..8];
        let scope = format!("{day}/{}/s3/aws4_request", caller.region);
        let secret = Zeroizing::new(format!("AWS4{}", *caller.secret));
        let key = [day, &caller.region, "s3", "aws4_request"]
            .into_iter()
            .fold(Zeroizing::new(secret.as_bytes().to_vec()), |key, part| {
                Zeroizing::new(code(&key, part).as_ref().to_vec())
            });
        let text = format!("{SCHEME}\n{time}\n{scope}\n{}", signed.digest());
        let signature = hagane::hexadecimal(code(&key, &text).as_ref());
        let names = signed.names();
        format!(
            "{SCHEME} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            *caller.access
        )
    }

    /// Returns what S3 says is wrong, which it says in XML.
    fn complaint(answer: &Answer) -> String {
        let body = String::from_utf8_lossy(&answer.body);
        let field = |name: &str| {
            let (start, end) = (format!("<{name}>"), format!("</{name}>"));
            body.split_once(start.as_str())
                .and_then(|(_, rest)| rest.split_once(end.as_str()))
                .map(|(text, _)| text)
        };
        match (field("Code"), field("Message")) {
            (Some(code), Some(message)) => {
                format!("answers {} ({}): {}", answer.status, bounded(code), bounded(message))
            }
            _ => format!("answers {}", answer.status),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// The example of Amazon's own documentation.
        #[test]
        fn signatures_are_those_of_amazon() {
            let secret = |text: &str| Zeroizing::new(text.to_owned());
            let caller = Caller {
                access: secret("AKIAIOSFODNN7EXAMPLE"),
                secret: secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                token: None,
                region: "us-east-1".into(),
            };
            let (time, digest) = ("20130524T000000Z", sha256(b"Welcome to Amazon S3."));
            let headers = [
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("host", "examplebucket.s3.amazonaws.com"),
                ("x-amz-content-sha256", &digest),
                ("x-amz-date", time),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ];
            let signed = Signed {
                method: "PUT",
                path: "/test%24file.text",
                query: "",
                headers: &headers,
                body: &digest,
            };
            let authorization = authorization(&caller, &signed, time);
            let signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
            assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization}");
        }
    }
}

#[cfg(feature = "aws")]
pub(super) use amazon::to_amazon;

#[cfg(not(feature = "aws"))]
pub(super) fn to_amazon(
    _bucket: &Bucket,
    _name: &str,
    _content: &[u8],
    _surroundings: &Surroundings,
) -> Result<(), String> {
    Err("is not known to this program".into())
}
