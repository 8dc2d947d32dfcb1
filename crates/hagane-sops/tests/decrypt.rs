//! Files that the real `sops` wrote (see `record.sh`), decrypted and tampered with.

use hagane_sops::{
    AgeKeyring, Contents, DecryptError, Format, Identities, Keyring, PLACEHOLDER, Remembering, decrypt_file,
    detect, placeholders,
};

const KEYS: &str = include_str!("fixtures/keys.txt");
const STRANGER: &str = include_str!("fixtures/stranger.txt");

struct Fixture {
    name: &'static str,
    format: Format,
    enc: &'static [u8],
    expected: &'static [u8],
}

macro_rules! fixtures {
    ($($format:ident $name:literal $extension:literal)*) => {
        [$(Fixture {
            name: $name,
            format: Format::$format,
            enc: include_bytes!(concat!("fixtures/", $name, "/enc.", $extension)),
            expected: include_bytes!(concat!("fixtures/", $name, "/expected.", $extension)),
        }),*]
    };
}

const FIXTURES: [Fixture; 13] = fixtures! {
    Yaml "yaml/kubernetes" "yaml"
    Yaml "yaml/types" "yaml"
    Yaml "yaml/comments" "yaml"
    Yaml "yaml/documents" "yaml"
    Yaml "yaml/mac-only-encrypted" "yaml"
    Yaml "yaml/encrypted-comment" "yaml"
    Yaml "yaml/shamir" "yaml"
    Json "json/nested" "json"
    Dotenv "dotenv/service" "env"
    Dotenv "dotenv/shamir" "env"
    Ini "ini/sections" "ini"
    Ini "ini/shamir" "ini"
    Binary "binary/bytes" "bin"
};

fn fixture(name: &str) -> &'static Fixture {
    static ALL: [Fixture; 13] = FIXTURES;
    ALL.iter().find(|fixture| fixture.name == name).expect("the case names a fixture")
}

fn keyring(keys: &str) -> AgeKeyring {
    let mut identities = Identities::new();
    identities.add_text("keys.txt", keys);
    AgeKeyring::new(identities)
}

fn decrypt(text: &[u8], format: Format) -> Result<Contents, DecryptError> {
    decrypt_file(text, format, Default::default(), &keyring(KEYS))
}

#[test]
fn every_file_gives_the_bytes_of_sops() {
    for fixture in FIXTURES {
        let contents =
            decrypt(fixture.enc, fixture.format).unwrap_or_else(|e| panic!("{}: {e}", fixture.name));
        assert!(contents.to_bytes().expose() == fixture.expected, "{} differs", fixture.name);
        assert_eq!(contents.warnings(), [], "{}", fixture.name);
    }
}

#[test]
fn a_flipped_character_anywhere_is_refused() {
    for fixture in FIXTURES {
        let text = std::str::from_utf8(fixture.enc).expect("sops writes UTF-8");
        for (start, _) in text.match_indices("ENC[AES256_GCM,") {
            let end = start + text[start..].find(']').expect("a value ends");
            let is_comment = text[..end].ends_with("type:comment");
            if text[..start].contains("\n---\n") && text[..start].ends_with("    mac: ") {
                continue; // The block of a second document only repeats the first one's, and is not read.
            }
            for field in ["data:", "iv:", "tag:"] {
                let at = start + text[start..].find(field).expect("a value has all fields") + field.len();
                let mut tampered = fixture.enc.to_vec();
                tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
                match decrypt(&tampered, fixture.format) {
                    Err(_) => {}
                    // Comments are not under the MAC. One that does not open stays as it is.
                    Ok(contents) if is_comment => assert!(contents.to_bytes().expose() != fixture.expected),
                    Ok(_) => panic!("{}: {field} at {start}", fixture.name),
                }
            }
        }
    }
}

/// Edits a fixture and compares the error and its position.
#[track_caller]
fn check(name: &str, edit: impl Fn(&str) -> String, want: &str) {
    let fixture = fixture(name);
    let text = std::str::from_utf8(fixture.enc).expect("sops writes UTF-8");
    let edited = edit(text);
    assert_ne!(edited, text, "the edit changes something");
    let got = match decrypt(edited.as_bytes(), fixture.format) {
        Ok(_) => "it decrypts".to_owned(),
        Err(error) => match error.span() {
            Some(span) => format!("{}:{}: {error}", span.line, span.column),
            None => error.to_string(),
        },
    };
    assert_eq!(got, want);
}

