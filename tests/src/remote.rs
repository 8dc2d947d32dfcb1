//! What a case fetches: repositories on this machine, and files behind URLs of loopback.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// What stands for the case's directory in texts that must name it.
pub const HERE: &str = "⟦HERE⟧";

/// What stands for the host and port at which the files below `remote/` are.
pub const HOST: &str = "⟦HOST⟧";

/// The names of a case that are other every time.
pub struct Names {
    here: String,
    host: Option<String>,
}

impl Names {
    /// Returns the names of a case in a directory; its files are served if a text names the host.
    pub fn new(directory: &Path, names_host: bool) -> io::Result<Names> {
        let host = match names_host {
            true => Some(serve(directory.join("remote"))?.to_string()),
            false => None,
        };
        Ok(Names { here: directory.display().to_string(), host })
    }

    /// Returns a text of the case with the names as they are this time.
    pub fn filled_in(&self, text: &str) -> String {
        text.replace(HERE, &self.here).replace(HOST, self.host.as_deref().unwrap_or(HOST))
    }

    /// Returns what a command said with what stands for the names. Marks below a line are as long as a name is this
    /// time, so they are only one character.
    pub fn left_out(&self, text: &str) -> String {
        let mut text = text.replace(&self.here, HERE);
        if let Some(host) = &self.host {
            text = text.replace(host, HOST);
        }
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        for at in 1..lines.len() {
            let is_mark = lines[at].trim_start().starts_with('|') && lines[at].contains('^');
            if is_mark && (lines[at - 1].contains(HERE) || lines[at - 1].contains(HOST)) {
                let end = lines[at].find('^').unwrap_or_default() + 1;
                lines[at].truncate(end);
            }
        }
        lines.join("\n")
    }
}

/// Commits all that is in a directory, which becomes a repository; a tag may be moved to the commit. The commit is the
/// same every time.
pub fn commit(directory: &Path, tag: Option<&str>) -> io::Result<()> {
    if !directory.join(".git").exists() {
        git(directory, &["init", "-q", "-b", "main"])?;
    }
    git(directory, &["add", "-A"])?;
    git(directory, &["commit", "-q", "--allow-empty", "-m", "what the case says"])?;
    tag.map_or(Ok(()), |tag| git(directory, &["tag", "-f", tag]))
}

/// Returns whether there is a git program to make repositories with.
pub fn has_git() -> bool {
    Command::new("git").arg("--version").stdout(Stdio::null()).status().is_ok()
}

fn git(directory: &Path, arguments: &[&str]) -> io::Result<()> {
    let mut command = Command::new("git");
    command.current_dir(directory).args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "case").env(format!("GIT_{who}_EMAIL"), "case@localhost");
        command.env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z");
    }
    let output = command.output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

/// Serves the files of a directory as long as the process runs.
fn serve(directory: PathBuf) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that goes away in the middle is no fault of ours.
            let _ = stream.and_then(|stream| answer(stream, &directory));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, directory: &Path) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = first.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let (status, body) = match fs::read(directory.join(path.trim_start_matches('/'))) {
        Ok(body) if !path.contains("..") => (200, body),
        _ => (404, Vec::new()),
    };
    write!(stream, "HTTP/1.1 {status} .\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len())?;
    stream.write_all(&body)
}
