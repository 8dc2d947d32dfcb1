//! The key service of SOPS: keys of this machine for others who reach it.

use std::io;
use std::net::TcpListener;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{SendResponse, handshake};
use hagane::{KeyFailure, Keyring, MasterKey, SecretBytes, WrappedKey};
use http::{HeaderMap, Request, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustix::fs::Mode;
use rustix::process::umask;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::message;

/// Bytes of a request.
const MAX_REQUEST: usize = 1 << 20;
/// Of gRPC: unknown, and not implemented.
const FAILED: &str = "2";
const UNKNOWN_METHOD: &str = "12";

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// Clients that are served at once.
const MAX_CLIENTS: usize = 64;
/// How long it is waited when no client can be taken.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves the keys of a keyring at an address, until the process ends: `tcp` and `HOST:PORT`, or `unix` and a path, which only this user may use.
/// `ready` is told when others can come; `asked` says whether a request is answered, for one at a time.
pub fn serve(
    network: &str,
    address: &str,
    keyring: &dyn Keyring,
    ready: &dyn Fn(&str),
    asked: &(dyn Fn(&str) -> bool + Sync),
) -> io::Result<()> {
    let service = Service { keyring, asked, turn: Mutex::default(), clients: AtomicUsize::new(0) };
    match network {
        "tcp" => {
            let listener = TcpListener::bind(address)?;
            ready(&format!("tcp://{}", listener.local_addr()?));
            service.listen(listener.incoming(), |stream| {
                stream.set_nonblocking(true)?;
                tokio::net::TcpStream::from_std(stream)
            });
        }
        "unix" => {
            // What a server that ended has left behind.
            if std::fs::symlink_metadata(address).is_ok_and(|found| found.file_type().is_socket()) {
                std::fs::remove_file(address)?;
            }
            let listener = private_socket(address)?;
            ready(&format!("unix://{address}"));
            service.listen(listener.incoming(), |stream| {
                stream.set_nonblocking(true)?;
                tokio::net::UnixStream::from_std(stream)
            });
        }
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "the network is `tcp` or `unix`")),
    }
    Ok(())
}

/// Returns a socket that only this user may write to, from its first moment on.
fn private_socket(address: &str) -> io::Result<UnixListener> {
    let before = umask(Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(address);
    umask(before);
    listener
}

struct Service<'s> {
    keyring: &'s dyn Keyring,
    asked: &'s (dyn Fn(&str) -> bool + Sync),
    /// One person can be asked one question at a time.
    turn: Mutex<()>,
    clients: AtomicUsize,
}