fn without(text: &str, start: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with(start)).collect()
}

fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let line = text.lines().find(|line| line.trim_start().starts_with(key)).expect("the key is there");
    &line[line.find("ENC[").expect("the value is encrypted")..]
}

const K8S: &str = "yaml/kubernetes";
const ALTERED: &str = "the MAC does not match: values of the file were altered, removed or moved";

#[test]
fn tampered_values_are_refused() {
    check(K8S, |t| without(t, "mac:"), "9:5: the file has no MAC");
    check(K8S, |t| t.replace(value(t, "mac:"), "\"\""), "9:5: the file has no MAC");
    check(
        K8S,
        |t| t.replace("lastmodified: \"20", "lastmodified: \"19"),
        "20:10: the MAC cannot be decrypted: it or `lastmodified` was altered",
    );
    check(K8S, |t| t.replace("name: demo", "name: other"), &format!("20:10: {ALTERED}"));
    check(K8S, |t| without(t, "user:"), &format!("19:10: {ALTERED}"));
    check(K8S, |t| t.replace("kind: Secret", "kind: Secret\nextra: 1"), &format!("21:10: {ALTERED}"));
    let swapped = |t: &str| {
        let (user, password) = (value(t, "user:").to_owned(), value(t, "password:").to_owned());
        t.replace(&user, "@").replace(&password, &user).replace('@', &password)
    };
    let moved = "it was altered, or belongs to another key or file";
    check(K8S, swapped, &format!("6:11: cannot decrypt `stringData.user`: {moved}"));
    check(
        K8S,
        |t| t.replace("    user:", "    owner:"),
        &format!("6:12: cannot decrypt `stringData.owner`: {moved}"),
    );
    let plain = "it should be encrypted, and is not";
    check(
        K8S,
        |t| t.replace(value(t, "password:"), "SuperSecret"),
        &format!("7:15: cannot decrypt `stringData.password`: {plain}"),
    );
    check(
        K8S,
        |t| t.replace(value(t, "password:"), "12"),
        &format!("7:15: cannot decrypt `stringData.password`: {plain}"),
    );
    check(
        K8S,
        |t| t.replacen("type:str]", "type:str", 1),
        &format!("6:11: cannot decrypt `stringData.user`: {plain}"),
    );
    // SOPS does not look behind the end of a value; it is a warning here.
    check(K8S, |t| t.replacen("type:str]", "type:str]junk", 1), "it decrypts");
    check(
        K8S,
        |t| t.replacen("type:str]", "type:int]", 1),
        "6:11: cannot decrypt `stringData.user`: it is not of the type it claims",
    );
    check(
        K8S,
        |t| t.replacen("type:str]", "type:odd]", 1),
        "6:11: cannot decrypt `stringData.user`: its type is unknown",
    );
}

#[test]
fn tampered_metadata_is_refused() {
    check(K8S, |t| t.replace("^(data|stringData)$", "^data$"), &format!("20:10: {ALTERED}"));
    check(
        K8S,
        |t| t.replace("version: ", "versio: "),
        "9:5: SOPS metadata: `version` is missing or not a version",
    );
    check(
        K8S,
        |t| t.replace("encrypted_regex: ", "encrypted_suffix: x\n    encrypted_regex: "),
        "22:22: SOPS metadata: `encrypted_regex` is a second selector; a file has one",
    );
    check(K8S, |t| t[..t.find("sops:").expect("a block")].to_owned(), "the file has no SOPS metadata");
    check(K8S, |t| format!("kind: x\n{t}"), "3:1: the key `kind` is there twice");
}

