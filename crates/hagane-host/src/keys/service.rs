//! The key service of SOPS: gRPC over HTTP/2 without TLS, as a client of others' services.

mod message;
mod server;

use std::time::Duration;

use bytes::Bytes;
use h2::client::handshake;
use hagane::{KeyFailure, MasterKey, SecretBytes, WrappedKey};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use zeroize::Zeroizing;

pub use server::serve;

/// How long one call may take: whoever answers may ask a person first.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Bytes of an answer.
const MAX_ANSWER: usize = 1 << 20;

/// Returns what a key has wrapped, by the service at an address.
pub(super) fn decrypt(address: &str, wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
    let request = message::decrypt_request(&wrapped.key, wrapped.enc.as_bytes());
    let answer = call(address, Method::Decrypt, request).and_then(|answer| message::only_field(&answer));
    answer.map(SecretBytes::new).map_err(|reason| KeyFailure::new(address, reason))
}

/// Returns the data key as a key wraps it, by the service at an address.
pub(super) fn encrypt(address: &str, key: &MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
    let request = message::encrypt_request(key, data_key.expose());
    let answer = call(address, Method::Encrypt, request).and_then(|answer| message::only_field(&answer));
    let text =
        answer.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "gave what is not text".to_owned()));
    text.map_err(|reason| KeyFailure::new(address, reason))
}

/// What a service is asked to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Decrypt,
    /// The request holds plaintext: a service that answers with it must not bring it into a message.
    Encrypt,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Method::Decrypt => "Decrypt",
            Method::Encrypt => "Encrypt",
        }
    }
}

fn call(address: &str, method: Method, request: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unreachable(&error))?;
    runtime.block_on(async {
        let asked = async {
            match address.split_once("://") {
                Some(("tcp", host)) => {
                    let stream = TcpStream::connect(host).await.map_err(|error| unreachable(&error))?;
                    over(stream, method, request).await
                }
                Some(("unix", path)) => {
                    let stream = UnixStream::connect(path).await.map_err(|error| unreachable(&error))?;
                    over(stream, method, request).await
                }
                _ => Err("is no address of a key service: `tcp://HOST:PORT` or `unix://PATH`".into()),
            }
        };
        timeout(TIME_LIMIT, asked).await.unwrap_or_else(|_| Err("does not answer".into()))
    })
}

fn unreachable(error: &std::io::Error) -> String {
    format!("cannot be reached: {}", crate::disk::words(error))
}

async fn over(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    method: Method,
    request: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let broken = |error: h2::Error| format!("does not speak as a key service: {error}");
    let (mut sender, connection) = handshake(stream).await.map_err(broken)?;
    let driver = tokio::spawn(async move {
        // What goes wrong shows in the answer.
        let _ = connection.await;
    });
    let head = Request::builder()
        .method(http::Method::POST)
        .uri(format!("http://keyservice/KeyService/{}", method.name()))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .map_err(|error| error.to_string())?;
    std::future::poll_fn(|context| sender.poll_ready(context)).await.map_err(broken)?;
    let (answer, mut body) = sender.send_request(head, false).map_err(broken)?;
    body.send_data(Bytes::from_owner(message::framed(&request)), true).map_err(broken)?;
    let answer = answer.await.map_err(broken)?;
    let failed = status(answer.headers(), method);
    let mut stream = answer.into_body();
    let mut read = Zeroizing::new(Vec::with_capacity(4096));
    while let Some(chunk) = stream.data().await {
        let chunk = chunk.map_err(broken)?;
        // The other side waits until what it sent is taken note of.
        let _ = stream.flow_control().release_capacity(chunk.len());
        if read.len() + chunk.len() > MAX_ANSWER {
            return Err("answers at too great a length".into());
        }
        read.extend_from_slice(&chunk);
    }
    let trailers = stream.trailers().await.map_err(broken)?;
    driver.abort();
    match failed.or_else(|| trailers.as_ref().and_then(|trailers| status(trailers, method))) {
        Some(said) => Err(said),
        None => message::unframed(&read).ok_or_else(|| "gave no whole answer".to_owned()),
    }
}

/// Returns what a service says is wrong, if it says so.
fn status(headers: &http::HeaderMap, method: Method) -> Option<String> {
    let code = headers.get("grpc-status")?.to_str().ok()?;
    if code == "0" {
        return None;
    }
    let said = headers
        .get("grpc-message")
        .filter(|_| method == Method::Decrypt)
        .map(|said| percent_encoding::percent_decode(said.as_bytes()).decode_utf8_lossy().into_owned());
    let number = || match code.parse::<u8>() {
        Ok(number) => format!("answers with error {number}"),
        Err(_) => "answers with an error".to_owned(),
    };
    Some(said.map_or_else(number, |said| format!("says: {}", super::bounded(&said))))
}
