//! Files over HTTP, from a server on loopback.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::server::{Answer, Request, Server};
use hagane::{RemoteError, Remotes};
use hagane_host::{FetchOptions, Fetcher, Network};

fn answer(request: &Request) -> Answer {
    let text = |status: u16, body: &str| Answer::Whole(status, Vec::new(), body.into());
    let to =
        |status: u16, place: &str| Answer::Whole(status, vec![("Location".into(), place.into())], Vec::new());
    let authorization = request.headers.get("authorization").map(String::as_str);
    match request.path.as_str() {
        "/file.yaml" => text(200, "kind: Service\n"),
        "/query" => text(200, &request.query),
        "/empty" => text(204, ""),
        "/moved" => to(302, "/deeper/moved"),
        "/deeper/moved" => to(301, "../file.yaml"),
        "/round" => to(302, "/round"),
        // `me:p@ss` and nobody else.
        "/private" if authorization == Some("Basic bWU6cEBzcw==") => text(200, "for me\n"),
        "/private" => text(401, "who are you?"),
        "/broken" => text(500, "no"),
        "/endless" => Answer::Endless,
        "/stuck" => Answer::Stuck,
        "/silence" => Answer::Silence,
        _ => text(404, "nothing there"),
    }
}

/// Longer than an answer from loopback takes, even where much else runs.
const ENOUGH: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(200);

#[track_caller]
fn check(time_limit: Duration, url: &str, expected: Result<&str, RemoteError>) {
    let options = FetchOptions { file_time_limit: time_limit, ..FetchOptions::default() };
    let fetched = Fetcher::new(Arc::default(), options).file(url);
    assert_eq!(fetched, expected.map(|text| Arc::from(text.as_bytes())), "{url}");
}

#[test]
fn answers() {
    let server = Server::start(answer);
    let check = |path: &str, expected| check(ENOUGH, &server.url(path), expected);
    check("/file.yaml", Ok("kind: Service\n"));
    check("/file.yaml#part", Ok("kind: Service\n"));
    check("/query?ref=main&a=b", Ok("ref=main&a=b"));
    check("/empty", Ok(""));
    check("/moved", Ok("kind: Service\n"));
    check("/absent", Err(RemoteError::Status(404)));
    check("/broken", Err(RemoteError::Status(500)));
    check("/private", Err(RemoteError::Status(401)));
    check("/round", Err(RemoteError::Other("too many redirects".into())));
    check("/endless", Err(RemoteError::TooLarge { limit: 100 << 20 }));
}

#[test]
fn servers_that_take_too_long() {
    let server = Server::start(answer);
    check(SHORT, &server.url("/stuck"), Err(RemoteError::TimedOut(SHORT)));
    check(SHORT, &server.url("/silence"), Err(RemoteError::TimedOut(SHORT)));
}

#[test]
fn users_and_passwords_are_sent_and_not_shown() {
    let server = Server::start(answer);
    let url = |user: &str, path: &str| format!("http://{user}@{}{path}", server.authority());
    check(ENOUGH, &url("me:p%40ss", "/private"), Ok("for me\n"));
    check(ENOUGH, &url("me:wrong", "/private"), Err(RemoteError::Status(401)));
    let told = Mutex::new(Vec::new());
    let progress = |text: &str| told.lock().unwrap().push(text.to_owned());
    let fetcher =
        Fetcher::new(Arc::default(), FetchOptions { progress: Some(&progress), ..FetchOptions::default() });
    // A closed port, a host that is none, and a URL that is none.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let closed = closed.expect("there is a loopback");
    for url in [
        format!("http://me:hush@{closed}/x?token=hush"),
        "https://me:hush@127.0.0.1:1/x".into(),
        "http://me:hush@[/x".into(),
        "http://me:hush@/x".into(),
        "http://me:hu/sh@host/ x".into(),
        url("me:hush", "/private?token=hush"),
    ] {
        let error = fetcher.file(&url).expect_err("nobody can answer this");
        let text = format!("{error:?}");
        assert!(!text.contains("hu"), "{text}");
    }
    for text in told.into_inner().unwrap() {
        assert!(text.starts_with("fetching http") && !text.contains("hu"), "{text}");
    }
}

#[test]
fn hosts_that_cannot_be_reached() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let closed = closed.expect("there is a loopback");
    check(ENOUGH, &format!("http://{closed}/"), Err(RemoteError::Unreachable("connection refused".into())));
    // A server that does not speak TLS.
    let server = Server::start(answer);
    let url = server.url("/file.yaml").replace("http:", "https:");
    let error = Fetcher::new(Arc::default(), FetchOptions::default()).file(&url);
    assert!(matches!(error, Err(RemoteError::Unreachable(_))), "{error:?}");
}

#[test]
fn a_file_is_fetched_once() {
    let server = Server::start(answer);
    let fetcher = Fetcher::new(Arc::default(), FetchOptions::default());
    let urls = [server.url("/file.yaml"), server.url("/absent"), server.url("/query?a")];
    let urls: Vec<&str> = urls.iter().map(String::as_str).cycle().take(100).collect();
    fetcher.prefetch(&[], &urls);
    for url in urls {
        let _ = fetcher.file(url);
    }
    assert_eq!([server.count("/file.yaml"), server.count("/absent"), server.count("/query")], [1, 1, 1]);
}

#[test]
fn nothing_is_fetched_offline() {
    let server = Server::start(answer);
    let fetcher =
        Fetcher::new(Arc::default(), FetchOptions { network: Network::Offline, ..FetchOptions::default() });
    let url = server.url("/file.yaml");
    fetcher.prefetch(&[], &[&url]);
    assert!(matches!(fetcher.file(&url), Err(RemoteError::Refused { .. })));
    assert_eq!(server.count("/file.yaml"), 0);
}
