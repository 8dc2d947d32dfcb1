//! What in a plain file is a secret, or looks like one.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane::sops::{Contents, Format, detect};
use hagane::{Diagnostic, KMS_ANNOTATION, Node};
use hagane_yaml::Entry;
use zeroize::Zeroizing;

/// Parts of names that stand for secrets, in lower case and without signs.
const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "credential",
    "passphrase",
    "clientsecret",
    "encryptionkey",
    "connectionstring",
];
/// Ends of names that only speak of secrets: where one is, or what it is called.
const HARMLESS: [&str; 12] =
    ["name", "file", "path", "ref", "dir", "url", "uri", "type", "ttl", "version", "enabled", "key"];
/// How keys begin that are secrets wherever they stand.
const STARTS: [&str; 9] = [
    "-----BEGIN RSA PRIVATE KEY",
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN EC PRIVATE KEY",
    "-----BEGIN OPENSSH PRIVATE KEY",
    "AGE-SECRET-KEY-1",
    "ghp_",
    "github_pat_",
    "xoxb-",
    "sk_live_",
];

/// Adds a finding for each Secret of Kubernetes, and a warning for what looks like a secret elsewhere.
pub(super) fn look(contents: &Contents, format: Format, findings: &mut Vec<Diagnostic>) {
    for document in contents.documents() {
        match document.get("kind").and_then(Node::as_str) {
            Some("List" | "SecretList") => {
                let items = document.get("items").and_then(Node::as_sequence);
                items.into_iter().flat_map(|items| &items.items).for_each(|item| resource(item, findings));
            }
            _ => resource(&document, findings),
        }
    }
    if format == Format::Dotenv {
        for (name, value) in contents.variables().unwrap_or_default() {
            if names_a_secret(&name) && value.expose_str().is_some_and(is_literal) {
                let span = Default::default();
                findings.push(Diagnostic::warning(
                    span,
                    format!("`{name}` looks like a secret, and is not encrypted"),
                ));
            }
        }
    }
}

fn resource(node: &Node, findings: &mut Vec<Diagnostic>) {
    if node.get("kind").and_then(Node::as_str) == Some("Secret")
        && node.get("apiVersion").and_then(Node::as_str) == Some("v1")
    {
        let values = |field: &str| {
            node.get(field).and_then(Node::as_mapping).into_iter().flat_map(|data| &data.entries)
        };
        let key = node.at(&["metadata", "annotations", KMS_ANNOTATION]).and_then(Node::as_str);
        let is_encrypted = |text| {
            decoded(text).is_some_and(|content| {
                is_encrypted_file(&content) || key.is_some_and(|key| is_of_kms(&content, key))
            })
        };
        let has_text = |entry: &&Entry| entry.value.as_str().is_some_and(|text| !text.is_empty());
        let data =
            values("data").filter(|entry| !entry.value.as_str().is_some_and(is_encrypted)).find(has_text);
        let first = data.or_else(|| values("stringData").find(has_text));
        if let Some(entry) = first {
            let name = node.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
            let message = match key.and(data) {
                Some(_) => {
                    let value = entry.key.text.shown();
                    format!(
                        "the Secret `{name}` is not encrypted: `{value}` is no ciphertext of the KMS that its annotation names"
                    )
                }
                None => format!("the Secret `{name}` is not encrypted"),
            };
            findings.push(Diagnostic::error(entry.key.span, message).hinted(
                "`hagane sops encrypt --in-place` encrypts it; if it was ever pushed, change what is in it",
            ));
        }
        return;
    }
    let is_config_map = node.get("kind").and_then(Node::as_str) == Some("ConfigMap");
    walk(node, is_config_map, findings);
}

/// Returns whether a value of `data` is a file that SOPS encrypted.
fn is_encrypted_file(content: &[u8]) -> bool {
    detect(content, Format::Binary).is_some()
}

fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
    BASE64_STANDARD.decode(text.as_bytes()).ok().map(Zeroizing::new)
}

/// Bytes that every ciphertext of a KMS has at least: which key it is of, a nonce and a tag.
const LEAST_OF_KMS: usize = 48;

/// Returns whether a value has the shape of what a key of a KMS has encrypted. Whether it is that only the key tells.
fn is_of_kms(content: &[u8], key: &str) -> bool {
    let has_shape = match key.split(':').next() {
        // The format's version and the digest of what it was encrypted under; stand-ins for the service put the id of the key there.
        Some("arn") => {
            matches!(content, [1, _, _, 0, 0x78, ..])
                || content.get(..36).is_some_and(|id| {
                    let is_dash = |at| [8, 13, 18, 23].contains(&at);
                    id.iter().enumerate().all(|(at, byte)| match is_dash(at) {
                        true => *byte == b'-',
                        false => byte.is_ascii_hexdigit(),
                    })
                })
        }
        // A message of protobuf, whose first field is a text.
        _ if key.starts_with("projects/") => content.first() == Some(&0x0a),
        _ => false,
    };
    has_shape && content.len() >= LEAST_OF_KMS && std::str::from_utf8(content).is_err()
}

