//! Hosts that may be asked, where an administrator's proxy asks them: it is reached wherever it is, and is asked for nothing that
//! may not be.
#![allow(clippy::disallowed_methods, reason = "a test starts the program in directories of its own")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

const MANIFEST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

/// A proxy that answers in the place of every host, and notes whom it was asked for. `/moved.yaml` is a redirect.
struct Proxy {
    address: String,
    noted: Arc<Mutex<Noted>>,
}

#[derive(Default)]
struct Noted {
    /// Where the redirect leads.
    moved: String,
    asked: Vec<String>,
}

impl Proxy {
    fn start() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let noted: Arc<Mutex<Noted>> = Arc::default();
        let all = noted.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let noted = all.clone();
                // A client that goes away in the middle is no fault of the proxy.
                thread::spawn(move || stream.and_then(|stream| serve(stream, &noted)));
            }
        });
        Proxy { address, noted }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.noted.lock().unwrap().asked)
    }
}

fn serve(mut stream: TcpStream, noted: &Mutex<Noted>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let request = head(&mut reader)?;
        let mut words = request.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if method == "CONNECT" {
            noted.lock().unwrap().asked.push(target.to_owned());
            stream.write_all(b"HTTP/1.1 200 .\r\n\r\n")?;
            continue;
        }
        let moved = || noted.lock().unwrap().moved.clone();
        let answer = match target {
            "/moved.yaml" => format!("302 .\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", moved()),
            _ => format!("200 .\r\nContent-Length: {}\r\n\r\n{MANIFEST}", MANIFEST.len()),
        };
        return write!(stream, "HTTP/1.1 {answer}");
    }
}

/// Returns the first line of a request, and reads the others.
fn head(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = first.clone();
    while !line.trim_end().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
    }
    Ok(first)
}

/// Returns exit code and standard error of a render of what lies at a URL.
fn generate(proxy: &Proxy, url: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let directory = fs::canonicalize(env!("CARGO_TARGET_TMPDIR")).unwrap().join("proxy");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("kustomization.yaml"), format!("resources: [\"{url}\"]\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hagane"))
        .args(["argocd", "generate"])
        .current_dir(&directory)
        .env_clear()
        .env("ARGOCD_APP_SOURCE_PATH", ".")
        .env("http_proxy", &proxy.address)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let code = output.status.code();
    assert!(code != Some(0) || output.stdout == MANIFEST.as_bytes());
    (code, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_proxy_is_asked_for_what_may_be_asked() {
    let proxy = Proxy::start();
    let check = |url: &str, variables: &[(&str, &str)], refused: Option<&str>, asked: &[&str]| {
        let (code, said) = generate(&proxy, url, variables);
        assert_eq!(code, Some(i32::from(refused.is_some())), "{url}\n{said}");
        assert!(said.contains(refused.unwrap_or_default()), "{url}\n{said}");
        assert_eq!(proxy.asked(), asked, "{url}");
    };
    // Only the proxy knows this name.
    check("http://base.invalid/a.yaml", &[], None, &["base.invalid:80"]);
    let listed = [("HAGANE_ALLOWED_HOSTS", "base.invalid")];
    check("http://base.invalid/a.yaml", &listed, None, &["base.invalid:80"]);
    let refused = Some("may not be asked from here");
    check("http://other.invalid/a.yaml", &listed, refused, &[]);
    for near in ["169.254.169.254", "localhost", "127.0.0.1:8081", "[::1]", "metadata.google.internal"] {
        check(&format!("http://{near}/a.yaml"), &[], refused, &[]);
    }
    // The proxy itself is nobody's host.
    check(&format!("{}/a.yaml", proxy.address), &[], refused, &[]);
    let check_redirect = |to: &str, variables: &[(&str, &str)], refused: Option<&str>, asked: &[&str]| {
        proxy.noted.lock().unwrap().moved = to.to_owned();
        check("http://base.invalid/moved.yaml", variables, refused, asked);
    };
    check_redirect("a.yaml", &listed, None, &["base.invalid:80", "base.invalid:80"]);
    check_redirect("http://other.invalid/", &[], None, &["base.invalid:80", "other.invalid:80"]);
    check_redirect("http://other.invalid/", &listed, refused, &["base.invalid:80"]);
    for near in ["169.254.169.254", "localhost", "127.0.0.1:8081", "[::1]", "metadata.google.internal"] {
        check_redirect(&format!("http://{near}/"), &[], refused, &["base.invalid:80"]);
    }
    let unclear = Some("does not say plainly which host it is on");
    check_redirect("http://127.1/", &[], unclear, &["base.invalid:80"]);
}
