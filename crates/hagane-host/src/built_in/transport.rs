//! Git's protocol over HTTP, by the same client that fetches files.

use std::any::Any;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix_transport::Protocol;
use gix_transport::client::blocking_io::http::{
    GetResponse, Http, PostBodyDataKind, PostResponse, Transport,
};
use hagane::RemoteError;
use ureq::Body;
use ureq::http::Response;

use super::other;
use crate::http::{Patience, Reach, authority, split_credentials};

/// The largest answer of a server, in bytes.
const MAX_ANSWER: u64 = 2 << 30;

/// Returns a transport to a URL, and where it says what went wrong.
pub(super) fn http(
    reach: &Reach,
    url: &str,
    patience: Patience,
) -> Result<(Transport<Client>, Failure), RemoteError> {
    let (url, authorization) = split_credentials(url);
    let failure = Failure { url: url.clone(), error: Arc::default() };
    let parsed = gix::url::parse(url.as_str()).map_err(|error| other(&error))?;
    let authority = authority(&url);
    let client = Client {
        requests: Requests { reach: reach.clone(), authorization, authority, patience },
        failure: failure.clone(),
        redirected: None,
    };
    Ok((Transport::new_http(client, parsed, Protocol::V2, false), failure))
}

/// What went wrong in a transport, if anything has.
#[derive(Clone)]
pub(super) struct Failure {
    url: String,
    error: Arc<Mutex<Option<RemoteError>>>,
}

impl Failure {
    /// Returns the URL without user and password.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn take(&self) -> Option<RemoteError> {
        lock(&self.error).take()
    }

    /// Keeps what went wrong, and returns what gix is told.
    fn keep(&self, error: RemoteError) -> io::Error {
        let kind = if matches!(error, RemoteError::Denied(_)) {
            ErrorKind::PermissionDenied
        } else {
            ErrorKind::Other
        };
        lock(&self.error).get_or_insert(error);
        io::Error::new(kind, "the server did not answer as it should")
    }
}

/// The HTTP client that gix works with.
pub(super) struct Client {
    requests: Requests,
    failure: Failure,
    redirected: Option<String>,
}

#[derive(Clone)]
struct Requests {
    reach: Reach,
    authorization: Option<String>,
    /// Whom the authorization is for.
    authority: Option<String>,
    patience: Patience,
}

type Headers = Vec<(String, String)>;

impl Requests {
    /// Sends a request: with a body, a `POST`. Returns the answer, and the URL that gave it.
    fn send(
        &self,
        url: &str,
        headers: &Headers,
        body: Option<&[u8]>,
    ) -> Result<(Response<Body>, String), RemoteError> {
        let authorization = self.authorization.as_deref().filter(|_| authority(url) == self.authority);
        let (response, url) = match body {
            // Where a request went is known by now: a body is not sent on.
            Some(body) => {
                (self.reach.post(url, headers, authorization, body, self.patience)?, url.to_owned())
            }
            None => self.reach.get(url, headers, authorization, self.patience)?,
        };
        match response.status().as_u16() {
            200..=299 => Ok((response, url)),
            status @ (401 | 403 | 407) => {
                Err(RemoteError::Denied(format!("the server answered with status {status}")))
            }
            status => Err(RemoteError::Status(status)),
        }
    }
}

impl Http for Client {
    type Headers = Answer;
    type ResponseBody = Answer;
    type PostBody = PostBody;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<GetResponse<Answer, Answer>, gix::Error> {
        let response = self.requests.send(url, &parsed(headers), None);
        let (response, from) = response.map_err(|error| gix::Error::from_error(self.failure.keep(error)))?;
        let tail = url.strip_prefix(base_url).unwrap_or_default();
        self.redirected = from.strip_suffix(tail).map(str::to_owned);
        let exchange = Arc::new(Mutex::new(Exchange::Answered(Parts::new(response))));
        let part = |which| Answer {
            exchange: Arc::clone(&exchange),
            which,
            reader: None,
            failure: self.failure.clone(),
        };
        Ok(GetResponse { headers: part(Part::Headers), body: part(Part::Body) })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> Result<PostResponse<Answer, Answer, PostBody>, gix::Error> {
        let request = Request {
            requests: self.requests.clone(),
            url: url.to_owned(),
            headers: parsed(headers),
            body: Vec::new(),
        };
        let exchange = Arc::new(Mutex::new(Exchange::Asked(request)));
        let part = |which| Answer {
            exchange: Arc::clone(&exchange),
            which,
            reader: None,
            failure: self.failure.clone(),
        };
        let (headers, body) = (part(Part::Headers), part(Part::Body));
        Ok(PostResponse { post_body: PostBody(exchange), headers, body })
    }

    fn configure(&mut self, _config: &dyn Any) -> Result<(), gix::Error> {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected.clone()
    }
}

/// A request that is sent when somebody reads its answer: until then, gix writes its body.
enum Exchange {
    Asked(Request),
    Answered(Parts),
    Failed,
}

struct Request {
    requests: Requests,
    url: String,
    headers: Headers,
    body: Vec<u8>,
}

/// The parts of an answer that nobody has taken yet.
#[derive(Default)]
struct Parts {
    headers: Option<Box<dyn BufRead + Send>>,
    body: Option<Box<dyn BufRead + Send>>,
}

#[derive(Clone, Copy)]
enum Part {
    Headers,
    Body,
}

impl Parts {
    fn new(response: Response<Body>) -> Parts {
        let mut headers = Vec::new();
        for (name, value) in response.headers() {
            headers.extend_from_slice(name.as_str().as_bytes());
            headers.extend_from_slice(b": ");
            headers.extend_from_slice(value.as_bytes());
            headers.push(b'\n');
        }
        let body = response.into_body().into_with_config().limit(MAX_ANSWER).reader();
        Parts { headers: Some(Box::new(Cursor::new(headers))), body: Some(Box::new(BufReader::new(body))) }
    }
}

/// The body of a request.
pub(super) struct PostBody(Arc<Mutex<Exchange>>);

impl Write for PostBody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *lock(&self.0) {
            Exchange::Asked(request) => request.body.write(bytes),
            Exchange::Answered(_) | Exchange::Failed => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The headers of an answer, a line each, or its body.
pub(super) struct Answer {
    exchange: Arc<Mutex<Exchange>>,
    which: Part,
    reader: Option<Box<dyn BufRead + Send>>,
    failure: Failure,
}

impl Answer {
    fn reader(&mut self) -> io::Result<&mut (dyn BufRead + Send)> {
        if self.reader.is_none() {
            let mut exchange = lock(&self.exchange);
            if let Exchange::Asked(request) = &*exchange {
                let sent = request.requests.send(&request.url, &request.headers, Some(&request.body));
                *exchange = match sent {
                    Ok((response, _)) => Exchange::Answered(Parts::new(response)),
                    Err(error) => {
                        *exchange = Exchange::Failed;
                        return Err(self.failure.keep(error));
                    }
                };
            }
            if let Exchange::Answered(parts) = &mut *exchange {
                self.reader = match self.which {
                    Part::Headers => parts.headers.take(),
                    Part::Body => parts.body.take(),
                };
            }
        }
        match &mut self.reader {
            Some(reader) => Ok(reader),
            None => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader()?.read(buffer)
    }
}

impl BufRead for Answer {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader()?.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if let Some(reader) = &mut self.reader {
            reader.consume(count);
        }
    }
}

fn parsed(headers: impl IntoIterator<Item = impl AsRef<str>>) -> Headers {
    let pair =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    headers.into_iter().filter_map(|line| pair(line.as_ref())).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
