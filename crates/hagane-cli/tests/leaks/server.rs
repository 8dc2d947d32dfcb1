//! A Vault that keeps what it gets, and services that answer with all that they were asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// Serves on loopback for as long as the test runs, and returns its address and the bodies that arrive.
pub(crate) fn serve(answer: fn(&str, &str) -> (u16, String)) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(&stream);
            let (mut method, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if method.is_empty() {
                    method = line.split(' ').next().unwrap_or_default().to_owned();
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let body = String::from_utf8(body).unwrap();
            let (status, answer) = answer(&method, &body);
            // Whoever listens may be gone already.
            let _ = sender.send(body);
            let length = answer.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{answer}"
            );
        }
    });
    (url, receiver)
}

pub(crate) fn vault(method: &str, _body: &str) -> (u16, String) {
    if method == "GET" { (404, r#"{"errors":[]}"#.into()) } else { (200, "{}".into()) }
}

/// Answers with the request, wherever services put words.
pub(crate) fn echo(method: &str, body: &str) -> (u16, String) {
    if method == "GET" {
        return (404, "{}".into());
    }
    let quoted = body.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\t'], " ");
    let answer = format!(
        r#"{{"error":{{"message":"{quoted}","status":"{quoted}","code":"{quoted}"}},"errors":["{quoted}"],"message":"{quoted}","__type":"{quoted}"}}"#
    );
    (400, answer)
}
