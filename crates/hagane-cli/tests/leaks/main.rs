//! Canaries: what is secret is nowhere but where it was asked for. Commands and their failures run as a process over encrypted files; then
//! standard error, redacted output, every file that was written and what others see of the process are searched for the canary, raw and encoded.
//! Each command has to end with the exit code that stands here: one that does nothing leaks nothing.
#![allow(clippy::disallowed_methods, reason = "a test is where the outside is")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

mod edit;
#[path = "../../../hagane-sops/tests/kubesec/generator.rs"]
mod generator;
mod process;
mod server;
mod services;
mod world;

use std::fs;
use std::io::Write as _;

use self::world::{CANARY, RECIPIENT, Stdout, World};

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  a: CANARY\n  b: other\n";

/// Says what could not be looked at here.
fn left_out(what: &str) {
    std::io::stderr().write_all(format!("leaks: {what}\n").as_bytes()).unwrap();
}

fn secret() -> String {
    SECRET.replace("CANARY", CANARY)
}

#[test]
fn renders() {
    let world = World::new();
    world.encrypted("r/secret.yaml", &secret());
    world.write("r/kustomization.yaml", "namePrefix: x-\nresources: [secret.yaml]\n");
    world.check_shown(&["render", "r"], &[]);
    world.check(&["render", "--secrets", "placeholder", "r"], &[], "", 0);
    world.check(&["build", "r"], &[], "", 0);
    world.check(&["render", "r"], &[("SOPS_AGE_KEY_FILE", "/nonexistent")], "", 3);
    let text = fs::read_to_string(world.path("r/secret.yaml")).unwrap();
    let tampered = [
        (text.replacen("a: ENC[AES256_GCM,data:", "a: ENC[AES256_GCM,data:AAAA", 1), 25),
        (text.replacen("type:str]", "type:int]", 1), 25),
        (text.replace("mac: ENC", "mac: XNC"), 51),
        (text.replace("lastmodified: \"2", "lastmodified: \"1"), 51),
        (text.replacen("    b:", "    c:", 1), 25),
    ];
    for (text, code) in tampered {
        world.write("tampered/secret.yaml", &text);
        world.write("tampered/kustomization.yaml", "resources: [secret.yaml]\n");
        world.check(&["render", "tampered"], &[], "", 1);
        world.check(&["sops", "decrypt", "tampered/secret.yaml"], &[], "", code);
        let set = ["sops", "set", "tampered/secret.yaml", "[\"stringData\"][\"b\"]", "\"x\""];
        world.check(&set, &[], "", code);
    }
    for kustomization in [
        "patches: [{patch: '[{op: test, path: /stringData/a, value: no}]', target: {kind: Secret}}]\n",
        "replacements: [{source: {kind: Secret, fieldPath: stringData.a}, targets: [{select: {kind: Secret}, fieldPaths: [metadata.name.x]}]}]\n",
        "configurations: [secret.yaml]\n",
        "generators: [secret.yaml]\n",
        "transformers: [secret.yaml]\n",
    ] {
        world.write("r/kustomization.yaml", &format!("resources: [secret.yaml]\n{kustomization}"));
        world.check(&["render", "r"], &[], "", 1);
    }
    // Each line is a key then, as in kustomize.
    let generator = "resources: [secret.yaml]\nsecretGenerator: [{name: g, envs: [secret.yaml]}]\n";
    world.write("r/kustomization.yaml", generator);
    world.check_shown(&["render", "r"], &[]);
}

