//! Files of ours: encrypted, opened, changed and written again. The other direction, what the real `sops` wrote, is in
//! `decrypt.rs`.

use hagane_sops::{
    AgeKeyring, Contents, EncryptError, Format, Identities, KeyPath, Layout, MacCheck, MasterKey, MergeError,
    NewValue, OpenedFile, Recipe, Sealing, decrypt_file, encrypt_file, merge, open_file, redacted,
};
use std::cell::Cell;

const KEYS: &str = include_str!("fixtures/keys.txt");
const TIME: &str = "2026-11-21T12:00:00Z";
const LATER: &str = "2026-11-22T12:00:00Z";

fn keyring() -> AgeKeyring {
    let mut identities = Identities::new();
    identities.add_text("keys.txt", KEYS);
    AgeKeyring::new(identities)
}

fn recipients() -> Vec<MasterKey> {
    let lines = KEYS.lines().filter_map(|line| line.strip_prefix("# public key: "));
    lines.map(|line| MasterKey::age(line).expect("it is a recipient")).collect()
}

/// Chance that is the same in every run.
fn counting(from: u64) -> impl Fn(&mut [u8]) {
    let state = Cell::new(from);
    move |bytes| {
        for byte in bytes {
            state.set(state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
            *byte = (state.get() >> 33) as u8;
        }
    }
}

fn sealing<'a>(keyring: &'a AgeKeyring, random: &'a dyn Fn(&mut [u8]), time: &'a str) -> Sealing<'a> {
    Sealing { keyring, random, time, layout: Layout::default() }
}

fn encrypted(text: &str, format: Format, recipe: &Recipe) -> String {
    let contents = Contents::read(text.as_bytes(), format, Default::default()).expect("it is well formed");
    let (keyring, random) = (keyring(), counting(1));
    let text = encrypt_file(&contents, recipe, format, &sealing(&keyring, &random, TIME))
        .expect("it can be encrypted");
    String::from_utf8(text).expect("encrypted files are UTF-8")
}

fn recipe() -> Recipe {
    Recipe { key_groups: vec![recipients()[..1].to_vec()], ..Recipe::default() }
}

fn open(text: &str, format: Format) -> OpenedFile {
    open_file(text.as_bytes(), format, Default::default(), &keyring(), MacCheck::Required).expect("it opens")
}

fn plain(text: &str, format: Format) -> String {
    let contents = decrypt_file(text.as_bytes(), format, Default::default(), &keyring()).expect("it opens");
    String::from_utf8(contents.to_bytes().expose().to_vec()).expect("the case is text")
}

const DOCUMENTS: [(Format, &str, &str); 5] = [
    (
        Format::Yaml,
        "# top\na: one\nb:\n    - x\n    # of the second\n    - x\n    - 3\nc: true\nd: 1.5\ne: null\nf: \"\"\ng: |\n    two\n    lines\nh_unencrypted: plain\nt: 2020-01-02T00:00:00Z\n",
        "[\"b\"][1]",
    ),
    (
        Format::Json,
        "{\n\t\"a\": \"one\",\n\t\"b\": [\n\t\t1,\n\t\t2\n\t],\n\t\"big\": 9007199254740993\n}\n",
        "[\"a\"]",
    ),
    (Format::Dotenv, "# c\nA=one\nB=two\\nlines\nC=\n", "[\"A\"]"),
    (Format::Ini, "[s]\n; c\na = one\nb = two\n", "[\"s\"][\"a\"]"),
    (Format::Binary, "any bytes\n", "[\"data\"]"),
];

#[test]
fn what_is_encrypted_can_be_decrypted() {
    for (format, text, _) in DOCUMENTS {
        let file = encrypted(text, format, &recipe());
        assert!(!file.contains("one") && !file.contains("any bytes"), "{file}");
        assert_eq!(plain(&file, format), text);
    }
}