impl Service<'_> {
    /// Serves whoever comes, each in a thread, so that one who says nothing keeps nobody waiting.
    fn listen<S: Send, A: AsyncRead + AsyncWrite + Unpin>(
        &self,
        clients: impl Iterator<Item = io::Result<S>>,
        stream: impl Fn(S) -> io::Result<A> + Sync,
    ) {
        let stream = &stream;
        thread::scope(|scope| {
            for client in clients {
                // Without a free number for a connection, or when it has gone: the next may be luckier.
                let Ok(client) = client else {
                    thread::sleep(PAUSE);
                    continue;
                };
                if self.clients.fetch_add(1, Ordering::SeqCst) >= MAX_CLIENTS {
                    self.clients.fetch_sub(1, Ordering::SeqCst);
                    continue;
                }
                let serving = move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    if let Ok(runtime) = runtime {
                        runtime.block_on(async {
                            if let Ok(stream) = stream(client) {
                                self.connection(stream).await;
                            }
                        });
                    }
                    self.clients.fetch_sub(1, Ordering::SeqCst);
                };
                if thread::Builder::new().spawn_scoped(scope, serving).is_err() {
                    self.clients.fetch_sub(1, Ordering::SeqCst);
                }
            }
        });
    }

    /// Answers a connection, one request after the other, until its client goes or says nothing for too long.
    async fn connection(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Ok(Ok(mut connection)) = timeout(PATIENCE, handshake(stream)).await else { return };
        while let Ok(Some(Ok((request, respond)))) = timeout(PATIENCE, connection.accept()).await {
            // The connection has to be driven while the request is read.
            let answering = self.request(request, respond);
            tokio::pin!(answering);
            let driving = std::future::poll_fn(|context| connection.poll_closed(context));
            tokio::pin!(driving);
            std::future::poll_fn(|context| {
                let _ = driving.as_mut().poll(context);
                answering.as_mut().poll(context)
            })
            .await;
        }
    }

    async fn request(&self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        let path = request.uri().path().to_owned();
        let body = timeout(PATIENCE, read(request.into_body())).await.ok().flatten();
        let answer = body
            .as_deref()
            .and_then(|body| message::unframed(body))
            .ok_or_else(|| "the request is cut".to_owned());
        let answer = match path.as_str() {
            "/KeyService/Decrypt" => {
                answer.and_then(|request| self.decrypt(&request)).map_err(|said| (FAILED, said))
            }
            "/KeyService/Encrypt" => {
                answer.and_then(|request| self.encrypt(&request)).map_err(|said| (FAILED, said))
            }
            _ => Err((UNKNOWN_METHOD, "there is no such method".to_owned())),
        };
        // Whoever has gone needs no answer.
        let _ = send(&mut respond, answer);
    }

    fn decrypt(&self, request: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        let (key, enc) = message::read_request(request).ok_or("the request cannot be read")?;
        let enc = String::from_utf8(enc).map_err(|_| "the wrapped key is not text")?;
        self.allowed("unwrap", &key)?;
        let wrapped = WrappedKey { key, enc, created_at: String::new(), span: Default::default() };
        let plain = self.keyring.unwrap_key(&wrapped).map_err(|failure| words(&failure))?;
        Ok(message::answer(plain.expose()))
    }

    fn encrypt(&self, request: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        let (mut key, plain) = message::read_request(request).ok_or("the request cannot be read")?;
        self.allowed("wrap", &key)?;
        let wrapped =
            self.keyring.wrap_key(&mut key, &SecretBytes::new(plain)).map_err(|failure| words(&failure))?;
        Ok(message::answer(wrapped.as_bytes()))
    }

    fn allowed(&self, verb: &str, key: &MasterKey) -> Result<(), String> {
        let question = format!("{verb} a data key with {key}");
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if (self.asked)(&question) { Ok(()) } else { Err("the request was refused".into()) }
    }
}

fn words(failure: &KeyFailure) -> String {
    let tried: Vec<String> =
        failure.tried.iter().map(|attempt| format!("{} {}", attempt.source, attempt.reason)).collect();
    if tried.is_empty() { "there is no key".into() } else { tried.join("; ") }
}

async fn read(mut body: RecvStream) -> Option<Zeroizing<Vec<u8>>> {
    let mut read = Zeroizing::new(Vec::with_capacity(4096));
    while let Some(chunk) = body.data().await {
        let chunk = chunk.ok()?;
        body.flow_control().release_capacity(chunk.len()).ok()?;
        if read.len() + chunk.len() > MAX_REQUEST {
            return None;
        }
        read.extend_from_slice(&chunk);
    }
    Some(read)
}

fn send(
    respond: &mut SendResponse<Bytes>,
    answer: Result<Zeroizing<Vec<u8>>, (&str, String)>,
) -> Result<(), h2::Error> {
    let mut head = Response::new(());
    head.headers_mut().insert("content-type", http::HeaderValue::from_static("application/grpc"));
    let mut stream = respond.send_response(head, false)?;
    let mut trailers = HeaderMap::new();
    let (code, said) = match answer {
        Ok(message) => {
            stream.send_data(Bytes::from_owner(message::framed(&message)), false)?;
            ("0", String::new())
        }
        Err((code, said)) => (code, utf8_percent_encode(&said, NON_ALPHANUMERIC).to_string()),
    };
    for (name, value) in [("grpc-status", code), ("grpc-message", said.as_str())] {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            trailers.insert(name, value);
        }
    }
    stream.send_trailers(trailers)
}