/// Each command on a file of each format, with its exit code for them.
#[test]
fn files_of_all_formats() {
    let names = ["a.yaml", "a.json", "a.env", "a.ini", "a.bin"];
    let texts = [
        secret(),
        format!("{{\"a\": \"{CANARY}\", \"b\": 1}}\n"),
        format!("# {CANARY}\nA={CANARY}\nB=1\n"),
        format!("[s]\na = {CANARY}\n"),
        CANARY.to_owned(),
    ];
    let commands: [(&[&str], [i32; 5]); 13] = [
        (&["sops", "decrypt", "--extract", "[\"nowhere\"]", "FILE"], [1, 1, 1, 1, 1]),
        (&["sops", "decrypt", "--input-type", "dotenv", "FILE"], [1, 1, 0, 1, 1]),
        (&["sops", "filestatus", "FILE"], [0; 5]),
        (&["sops", "textconv", "FILE"], [0; 5]),
        (&["sops", "set", "FILE", "[\"x\"]", "{broken"], [7; 5]),
        (&["sops", "unset", "FILE", "[\"nowhere\"]"], [1; 5]),
        (&["sops", "rotate", "--in-place", "FILE"], [0; 5]),
        (&["sops", "rotate", "--in-place", "--rm-age", RECIPIENT, "FILE"], [1; 5]),
        (&["sops", "updatekeys", "--yes", "FILE"], [0; 5]),
        (&["sops", "groups", "delete", "--file", "FILE", "7"], [1; 5]),
        (&["sops", "exec-env", "FILE", "true"], [1, 0, 0, 1, 0]),
        (&["sops", "exec-file", "FILE", "cat {} > /dev/null"], [0; 5]),
        (&["sops", "exec-file", "--no-fifo", "FILE", "cat {} > /dev/null"], [0; 5]),
    ];
    let world = World::new();
    for ((place, name), text) in names.iter().enumerate().zip(&texts) {
        world.encrypted(name, text);
        world.check_shown(&["sops", "decrypt", name], &[]);
        // One who can open it more, so that the keys are updated and there is something to be done.
        world.write(".sops.yaml", &format!("creation_rules: [{{age: '{RECIPIENT},{OTHER}'}}]\n"));
        for (line, codes) in commands {
            let line: Vec<&str> =
                line.iter().map(|word| if *word == "FILE" { name } else { *word }).collect();
            // Where it succeeds it was asked for.
            let may = if line.contains(&"decrypt") { Stdout::Plain } else { Stdout::Redacted };
            assert_eq!(world.run(&line, &[], "", may).0, codes[place], "{line:?}");
        }
        let updated = fs::read_to_string(world.path(name)).unwrap();
        assert!(updated.contains(OTHER), "{name} is for who was added");
        merges(&world, name, place);
        fs::remove_file(world.path(".sops.yaml")).unwrap();
    }
}

/// Somebody whose key is not here.
const OTHER: &str = "age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z";

/// Two versions of a file, merged and in conflict.
fn merges(world: &World, name: &str, place: usize) {
    let path = ["[\"stringData\"][\"b\"]", "[\"b\"]", "[\"B\"]", "[\"s\"][\"b\"]", "[\"data\"]"][place];
    let end = name.rsplit('.').next().unwrap();
    let [base, ours, theirs] = ["base", "ours", "theirs"].map(|side| format!("{side}.{end}"));
    for side in [&base, &ours, &theirs] {
        fs::copy(world.path(name), world.path(side)).unwrap();
    }
    world.check(&["sops", "set", &theirs, path, "\"theirs\""], &[], "", 0);
    world.check(&["sops", "merge", &base, &ours, &theirs], &[], "", 0);
    let shown = world.run(&["sops", "decrypt", &ours], &[], "", Stdout::Plain).1;
    assert!(memchr::memmem::find(&shown, b"theirs").is_some(), "{name} has what they changed");
    world.check(&["sops", "set", &ours, path, "\"ours\""], &[], "", 0);
    world.check(&["sops", "merge", &base, &ours, &theirs], &[], "", 1);
    world.check(&["sops", "merge", &base, &ours, "nowhere.yaml"], &[], "", 100);
}

