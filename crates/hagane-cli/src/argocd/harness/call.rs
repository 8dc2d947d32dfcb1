//! One call of a plugin, as the plugin server makes it: no shell, its own process group, an empty standard input, and the
//! environment of the sidecar with what the server adds.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::retry_on_intr;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};
use zeroize::Zeroizing;

/// How long a call may take, before the server kills it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What is started.
#[derive(Clone)]
pub(super) struct Plugin {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    /// Whether it is this program.
    pub(super) is_ours: bool,
}

/// Where it is started.
#[derive(Clone)]
pub(super) struct Sidecar {
    pub(super) key_file: Option<PathBuf>,
    pub(super) scratch: PathBuf,
    pub(super) source_path: PathBuf,
}

/// What a call is told besides.
#[derive(Clone, Default)]
pub(super) struct Call {
    pub(super) variables: Vec<(String, String)>,
    /// Variables of the sidecar that are not there.
    pub(super) without: Vec<&'static str>,
    /// Another user, by number.
    pub(super) user: Option<u32>,
    /// Whether only the scratch directory can be written to.
    pub(super) read_only: bool,
    /// Whether standard input has no end, as long as the call takes.
    pub(super) endless_input: bool,
}

/// What came of a call.
pub(super) struct Answer {
    /// The exit code; none where it was killed.
    pub(super) code: Option<i32>,
    /// How it ended, in words.
    pub(super) status: String,
    pub(super) stdout: Zeroizing<Vec<u8>>,
    pub(super) stderr: String,
    pub(super) time: Duration,
    /// Whether anything of its process group was left.
    pub(super) left: bool,
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        self.code == Some(0)
    }
}

/// Variables of the sidecar; all others are those of a request.
const OF_SIDECAR: [&str; 4] = ["TZ", "LANG", "LC_ALL", "ARGOCD_EXEC_TIMEOUT"];

impl Call {
    /// Returns whether a server must be another one for it.
    pub(super) fn is_of_sidecar(&self) -> bool {
        let is_set = self.variables.iter().any(|(name, _)| OF_SIDECAR.contains(&name.as_str()));
        let is_started_otherwise = self.user.is_some() || self.read_only || self.endless_input;
        is_set || is_started_otherwise || self.without.contains(&"SOPS_AGE_KEY_FILE")
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Call {
        self.variables.push((name.into(), value.into()));
        self
    }
}

impl Sidecar {
    /// Where servers write their log.
    pub(super) fn log(&self) -> PathBuf {
        self.scratch.join("log")
    }

    /// Returns the variables that the server adds to those of the sidecar.
    pub(super) fn request(&self, call: &Call) -> Vec<(String, String)> {
        let source_path = self.source_path.to_string_lossy();
        let source_path = if source_path.is_empty() { "." } else { &source_path };
        let usual = [
            ("ARGOCD_APP_NAME", "storefront"),
            ("ARGOCD_APP_NAMESPACE", "shop"),
            ("ARGOCD_APP_PROJECT_NAME", "shop"),
            ("ARGOCD_APP_REVISION", "0123456789abcdef0123456789abcdef01234567"),
            ("ARGOCD_APP_REVISION_SHORT", "0123456"),
            ("ARGOCD_APP_REVISION_SHORT_8", "01234567"),
            ("ARGOCD_APP_SOURCE_REPO_URL", "https://git.example.com/shop.git"),
            ("ARGOCD_APP_SOURCE_PATH", source_path),
            ("ARGOCD_APP_SOURCE_TARGET_REVISION", "main"),
            ("ARGOCD_APP_PARAMETERS", "[]"),
            ("KUBE_VERSION", "1.34.1"),
            ("KUBE_API_VERSIONS", "v1,apps/v1,apps/v1/Deployment,batch/v1"),
        ];
        let usual = usual.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let all = usual.chain(call.variables.iter().cloned());
        all.filter(|(name, _)| !call.without.contains(&name.as_str())).collect()
    }