/// Changes one value and returns the lines that differ, without what is in them.
fn changed_lines(file: &str, format: Format, path: &str) -> Vec<String> {
    let opened = open(file, format);
    let mut contents = opened.contents().clone();
    let path = KeyPath::parse(path).expect("it is a path");
    contents.set(&path, NewValue::of_json(b"\"changed\"").expect("it is JSON")).expect("it can be set");
    let (keyring, random) = (keyring(), counting(2));
    let written =
        opened.reseal(&contents, format, &sealing(&keyring, &random, LATER)).expect("it is written");
    let written = String::from_utf8(written).expect("it is UTF-8");
    assert!(plain(&written, format).contains("changed"));
    let (before, after): (Vec<&str>, Vec<&str>) = (file.lines().collect(), written.lines().collect());
    assert_eq!(before.len(), after.len(), "{written}");
    let differ = before.iter().zip(&after).filter(|(before, after)| before != after);
    differ
        .map(|(before, _)| before.trim().split([':', '=', ' ']).next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn one_value_changed_is_one_line_changed() {
    let check = |file: &str, format, path, want: &[&str]| {
        assert_eq!(changed_lines(file, format, path), want, "{file}")
    };
    for (format, text, path) in DOCUMENTS {
        let (first, mac) = match format {
            Format::Yaml => ("-", ["lastmodified", "mac"]),
            Format::Json => ("\"a\"", ["\"lastmodified\"", "\"mac\""]),
            Format::Dotenv => ("A", ["sops_lastmodified", "sops_mac"]),
            Format::Ini => ("a", ["lastmodified", "mac"]),
            Format::Binary => ("\"data\"", ["\"lastmodified\"", "\"mac\""]),
        };
        check(&encrypted(text, format, &recipe()), format, path, &[first, mac[0], mac[1]]);
    }
    // However the file was laid out by others.
    let file = encrypted("a: one\nb:\n    c: two\n", Format::Yaml, &recipe());
    let ours = file
        .replace("\n    ", "\n  ")
        .replace("a: ENC", "\n# mine\na:   ENC")
        .replace("\n  c: ENC", "\n  \"c\": ENC");
    check(&ours, Format::Yaml, "[\"b\"][\"c\"]", &["\"c\"", "lastmodified", "mac"]);
}

#[test]
fn several_documents_keep_their_blocks() {
    let file = encrypted("a: 1\n---\nb: 2\n", Format::Yaml, &recipe());
    assert_eq!(
        changed_lines(&file, Format::Yaml, "[\"a\"]"),
        ["a", "lastmodified", "mac", "lastmodified", "mac"]
    );
}

#[test]
fn a_new_value_leaves_the_others() {
    let file = encrypted("a: one\nb: two\n", Format::Yaml, &recipe());
    let opened = open(&file, Format::Yaml);
    let contents =
        Contents::read(b"# new\nz: 1\nb: two\na: one\n", Format::Yaml, Default::default()).expect("YAML");
    let (keyring, random) = (keyring(), counting(2));
    let written =
        opened.reseal(&contents, Format::Yaml, &sealing(&keyring, &random, LATER)).expect("it is written");
    let written = String::from_utf8(written).expect("it is UTF-8");
    for key in ["a: ENC", "b: ENC"] {
        let line = file.lines().find(|line| line.starts_with(key)).expect("it is there");
        assert!(written.lines().any(|other| other == line), "{written}");
    }
    assert_eq!(plain(&written, Format::Yaml), "# new\nz: 1\nb: two\na: one\n");
}

#[test]
fn equal_items_of_a_list_have_nonces_of_their_own() {
    let file = encrypted("l: [x, x, x]\n", Format::Yaml, &recipe());
    let mut items: Vec<&str> = file.lines().filter(|line| line.trim().starts_with("- ENC")).collect();
    items.sort_unstable();
    items.dedup();
    assert_eq!(items.len(), 3);
    // And keep them.
    assert_eq!(changed_lines(&file, Format::Yaml, "[\"l\"][1]"), ["-", "lastmodified", "mac"]);
}

#[test]
fn other_keys_leave_the_values() {
    let file =
        encrypted("a: one\n\n# c\nb: two\n", Format::Yaml, &recipe()).replace("\nb: ENC", "\n\nb:  ENC");
    let (keyring, random) = (keyring(), counting(3));
    let both = vec![recipients()[..2].to_vec()];
    let written = open(&file, Format::Yaml)
        .rewrap(&both, None, &sealing(&keyring, &random, LATER))
        .expect("it is written");
    let written = String::from_utf8(written).expect("it is UTF-8");
    let end = file.find("sops:").expect("it has a block");
    assert_eq!(written[..end], file[..end]);
    // The key that stays is not wrapped anew.
    let first = file.lines().find(|line| line.trim().starts_with("YWdl")).expect("age writes base64");
    assert!(written.contains(first));
    assert_eq!(open(&written, Format::Yaml).master_keys(), both);
    assert!(written.contains(TIME) && !written.contains(LATER));
}

#[test]
fn groups_and_rotation() {
    for (format, text, _) in DOCUMENTS {
        let (keyring, random) = (keyring(), counting(4));
        let groups: Vec<Vec<MasterKey>> = recipients().into_iter().map(|key| vec![key]).collect();
        let file = encrypted(text, format, &recipe());
        let sealing = sealing(&keyring, &random, LATER);
        let shared = open(&file, format).rewrap(&groups, Some(2), &sealing).expect("it is written");
        let shared = String::from_utf8(shared).expect("it is UTF-8");
        assert_eq!(plain(&shared, format), text);
        assert_eq!(open(&shared, format).metadata().shamir_threshold(), Some(2));
        let rotated =
            open(&shared, format).rotate(&groups, Some(2), format, &sealing).expect("it is written");
        let rotated = String::from_utf8(rotated).expect("it is UTF-8");
        assert_eq!(plain(&rotated, format), text);
        let values = |text: &str| -> Vec<String> {
            text.split("ENC[")
                .skip(1)
                .filter_map(|value| value.split(']').next())
                .map(str::to_owned)
                .collect()
        };
        assert!(values(&rotated).iter().all(|value| !values(&shared).contains(value)));
    }
}

#[test]
fn what_cannot_be_encrypted_is_said() {
    let check = |recipe: Recipe, want: &str| {
        let contents = Contents::read(b"a: 1\n", Format::Yaml, Default::default()).expect("it is YAML");
        let (keyring, random) = (keyring(), counting(5));
        let error = encrypt_file(&contents, &recipe, Format::Yaml, &sealing(&keyring, &random, TIME)).err();
        assert_eq!(error.as_ref().map(EncryptError::to_string).as_deref(), Some(want));
    };
    let groups = |groups: Vec<Vec<MasterKey>>, shamir_threshold| Recipe {
        key_groups: groups,
        shamir_threshold,
        ..Recipe::default()
    };
    let key = recipients().remove(0);
    check(groups(vec![], None), "there is no key that could open the file");
    check(groups(vec![vec![]], None), "there is no key that could open the file");
    check(groups(vec![vec![key.clone()], vec![]], None), "key group 2 has no keys");
    check(groups(vec![vec![key.clone()], vec![key.clone()]], Some(1)), "1 is no threshold for 2 key groups");
    check(groups(vec![vec![key.clone()], vec![key]], Some(3)), "3 is no threshold for 2 key groups");
    let stranger = MasterKey::age("age1xyz").expect("it begins as one");
    check(groups(vec![vec![stranger]], None), "cannot wrap the data key with age recipient `age1xyz`");
    let plain = |text: &str| {
        Contents::read(text.as_bytes(), Format::Yaml, Default::default()).err().map(|e| e.to_string())
    };
    assert_eq!(plain("sops: 1\n").as_deref(), Some("the file has a top-level key `sops`"));
    assert_eq!(plain("a: 1\n---\nsops: 1\n").as_deref(), Some("the file has a top-level key `sops`"));
}

/// age's post-quantum keys, which the age crate does not have: the real `sops` wrote the file.
#[test]
fn a_post_quantum_key_opens_what_it_is_for() {
    let mut identities = Identities::new();
    identities.add_text("pq.txt", include_str!("fixtures/post-quantum/key.txt"));
    let keyring = AgeKeyring::new(identities);
    let file = include_bytes!("fixtures/post-quantum/enc.yaml");
    let contents = decrypt_file(file, Format::Yaml, Default::default(), &keyring).expect("the key fits");
    assert_eq!(contents.to_bytes().expose_str(), Some("a: one\n"));
    let opened = open_file(file, Format::Yaml, Default::default(), &keyring, MacCheck::Required)
        .expect("the key fits");
    let groups = opened.master_keys();
    let random = counting(7);
    let ours = opened
        .rotate(&groups, None, Format::Yaml, &sealing(&keyring, &random, LATER))
        .expect("it is written");
    let contents = decrypt_file(&ours, Format::Yaml, Default::default(), &keyring).expect("the key fits");
    assert_eq!(contents.to_bytes().expose_str(), Some("a: one\n"));
}

#[test]
fn two_sides_become_one() {
    let check = |base: &str, ours: &str, theirs: &str, want: Result<&str, &str>| {
        let file = encrypted(base, Format::Yaml, &recipe());
        let (keyring, random) = (keyring(), counting(8));
        let side = |text: &str, time| {
            let contents =
                Contents::read(text.as_bytes(), Format::Yaml, Default::default()).expect("it is YAML");
            let sealing = sealing(&keyring, &random, time);
            let written =
                open(&file, Format::Yaml).reseal(&contents, Format::Yaml, &sealing).expect("it is written");
            open(&String::from_utf8(written).expect("it is UTF-8"), Format::Yaml)
        };
        let (ours, theirs) = (side(ours, LATER), side(theirs, "2026-11-23T12:00:00Z"));
        let sealing = sealing(&keyring, &random, "2026-11-24T12:00:00Z");
        let merged = merge(&open(&file, Format::Yaml), ours, theirs, Format::Yaml, &sealing);
        let merged = merged.map(|text| plain(&String::from_utf8(text).expect("it is UTF-8"), Format::Yaml));
        assert_eq!(merged.map_err(|error| error.to_string()), want.map(str::to_owned).map_err(str::to_owned));
    };
    let base = "a: 1\nb:\n    c: 2\n    d: 3\nl:\n    - 1\n    - 2\n";
    let with = |from: &str, to: &str| base.replace(from, to);
    check(
        base,
        &with("a: 1", "a: 9"),
        &with("d: 3", "d: 8"),
        Ok(&with("a: 1", "a: 9").replace("d: 3", "d: 8")),
    );
    check(base, base, &with("a: 1", "# new\na: 1\nx: why"), Ok(&with("a: 1", "# new\na: 1\nx: why")));
    check(base, &with("l:", "z: 1\nl:"), &with("l:", "w: 1\nl:"), Ok(&with("l:", "w: 1\nz: 1\nl:")));
    check(
        base,
        &with("    - 1", "    - 7"),
        &with("    - 2", "    - 8"),
        Ok(&with("    - 1", "    - 7").replace("- 2", "- 8")),
    );
    check(
        base,
        &with("    c: 2\n", ""),
        &with("a: 1", "a: 2"),
        Ok(&with("    c: 2\n", "").replace("a: 1", "a: 2")),
    );
    check(base, &with("a: 1", "a: 9"), &with("a: 1", "a: 8"), Err("both sides changed `a`"));
    check(base, &with("a: 1", "a: 9"), &with("a: 1", "a: 9"), Ok(&with("a: 1", "a: 9")));
    check(base, &with("    c: 2\n", ""), &with("c: 2", "c: 8"), Err("both sides changed `b.c`"));
    check(base, &with("- 2", "- 2\n    - 3"), &with("- 1", "- 7"), Err("both sides changed `l`"));
}

/// For a selector nobody needs a key, and whoever made a file knows its data key: what one side sealed anew must not be plain, or another's, then.
#[test]
fn sides_that_seal_otherwise_do_not_merge() {
    let base = encrypted("a: 1\nb: 2\n", Format::Yaml, &recipe());
    let (keyring, random) = (keyring(), counting(8));
    let contents = Contents::read(b"a: 1\nb: 9\n", Format::Yaml, Default::default()).expect("it is YAML");
    let changed = |file: &str| {
        let sealing = sealing(&keyring, &random, LATER);
        let written = open(file, Format::Yaml).reseal(&contents, Format::Yaml, &sealing);
        String::from_utf8(written.expect("it is written")).expect("it is UTF-8")
    };
    let check = |ours: &str, theirs: &str| {
        let sealing = sealing(&keyring, &random, LATER);
        let sides = [ours, theirs].map(|side| open(side, Format::Yaml));
        let [ours, theirs] = sides;
        let merged = merge(&open(&base, Format::Yaml), ours, theirs, Format::Yaml, &sealing);
        assert!(matches!(merged, Err(MergeError::Keys)), "{merged:?}");
    };
    let weakened = base.replace("unencrypted_suffix: _unencrypted", "unencrypted_suffix: _unencrypted_or_so");
    assert_ne!(weakened, base);
    check(&changed(&base), &weakened);
    check(&weakened, &changed(&base));
    let other = {
        let contents = Contents::read(b"a: 1\nb: 2\n", Format::Yaml, Default::default()).expect("it is YAML");
        let random = counting(77);
        let text = encrypt_file(&contents, &recipe(), Format::Yaml, &sealing(&keyring, &random, TIME));
        String::from_utf8(text.expect("it can be encrypted")).expect("it is UTF-8")
    };
    check(&changed(&base), &other);
    check(&other, &changed(&base));
}

#[test]
fn two_versions_are_compared_without_a_key() {
    let file = encrypted("# c\na: one\nb: two\nc_unencrypted: three\n", Format::Yaml, &recipe());
    let shown = |file: &str| {
        let text = redacted(file.as_bytes(), Format::Yaml).expect("it is well formed");
        String::from_utf8(text).expect("it is UTF-8")
    };
    let first = shown(&file);
    assert!(
        first.contains("c_unencrypted: three") && !first.contains("one") && !first.contains("sops"),
        "{first}"
    );
    let opened = open(&file, Format::Yaml);
    let contents =
        Contents::read(b"# c\na: one\nb: new\nc_unencrypted: three\n", Format::Yaml, Default::default())
            .expect("it is YAML");
    let (keyring, random) = (keyring(), counting(9));
    let written =
        opened.reseal(&contents, Format::Yaml, &sealing(&keyring, &random, LATER)).expect("it is written");
    let second = shown(&String::from_utf8(written).expect("it is UTF-8"));
    let differ: Vec<_> = first.lines().zip(second.lines()).filter(|(one, other)| one != other).collect();
    assert!(differ.len() == 1 && differ[0].0.starts_with("b: encrypted "), "{differ:?}");
}
