//! What others see of the process: its system calls, its environment, and the picture of its memory that it does not leave.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::world::{CANARY, World, assert_clean, found};

/// The system calls, where there is a program that shows them.
#[test]
fn nothing_secret_is_written_to_a_file() {
    let strace = ["/usr/bin/strace", "/bin/strace"].into_iter().find(|path| Path::new(path).exists());
    let Some(strace) = strace else {
        super::left_out("there is no strace, so files that were removed again are not looked at");
        return;
    };
    let world = World::new();
    world.encrypted("a.yaml", &format!("a: {CANARY}\n"));
    world.encrypted(
        "r/secret.yaml",
        &format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {CANARY}}}\n"),
    );
    world.write(
        "r/kustomization.yaml",
        "resources: [secret.yaml]\nsecretGenerator: [{name: g, files: [../a.yaml]}]\n",
    );
    let editor = world.script("appends", "echo 'c: more' >> \"$1\"");
    let calls = [
        vec!["sops", "set", "a.yaml", "[\"b\"]", "1"],
        vec!["sops", "edit", "a.yaml"],
        vec!["sops", "rotate", "-i", "a.yaml"],
        vec!["sops", "exec-file", "a.yaml", "cat {} > /dev/null"],
        vec!["render", "--load-restrictor", "LoadRestrictionsNone", "r"],
        vec!["sops", "decrypt", "a.yaml"],
    ];
    for line in calls {
        let trace = world.path("trace");
        let trace_path = trace.display().to_string();
        let traced = "trace=write,pwrite64,writev,sendto,sendmsg,execve";
        let options = ["-f", "-qq", "-y", "-s", "65536", "-e", traced, "-o", &trace_path];
        let words = [&[strace][..], &options, &[env!("CARGO_BIN_EXE_hagane")], &line].concat();
        let status = world
            .command(&words)
            .env("EDITOR", &editor)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{line:?}");
        let trace = fs::read_to_string(&trace).unwrap();
        fs::remove_file(world.path("trace")).unwrap();
        let memory = world.memory().map_or("</dev/shm/".into(), |memory| format!("<{}/", memory.display()));
        // Standard output is what was asked for, a pipe keeps nothing.
        let asked_for = |call: &&str| call.contains("write(1</dev/null") || call.contains(&memory);
        let is_pipe = |call: &&str| call.contains("<pipe:[") || call.contains("/hagane-");
        assert!(trace.contains("execve("), "{line:?} was traced");
        for call in trace.lines().filter(|call| !asked_for(call) && !is_pipe(call)) {
            assert_clean(&format!("a system call of {line:?}"), call.as_bytes());
        }
        if line[0] == "render" || line[1] == "decrypt" {
            assert!(trace.lines().any(|call| found(call.as_bytes()).is_some()), "the trace sees the canary");
        }
    }
}

/// Writes what it sees of the process that started it, or that it may not look.
const LOOK: &str = "for file in environ cmdline limits; do cat /proc/$PPID/$file > \"$SEEN/$file\" 2>/dev/null || echo denied > \"$SEEN/$file\"; done";

#[test]
fn a_process_lets_nobody_look_into_it_and_leaves_no_core() {
    let world = World::new();
    world.encrypted("a.yaml", &format!("a: {CANARY}\n"));
    let editor = world.script("looks", LOOK);
    let program = env!("CARGO_BIN_EXE_hagane");
    // The limit is taken off first, so that what is seen is what the program has set.
    let unlimited = "ulimit -S -c \"$(ulimit -H -c)\"; exec \"$@\"";
    let look = |prefix: &[&str]| {
        let shell = ["/bin/sh", "-c", unlimited, "sh", program, "sops", "edit", "a.yaml"];
        let status = world
            .command(&[prefix, &shell].concat())
            .env("EDITOR", &editor)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let seen = |name: &str| {
            let seen = fs::read(world.path("seen").join(name)).unwrap_or_default();
            assert_clean(name, &seen);
            String::from_utf8_lossy(&seen).into_owned()
        };
        (status.unwrap().code(), seen("environ"), seen("cmdline"), seen("limits"))
    };
    let (code, environ, cmdline, limits) = look(&[]);
    assert_eq!(code, Some(200));
    assert_limited(&limits);
    if !world.is_of_root() {
        assert_eq!(environ, "denied\n");
        return;
    }
    assert!(environ.contains("SOPS_AGE_KEY_FILE=") && cmdline.contains("edit"), "the superuser sees all");
    // As nobody, who may look into what is theirs, and not into this.
    let as_nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let readable = world.command(&[&as_nobody[..], &[program, "--version"]].concat()).output();
    if !readable.is_ok_and(|output| output.status.success()) {
        super::left_out("nobody else can start the program, so only the superuser has looked into it");
        return;
    }
    let everybody = |name: &std::path::Path| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(name, fs::Permissions::from_mode(0o777)).unwrap();
    };
    ["", "seen", "home", "tmp", "key", "a.yaml"].iter().for_each(|name| everybody(&world.path(name)));
    world.memory().into_iter().for_each(everybody);
    for name in ["environ", "cmdline", "limits"] {
        fs::remove_file(world.path("seen").join(name)).unwrap();
    }
    let (code, environ, _, limits) = look(&as_nobody);
    assert_eq!(code, Some(200));
    assert_eq!(environ, "denied\n", "the process may be looked into");
    assert_limited(&limits);
}

/// The soft limit of cores is nothing.
fn assert_limited(limits: &str) {
    let line = limits.lines().find(|line| line.starts_with("Max core file size"));
    let soft = line.and_then(|line| line["Max core file size".len()..].split_whitespace().next());
    assert_eq!(soft, Some("0"), "{limits}");
}
