//! A server of calls on a socket.

use std::future::{Future, poll_fn};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, SendResponse};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinSet, LocalSet, spawn_local};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::authority::WithAuthority;
use super::frames::{self, Arrived, Buffer, Messages};
use super::status::{Code, Status};

/// Bytes that a caller may send before they are looked at.
const WINDOW: u32 = 512 << 10;
/// What frames with little in them may cost that have arrived and are not looked at yet, in bytes. Our HTTP/2 library counts a quarter
/// of a kilobyte for each: this is as many as the window holds where each message is a byte, and some megabytes of memory.
const SMALL_FRAMES: usize = 16 << 20;
/// How long a connection may take to begin.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long one who is answered that it is late may take to send the rest: before that it would not see the answer.
const GRACE: Duration = Duration::from_secs(5);
const CONTENT: HeaderValue = HeaderValue::from_static("application/grpc");

/// What a call gives: a message, which others may get as well, or why there is none.
pub type Answer = Result<Arc<Zeroizing<Vec<u8>>>, Status>;

/// A call that waits for its answer.
pub struct Call {
    /// Service and method, as `/grpc.health.v1.Health/Check`.
    pub method: String,
    /// What the caller sends.
    pub messages: Messages,
    /// When it must be answered: the caller says so, and the server's limits.
    pub deadline: Instant,
}

/// How much a server takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls at once.
    pub calls: usize,
    /// Bytes of a message, unless whoever answers takes larger ones.
    pub message: usize,
    /// How long a call may take, whatever its caller says: to send, and to be answered.
    pub time: Duration,
    /// How long a connection may be without a call. A caller that forgets to hang up holds a place of another.
    pub idle: Duration,
    /// How long those that have begun may take when the server is told to stop.
    pub drain: Duration,
}

/// Who answers.
pub type Service = Arc<dyn Fn(Call) -> Answer + Send + Sync>;

/// Tells a server to stop.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Stop {
        Stop(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// No more calls are taken; those that have begun are answered.
    pub fn now(&self) {
        self.0.send_replace(true);
    }
}

