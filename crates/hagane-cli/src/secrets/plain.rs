//! What in a plain file is a secret, or looks like one.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane::sops::{Contents, Format, detect};
use hagane::{Diagnostic, KMS_ANNOTATION, Node};

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
        let is_of_kms = node.at(&["metadata", "annotations", KMS_ANNOTATION]).is_some();
        let first = values("data")
            .filter(|entry| !is_of_kms && !entry.value.as_str().is_some_and(is_encrypted_file))
            .chain(values("stringData"))
            .find(|entry| entry.value.as_str().is_some_and(|text| !text.is_empty()));
        if let Some(entry) = first {
            let name = node.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
            findings.push(
                Diagnostic::error(entry.key.span, format!("the Secret `{name}` is not encrypted"))
                    .hinted("`hagane sops encrypt --in-place` encrypts it; if it was ever pushed, change what is in it"),
            );
        }
        return;
    }
    let is_config_map = node.get("kind").and_then(Node::as_str) == Some("ConfigMap");
    walk(node, is_config_map, findings);
}

/// Returns whether a value of `data` is a file that SOPS encrypted.
fn is_encrypted_file(text: &str) -> bool {
    let content = BASE64_STANDARD.decode(text.split_ascii_whitespace().collect::<String>());
    content.is_ok_and(|content| detect(&content, Format::Binary).is_some())
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
