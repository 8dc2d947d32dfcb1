//! The hash of a generated object's content, which ends its name.

use hagane_resource::{Diagnostic, Resource};
use hagane_yaml::Node;
use hagane_yaml::emit::{json, json_string};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Returns the ten letters for a ConfigMap, a Secret or another kind.
///
/// What is hashed is a JSON whose `name` is always empty: equal data has an equal hash, whatever the name.
pub(crate) fn content_hash(resource: &Resource) -> Result<String, Diagnostic> {
    let tree = resource.tree();
    let part = |key: &str| -> Result<Option<Zeroizing<String>>, Diagnostic> {
        let Some(node) = tree.get(key) else { return Ok(None) };
        let text = json(node).map(Zeroizing::new).ok_or_else(|| {
            let message =
                format!("the content of {} cannot be hashed: a value does not fit its type", resource.id());
            Diagnostic::error(node.span(), message)
        })?;
        Ok(Some(text))
    };
    let mapping =
        |key: &str| part(key).map(|text| text.filter(|_| matches!(tree.get(key), Some(Node::Mapping(_)))));
    // Missing data is the empty text, not an empty object.
    let data = || Ok::<_, Diagnostic>(part("data")?.unwrap_or_else(|| Zeroizing::new("\"\"".into())));
    let mut hash = Sha256::new();
    match resource.gvk().kind.as_str() {
        "ConfigMap" => {
            hash.update("{");
            if let Some(binary) = mapping("binaryData")? {
                hash.update("\"binaryData\":");
                hash.update(binary.as_bytes());
                hash.update(",");
            }
            hash.update("\"data\":");
            hash.update(data()?.as_bytes());
            hash.update(",\"kind\":\"ConfigMap\",\"name\":\"\"}");
        }
        "Secret" => {
            hash.update("{\"data\":");
            hash.update(data()?.as_bytes());
            hash.update(",\"kind\":\"Secret\",\"name\":\"\",");
            if let Some(strings) = mapping("stringData")? {
                hash.update("\"stringData\":");
                hash.update(strings.as_bytes());
                hash.update(",");
            }
            let mut secret_type = String::from("\"type\":");
            json_string(&mut secret_type, tree.get("type").and_then(Node::as_str).unwrap_or_default());
            hash.update(secret_type.as_bytes());
            hash.update("}");
        }
        _ => hash.update(Zeroizing::new(json(tree).unwrap_or_default()).as_bytes()),
    }
    Ok(letters(&hash.finalize()))
}

/// Returns the first ten hexadecimal digits, with letters for those that make words or look like other letters.
fn letters(hash: &[u8]) -> String {
    let digit = |nibble: u8| match b"0123456789abcdef"[nibble as usize] {
        b'0' => 'g',
        b'1' => 'h',
        b'3' => 'k',
        b'a' => 'm',
        b'e' => 't',
        other => other as char,
    };
    hash.iter().take(5).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
