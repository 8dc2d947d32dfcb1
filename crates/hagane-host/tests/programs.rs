//! Other programs, really started.
#![allow(clippy::disallowed_methods, reason = "the outside is what is tested")]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use hagane::{Environment, Output, Process, ProcessError, Processes};
use hagane_host::{Leftovers, Programs};
use zeroize::Zeroizing;

/// Longer than any of these programs takes.
const LONG: Option<Duration> = Some(Duration::from_secs(60));
const SHORT: Duration = Duration::from_millis(100);

fn shell(script: &str) -> Process {
    Process {
        program: "sh".into(),
        arguments: vec!["-c".into(), script.into()],
        environment: Environment::Whole,
        variables: Vec::new(),
        directory: PathBuf::from("/"),
        stdin: Zeroizing::default(),
        time_limit: LONG,
    }
}

fn run(process: &Process) -> Result<Output, ProcessError> {
    Programs::new(Arc::default()).run(process)
}

/// Checks the exit code, standard output and standard error of a program.
#[track_caller]
fn check(process: &Process, code: Option<i32>, stdout: &str, stderr: &str) {
    let output = run(process).expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let got = (output.code, text(&output.stdout), text(&output.stderr));
    assert_eq!(got, (code, stdout.to_owned(), stderr.to_owned()));
}

#[track_caller]
fn check_error(process: &Process, expected: ProcessError) {
    match run(process) {
        Err(error) => assert_eq!(error, expected),
        Ok(output) => panic!("it ran: {:?}", String::from_utf8_lossy(&output.stdout)),
    }
}

#[test]
fn what_a_program_leaves() {
    check(&shell("echo out; echo err >&2; exit 3"), Some(3), "out\n", "err\n");
    check(&shell("kill -9 $$"), None, "", "");
    check(&Process { stdin: Zeroizing::new(b"in".to_vec()), ..shell("cat; pwd") }, Some(0), "in/\n", "");
    // More than a pipe holds, in every direction at once.
    let stdin = Zeroizing::new(vec![b'x'; 1 << 20]);
    let through = run(&Process { stdin: stdin.clone(), ..shell("tee /dev/stderr") }).expect("it runs");
    assert!(through.stdout == *stdin && through.stderr == *stdin);
    // A program that does not read what it is given.
    check(&Process { stdin, ..shell("exec 0<&-; echo done") }, Some(0), "done\n", "");
}

#[test]
fn the_end_of_standard_error_is_kept() {
    let output = run(&shell("head -c 5000000 /dev/zero >&2; echo why >&2")).expect("it runs");
    assert!(output.stderr.len() <= 2 << 20 && output.stderr.ends_with(b"\0why\n"));
}

#[test]
fn too_much_is_not_read() {
    check_error(&shell("cat /dev/zero"), ProcessError::TooLarge { limit: 256 << 20 });
}

#[test]
fn the_time_limit_ends_the_whole_group() {
    let leftovers = Arc::new(Leftovers::default());
    let programs = Programs::new(Arc::clone(&leftovers));
    let directory = programs.scratch().expect("there is a scratch directory");
    // One that waits for its child, one that only its child's output keeps, and one that does not want to end.
    let scripts = [
        "sleep 600 & echo $! > pid; wait",
        "sleep 600 & echo $! > pid",
        "trap '' TERM; echo $$ > pid; while :; do sleep 600; done",
    ];
    for script in scripts {
        let pid = directory.join("pid");
        // Where much else runs it may have ended before it came that far.
        for limit in [SHORT, SHORT * 10, SHORT * 100, SHORT * 1000] {
            let limited = Process { time_limit: Some(limit), directory: directory.clone(), ..shell(script) };
            assert_eq!(programs.run(&limited).err(), Some(ProcessError::TimedOut(limit)), "{script}");
            if fs::read_to_string(&pid).is_ok_and(|pid| pid.ends_with('\n')) {
                break;
            }
        }
        wait_for_the_end(&fs::read_to_string(&pid).expect("the script wrote it"));
        fs::remove_file(pid).expect("it is ours");
    }
}

/// Waits until a process has ended.
fn wait_for_the_end(pid: &str) {
    let start = Instant::now();
    while is_alive(pid.trim()) {
        assert!(start.elapsed() < Duration::from_secs(60), "it still runs");
        thread::yield_now();
    }
}

/// Returns whether a process runs, where the system shows that in its files.
fn is_alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
}

#[test]
fn who_keeps_only_standard_error_is_not_waited_for() {
    let start = Instant::now();
    check(&shell("sleep 100 > /dev/null & echo out"), Some(0), "out\n", "");
    assert!(start.elapsed() < Duration::from_secs(90));
}