#[test]
fn what_is_plain_and_broken() {
    let world = World::new();
    for (name, text, code) in [
        ("x.yaml", "a: CANARY\nb: [\n", 2),
        ("x.yaml", "a: *CANARY\n", 2),
        ("x.yaml", "- CANARY\n", 2),
        ("x.yaml", "a: \"CANARY\n", 2),
        ("x.yaml", "CANARY\n", 2),
        ("x.yaml", "sops: CANARY\n", 203),
        ("x.json", "{\"a\": \"CANARY\",}", 2),
        ("x.json", "{\"a\": CANARY}", 2),
        ("x.json", "{\"a\": \"CANARY", 2),
        ("x.env", "CANARY\n", 2),
        ("x.ini", "CANARY\n", 2),
        ("x.ini", "[CANARY\n", 2),
    ] {
        let text = text.replace("CANARY", CANARY);
        let line = ["sops", "encrypt", "--age", RECIPIENT, "--filename-override", name, "/dev/stdin"];
        world.check(&line, &[], &text, code);
        let line = ["secrets", "seal-kms", "--key", "arn:aws:kms:x:1:key/a"];
        world.check(&line, &[], &text, 1);
    }
}

#[test]
fn trees() {
    let world = World::new();
    world.encrypted("k/enc.env", &format!("A={CANARY}\n"));
    world.write(
        "k/ksops.yaml",
        "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: k}\nsecretFrom: [{metadata: {name: a}, envs: [enc.env]}]\n",
    );
    world.write("k/kustomization.yaml", "generators: [ksops.yaml]\n");
    world.check_shown(&["render", "k"], &[]);
    world.write(
        ".sops.yaml",
        &format!(
            "creation_rules: [{{path_regex: ^left/, age: {RECIPIENT}, encrypted_regex: ^b$}}, {{age: '{RECIPIENT},{OTHER}'}}]\n"
        ),
    );
    for (format, code) in [("text", 1), ("json", 1), ("sarif", 1)] {
        world.check(&["secrets", "status", "--format", format, "."], &[], "", code);
    }
    world.check(&["secrets", "updatekeys", "--dry-run", "."], &[], "", 0);
    world.check(&["secrets", "updatekeys", "."], &[], "", 0);
    assert!(fs::read_to_string(world.path("k/enc.env")).unwrap().contains(OTHER), "it was updated");
    kubesec(&world);
}

/// A `gpg` that opens every message with the same data key.
fn kubesec(world: &World) {
    let key = [7; 32];
    let gpg = world.script("gpg", &format!("cat > /dev/null\nprintf '{}'", "\\007".repeat(32)));
    let keys = [("pgp", "160A7A9CF46221A56B06AD64461A804F2609FD89", b"wrapped".to_vec())];
    let plain = generator::Plain {
        version: 4,
        data: &[],
        string_data: &[("a", CANARY), ("b", "other")],
        keys: &keys,
    };
    let mut count = 0;
    let mut random = |bytes: &mut [u8]| {
        count += 1;
        bytes.fill(count);
    };
    let file = generator::seal(&plain, &key, &mut random);
    let broken = file.replace("  a: ", "  a: AAAA");
    let gpg = [("SOPS_GPG_EXEC", gpg.as_str())];
    world.write("right/secret.yaml", &file);
    world.write("right/kustomization.yaml", "resources: [secret.yaml]\n");
    world.check_shown(&["render", "right"], &gpg);
    for (name, text) in [("left/secret.yaml", &file), ("broken/secret.yaml", &broken)] {
        world.write(name, text);
        for line in [&["migrate", "kubesec", "--dry-run", name][..], &["migrate", "kubesec", name]] {
            world.check(line, &gpg, "", 1);
        }
        assert_eq!(fs::read_to_string(world.path(name)).unwrap(), **text, "{name} stays");
    }
    world.check(&["migrate", "kubesec", "right"], &gpg, "", 0);
    world.check_shown(&["sops", "decrypt", "right/secret.yaml"], &[]);
}
