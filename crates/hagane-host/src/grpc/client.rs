//! A client: one call on a connection of its own.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::SendStream;
use h2::client::{Builder, ResponseFuture};
use http::{Method, Request};
use tokio::net::UnixStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::frames::{self, HEAD};
use super::status::{Code, Status};
use crate::disk::words;

/// The most bytes of an answer.
const MAX_ANSWER: usize = 256 << 20;

/// What a client does next.
pub enum Sent {
    /// It sends a message.
    Message(Vec<u8>),
    /// It goes away, in the middle of all.
    Gone,
}

/// Calls a method at a socket and returns its answer. `time_limit` is what the server is told; a second later nobody waits.
pub fn call(
    socket: &Path,
    method: &str,
    time_limit: Duration,
    messages: &mut dyn Iterator<Item = Sent>,
) -> Result<Zeroizing<Vec<u8>>, Status> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unavailable(&words(&error)))?;
    runtime.block_on(async {
        let late = |_| Status::new(Code::DeadlineExceeded, "there is no answer in time");
        let patience = time_limit.saturating_add(Duration::from_secs(1));
        timeout(patience, ask(socket, method, time_limit, messages)).await.map_err(late)?
    })
}

fn unavailable(why: &str) -> Status {
    Status::new(Code::Unavailable, format!("cannot be reached: {why}"))
}

fn broken(error: h2::Error) -> Status {
    Status::new(Code::Unavailable, format!("the connection broke: {error}"))
}

async fn ask(
    socket: &Path,
    method: &str,
    time_limit: Duration,
    messages: &mut dyn Iterator<Item = Sent>,
) -> Result<Zeroizing<Vec<u8>>, Status> {
    let stream = UnixStream::connect(socket).await.map_err(|error| unavailable(&words(&error)))?;
    let mut builder = Builder::new();
    builder.initial_window_size(1 << 20).initial_connection_window_size(1 << 20);
    let (sender, connection) = builder.handshake::<_, Bytes>(stream).await.map_err(broken)?;
    let asked = async move {
        let mut sender = sender.ready().await.map_err(broken)?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://localhost{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", format!("{}m", time_limit.as_millis().min(99_999_999)))
            .body(())
            .map_err(|error| Status::new(Code::Internal, error.to_string()))?;
        let (mut answer, mut body) = sender.send_request(request, false).map_err(broken)?;
        for sent in messages {
            let Sent::Message(message) = sent else {
                return Err(Status::new(Code::Cancelled, "gone"));
            };
            send(&mut body, &mut answer, message).await?;
        }
        body.send_data(Bytes::new(), true).map_err(broken)?;
        receive(answer).await
    };
    // The connection is driven while there is something to wait for, and goes away with it.
    let (mut asked, mut connection) = (pin!(asked), pin!(connection));
    let mut is_open = true;
    poll_fn(|context| {
        if is_open && connection.as_mut().poll(context).is_ready() {
            is_open = false;
        }
        match asked.as_mut().poll(context) {
            // All that has arrived was taken, and nothing more comes.
            Poll::Pending if !is_open => Poll::Ready(Err(unavailable("the connection has ended"))),
            other => other,
        }
    })
    .await
}

