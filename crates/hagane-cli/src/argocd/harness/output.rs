//! What a plugin printed, as Argo CD reads it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hagane_yaml::{FileId, Node, ParseOptions, SourceMap, parse};
use zeroize::Zeroizing;

/// Secrets that are shorter are found by chance.
const MIN_SECRET: usize = 6;

/// What was printed: its objects.
pub(super) struct Printed {
    pub(super) objects: Vec<Node>,
}

impl Printed {
    /// Reads documents of YAML; empty ones do not count. Says what is wrong with them, without showing any.
    pub(super) fn read(stdout: &[u8]) -> Result<Printed, String> {
        let text = std::str::from_utf8(stdout).map_err(|_| "standard output is no text")?;
        let mut map = SourceMap::new();
        // It keeps no copy: nothing is quoted from it.
        let file: FileId = map.add("stdout", "".into());
        let documents = parse(text, file, &ParseOptions::default())
            .map_err(|error| format!("standard output is no YAML: line {}", error.span.line))?;
        let objects: Vec<Node> = documents.into_iter().filter(|document| !document.is_null()).collect();
        for (place, object) in objects.iter().enumerate() {
            let text =
                |keys: &[&str]| object.at(keys).and_then(Node::as_str).is_some_and(|text| !text.is_empty());
            let is_list =
                object.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
            if !text(&["apiVersion"]) || !text(&["kind"]) || !(is_list || text(&["metadata", "name"])) {
                return Err(format!("document {} has no apiVersion, kind or name", place + 1));
            }
        }
        Ok(Printed { objects })
    }

    fn secrets(&self) -> impl Iterator<Item = &Node> {
        self.objects.iter().filter(|object| object.get("kind").and_then(Node::as_str) == Some("Secret"))
    }

    /// Returns how many Secrets have a field that Argo CD does not hide as it stands.
    pub(super) fn with_string_data(&self) -> usize {
        self.secrets().filter(|secret| secret.get("stringData").is_some()).count()
    }

    /// Returns every secret of the Secrets in every form in which it could show.
    pub(super) fn forms_of_secrets(&self) -> Vec<Zeroizing<String>> {
        let mut forms = Vec::new();
        for secret in self.secrets() {
            for (field, encoded) in [("data", true), ("stringData", false)] {
                let Some(Node::Mapping(values)) = secret.get(field) else { continue };
                for entry in &values.entries {
                    let Some(text) = entry.value.as_scalar().map(|scalar| scalar.text.as_str()) else {
                        continue;
                    };
                    let plain = match encoded {
                        true => {
                            STANDARD.decode(text.split_whitespace().collect::<String>()).unwrap_or_default()
                        }
                        false => text.as_bytes().to_vec(),
                    };
                    // Each line of a file counts: messages show lines.
                    for line in plain.split(|byte| *byte == b'\n').filter(|line| line.len() >= MIN_SECRET) {
                        forms.extend(forms_of(line));
                    }
                }
            }
        }
        forms
    }
}

/// Returns a secret as it is, in base64, in hexadecimal, and as a part of a URL.
fn forms_of(plain: &[u8]) -> Vec<Zeroizing<String>> {
    let base64 = STANDARD.encode(plain);
    let hex = hagane::hexadecimal(plain);
    let letter = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let url: String = plain.iter().map(letter).collect();
    let mut forms = vec![base64.trim_end_matches('=').to_owned(), hex, url];
    forms.extend(std::str::from_utf8(plain).map(str::to_owned));
    forms.into_iter().map(Zeroizing::new).collect()
}
