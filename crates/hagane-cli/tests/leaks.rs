//! Canaries: what is secret is nowhere but where it was asked for. Commands and their failures run as a process over encrypted files; then
//! standard error, redacted output, every file that was written and what others see of the process are searched for the canary, raw and encoded.
#![allow(clippy::disallowed_methods, reason = "a test is where the outside is")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

const CANARY: &str = "canary/7f3a9c+hunter2~ok";
const RECIPIENT: &str = "age1c8jmkv5f376l5tqqvl9yyvnj8dak85cxpeglkc6eaz6tdw75g40q4jj5es";

/// A directory that is gone when the test ends.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What of a command's output may hold the canary.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stdout {
    Plain,
    Redacted,
}

use Stdout::{Plain, Redacted};

/// Returns the canary as it may be written: raw, in hexadecimal, percent-encoded, in base64 at each of its three offsets.
fn forms() -> Vec<Vec<u8>> {
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = CANARY
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", c as u32) })
        .collect();
    let mut forms =
        vec![CANARY.to_owned(), hex.clone(), hex.to_uppercase(), percent.replace("%7E", "~"), percent];
    for offset in 0..3 {
        let padded = [&b"xx"[..offset], CANARY.as_bytes()].concat();
        for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
            // The first and the last sign depend on what stands beside it.
            let encoded = engine.encode(&padded);
            forms.push(
                encoded[2 * usize::from(offset > 0) + offset.saturating_sub(1)..encoded.len() - 2].to_owned(),
            );
        }
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn assert_clean(what: &str, bytes: &[u8]) {
    for form in forms() {
        let found = bytes.windows(form.len()).any(|window| window == form);
        assert!(
            !found,
            "{what} holds {}:\n{}",
            String::from_utf8_lossy(&form),
            String::from_utf8_lossy(bytes)
        );
    }
}

struct World {
    scratch: Scratch,
}

impl World {
    fn new() -> World {
        let directory = std::env::temp_dir().join(format!("hagane-leaks-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        for below in ["home", "tmp", "r", "tampered", "seen", "k"] {
            fs::create_dir_all(directory.join(below)).unwrap();
        }
        let world = World { scratch: Scratch(directory.canonicalize().unwrap()) };
        let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../overlays-sample/keys/test.agekey");
        fs::copy(key, world.path("key")).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.0.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn script(&self, name: &str, text: &str) {
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a command line of words, with a text on standard input, and returns its exit code and its output.
    fn run(&self, line: &[&str], variables: &[(&str, &str)], stdin: &str, may: Stdout) -> (i32, Vec<u8>) {
        let mut child = without_terminal()
            .args(line)
            .current_dir(&self.scratch.0)
            .env_clear()
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("PATH", "/usr/bin:/bin")
            .env("SEEN", self.path("seen"))
            .env("SOPS_AGE_KEY_FILE", self.path("key"))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that fails before it reads everything closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        let what = line.join(" ");
        assert_clean(&format!("standard error of `{what}`"), &output.stderr);
        if may == Redacted || !output.status.success() {
            assert_clean(&format!("the output of `{what}`"), &output.stdout);
        }
        self.assert_files_clean(&format!("after `{what}`, the file"));
        (output.status.code().unwrap_or(-1), output.stdout)
    }

    /// Encrypts a text; the plaintext comes from standard input.
    fn encrypted(&self, name: &str, text: &str) {
        let line = [
            "sops",
            "encrypt",
            "--age",
            RECIPIENT,
            "--filename-override",
            name,
            "--output",
            name,
            "/dev/stdin",
        ];
        assert_eq!(self.run(&line, &[], text, Redacted).0, 0, "{name}");
    }

    fn assert_files_clean(&self, what: &str) {
        let mut directories = vec![self.scratch.0.clone()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => directories.push(entry.path()),
                    kind if kind.is_file() => {
                        let content = fs::read(entry.path()).unwrap();
                        assert_clean(&format!("{what} {}", entry.path().display()), &content);
                    }
                    _ => {}
                }
            }
        }
    }
}

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  a: CANARY\n  b: other\n";

/// Returns the program, away from the terminal of whoever runs the test: nobody there is to be asked.
fn without_terminal() -> Command {
    let program = env!("CARGO_BIN_EXE_hagane");
    match ["/usr/bin/setsid", "/bin/setsid"].into_iter().find(|path| Path::new(path).exists()) {
        Some(setsid) => {
            let mut command = Command::new(setsid);
            command.arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// What an editor sees of the process that started it; who is not the superuser sees nothing, as that process lets nobody look into it.
const LOOK: &str =
    "cat /proc/$PPID/environ /proc/$PPID/cmdline > \"$SEEN/$(basename \"$0\")\" 2>/dev/null || true";

#[test]
fn a_canary_is_nowhere_but_where_it_was_asked_for() {
    let world = World::new();
    let secret = SECRET.replace("CANARY", CANARY);
    let texts = [
        ("r/secret.yaml", secret.clone()),
        ("a.json", format!("{{\"a\": \"{CANARY}\", \"b\": 1}}\n")),
        ("a.env", format!("# {CANARY}\nA={CANARY}\nB=1\n")),
        ("a.ini", format!("[s]\na = {CANARY}\n")),
        ("a.bin", CANARY.to_owned()),
    ];
    for (name, text) in &texts {
        world.encrypted(name, text);
    }
    renders(&world);
    files_of_all_formats(&world, &texts);
    what_is_plain_and_broken(&world);
    editors_and_commands(&world);
    trees(&world, &secret);
}

fn renders(world: &World) {
    world.write("r/kustomization.yaml", "namePrefix: x-\nresources: [secret.yaml]\n");
    let (code, shown) = world.run(&["render", "r"], &[], "", Plain);
    assert!(code == 0 && String::from_utf8(shown).unwrap().contains(CANARY), "the canary lives");
    assert_eq!(world.run(&["render", "--secrets", "placeholder", "r"], &[], "", Redacted).0, 0);
    assert_eq!(world.run(&["build", "r"], &[], "", Redacted).0, 0);
    assert_eq!(world.run(&["render", "r"], &[("SOPS_AGE_KEY_FILE", "/nonexistent")], "", Redacted).0, 3);
    let text = fs::read_to_string(world.path("r/secret.yaml")).unwrap();
    let tampered = [
        text.replacen("a: ENC[AES256_GCM,data:", "a: ENC[AES256_GCM,data:AAAA", 1),
        text.replacen("type:str]", "type:int]", 1),
        text.replace("mac: ENC", "mac: XNC"),
        text.replace("lastmodified: \"2", "lastmodified: \"1"),
        text.replacen("    b:", "    c:", 1),
    ];
    for (number, text) in tampered.iter().enumerate() {
        world.write("tampered/secret.yaml", text);
        world.write("tampered/kustomization.yaml", "resources: [secret.yaml]\n");
        assert_eq!(world.run(&["render", "tampered"], &[], "", Redacted).0, 1, "{number}");
        assert_ne!(
            world.run(&["sops", "decrypt", "tampered/secret.yaml"], &[], "", Redacted).0,
            0,
            "{number}"
        );
        let set = ["sops", "set", "tampered/secret.yaml", "[\"stringData\"][\"b\"]", "\"x\""];
        assert_ne!(world.run(&set, &[], "", Redacted).0, 0, "{number}");
    }
    for kustomization in [
        "patches: [{patch: '[{op: test, path: /stringData/a, value: no}]', target: {kind: Secret}}]\n",
        "replacements: [{source: {kind: Secret, fieldPath: stringData.a}, targets: [{select: {kind: Secret}, fieldPaths: [metadata.name.x]}]}]\n",
        "secretGenerator: [{name: g, envs: [secret.yaml]}]\n",
        "configurations: [secret.yaml]\n",
        "generators: [secret.yaml]\n",
        "transformers: [secret.yaml]\n",
    ] {
        world.write("r/kustomization.yaml", &format!("resources: [secret.yaml]\n{kustomization}"));
        world.run(&["render", "r"], &[], "", Plain);
    }
    world.write("r/kustomization.yaml", "resources: [secret.yaml]\n");
}

fn files_of_all_formats(world: &World, texts: &[(&str, String)]) {
    for (name, _) in texts {
        assert_eq!(world.run(&["sops", "decrypt", name], &[], "", Plain).0, 0, "{name}");
        for line in [
            vec!["sops", "decrypt", "--extract", "[\"nowhere\"]", name],
            vec!["sops", "decrypt", "--output-type", "ini", name],
            vec!["sops", "decrypt", "--input-type", "dotenv", name],
            vec!["sops", "filestatus", name],
            vec!["sops", "textconv", name],
            vec!["sops", "set", name, "[\"x\"]", "{broken"],
            vec!["sops", "unset", name, "[\"nowhere\"]"],
            vec!["sops", "rotate", "--in-place", name],
            vec!["sops", "rotate", "--in-place", "--rm-age", RECIPIENT, name],
            vec!["sops", "updatekeys", "--yes", name],
            vec!["sops", "groups", "delete", "--file", name, "7"],
            vec!["sops", "merge", "--base", name, "--ours", name, "--theirs", name],
            vec!["sops", "exec-env", name, "true"],
            vec!["sops", "exec-file", name, "cat {} > /dev/null"],
            vec!["sops", "exec-file", "--no-fifo", name, "cat {} > /dev/null"],
        ] {
            // Where it succeeds it was asked for.
            let may = if line.contains(&"decrypt") { Plain } else { Redacted };
            world.run(&line, &[], "", may);
        }
    }
}

fn what_is_plain_and_broken(world: &World) {
    for (name, text) in [
        ("x.yaml", "a: CANARY\nb: [\n"),
        ("x.yaml", "a: *CANARY\n"),
        ("x.yaml", "- CANARY\n"),
        ("x.yaml", "a: \"CANARY\n"),
        ("x.yaml", "CANARY\n"),
        ("x.yaml", "sops: CANARY\n"),
        ("x.json", "{\"a\": \"CANARY\",}"),
        ("x.json", "{\"a\": CANARY}"),
        ("x.json", "{\"a\": \"CANARY"),
        ("x.env", "CANARY\n"),
        ("x.ini", "CANARY\n"),
        ("x.ini", "[CANARY\n"),
    ] {
        let text = text.replace("CANARY", CANARY);
        let line = ["sops", "encrypt", "--age", RECIPIENT, "--filename-override", name, "/dev/stdin"];
        assert_ne!(world.run(&line, &[], &text, Redacted).0, 0, "{text}");
        let line = ["secrets", "seal-kms", "--key", "arn:aws:kms:x:1:key/a"];
        assert_ne!(world.run(&line, &[], &text, Redacted).0, 0, "{text}");
    }
    let sealed = SECRET.replace("CANARY", CANARY);
    let line = ["secrets", "seal-kms", "--key", "projects/p/locations/l/keyRings/r/cryptoKeys/k"];
    assert_ne!(world.run(&line, &[("GOOGLE_CREDENTIALS", "{}")], &sealed, Redacted).0, 0);
}

fn editors_and_commands(world: &World) {
    world.script("appends", &format!("{LOOK}\necho 'c: more' >> \"$1\""));
    world.script("breaks", &format!("{LOOK}\necho '}} [' >> \"$1\""));
    world.script("fails", &format!("{LOOK}\nexit 3"));
    world.script("leaves", LOOK);
    for (editor, code) in [("appends", 0), ("breaks", 2), ("fails", 201), ("leaves", 200)] {
        let path = world.path(editor).display().to_string();
        let got = world.run(&["sops", "edit", "r/secret.yaml"], &[("EDITOR", &path)], "", Redacted).0;
        assert_eq!(got, code, "{editor}");
        assert!(world.path("seen").join(editor).exists(), "{editor} has looked");
    }
    world.script("meddles", "echo 'e: more' >> \"$1\"\necho '# mine' >> r/secret.yaml");
    let path = world.path("meddles").display().to_string();
    assert_eq!(world.run(&["sops", "edit", "r/secret.yaml"], &[("EDITOR", &path)], "", Redacted).0, 1);
    assert!(fs::read_to_string(world.path("r/secret.yaml")).unwrap().ends_with("# mine\n"), "it stays");
    // What is typed to end a program ends with nothing left of it.
    world.script("hangs-up", "echo \"$1\" > \"$SEEN/path\"\nkill -HUP $PPID\nsleep 5");
    let path = world.path("hangs-up").display().to_string();
    world.run(&["sops", "edit", "r/secret.yaml"], &[("EDITOR", &path)], "", Redacted);
    let handed_over = fs::read_to_string(world.path("seen/path")).unwrap();
    assert!(!Path::new(handed_over.trim()).exists(), "{handed_over} is still there");
    // An interrupt is for the editor, which goes on.
    world.script("is-interrupted", "kill -INT $PPID\nkill -QUIT $PPID\necho 'd: more' >> \"$1\"");
    let path = world.path("is-interrupted").display().to_string();
    assert_eq!(world.run(&["sops", "edit", "r/secret.yaml"], &[("EDITOR", &path)], "", Redacted).0, 0);
    // The shell gets the values; the program that starts it does not have them in sight of others.
    let look = "cat /proc/$PPID/environ /proc/$PPID/cmdline > $SEEN/shell 2>/dev/null || true";
    assert_eq!(world.run(&["sops", "exec-env", "a.env", look], &[], "", Redacted).0, 0);
    assert_eq!(
        world
            .run(&["sops", "exec-file", "a.env", &format!("cat {{}} > /dev/null; {look}")], &[], "", Redacted)
            .0,
        0
    );
}

fn trees(world: &World, secret: &str) {
    world.encrypted("k/enc.yaml", secret);
    world.write(
        "k/ksops.yaml",
        "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: k}\nsecretFrom: [{metadata: {name: a}, envs: [enc.yaml]}]\n",
    );
    world.write("k/kustomization.yaml", "generators: [ksops.yaml]\n");
    world.run(&["render", "k"], &[], "", Plain);
    for line in [
        vec!["secrets", "status", "."],
        vec!["secrets", "status", "--format", "json", "."],
        vec!["secrets", "status", "--format", "sarif", "."],
        vec!["secrets", "updatekeys", "--dry-run", "."],
        vec!["migrate", "kubesec", "."],
    ] {
        world.run(&line, &[], "", Redacted);
    }
}

/// The system calls, where there is a program that shows them.
#[test]
fn nothing_secret_is_written_to_a_file() {
    let Some(strace) = ["/usr/bin/strace", "/bin/strace"].into_iter().find(|path| Path::new(path).exists())
    else {
        std::io::stderr()
            .write_all(b"leaks: no strace here, so files that were removed again are not looked at\n")
            .unwrap();
        return;
    };
    let world = World {
        scratch: Scratch(std::env::temp_dir().join(format!("hagane-traced-{}", std::process::id()))),
    };
    fs::create_dir_all(world.path("tmp")).unwrap();
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../overlays-sample/keys/test.agekey");
    fs::copy(key, world.path("key")).unwrap();
    world.encrypted("a.yaml", &format!("a: {CANARY}\n"));
    world.script("appends", "echo 'c: more' >> \"$1\"");
    let editor = world.path("appends").display().to_string();
    for line in [
        vec!["sops", "set", "a.yaml", "[\"b\"]", "1"],
        vec!["sops", "edit", "a.yaml"],
        vec!["sops", "rotate", "-i", "a.yaml"],
    ] {
        let trace = world.path("trace");
        let status = Command::new(strace)
            .args([
                "-f",
                "-qq",
                "-y",
                "-s",
                "65536",
                "-e",
                "trace=write,pwrite64,writev,sendto,sendmsg,execve",
                "-o",
            ])
            .arg(&trace)
            .arg(env!("CARGO_BIN_EXE_hagane"))
            .args(&line)
            .current_dir(&world.scratch.0)
            .env("EDITOR", &editor)
            .env("TMPDIR", world.path("tmp"))
            .env("SOPS_AGE_KEY_FILE", world.path("key"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{line:?}");
        let trace = fs::read_to_string(trace).unwrap();
        for call in trace.lines().filter(|call| !call.contains("</dev/shm/") && !call.contains("</run/")) {
            assert_clean(&format!("a system call of {line:?}"), call.as_bytes());
        }
    }
}