/// Sends a message. An answer that is there before all is sent is one that callers never see: their libraries say that
/// sending failed.
async fn send(
    body: &mut SendStream<Bytes>,
    answer: &mut ResponseFuture,
    message: Vec<u8>,
) -> Result<(), Status> {
    let too_large = || Status::new(Code::Internal, "the message is too large");
    let head = frames::head(message.len()).ok_or_else(too_large)?;
    let mut framed = BytesMut::with_capacity(HEAD + message.len());
    framed.extend_from_slice(&head);
    framed.extend_from_slice(&message);
    let mut rest = framed.freeze();
    while !rest.is_empty() {
        body.reserve_capacity(rest.len());
        let capacity = poll_fn(|context| {
            if let Poll::Ready(early) = Pin::new(&mut *answer).poll(context) {
                return Poll::Ready(Err(match early {
                    Ok(_) => Status::new(Code::Unknown, "it answered before all was sent"),
                    Err(error) => broken(error),
                }));
            }
            match body.poll_capacity(context) {
                Poll::Ready(Some(capacity)) => Poll::Ready(capacity.map_err(broken)),
                Poll::Ready(None) => Poll::Ready(Err(Status::new(Code::Unavailable, "the connection broke"))),
                Poll::Pending => Poll::Pending,
            }
        })
        .await?;
        body.send_data(rest.split_to(capacity.min(rest.len())), false).map_err(broken)?;
    }
    Ok(())
}

async fn receive(answer: ResponseFuture) -> Result<Zeroizing<Vec<u8>>, Status> {
    let answer = answer.await.map_err(broken)?;
    let failed = Status::read(answer.headers());
    if failed.is_none() && !answer.status().is_success() {
        return Err(Status::new(Code::Unknown, format!("it answers with {}", answer.status())));
    }
    let mut body = answer.into_body();
    let mut read = Read::default();
    while let Some(part) = body.data().await {
        let part = part.map_err(broken)?;
        // The other side waits until what it sent is taken note of.
        let _ = body.flow_control().release_capacity(part.len());
        read.add(&part)?;
    }
    let trailers = body.trailers().await.map_err(broken)?;
    if let Some(failed) = failed.or_else(|| trailers.as_ref().and_then(Status::read)) {
        return Err(failed);
    }
    read.message()
}

/// A message as it arrives, in memory that is allocated once: it may be secret, and what grows leaves copies behind.
#[derive(Default)]
struct Read {
    head: Vec<u8>,
    message: Zeroizing<Vec<u8>>,
}

impl Read {
    fn add(&mut self, mut part: &[u8]) -> Result<(), Status> {
        if let Some(missing) = HEAD.checked_sub(self.head.len()).filter(|missing| *missing > 0) {
            let (head, rest) = part.split_at(missing.min(part.len()));
            self.head.extend_from_slice(head);
            part = rest;
            if let Some([_, length @ ..]) = self.head.first_chunk::<HEAD>() {
                let length = u32::from_be_bytes(*length) as usize;
                if length > MAX_ANSWER {
                    return Err(Status::new(Code::ResourceExhausted, "the answer is too large"));
                }
                self.message.reserve_exact(length);
            }
        }
        if part.len() > self.message.capacity() - self.message.len() {
            return Err(cut());
        }
        self.message.extend_from_slice(part);
        Ok(())
    }

    /// Returns the message, if all of it is there.
    fn message(self) -> Result<Zeroizing<Vec<u8>>, Status> {
        let is_whole = frames::head(self.message.len()).is_some_and(|head| self.head == head);
        if is_whole { Ok(self.message) } else { Err(cut()) }
    }
}

fn cut() -> Status {
    Status::new(Code::Internal, "the answer is cut")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_same_however_it_arrives() {
        let check = |bytes: &[u8], expected: Option<&[u8]>| {
            for size in 1..=bytes.len().max(1) {
                let mut read = Read::default();
                let added = bytes.chunks(size).try_for_each(|part| read.add(part));
                let message = added.and_then(|()| read.message()).ok();
                assert_eq!(message.as_deref().map(Vec::as_slice), expected, "{bytes:?} by {size}");
            }
        };
        check(b"\0\0\0\0\x03abc", Some(b"abc"));
        check(b"\0\0\0\0\0", Some(b""));
        check(b"", None);
        check(b"\0\0\0\0", None);
        check(b"\0\0\0\0\x03ab", None);
        check(b"\0\0\0\0\x03abcd", None);
        check(b"\x01\0\0\0\x03abc", None);
        check(b"\0\xff\xff\xff\xffabc", None);
    }
}