#[test]
fn what_the_mac_covers_is_refused_in_every_format() {
    check("yaml/mac-only-encrypted", |t| t.replace("visible", "altered"), "it decrypts");
    check("yaml/mac-only-encrypted", |t| without(t, "mac_only"), &format!("16:10: {ALTERED}"));
    check("yaml/comments", |t| format!("# one more\n{t}"), "it decrypts");
    check("yaml/shamir", |t| t.replace("threshold: 2", "threshold: 3"), "it decrypts");
    check("json/nested", |t| t.replace("visible", "altered"), &format!("27:10: {ALTERED}"));
    check(
        "json/nested",
        |t| t[..t.len() / 2].to_owned(),
        "22:4: invalid JSON: a key in quotes is missing here",
    );
    check(
        "json/nested",
        |t| format!("{t}x"),
        "32:1: invalid JSON: there is text after the end of the JSON value",
    );
    check("dotenv/service", |t| t.replace("=visible", "=altered"), &format!("10:1: {ALTERED}"));
    check("dotenv/service", |t| t.replace('\n', "\r\n"), "9:1: SOPS metadata: `lastmodified` is not a time");
    check("dotenv/service", |t| format!("{t}loose\n"), "13:1: the line is neither a comment nor `KEY=value`");
    check(
        "dotenv/shamir",
        |t| t.replace("__list_1__", "__list_9999__"),
        "4:1: SOPS metadata: `key_groups__list_9999__map_age__list_0__map_enc` is not a field of the metadata",
    );
    check("ini/sections", |t| t.replace("[plain]", "[loose]"), "it decrypts");
}

/// Compares the message, the class and the notes.
#[track_caller]
fn check_keys(name: &str, identities: &[(&str, &str)], want: &str) {
    let fixture = fixture(name);
    let mut known = Identities::new();
    for (label, text) in identities {
        match text.strip_prefix("!") {
            Some(reason) => known.add_failure(*label, reason),
            None => known.add_text(*label, text),
        }
    }
    let error = match decrypt_file(fixture.enc, fixture.format, Default::default(), &AgeKeyring::new(known)) {
        Ok(_) => return assert_eq!("it decrypts", want),
        Err(error) => error,
    };
    let DecryptError::NoKey(no_key) = &error else { panic!("{error}") };
    let mut got = format!("{:?}: {error}", error.class());
    for note in no_key.notes() {
        got = format!("{got}\n{note}");
    }
    for (index, key) in recipients(KEYS).into_iter().chain(recipients(STRANGER)).enumerate() {
        got = got.replace(&key, &format!("age1#{index}"));
    }
    assert_eq!(got, want);
}

fn recipients(keys: &str) -> Vec<String> {
    keys.lines().filter_map(|line| line.strip_prefix("# public key: ")).map(str::to_owned).collect()
}

fn secret(index: usize) -> &'static str {
    KEYS.lines().filter(|line| line.starts_with("AGE-SECRET-KEY-")).nth(index).expect("there are three keys")
}

#[test]
fn keys_that_fit_open_and_others_are_named() {
    const K8S: &str = "yaml/kubernetes";
    check_keys(K8S, &[("a", "not a key"), ("b", KEYS)], "it decrypts");
    check_keys(
        K8S,
        &[],
        "Key: cannot unwrap the data key with age recipient `age1#0`\nage recipient `age1#0`: no identity was found",
    );
    check_keys(
        K8S,
        &[
            ("SOPS_AGE_KEY", "not a key"),
            ("SOPS_AGE_KEY_FILE (k.txt)", "!cannot be read: no such file"),
            ("s.txt", STRANGER),
            ("pq.txt", "AGE-SECRET-KEY-PQ-1QQ"),
            ("ssh", "-----BEGIN OPENSSH PRIVATE KEY-----\nx"),
        ],
        "Key: cannot unwrap the data key with age recipient `age1#0`
age recipient `age1#0`: SOPS_AGE_KEY line 1 is not an age identity
age recipient `age1#0`: SOPS_AGE_KEY_FILE (k.txt) cannot be read: no such file
age recipient `age1#0`: s.txt holds the identity of age1#3
age recipient `age1#0`: pq.txt line 1 is not an age identity
age recipient `age1#0`: ssh holds no SSH key that can be read",
    );
    check_keys("yaml/types", &[("second", secret(1))], "it decrypts");
    for format in ["yaml/shamir", "dotenv/shamir", "ini/shamir"] {
        check_keys(format, &[("first", secret(0)), ("third", secret(2))], "it decrypts");
        check_keys(
            format,
            &[("first", secret(0))],
            "Key: cannot open enough key groups: 1 of the 2 needed
age recipient `age1#1`: first holds the identity of age1#0
age recipient `age1#2`: first holds the identity of age1#0",
        );
    }
}