    pub(super) fn command(&self, plugin: &Plugin, application: &Path, call: &Call) -> Command {
        let mut command = match call.read_only {
            false => Command::new(&plugin.program),
            true => {
                // The scratch directory becomes a mount of its own, and stays writable when the root is not any more.
                let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro / && cd \"$1\" && shift && exec \"$@\"";
                let mut command = Command::new("unshare");
                command.args(["--user", "--map-root-user", "--mount", "/bin/sh", "-c", script]);
                command.arg(&self.scratch).arg(application).arg(&plugin.program);
                command
            }
        };
        command.args(&plugin.arguments).current_dir(application).env_clear();
        // Nothing can be found on it, and HOME is missing.
        command.env("PATH", if call.read_only { "/usr/sbin:/usr/bin:/sbin:/bin" } else { "/nonexistent" });
        command.env("TMPDIR", self.scratch.join("tmp"));
        if let Some(key_file) = &self.key_file {
            command.env("SOPS_AGE_KEY_FILE", key_file);
        }
        command.envs(self.request(call));
        call.without.iter().for_each(|name| _ = command.env_remove(name));
        if let Some(user) = call.user {
            command.uid(user).gid(user);
        }
        command.stdin(if call.endless_input { Stdio::piped() } else { Stdio::null() });
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts a call and waits for its end.
    pub(super) fn call(&self, plugin: &Plugin, application: &Path, call: &Call) -> io::Result<Answer> {
        self.start(plugin, application, call)?.finish(PATIENCE)
    }

    pub(super) fn start(&self, plugin: &Plugin, application: &Path, call: &Call) -> io::Result<Running> {
        let started = Instant::now();
        let child = self.command(plugin, application, call).spawn()?;
        Ok(Running { child, started })
    }
}

/// A call that runs.
pub(super) struct Running {
    child: Child,
    started: Instant,
}

impl Running {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end; a call that takes longer is killed as the server kills it.
    pub(super) fn finish(mut self, patience: Duration) -> io::Result<Answer> {
        let read = |stream: Option<Box<dyn Read + Send>>| {
            thread::spawn(move || stream.map_or_else(Default::default, all))
        };
        let stdout = read(self.child.stdout.take().map(|stream| Box::new(stream) as _));
        let stderr = read(self.child.stderr.take().map(|stream| Box::new(stream) as _));
        let group = Pid::from_child(&self.child);
        let ended = self.watch();
        let time = match ended.recv_timeout(patience.saturating_sub(self.started.elapsed())) {
            Ok(time) => time,
            Err(_) => {
                // The child at once, then its group.
                self.child.kill()?;
                let _ = kill_process_group(group, Signal::TERM);
                self.started.elapsed()
            }
        };
        let status = self.child.wait()?;
        let left = test_kill_process_group(group).is_ok();
        // The server does so after success, too.
        let _ = kill_process_group(group, Signal::KILL);
        let stdout = stdout.join().unwrap_or_default();
        let stderr = String::from_utf8_lossy(&stderr.join().unwrap_or_default()).into_owned();
        Ok(Answer { code: status.code(), status: status.to_string(), stdout, stderr, time, left })
    }

    /// Says how long it took when it ends. Nobody looks every now and then: with many at once that is work, too.
    fn watch(&self) -> Receiver<Duration> {
        let (ended, watched) = channel();
        let (id, started) = (Pid::from_child(&self.child), self.started);
        thread::spawn(move || {
            // It stays a zombie until it is waited for, so that its number is not given to another.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let _ = retry_on_intr(|| waitid(WaitId::Pid(id), options));
            // Nobody listens any more when it was killed.
            let _ = ended.send(started.elapsed());
        });
        watched
    }

    /// Sends a signal to the group after a while.
    pub(super) fn signal_after(&self, wait: Duration, signal: Signal) {
        thread::sleep(wait);
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

/// Returns all that can be read. It may be secret, and what grows leaves copies behind: so it is put together at the end.
fn all(mut stream: Box<dyn Read + Send>) -> Zeroizing<Vec<u8>> {
    const PART: usize = 64 << 10;
    let mut parts: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    loop {
        let mut part = Zeroizing::new(Vec::with_capacity(PART));
        // What cannot be read is not there.
        let _ = stream.by_ref().take(PART as u64).read_to_end(&mut part);
        if part.is_empty() {
            break;
        }
        parts.push(part);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// Returns the bytes of memory that a process has for itself alone now.
pub(super) fn memory(id: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/statm")).unwrap_or_default();
    let mut pages = text.split(' ').skip(1).map_while(|number| number.parse::<u64>().ok());
    // What is there, without what is a file's or another's, too.
    let (all, shared) = (pages.next().unwrap_or_default(), pages.next().unwrap_or_default());
    all.saturating_sub(shared) * rustix::param::page_size() as u64
}
