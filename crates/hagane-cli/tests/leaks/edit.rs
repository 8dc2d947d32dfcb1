//! What an editor is handed, and what becomes of it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::world::{CANARY, World, assert_clean};
use super::{left_out, secret};

/// What an editor sees of the process that started it; who is not the superuser sees nothing, as that process lets nobody look into it.
const LOOK: &str = "cat /proc/$PPID/environ /proc/$PPID/cmdline > \"$SEEN/$(basename \"$0\")\" 2>/dev/null || echo denied > \"$SEEN/$(basename \"$0\")\"";

fn assert_seen(world: &World, name: &str) {
    let seen = fs::read(world.path("seen").join(name)).unwrap();
    assert_eq!(seen != b"denied\n", world.is_of_root(), "{name} has looked");
    assert!(!seen.is_empty(), "{name} has looked");
}

#[test]
fn editors_and_commands() {
    let world = World::new();
    world.encrypted("r/secret.yaml", &secret());
    world.encrypted("a.env", &format!("A={CANARY}\n"));
    let edit = |editor: &str, code: i32| {
        world.check(&["sops", "edit", "r/secret.yaml"], &[("EDITOR", editor)], "", code);
    };
    for (name, change, code) in [
        ("appends", "echo 'c: more' >> \"$1\"", 0),
        ("breaks", "echo '} [' >> \"$1\"", 2),
        ("fails", "exit 3", 201),
        ("leaves", "", 200),
    ] {
        let editor = world.script(name, &format!("grep -q hunter2 \"$1\" || exit 9\n{LOOK}\n{change}"));
        edit(&editor, code);
        assert_seen(&world, name);
    }
    edit(&world.script("meddles", "echo 'e: more' >> \"$1\"\necho '# mine' >> r/secret.yaml"), 1);
    assert!(fs::read_to_string(world.path("r/secret.yaml")).unwrap().ends_with("# mine\n"), "it stays");
    // What is typed to end a program ends with nothing left of it.
    let editor = world.script("hangs-up", "echo \"$1\" > \"$SEEN/path\"\nkill -HUP $PPID\nsleep 5");
    let (code, _) = world.run(
        &["sops", "edit", "r/secret.yaml"],
        &[("EDITOR", &editor)],
        "",
        super::world::Stdout::Redacted,
    );
    assert_ne!(code, 0);
    let handed_over = fs::read_to_string(world.path("seen/path")).unwrap();
    let handed_over = Path::new(handed_over.trim());
    assert!(handed_over.is_absolute() && !handed_over.exists(), "{} is still there", handed_over.display());
    // An interrupt is for the editor, which goes on.
    edit(&world.script("is-interrupted", "kill -INT $PPID\nkill -QUIT $PPID\necho 'd: more' >> \"$1\""), 0);
    // The shell gets the values; the program that starts it does not have them in sight of others.
    for (verb, command) in [("exec-env", "test -n \"$A\""), ("exec-file", "grep -q hunter2 {}")] {
        let look = LOOK.replace("$(basename \"$0\")", verb);
        world.check(&["sops", verb, "a.env", &format!("{command} || exit 9; {look}")], &[], "", 0);
        assert_seen(&world, verb);
    }
}

/// Runs an edit at a terminal, where somebody types, and returns its exit code.
fn at_terminal(world: &World, editor: &str, typed: &str) -> Option<Option<i32>> {
    let script = ["/usr/bin/script", "/bin/script"].into_iter().find(|path| Path::new(path).exists())?;
    let line = format!("'{}' sops edit a.yaml", env!("CARGO_BIN_EXE_hagane"));
    let mut child = world
        .command(&[script, "-q", "-e", "-c", &line, "/dev/null"])
        .env("EDITOR", editor)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_clean("the terminal", &output.stdout);
    assert_clean("the terminal", &output.stderr);
    world.assert_files_clean(editor);
    Some(output.status.code())
}

#[test]
fn what_was_edited_is_there_until_somebody_gives_it_up() {
    let world = World::new();
    world.encrypted("a.yaml", &format!("a: {CANARY}\n"));
    let holds =
        |key: &str| fs::read_to_string(world.path("a.yaml")).unwrap().contains(&format!("\n{key}: ENC["));
    // The first time it writes what is no YAML; the second time it finds that, and mends it.
    let mends = "grep -q '^broken' \"$1\" && { sed -i '/^broken/d' \"$1\"; exit; }\necho 'b: more' >> \"$1\"\necho 'broken: [' >> \"$1\"";
    let Some(code) = at_terminal(&world, &world.script("mends", mends), "\n") else {
        left_out("there is no `script`, so nobody is at a terminal");
        return;
    };
    assert_eq!(code, Some(0));
    assert!(holds("b"), "what was edited first is there");
    // The file changes meanwhile: the answer `n` goes back to the editor, where the edit still is.
    let meddles = "grep -q '^c:' \"$1\" && { touch \"$SEEN/again\"; echo 'd: 1' >> \"$1\"; exit; }\necho 'c: more' >> \"$1\"\necho '# mine' >> a.yaml";
    let editor = world.script("meddles", meddles);
    assert_eq!(at_terminal(&world, &editor, "n\n\ny\n"), Some(Some(0)));
    assert!(world.path("seen/again").exists(), "the editor came a second time");
    assert!(holds("c") && holds("d"), "what was edited is written in the end");
}
