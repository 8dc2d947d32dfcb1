//! kubesec files that the generator writes, decrypted and tampered with.

mod generator;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use generator::{Plain, seal};
use hagane_sops::kubesec::{WithoutMac, decrypt, is_kubesec, placeholders};
use hagane_sops::{KeyFailure, Keyring, MasterKey, SecretBytes, WrappedKey};

const DATA_KEY: [u8; 32] = [7; 32];
const PGP: &str = "160A7A9CF46221A56B06AD64461A804F2609FD89";
const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/a-b";
const GCP: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";

/// Wraps as nobody should: each byte turned over.
struct Turned(&'static str);

impl Keyring for Turned {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        if key.key.identifier() != self.0 {
            return Err(KeyFailure::new("the test", "has no such key"));
        }
        let lines = key.enc.lines().filter(|line| !line.starts_with(['-', '=']));
        let bytes = BASE64_STANDARD.decode(lines.collect::<String>());
        let bytes = bytes.map_err(|_| KeyFailure::new("the test", "takes base64"))?;
        Ok(SecretBytes::new(bytes.iter().map(|byte| !byte).collect()))
    }

    fn wrap_key(&self, _key: &mut MasterKey, _data_key: &SecretBytes) -> Result<String, KeyFailure> {
        Err(KeyFailure::new("the test", "wraps nothing"))
    }
}

fn wrapped() -> Vec<u8> {
    DATA_KEY.iter().map(|byte| !byte).collect()
}

fn file(version: u8, string_data: &[(&str, &str)], kinds: &[&str]) -> String {
    let keys: Vec<(&str, &str, Vec<u8>)> = kinds
        .iter()
        .map(|kind| {
            (
                *kind,
                match *kind {
                    "pgp" => PGP,
                    "gcp" => GCP,
                    _ => ARN,
                },
                wrapped(),
            )
        })
        .collect();
    let data = [("user", "YWRtaW4="), ("password", "aHVudGVyMg=="), ("empty", "")];
    let mut count = 0;
    let mut random = |bytes: &mut [u8]| {
        count += 1;
        bytes.fill(count);
    };
    seal(&Plain { version, data: &data, string_data, keys: &keys }, &DATA_KEY, &mut random)
}

fn opened(text: &str, kind: &'static str) -> String {
    opened_as(text, kind, WithoutMac::Refused)
}

fn opened_as(text: &str, kind: &'static str, without_mac: WithoutMac) -> String {
    match decrypt(text.as_bytes(), Default::default(), &Turned(kind), without_mac) {
        Ok(contents) => {
            let warned = contents.warnings().len();
            let text = String::from_utf8(contents.to_bytes().expose().to_vec()).expect("it is UTF-8");
            format!("{text}{}", "warned\n".repeat(warned))
        }
        Err(error) => format!("{}: {error}", error.span().map_or(0, |span| span.line)),
    }
}

const PLAIN: &str = "apiVersion: v1\ndata:\n    user: YWRtaW4=\n    password: aHVudGVyMg==\n    empty: \"\"\nkind: Secret\nmetadata:\n    name: shop\ntype: Opaque\n";

#[test]
fn every_version_and_kind_of_key_opens() {
    let check = |text: String, kind, want: &str| assert_eq!(opened(&text, kind), want, "{text}");
    check(file(3, &[], &["pgp"]), "pgp", PLAIN);
    check(file(3, &[], &["pgp", "gcp", "aws"]), "pgp", PLAIN);
    check(file(3, &[], &["pgp", "gcp", "aws"]), "gcp_kms", PLAIN);
    check(file(3, &[], &["aws", "gcp"]), "kms", PLAIN);
    check(file(4, &[], &["aws"]), "kms", PLAIN);
    let long = "x".repeat(96);
    let both = PLAIN.replace("kind:", &format!("stringData:\n    token: \"1\"\n    long: {long}\nkind:"));
    check(file(4, &[("token", "1"), ("long", &long)], &["pgp"]), "pgp", &both);
    check(file(3, &[], &["pgp"]).replace('\n', "\r\n"), "pgp", PLAIN);
}

#[test]
fn a_file_without_a_mac_is_opened_for_who_says_so() {
    let check = |text: &str, kind, version: u8| {
        let refused = format!(
            "10: kubesec: a file of version {version} has no MAC: nobody knows whether values are missing, or older than the others"
        );
        assert_eq!(opened(text, kind), refused, "{text}");
        assert_eq!(opened_as(text, kind, WithoutMac::Opened), format!("{PLAIN}warned\n"), "{text}");
    };
    check(&file(1, &[], &["pgp"]), "pgp", 1);
    check(&file(2, &[], &["gcp"]), "gcp_kms", 2);
    // One of version 3 that somebody took the MAC of: nothing tells it from one that never had any.
    let text = file(3, &[], &["pgp"]);
    let text: String =
        text.lines().filter(|line| !line.contains(":mac:")).map(|line| format!("{line}\n")).collect();
    check(&text.replace("v:3", "v:2"), "pgp", 2);
    // A MAC that is there is verified, whatever is said.
    let altered = file(3, &[], &["pgp"]).replace(":mac:", ":mac:AAAA.");
    assert!(opened_as(&altered, "pgp", WithoutMac::Opened).contains("the MAC does not fit"));
}

