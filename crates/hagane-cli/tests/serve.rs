//! `hagane argocd serve`: what a repo-server may send, what it must not, and what others of it see. `hagane argocd test --serve`
//! has the contract itself; it runs in `argocd.rs`.
#![allow(clippy::disallowed_methods, reason = "a test starts the program in directories of its own")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hagane_host::grpc::{self, Code, Sent, Status};
use hagane_host::protobuf::{field, fields, number_field};
use rustix::process::{Pid, Signal, kill_process};

const GENERATE: &str = "/plugin.ConfigManagementPluginService/GenerateManifest";
const PLAIN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

/// A server, and the directory that it has for itself. Both go away with the test.
struct Server {
    child: Child,
    directory: PathBuf,
}

impl Server {
    fn start(name: &str, flags: &[&str], variables: &[(&str, &str)]) -> Server {
        let directory = fs::canonicalize(env!("CARGO_TARGET_TMPDIR")).unwrap().join(format!("serve-{name}"));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("tmp")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_hagane"))
            .args(["argocd", "serve", "--socket", "s"])
            .args(flags)
            .current_dir(&directory)
            .env_clear()
            .env("TMPDIR", directory.join("tmp"))
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Its first line says that it is there; the rest is its log.
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        assert!(line.starts_with("hagane: serving at "), "{line}");
        let mut file = File::create(directory.join("log")).unwrap();
        thread::spawn(move || std::io::copy(&mut log, &mut file));
        Server { child, directory }
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("s")
    }

    fn call(&self, messages: Vec<Vec<u8>>) -> Result<Vec<String>, Status> {
        call(&self.socket(), messages, Duration::from_secs(60))
    }