fn walk(node: &Node, names_count: bool, findings: &mut Vec<Diagnostic>) {
    match node {
        Node::Mapping(mapping) => {
            let named = mapping.get("name").and_then(Node::as_str).filter(|name| names_a_secret(name));
            for entry in &mapping.entries {
                let key = entry.key.text.as_str();
                let text = entry.value.as_str().filter(|text| is_literal(text));
                let of_variable = if key == "value" { named } else { None };
                let of_key = (names_count && names_a_secret(key)).then_some(key);
                match (of_variable.or(of_key), text) {
                    (Some(name), Some(_)) => findings.push(looks(entry.key.span, name)),
                    (None, Some(text)) if STARTS.iter().any(|start| text.trim_start().starts_with(start)) => {
                        findings.push(looks(entry.key.span, key));
                    }
                    _ => walk(&entry.value, names_count, findings),
                }
            }
        }
        Node::Sequence(sequence) => sequence.items.iter().for_each(|item| walk(item, names_count, findings)),
        Node::Scalar(_) => {}
    }
}

fn looks(span: hagane::Span, name: &str) -> Diagnostic {
    Diagnostic::warning(span, format!("`{name}` looks like a secret, and is not encrypted"))
}

fn names_a_secret(name: &str) -> bool {
    let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let found = NAMES.iter().find(|part| bare.contains(*part));
    found.is_some_and(|found| bare.ends_with(found) || !HARMLESS.iter().any(|end| bare.ends_with(end)))
}

/// Returns whether a text is a value itself, and no reference to one, no switch and no number.
fn is_literal(text: &str) -> bool {
    let text = text.trim();
    let refers = ["$(", "${", "{{", "<", "vault:", "ref+", "secretref", "ENC["]
        .iter()
        .any(|start| text.starts_with(start));
    text.len() > 5
        && !refers
        && text.parse::<f64>().is_err()
        && !matches!(text, "false" | "REDACTED" | "changeme")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, text: &str, want: &[&str]) {
        let contents =
            Contents::read(text.as_bytes(), format, Default::default()).expect("it is well formed");
        let mut findings = Vec::new();
        look(&contents, format, &mut findings);
        let got: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn secrets_are_found() {
        let secret = "the Secret `a` is not encrypted";
        check(
            Format::Yaml,
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {x: eA==}}",
            &[secret],
        );
        check(Format::Yaml, "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {x: ''}}", &[]);
        check(
            Format::Json,
            r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"stringData":{"x":"y"}}"#,
            &[secret],
        );
        check(
            Format::Yaml,
            "{kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {x: eA==}}]}",
            &[secret],
        );
        check(Format::Yaml, "{kind: ExternalSecret, spec: {secretStoreRef: {name: my-secret-store}}}", &[]);
    }

    #[test]
    fn an_annotation_alone_hides_nothing() {
        let with = |key: &str, plain: &[u8], is_hidden: bool| {
            let value = BASE64_STANDARD.encode(plain);
            let text = format!(
                "{{apiVersion: v1, kind: Secret, metadata: {{name: a, annotations: {{hagane.dev/kms: '{key}'}}}}, data: {{x: {value}}}}}"
            );
            let said =
                "the Secret `a` is not encrypted: `x` is no ciphertext of the KMS that its annotation names";
            let findings = if is_hidden { Vec::new() } else { vec![said] };
            check(Format::Yaml, &text, &findings);
        };
        let (arn, name) = ("arn:aws:kms:eu-west-1:1:key/a", "projects/p/locations/l/keyRings/r/cryptoKeys/k");
        let noise: Vec<u8> = (0..150).map(|at: u8| at.wrapping_mul(91) | 0x80).collect();
        let of_aws = [&[1, 2, 2, 0, 0x78][..], &noise].concat();
        let of_moto = [&b"0b8a1f5e-11aa-4c0d-9b1a-0123456789ab"[..], &noise].concat();
        let of_google = [&[0x0a, 0x24, 0][..], &noise].concat();
        with(arn, &of_aws, true);
        with(arn, &of_moto, true);
        with(arn, &of_google, false);
        with(name, &of_google, true);
        with(name, &of_aws, false);
        with("mine", &of_aws, false);
        for key in [arn, name, ""] {
            with(key, b"hunter2", false);
            with(key, "a text that is long enough to be something else than a password".as_bytes(), false);
            with(key, &noise, false);
            with(key, &of_aws[..40], false);
        }
    }

    #[test]
    fn what_looks_like_a_secret_is_found() {
        let looks = "`DB_PASSWORD` looks like a secret, and is not encrypted";
        check(
            Format::Yaml,
            "{kind: ConfigMap, data: {DB_PASSWORD: hunter22, PASSWORD_FILE: /run/x/y, TOKEN_TTL: 1 hour or so}}",
            &[looks],
        );
        check(
            Format::Yaml,
            "spec: {containers: [{env: [{name: DB_PASSWORD, value: hunter22}, {name: A_TOKEN, value: $(OTHER)}]}]}",
            &[looks],
        );
        check(
            Format::Yaml,
            "{kind: ConfigMap, data: {id: \"-----BEGIN PRIVATE KEY-----\\nx\"}}",
            &["`id` looks like a secret, and is not encrypted"],
        );
        check(Format::Dotenv, "A=b\nDB_PASSWORD=hunter22\n", &[looks]);
        check(Format::Yaml, "spec: {password: hunter22}", &[]);
    }
}
