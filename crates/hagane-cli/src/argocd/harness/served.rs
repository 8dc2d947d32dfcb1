//! The plugin server of this program, asked as the repo-server asks it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hagane_host::grpc::{self, Code, Sent, Status};
use rustix::process::{Pid, Signal, kill_process};
use zeroize::Zeroizing;

use super::call::{Answer, Call, PATIENCE, Plugin, Sidecar};
use super::checkout::unused_name;
use crate::argocd::serve::contract::{self, Metadata};

/// Bytes of a part of an archive, as the repo-server sends it unless it is told otherwise.
const PART: usize = 1024;
/// How long a server may take to begin, and to end.
const START: Duration = Duration::from_secs(60);

/// A server that runs. It ends when this is dropped.
pub(super) struct Served {
    child: Child,
    address: Address,
}

/// Where a server is asked.
#[derive(Clone)]
pub(super) struct Address(PathBuf);

/// A request that is ready to be sent.
pub(super) struct Packed {
    archive: Vec<u8>,
    checksum: String,
    path: String,
}

/// Which method is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Generate,
    Match,
    Parameters,
}

/// Up to where a client goes before it goes away.
#[derive(Clone, Copy)]
pub(super) enum Until {
    /// To the end.
    End,
    /// It has sent so much of all.
    Share(f64),
    /// It waits so long.
    Time(Duration),
}

impl Served {
    /// Starts a server and waits until it answers.
    pub(super) fn start(sidecar: &Sidecar, program: &Path, call: &Call) -> io::Result<Served> {
        let socket = sidecar.scratch.join("sockets").join(format!("{}.sock", unused_name()));
        let arguments = ["argocd", "serve", "--socket"].map(Into::into).into_iter();
        let arguments = arguments.chain([socket.clone().into_os_string()]).collect();
        let plugin = Plugin { program: program.to_owned(), arguments, is_ours: true };
        // It has no working directory of its own.
        let mut command = sidecar.command(&plugin, &sidecar.scratch, call);
        for name in ["ARGOCD_APP_PARAMETERS", "ARGOCD_APP_SOURCE_PATH", "KUBE_VERSION", "KUBE_API_VERSIONS"] {
            command.env_remove(name);
        }
        let log = OpenOptions::new().create(true).append(true).open(sidecar.log())?;
        let child = command.stdout(Stdio::null()).stderr(log).spawn()?;
        let mut served = Served { child, address: Address(socket) };
        let started = Instant::now();
        while !served.is_healthy() {
            if started.elapsed() > START || served.child.try_wait()?.is_some() {
                let said = std::fs::read_to_string(sidecar.log()).unwrap_or_default();
                let said = said.lines().next_back().unwrap_or_default().to_owned();
                return Err(io::Error::other(format!("the server does not start: {said}")));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(served)
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn address(&self) -> Address {
        self.address.clone()
    }

    fn is_healthy(&self) -> bool {
        let empty = &mut [Sent::Message(Vec::new())].into_iter();
        grpc::call(&self.address.0, contract::HEALTH, Duration::from_secs(5), empty).is_ok()
    }

    pub(super) fn ask(
        &self,
        packed: &Packed,
        request: Vec<(String, String)>,
        method: Method,
        until: Until,
    ) -> Answer {
        self.address.ask(packed, request, method, until)
    }

    /// Sends a signal, and waits for the end. Returns whether there was one.
    pub(super) fn end(&mut self, signal: Signal) -> io::Result<bool> {
        // It may have ended before.
        let _ = kill_process(Pid::from_child(&self.child), signal);
        let started = Instant::now();
        while self.child.try_wait()?.is_none() {
            if started.elapsed() > START {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(true)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if !self.end(Signal::TERM).is_ok_and(|ended| ended) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Address {
    /// Asks for something, and says it as a process would: an exit code, manifests, messages.
    pub(super) fn ask(
        &self,
        packed: &Packed,
        environment: Vec<(String, String)>,
        method: Method,
        until: Until,
    ) -> Answer {
        let name = match method {
            Method::Generate => contract::GENERATE,
            Method::Match => contract::MATCH,
            Method::Parameters => contract::PARAMETERS,
        };
        let metadata = Metadata {
            path: packed.path.clone(),
            checksum: packed.checksum.clone(),
            size: packed.archive.len() as u64,
            environment,
        };
        let parts = packed.archive.len().div_ceil(PART);
        let sent = match until {
            Until::Share(share) => (parts as f64 * share) as usize,
            Until::End | Until::Time(_) => parts + 1,
        };
        let chunks = packed.archive.chunks(PART).map(contract::chunk_message);
        let messages = [contract::metadata_message(&metadata)].into_iter().chain(chunks);
        let mut messages = messages
            .enumerate()
            .map(|(place, message)| if place <= sent { Sent::Message(message) } else { Sent::Gone });
        let time_limit = if let Until::Time(time) = until { time } else { PATIENCE };
        let started = Instant::now();
        let answer = grpc::call(&self.0, name, time_limit, &mut messages);
        said(answer, method, started.elapsed())
    }
}

impl Packed {
    /// Packs a repository, for an application in it.
    pub(super) fn new(root: &Path, path: &Path) -> io::Result<Packed> {
        let archive = hagane_host::pack(root)?;
        let checksum = hagane_host::checksum(archive.as_slice()).map_err(|_| io::ErrorKind::InvalidData)?.0;
        Ok(Packed { archive, checksum, path: path.to_string_lossy().into_owned() })
    }
}

/// Returns an answer as that of a process.
fn said(answer: Result<Zeroizing<Vec<u8>>, Status>, method: Method, time: Duration) -> Answer {
    let (code, stdout, stderr) = match answer {
        Ok(message) if method == Method::Generate => match contract::read_manifests(&message) {
            Some(manifests) => (0, joined(&manifests), String::new()),
            None => (70, Zeroizing::default(), "the answer cannot be read".into()),
        },
        Ok(message) => (0, message, String::new()),
        Err(status) => {
            let code = match status.code {
                Code::InvalidArgument => 1,
                Code::FailedPrecondition => 2,
                Code::PermissionDenied => 3,
                Code::Unavailable | Code::DeadlineExceeded => 4,
                _ => 70,
            };
            (code, Zeroizing::default(), status.message)
        }
    };
    Answer { code: Some(code), status: format!("it ends with {code}"), stdout, stderr, time, left: false }
}

/// Returns manifests as `generate` prints them.
fn joined(manifests: &[&str]) -> Zeroizing<Vec<u8>> {
    const BETWEEN: &[u8] = b"---\n";
    let length = manifests.iter().map(|manifest| manifest.len() + BETWEEN.len()).sum();
    let mut text = Zeroizing::new(Vec::with_capacity(length));
    for (place, manifest) in manifests.iter().enumerate() {
        text.extend_from_slice(if place > 0 { BETWEEN } else { b"" });
        text.extend_from_slice(manifest.as_bytes());
    }
    text
}

/// Makes the files of a server that any user may write.
pub(super) fn prepare(sidecar: &Sidecar) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let sockets = sidecar.scratch.join("sockets");
    std::fs::create_dir(&sockets)?;
    std::fs::set_permissions(&sockets, std::fs::Permissions::from_mode(0o777))?;
    File::create(sidecar.log())?.set_permissions(std::fs::Permissions::from_mode(0o666))
}
