//! The hash of a generated object's content, which ends its name.

use hagane_resource::{Diagnostic, Resource};
use hagane_yaml::emit::{json, json_string};
use hagane_yaml::Node;
use sha2::{Digest, Sha256};

/// Returns the ten letters for a ConfigMap, a Secret or another kind.
///
/// What is hashed is a JSON whose `name` is always empty: equal data has an equal hash, whatever the name.
pub(crate) fn content_hash(resource: &Resource) -> Result<String, Diagnostic> {
    let tree = resource.tree();
    let part = |key: &str| -> Result<Option<String>, Diagnostic> {
        let Some(node) = tree.get(key) else { return Ok(None) };
        let text = json(node).ok_or_else(|| {
            Diagnostic::error(node.span(), format!("the content of {} cannot be hashed: a value does not fit its type", resource.id()))
        })?;
        Ok(Some(text))
    };
    let absent = || "\"\"".to_owned();
    let is_mapping = |key: &str| matches!(tree.get(key), Some(Node::Mapping(_)));
    let mut text = zeroize::Zeroizing::new(String::from("{"));
    match resource.gvk().kind.as_str() {
        "ConfigMap" => {
            if let Some(binary) = part("binaryData")?.filter(|_| is_mapping("binaryData")) {
                text.push_str(&format!("\"binaryData\":{binary},"));
            }
            text.push_str(&format!("\"data\":{},\"kind\":\"ConfigMap\",\"name\":\"\"}}", part("data")?.unwrap_or_else(absent)));
        }
        "Secret" => {
            text.push_str(&format!("\"data\":{},\"kind\":\"Secret\",\"name\":\"\",", part("data")?.unwrap_or_else(absent)));
            if let Some(strings) = part("stringData")?.filter(|_| is_mapping("stringData")) {
                text.push_str(&format!("\"stringData\":{strings},"));
            }
            text.push_str("\"type\":");
            json_string(&mut text, tree.get("type").and_then(Node::as_str).unwrap_or_default());
            text.push('}');
        }
        _ => {
            text.clear();
            text.push_str(&json(tree).unwrap_or_default());
        }
    }
    Ok(letters(&Sha256::digest(text.as_bytes())))
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