#[test]
fn a_key_service_that_is_not_there_is_named() {
    let text = std::str::from_utf8(fixture("yaml/kubernetes").enc).expect("sops writes UTF-8");
    let start = text.find("    age:\n").expect("a recipient");
    let end = text.find("    lastmodified").expect("a time");
    let kms = "    kms:\n        - arn: arn:aws:kms:eu-1:1:key/k\n          enc: eA==\n";
    let text = format!("{}{kms}{}", &text[..start], &text[end..]);
    let Err(DecryptError::NoKey(no_key)) = decrypt(text.as_bytes(), Format::Yaml) else {
        panic!("there is no key for it")
    };
    assert_eq!(no_key.to_string(), "cannot unwrap the data key with AWS KMS key `arn:aws:kms:eu-1:1:key/k`");
    assert_eq!(
        no_key.notes(),
        ["AWS KMS key `arn:aws:kms:eu-1:1:key/k`: there is no service for keys of this kind"]
    );
}

#[test]
fn files_are_known_by_their_metadata() {
    for fixture in FIXTURES {
        for by_name in [fixture.format, Format::Binary] {
            assert_eq!(detect(fixture.enc, by_name), Some(fixture.format), "{}", fixture.name);
        }
        let text = std::str::from_utf8(fixture.enc).expect("sops writes UTF-8");
        let without_mac: String =
            text.lines().filter(|l| !l.contains("mac")).map(|l| format!("{l}\n")).collect();
        assert_eq!(detect(without_mac.as_bytes(), fixture.format), Some(fixture.format), "{}", fixture.name);
        assert_eq!(detect(fixture.expected, fixture.format), None, "{}", fixture.name);
    }
    for plain in [
        "",
        "sops",
        "sops: x\n",
        "a:\n  sops:\n    mac: x\n",
        "# sops:\nmac: 1\n",
        "{\"sops\":1}",
        "[sops]\n",
    ] {
        assert_eq!(detect(plain.as_bytes(), Format::Yaml), None, "{plain}");
    }
}

#[test]
fn placeholders_need_no_key() {
    let fixture = fixture("yaml/types");
    let contents = placeholders(fixture.enc, fixture.format, Default::default()).expect("it has metadata");
    let text = contents.to_bytes().expose_str().expect("it is YAML").to_owned();
    assert!(
        text.starts_with(&format!(
            "text: {PLACEHOLDER}\nnumber: 0\nbig: 0\nfloat: 0\nwhole: 0\ntruth: false\n"
        )),
        "{text}"
    );
    assert!(text.ends_with("plain_unencrypted: visible\n"), "{text}");
}

#[test]
fn decrypted_scalars_are_marked_and_know_their_place() {
    let contents = decrypt(fixture("yaml/kubernetes").enc, Format::Yaml).expect("the key fits");
    let [document] = contents.documents().try_into().expect("there is one document");
    let password =
        document.at(&["stringData", "password"]).and_then(|node| node.as_scalar()).expect("it is there");
    assert!(password.text.is_sensitive());
    assert_eq!((password.span.line, password.span.column), (7, 15));
    let kind = document.get("kind").and_then(|node| node.as_scalar()).expect("it is there");
    assert!(!kind.text.is_sensitive());
    assert!(document.get("sops").is_none());
    assert!(!format!("{document:?}").contains("s3cr3t"));
}

#[test]
fn a_wrapped_key_is_unwrapped_once() {
    struct Counting(AgeKeyring, std::sync::atomic::AtomicUsize);
    impl Keyring for &Counting {
        fn unwrap_key(
            &self,
            key: &hagane_sops::WrappedKey,
        ) -> Result<hagane_sops::SecretBytes, hagane_sops::KeyFailure> {
            self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.0.unwrap_key(key)
        }

        fn wrap_key(
            &self,
            key: &mut hagane_sops::MasterKey,
            data_key: &hagane_sops::SecretBytes,
        ) -> Result<String, hagane_sops::KeyFailure> {
            self.0.wrap_key(key, data_key)
        }
    }
    let counting = Counting(keyring(KEYS), Default::default());
    let remembering = Remembering::new(&counting);
    let fixture = fixture("json/nested");
    for _ in 0..3 {
        decrypt_file(fixture.enc, fixture.format, Default::default(), &remembering).expect("the key fits");
    }
    assert_eq!(counting.1.into_inner(), 1);
}