    /// Waits for the end and returns what was logged.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let code = self.child.wait().unwrap().code();
        (code, fs::read_to_string(self.directory.join("log")).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn call(socket: &Path, messages: Vec<Vec<u8>>, time: Duration) -> Result<Vec<String>, Status> {
    let answer = grpc::call(socket, GENERATE, time, &mut messages.into_iter().map(Sent::Message))?;
    let manifests = fields(&answer).unwrap().into_iter();
    Ok(manifests.map(|(_, text)| String::from_utf8(text.to_vec()).unwrap()).collect())
}

/// Files of a repository, packed.
fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    packed_with(files, &[])
}

/// Files of a repository and links, packed.
fn packed_with(files: &[(&str, &[u8])], links: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = [0; 8];
    hagane_host::random(&mut bytes);
    let name = format!("repository-{:x}", u64::from_ne_bytes(bytes));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (path, content) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    for (path, target) in links {
        std::os::unix::fs::symlink(target, directory.join(path)).unwrap();
    }
    let archive = hagane_host::pack(&directory).unwrap();
    fs::remove_dir_all(&directory).unwrap();
    archive
}

fn usual() -> Vec<u8> {
    packed(&[("app/kustomization.yaml", b"resources: [a.yaml]\n"), ("app/a.yaml", PLAIN.as_bytes())])
}

fn metadata(archive: &[u8], path: &str, variables: &[(&str, &str)]) -> Vec<u8> {
    let checksum = hagane_host::checksum(archive).unwrap().0;
    described(&checksum, archive.len(), path, variables)
}

fn described(checksum: &str, size: usize, path: &str, variables: &[(&str, &str)]) -> Vec<u8> {
    let (mut inner, mut message) = (Vec::new(), Vec::new());
    field(2, path.as_bytes(), &mut inner);
    field(3, checksum.as_bytes(), &mut inner);
    number_field(4, size as u64, &mut inner);
    for (name, value) in variables {
        let mut pair = Vec::new();
        field(1, name.as_bytes(), &mut pair);
        field(2, value.as_bytes(), &mut pair);
        field(5, &pair, &mut inner);
    }
    field(1, &inner, &mut message);
    message
}

fn chunks(archive: &[u8], length: usize) -> Vec<Vec<u8>> {
    let chunk = |bytes: &[u8]| {
        let (mut inner, mut message) = (Vec::new(), Vec::new());
        field(1, bytes, &mut inner);
        field(2, &inner, &mut message);
        message
    };
    archive.chunks(length).map(chunk).collect()
}

fn request(archive: &[u8], path: &str, variables: &[(&str, &str)]) -> Vec<Vec<u8>> {
    [vec![metadata(archive, path, variables)], chunks(archive, 1024)].concat()
}

#[test]
fn what_is_no_request_is_refused() {
    let server = Server::start("refuses", &["--max-size", "1"], &[]);
    let archive = usual();
    let check = |messages: Vec<Vec<u8>>, code: Code, said: &str| {
        let answer = server.call(messages);
        assert!(
            answer.as_ref().is_err_and(|status| status.code == code && status.message.contains(said)),
            "{said}: {answer:?}"
        );
        // It goes on as before.
        assert_eq!(server.call(request(&archive, "app", &[])), Ok(vec![PLAIN.to_owned()]));
    };
    let invalid = Code::InvalidArgument;
    check(vec![], invalid, "the request is empty");
    check(chunks(&archive, 1024), invalid, "does not begin with what the repository is");
    check(vec![b"\xff\xff".to_vec()], invalid, "does not begin with what the repository is");
    let head = metadata(&archive, "app", &[]);
    check(vec![head.clone()], invalid, "bytes of the archive arrived");
    let unseen = packed(&[("app/kustomization.yaml", b"resources: []\n")]);
    let unseen_head = metadata(&unseen, "app", &[]);
    check(vec![unseen_head.clone()], invalid, "cannot be unpacked");
    check(vec![head.clone(), head.clone()], invalid, "a part of the archive is none");
    let cut = chunks(&unseen[..unseen.len() / 2], 7);
    check([vec![unseen_head], cut].concat(), invalid, "cannot be unpacked");
    let garbage = vec![0x5a; 3000];
    check(request(&garbage, "app", &[]), invalid, "cannot be unpacked");
    let wrong = described(&"0".repeat(64), archive.len(), "app", &[]);
    check([vec![wrong], chunks(&archive, 1024)].concat(), invalid, "not what its checksum says");
    let checksum = hagane_host::checksum(archive.as_slice()).unwrap().0;
    let wrong = described(&checksum, archive.len() + 1, "app", &[]);
    check([vec![wrong], chunks(&archive, 1024)].concat(), invalid, "bytes of the archive arrived");
    // One who only knows the checksum of what another has sent does not get it.
    let known = described(&checksum, garbage.len(), "app", &[]);
    check([vec![known], chunks(&garbage, 1024)].concat(), invalid, "not what its checksum says");
    check(request(&archive, "../app", &[]), invalid, "does not lie in its repository");
    check(request(&archive, "/app", &[]), invalid, "does not lie in its repository");
    check(request(&archive, "elsewhere", &[]), invalid, "`elsewhere` does not exist");
    let application: [(&str, &[u8]); 1] = [("app/kustomization.yaml", b"resources: []\n")];
    for target in ["/etc/passwd", "/repository/app", "../../etc", "not/yet/../../../../etc"] {
        let linked = packed_with(&application, &[("app/link", target)]);
        check(request(&linked, "app", &[]), invalid, "`app/link` in the repository is a link out of it");
    }
    let mut noise = vec![0; 2 << 20];
    hagane_host::random(&mut noise);
    let large = packed(&[("noise", &noise)]);
    check(request(&large, "app", &[]), Code::ResourceExhausted, "more than 1 MiB");
    check(vec![vec![0; 5 << 20]], Code::ResourceExhausted, "larger than 4 MiB");
    let unknown = grpc::call(&server.socket(), "/a.B/C", Duration::from_secs(60), &mut std::iter::empty());
    assert_eq!(unknown.unwrap_err().code, Code::Unimplemented);
    let hostile = [("ARGOCD_APP_PARAMETERS", "[{\"name\": \"--reveal\"}]"), ("KUBE_VERSION", "1.34.1")];
    check(request(&archive, "app", &hostile), invalid, "parameter 1 has no name");
    let hostile = [("KUBE_VERSION", "--post-renderer=x")];
    check(request(&archive, "app", &hostile), Code::FailedPrecondition, "`KUBE_VERSION` is no version");
    assert_eq!(fs::read_dir(server.directory.join("tmp")).unwrap().count(), 0);
}

#[test]
fn twenty_megabytes_arrive_in_parts_of_a_kilobyte() {
    let server = Server::start("large", &[], &[]);
    let mut noise = vec![0; 20 << 20];
    hagane_host::random(&mut noise);
    let archive = packed(&[
        ("noise", &noise),
        ("app/kustomization.yaml", b"resources: [a.yaml]\n"),
        ("app/a.yaml", PLAIN.as_bytes()),
    ]);
    for length in [1024, 256 << 10, 8 << 20, archive.len()] {
        let messages = [vec![metadata(&archive, "app", &[])], chunks(&archive, length)].concat();
        assert_eq!(server.call(messages), Ok(vec![PLAIN.to_owned()]), "{length}");
    }
}

#[test]
fn an_application_gets_nothing_from_another_or_from_what_it_says() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../overlays-sample");
    let key = fs::read_to_string(repository.join("keys/test.agekey")).unwrap();
    let secret = key.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();
    let archive = hagane_host::pack(&repository).unwrap();
    let without = Server::start("keyless", &[], &[]);
    let with = Server::start("with-a-key", &[], &[("SOPS_AGE_KEY", secret)]);
    // The key that a request brings is none, nor is one in its repository.
    for name in ["SOPS_AGE_KEY", "ARGOCD_ENV_SOPS_AGE_KEY"] {
        let refused = without.call(request(&archive, "overlays/production", &[(name, secret)])).unwrap_err();
        assert_eq!(refused.code, Code::PermissionDenied, "{refused:?}");
        assert!(!refused.message.contains(secret), "{name}");
    }
    let file = [("SOPS_AGE_KEY_FILE", "/repository/keys/test.agekey")];
    assert!(without.call(request(&archive, "overlays/production", &file)).is_err());
    // What a request says is gone with it, and what the administrator says stays.
    let usual = with.call(request(&archive, "overlays/production", &[])).unwrap();
    for variables in [
        [("SOPS_AGE_KEY", "none"), ("ARGOCD_EXEC_TIMEOUT", "1ms")],
        [("TMPDIR", "/nonexistent"), ("HTTPS_PROXY", "http://127.0.0.1:1")],
    ] {
        assert_eq!(with.call(request(&archive, "overlays/production", &variables)), Ok(usual.clone()));
    }
    let base = with.call(request(&archive, "base", &[])).unwrap();
    thread::scope(|scope| {
        for number in 0..24 {
            let (path, expected) =
                if number % 2 == 0 { ("base", &base) } else { ("overlays/production", &usual) };
            let (with, archive) = (&with, &archive);
            scope.spawn(move || assert_eq!(with.call(request(archive, path, &[])).as_ref(), Ok(expected)));
        }
    });
    let (code, log) = with.end(Signal::TERM);
    assert_eq!(code, Some(0));
    assert!(!log.contains("kind:") && !log.contains(secret) && log.contains("generate"), "{log}");
}