#[test]
fn programs_that_cannot_be_started() {
    let programs = Programs::new(Arc::default());
    let directory = programs.scratch().expect("there is a scratch directory");
    let write = |name: &str, content: &str, mode: u32| {
        programs.write(&directory.join(name), content.as_bytes()).expect("it is written");
        fs::set_permissions(directory.join(name), fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    write("plain", "", 0o600);
    write("orphan", "#!/nowhere/interpreter\n", 0o700);
    let named = |program: &str, directory: &Path| Process {
        program: program.into(),
        directory: directory.to_owned(),
        ..shell("")
    };
    check_error(&named("hagane-has-no-such-program", &directory), ProcessError::NotFound);
    check_error(&named("./absent", &directory), ProcessError::NotFound);
    check_error(&named("./plain", &directory), ProcessError::PermissionDenied);
    check_error(&named("/", &directory), ProcessError::NotFound);
    // Not in the working directory, unless one says so.
    check_error(&named("orphan", &directory), ProcessError::NotFound);
    let orphan = ProcessError::Other("the program that its first line names does not exist".into());
    check_error(&named("./orphan", &directory), orphan);
    let nowhere = ProcessError::Other("the directory that it starts in does not exist".into());
    check_error(&named("sh", Path::new("/nowhere")), nowhere);
}

#[test]
fn programs_are_found_from_the_directory_and_on_the_search_path() {
    let programs = Programs::new(Arc::default());
    let directory = programs.scratch().expect("there is a scratch directory");
    let shell_path = fs::canonicalize("/bin/sh").expect("there is a shell");
    fs::create_dir(directory.join("bin")).expect("it is ours");
    symlink(shell_path, directory.join("bin/hagane-shell")).expect("it is ours");
    let script = Process { directory: directory.clone(), ..shell("echo $0") };
    let by_path = Process { program: "bin/hagane-shell".into(), ..script.clone() };
    check(&by_path, Some(0), "bin/hagane-shell\n", "");
    let search = |path: OsString| Process {
        program: "hagane-shell".into(),
        variables: vec![("PATH".into(), path)],
        ..script.clone()
    };
    check(&search(directory.join("bin").into()), Some(0), "hagane-shell\n", "");
    check_error(&search("bin:".into()), ProcessError::NotFound);
}

#[test]
fn the_environment_that_a_program_sees() {
    // Cargo sets these for tests: a place, and what is none.
    let script = "echo ${CARGO_MANIFEST_DIR+place} ${CARGO_PKG_NAME+other} ${HAGANE_GIVEN}; pwd";
    let given = Process {
        variables: vec![("HAGANE_GIVEN".into(), "given".into())],
        environment: Environment::WithoutSecrets,
        ..shell(script)
    };
    check(&given, Some(0), "place given\n/\n", "");
    check(&Process { environment: Environment::Whole, ..given }, Some(0), "place other given\n/\n", "");
}

#[test]
fn scratch_directories() {
    let leftovers = Arc::new(Leftovers::default());
    let programs = Programs::new(Arc::clone(&leftovers));
    let directory = programs.scratch().expect("there is a scratch directory");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(fs::canonicalize(&directory).expect("it is there"), directory);
    assert_ne!(programs.scratch().expect("there is another"), directory);

    let file = directory.join("a/b/values.yaml");
    programs.write(&file, b"first").expect("it is written");
    programs.write(&file, b"second").expect("it is written over");
    assert_eq!((fs::read(&file).expect("it is there"), mode(&file)), (b"second".into(), 0o600));
    assert_eq!(mode(&directory.join("a")), 0o700);

    let outside = ProcessError::Other("it is not in a scratch directory".into());
    symlink("/", directory.join("link")).expect("it is ours");
    for path in ["/tmp/x", "../x", "a/../../x", "link/x"] {
        assert_eq!(programs.write(&directory.join(path), b""), Err(outside.clone()), "{path}");
    }
    // A link where the file belongs is replaced, not followed.
    let target = directory.join("target");
    symlink(&target, directory.join("values")).expect("it is ours");
    programs.write(&directory.join("values"), b"new").expect("it is written");
    assert!(!target.exists());

    leftovers.remove();
    assert!(!directory.exists());
    let later = programs.scratch().expect("there is a scratch directory");
    drop((programs, leftovers));
    assert!(!later.exists());
}

#[test]
fn nothing_is_left_when_the_user_interrupts() {
    const SIGTERM: i32 = 15;
    let leftovers = Arc::new(Leftovers::default());
    let programs = Programs::new(Arc::clone(&leftovers));
    if std::env::var_os("HAGANE_TEST_INTERRUPTED").is_some() {
        leftovers.remove_when_interrupted().expect("signals can be watched");
        let directory = programs.scratch().expect("there is a scratch directory");
        // The program interrupts the one that started it, and would go on.
        let _ = programs
            .run(&Process { directory, ..shell("echo $$ > ../pid; kill -TERM $PPID; exec sleep 600") });
        return;
    }
    let directory = programs.scratch().expect("there is a scratch directory");
    let status = Command::new(std::env::current_exe().expect("it runs"))
        .args(["--exact", "nothing_is_left_when_the_user_interrupts"])
        .envs([("HAGANE_TEST_INTERRUPTED", "yes".as_ref()), ("TMPDIR", directory.as_os_str())])
        .stdout(Stdio::null())
        .status();
    assert_eq!(status.expect("it runs again").signal(), Some(SIGTERM));
    let left: Vec<_> = fs::read_dir(&directory)
        .expect("it is there")
        .map(|entry| entry.expect("it is there").file_name())
        .collect();
    assert_eq!(left, ["pid"]);
    wait_for_the_end(&fs::read_to_string(directory.join("pid")).expect("the script wrote it"));
}