#[test]
fn values_are_marked_and_placeholders_need_no_key() {
    let text = file(3, &[], &["pgp"]);
    let contents = decrypt(text.as_bytes(), Default::default(), &Turned("pgp"), WithoutMac::Refused)
        .expect("it is right");
    let document = &contents.documents()[0];
    for (path, marked) in [(["data", "password"], true), (["metadata", "name"], false)] {
        let node = document.at(&path).expect("it is there");
        assert_eq!(node.is_sensitive(), marked, "{path:?}");
    }
    let shown = placeholders(text.as_bytes(), Default::default()).expect("it is right").to_bytes();
    assert!(shown.expose_str().is_some_and(|text| text.contains("password: REDACTED")));
}

#[test]
fn what_is_no_kubesec_file_is_left_alone() {
    let check = |text: &str, want: bool| assert_eq!(is_kubesec(text.as_bytes()), want, "{text}");
    check("kind: Secret\n", false);
    check("# kubesec: we use it\n", false);
    check("a: |\n  # kubesec:v:3\n", false);
    check("a: 1\n# kubesec:v:3\n", true);
    check("a: 1\n# kubesec:pgp:A:B\n", true);
}

/// Each change is made to a whole file of version 3 for three keys.
#[test]
fn what_was_tampered_with_is_refused() {
    let check = |change: &dyn Fn(&str) -> String, want: &str| {
        let before = file(3, &[], &["pgp", "gcp", "aws"]);
        let text = change(&before);
        assert_ne!(text, before, "{want}");
        assert_eq!(opened(&text, "pgp"), want, "{text}");
    };
    let without = |sign: &'static str| {
        move |text: &str| {
            text.lines().filter(|line| !line.contains(sign)).map(|line| format!("{line}\n")).collect()
        }
    };
    let bad_value = "3: cannot decrypt `data.user`: it was altered, or belongs to another key or file";
    let bad_mac = |line: u32| {
        format!(
            "{line}: kubesec: the MAC does not fit: values or keys of the file were altered, removed or moved"
        )
    };
    check(&|text| text.replace("  user: ", "  user: AAAA"), bad_value);
    check(&|text| text.replace("  user: ", "  name: "), &bad_value.replace("user", "name"));
    check(
        &|text| {
            text.replace("  user: ", "  x: ")
                .replace("  password: ", "  user: ")
                .replace("  x: ", "  password: ")
        },
        &bad_value.replace("user", "password"),
    );
    check(&without("password"), &bad_mac(13));
    check(&|text| text.replace("  empty: ", "  more: \"\"\n  empty: "), &bad_mac(15));
    check(&without("kubesec:aws"), &bad_mac(13));
    check(&|text| text.replace("global", "europe"), &bad_mac(14));
    check(&|text| text.replace(":mac:", ":mac:AAAA."), &bad_mac(14));
    check(&without("kubesec:mac"), "10: the file has no MAC");
    check(&without("kubesec:v"), "10: kubesec: the comment with the version, `# kubesec:v:`, is missing");
    check(
        &|text| text.replace("v:3", "v:5"),
        "10: kubesec: the version is none that kubesec ever had: 1 to 4",
    );
    check(
        &|text| text.replace("v:3", "v:1"),
        "11: kubesec: a file of this version has keys of OpenPGP alone: its version was altered",
    );
    check(&|text| format!("{text}# kubesec:v:2\n"), "15: kubesec: the version is there twice");
    check(&|text| text.replace("kind: Secret", "kind: ConfigMap"), "10: kubesec: the file is no Secret");
    check(
        &|text| format!("{text}---\nkind: Secret\n"),
        "10: kubesec: the file holds more than one document, and its comments are for one Secret",
    );
    check(
        &|text| text.replace("kind:", "stringData:\n  a: b\nkind:"),
        "7: cannot decrypt `stringData.a`: it should be encrypted, and is not",
    );
    check(
        &|text| text.replace("  user: ", "  plain: hunter2\n  user: "),
        "3: cannot decrypt `data.plain`: it should be encrypted, and is not",
    );
    check(&|text| text.replace("  user: ", "  user: ''\n  user: "), "4: the key `data.user` is there twice");
    check(&|text| text.replace(PGP, ""), "11: kubesec: the comment names no key, or wraps nothing");
    check(&without("kubesec:pgp"), "10: cannot unwrap the data key with any of 2 keys");
}