#[test]
fn who_waits_no_longer_is_told_and_who_has_begun_is_answered() {
    let archive = usual();
    let mut server = Server::start("ends", &[], &[]);
    let late = call(&server.socket(), request(&archive, "app", &[]), Duration::from_nanos(1)).unwrap_err();
    assert_eq!(late.code, Code::DeadlineExceeded);
    // The signal comes when half of the request is there: the other half is waited for.
    let mut messages = request(&archive, "app", &[]).into_iter();
    let process = Pid::from_child(&server.child);
    let mut sent = 0;
    let mut slowly = std::iter::from_fn(|| {
        sent += 1;
        if sent == 2 {
            kill_process(process, Signal::TERM).unwrap();
            // Until it has heard of it, nobody new can come.
            while server.directory.join("s").exists() {
                thread::yield_now();
            }
        }
        messages.next().map(Sent::Message)
    });
    let answer = grpc::call(&server.directory.join("s"), GENERATE, Duration::from_secs(60), &mut slowly);
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    // What one that was killed has left is in nobody's way, and one that works is.
    let mut first = Server::start("again", &[], &[]);
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    assert!(first.socket().exists());
    let again = |directory: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hagane"));
        command.args(["argocd", "serve", "--socket", "s"]).current_dir(directory).env_clear();
        command.stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut second = again(&first.directory);
    let mut line = String::new();
    BufReader::new(second.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("hagane: serving at "), "{line}");
    let third = again(&first.directory).wait_with_output().unwrap();
    assert_eq!(third.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&third.stderr).contains("another server answers at"));
    second.kill().unwrap();
    second.wait().unwrap();
}

#[test]
fn a_request_that_does_not_arrive_is_not_waited_for() {
    let server = Server::start("slow", &["--timeout", "1s"], &[]);
    let archive = usual();
    let mut noise = vec![0; 1 << 20];
    hagane_host::random(&mut noise);
    let large = packed(&[("noise", &noise)]);
    let log = || fs::read_to_string(server.directory.join("log")).unwrap_or_default();
    let started = Instant::now();
    // Half of it is more than a connection holds back.
    let mut messages = request(&large, "app", &[]).into_iter().take(500);
    // Then nothing more comes, and it would wait for a minute.
    let mut stuck = std::iter::from_fn(|| {
        let next = messages.next().map(Sent::Message);
        while next.is_none() && !log().contains("did not arrive") {
            assert!(started.elapsed() < Duration::from_secs(50), "the server waits");
            thread::yield_now();
        }
        next
    });
    let late = grpc::call(&server.socket(), GENERATE, Duration::from_secs(60), &mut stuck);
    assert!(late.is_err(), "{late:?}");
    // It goes on; where much else runs, a second may be too short for this one, too.
    loop {
        match server.call(request(&archive, "app", &[])) {
            Err(status) if status.code == Code::DeadlineExceeded => {
                assert!(started.elapsed() < Duration::from_secs(300), "{status:?}");
            }
            answer => return assert_eq!(answer, Ok(vec![PLAIN.to_owned()])),
        }
    }
}