/// A socket that calls come to. It is gone when this is dropped.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Makes a socket for this user alone. One that nobody listens at any more is replaced.
    pub fn bind(path: &Path) -> io::Result<Listener> {
        if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
            if UnixStream::connect(path).is_ok() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        let listener = Listener { listener, path: path.to_owned() };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// Answers calls until it is told to stop.
    pub fn serve(self, limits: Limits, stop: &Stop, service: Service) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        self.listener.set_nonblocking(true)?;
        let stopped = stop.0.subscribe();
        let shared = Rc::new(Shared { limits, service, calls: Arc::default(), stopped });
        LocalSet::new().block_on(&runtime, async {
            let listener = tokio::net::UnixListener::from_std(self.listener.try_clone()?)?;
            let mut connections = shared.clone().accept(&listener).await;
            // Who comes now finds nobody, and knows it at once.
            drop(listener);
            drop(self);
            let all = async { while connections.join_next().await.is_some() {} };
            // Whoever has not ended by then is left alone.
            let _ = timeout(limits.drain, all).await;
            Ok(())
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Somebody may have removed it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What all calls share.
struct Shared {
    limits: Limits,
    service: Service,
    calls: Arc<AtomicUsize>,
    stopped: watch::Receiver<bool>,
}

impl Shared {
    /// Takes connections until it is told to stop, and returns those that are left.
    async fn accept(self: Rc<Self>, listener: &tokio::net::UnixListener) -> JoinSet<()> {
        let mut connections = JoinSet::new();
        let mut stopped = self.stopped.clone();
        let mut stopped = pin!(stopped.wait_for(|stopped| *stopped));
        loop {
            let next = poll_fn(|context| {
                while let Poll::Ready(Some(_)) = connections.poll_join_next(context) {}
                match listener.poll_accept(context) {
                    // Who has connected before is answered.
                    Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                    Poll::Pending => stopped.as_mut().poll(context).map(|_| None),
                }
            });
            match next.await {
                None => return connections,
                // As many as there may be calls: whoever has one asks for something.
                Some(Ok(_)) if connections.len() >= self.limits.calls => {}
                Some(Ok((stream, _))) => _ = connections.spawn_local(self.clone().connection(stream)),
                // Too many files are open, for now.
                Some(Err(_)) if *self.stopped.borrow() => return connections,
                Some(Err(_)) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Answers the calls of a connection, all at once.
    async fn connection(self: Rc<Self>, stream: tokio::net::UnixStream) {
        let mut builder = Builder::new();
        builder.header_table_size(0).initial_window_size(WINDOW).initial_connection_window_size(4 * WINDOW);
        builder.data_frame_budget(SMALL_FRAMES);
        builder.max_concurrent_streams(self.limits.calls as u32).max_header_list_size(64 << 10);
        let handshake = timeout(HANDSHAKE, builder.handshake(WithAuthority::new(stream)));
        let Ok(Ok(mut connection)) = handshake.await else { return };
        let mut stopped = self.stopped.clone();
        let mut stopped = pin!(stopped.wait_for(|stopped| *stopped));
        let mut is_told = false;
        // Each call has a share of it.
        let calls = Rc::new(());
        let mut idle = pin!(sleep(self.limits.idle));
        let mut is_idle = false;
        loop {
            let next = poll_fn(|context| {
                if !is_told && stopped.as_mut().poll(context).is_ready() {
                    is_told = true;
                    connection.graceful_shutdown();
                }
                while idle.as_mut().poll(context).is_ready() {
                    let is_unused = Rc::strong_count(&calls) == 1;
                    if is_unused && is_idle {
                        // It has not even said that it has heard.
                        return Poll::Ready(None);
                    }
                    if is_unused {
                        // A call that is on its way is answered.
                        connection.graceful_shutdown();
                    }
                    is_idle = is_unused;
                    idle.as_mut().reset(tokio::time::Instant::now() + self.limits.idle);
                }
                connection.poll_accept(context)
            });
            let Some(Ok((request, respond))) = next.await else { return };
            is_idle = false;
            idle.as_mut().reset(tokio::time::Instant::now() + self.limits.idle);
            let (shared, share) = (self.clone(), calls.clone());
            spawn_local(async move {
                shared.call(request, respond).await;
                drop(share);
            });
        }
    }

    async fn call(self: Rc<Self>, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        let headers = request.headers();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let is_grpc = text("content-type").is_some_and(|content| content.starts_with("application/grpc"));
        if request.method() != Method::POST || !is_grpc {
            let mut head = Response::new(());
            *head.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            // Whoever has gone needs no answer.
            let _ = respond.send_response(head, true);
            return;
        }
        let own = Instant::now() + self.limits.time;
        let earlier =
            |own: Instant| super::deadline(text("grpc-timeout")).map_or(own, |theirs| theirs.min(own));
        let (deadline, patience) = (earlier(own), earlier(own + GRACE));
        let method = request.uri().path().to_owned();
        let Some(place) = Place::take(&self.calls, self.limits.calls) else {
            let refused = Status::new(Code::ResourceExhausted, "too many calls at once");
            return send(&mut respond, Err(refused));
        };
        let mut body = request.into_body();
        let (sender, arriving) = mpsc::channel();
        let (finish, finished) = oneshot::channel();
        let messages = Messages {
            arriving,
            flow: body.flow_control().clone(),
            limit: self.limits.message,
            deadline,
            patience,
            buffer: Buffer::default(),
            is_over: false,
        };
        let call = Call { method, messages, deadline };
        let service = self.service.clone();
        let work = move || {
            let answer = service(call);
            // Free before it is heard of: who then calls again finds the place.
            drop(place);
            let _ = finish.send(answer);
        };
        if thread::Builder::new().name("call".into()).spawn(work).is_err() {
            let refused = Status::new(Code::ResourceExhausted, "no thread can be started");
            return send(&mut respond, Err(refused));
        }
        if let Some(answer) = pump(&mut body, sender, finished, &mut respond).await {
            send(&mut respond, answer);
        }
    }
}

/// Hands on what arrives until there is an answer. There is none where the caller has gone.
async fn pump(
    body: &mut RecvStream,
    sender: Sender<Arrived>,
    mut finished: oneshot::Receiver<Answer>,
    respond: &mut SendResponse<Bytes>,
) -> Option<Answer> {
    let mut sender = Some(sender);
    poll_fn(|context| {
        while let Some(to) = &sender {
            match body.poll_data(context) {
                Poll::Pending => break,
                // It fails when the answer is already there.
                Poll::Ready(Some(Ok(bytes))) => _ = to.send(Arrived::Bytes(bytes)),
                Poll::Ready(Some(Err(_))) => sender = None,
                Poll::Ready(None) => {
                    let _ = to.send(Arrived::End);
                    sender = None;
                }
            }
        }
        answered(&mut finished, respond, context)
    })
    .await
}

fn answered(
    finished: &mut oneshot::Receiver<Answer>,
    respond: &mut SendResponse<Bytes>,
    context: &mut Context<'_>,
) -> Poll<Option<Answer>> {
    if let Poll::Ready(answer) = Pin::new(finished).poll(context) {
        let unknown = |_| Err(Status::new(Code::Internal, "there is no answer"));
        return Poll::Ready(Some(answer.unwrap_or_else(unknown)));
    }
    respond.poll_reset(context).map(|_| None)
}

/// A place among the calls. It is free again when this is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(calls: &Arc<AtomicUsize>, limit: usize) -> Option<Place> {
        // Counted first: it counts down when it is dropped.
        let place = Place(calls.clone());
        (calls.fetch_add(1, Ordering::Relaxed) < limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Plaintext may be in it: it is wiped when all have it.
struct Wiped(Arc<Zeroizing<Vec<u8>>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Sends an answer. Whoever has gone needs none, so errors are nobody's.
fn send(respond: &mut SendResponse<Bytes>, answer: Answer) {
    let mut head = Response::new(());
    head.headers_mut().insert(CONTENT_TYPE, CONTENT);
    let (message, length) = match answer.map(|message| (frames::head(message.len()), message)) {
        Ok((Some(length), message)) => (message, length),
        Ok((None, _)) => return send(respond, Err(Status::new(Code::Internal, "the answer is too large"))),
        Err(status) => {
            head.headers_mut().extend(status.headers());
            let _ = respond.send_response(head, true);
            return;
        }
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", 0.into());
    let _ = respond.send_response(head, false).and_then(|mut stream| {
        stream.send_data(Bytes::copy_from_slice(&length), false)?;
        stream.send_data(Bytes::from_owner(Wiped(message)), false)?;
        stream.send_trailers(trailers)
    });
}

#[cfg(test)]
mod tests;
