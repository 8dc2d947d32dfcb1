//! The `sops` block: who can open the file, what is encrypted, and the MAC.

use hagane_yaml::{Node, Span};

use crate::key_group::KeyGroup;
use crate::selection::{Pattern, Selector};
use crate::{DecryptError, MasterKey, WrappedKey};

/// More keys than any file has; each one costs an attempt.
const MAX_KEYS: usize = 1000;

/// The metadata of a file. Fields that are not known are left alone, as SOPS leaves them.
pub(crate) struct Metadata {
    pub(crate) span: Span,
    pub(crate) key_groups: Vec<KeyGroup>,
    pub(crate) shamir_threshold: Option<usize>,
    /// The time of the last modification in the form that authenticates the MAC.
    pub(crate) last_modified: String,
    pub(crate) mac: Option<(String, Span)>,
    pub(crate) mac_only_encrypted: bool,
    pub(crate) selector: Selector,
}

impl Metadata {
    /// Reads the block.
    pub(crate) fn read(block: &Node) -> Result<Metadata, DecryptError> {
        let fields = Fields { node: block, span: block.span() };
        if block.as_mapping().is_none() {
            return Err(bad(block.span(), "sops", "is not a mapping"));
        }
        let version = fields.text("version").unwrap_or_default();
        if !version.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(bad(fields.span_of("version"), "version", "is missing or not a version"));
        }
        let last_modified = fields.text("lastmodified").and_then(canonical_time);
        let last_modified = last_modified
            .ok_or_else(|| bad(fields.span_of("lastmodified"), "lastmodified", "is not a time"))?;
        Ok(Metadata {
            span: block.span(),
            key_groups: key_groups(&fields)?,
            shamir_threshold: threshold(&fields)?,
            last_modified,
            mac: fields.text("mac").map(|text| (text.to_owned(), fields.span_of("mac"))),
            mac_only_encrypted: matches!(fields.text("mac_only_encrypted"), Some("true" | "True" | "TRUE")),
            selector: selector(&fields)?,
        })
    }
}

fn bad(span: Span, field: &str, problem: &'static str) -> DecryptError {
    DecryptError::BadMetadata { span, field: field.to_owned(), problem }
}

/// The fields of a mapping.
struct Fields<'a> {
    node: &'a Node,
    span: Span,
}

impl<'a> Fields<'a> {
    fn new(node: &'a Node) -> Fields<'a> {
        Fields { node, span: node.span() }
    }

    /// Returns the text of a scalar that is not null.
    fn text(&self, field: &str) -> Option<&'a str> {
        self.node.get(field).filter(|n| !n.is_null())?.as_str()
    }

    /// Returns a text that has something in it.
    fn filled(&self, field: &str) -> Option<&'a str> {
        self.text(field).filter(|text| !text.is_empty())
    }

    fn span_of(&self, field: &str) -> Span {
        self.node.get(field).map_or(self.span, Node::span)
    }

    fn list(&self, field: &str) -> Result<&'a [Node], DecryptError> {
        match self.node.get(field) {
            None => Ok(&[]),
            Some(node) if node.is_null() => Ok(&[]),
            Some(Node::Sequence(sequence)) => Ok(&sequence.items),
            Some(other) => Err(bad(other.span(), field, "is not a list")),
        }
    }
}

fn threshold(fields: &Fields) -> Result<Option<usize>, DecryptError> {
    match fields.filled("shamir_threshold") {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(0) => Ok(None),
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(bad(fields.span_of("shamir_threshold"), "shamir_threshold", "is not a number")),
        },
    }
}

fn selector(fields: &Fields) -> Result<Selector, DecryptError> {
    type Make = fn(&str) -> Selector;
    let makers: [(&str, Make); 6] = [
        ("unencrypted_suffix", |t| Selector::UnencryptedSuffix(t.to_owned())),
        ("encrypted_suffix", |t| Selector::EncryptedSuffix(t.to_owned())),
        ("unencrypted_regex", |t| Selector::UnencryptedRegex(Pattern::new(t))),
        ("encrypted_regex", |t| Selector::EncryptedRegex(Pattern::new(t))),
        ("unencrypted_comment_regex", |t| Selector::UnencryptedComment(Pattern::new(t))),
        ("encrypted_comment_regex", |t| Selector::EncryptedComment(Pattern::new(t))),
    ];
    let mut selector = None;
    for (field, make) in makers {
        let Some(text) = fields.filled(field) else { continue };
        if selector.is_some() {
            return Err(bad(fields.span_of(field), field, "is a second selector; a file has one"));
        }
        selector = Some(make(text));
    }
    Ok(selector.unwrap_or_else(|| Selector::UnencryptedSuffix("_unencrypted".into())))
}

/// Returns the groups. Keys at the top are one group, and then `key_groups` does not count.
fn key_groups(fields: &Fields) -> Result<Vec<KeyGroup>, DecryptError> {
    let top = key_group(fields)?;
    let groups = if top.is_empty() {
        fields
            .list("key_groups")?
            .iter()
            .map(|node| key_group(&Fields::new(node)))
            .collect::<Result<_, _>>()?
    } else {
        vec![top]
    };
    let count: usize = groups.iter().map(Vec::len).sum();
    if groups.is_empty() {
        return Err(bad(fields.span, "sops", "names no key that could open the file"));
    }
    if count > MAX_KEYS {
        return Err(bad(fields.span, "sops", "names more than 1000 keys"));
    }
    Ok(groups)
}

fn key_group(fields: &Fields) -> Result<KeyGroup, DecryptError> {
    type Make = fn(&Fields) -> (MakeKey, String);
    type MakeKey = fn(WrappedKey) -> MasterKey;
    fn named(fields: &Fields, field: &str) -> String {
        fields.text(field).unwrap_or_default().to_owned()
    }
    fn joined(fields: &Fields, parts: &[&str]) -> String {
        let parts: Vec<&str> = parts.iter().filter_map(|part| fields.filled(part)).collect();
        parts.join("/")
    }
    // The order in which SOPS puts the keys of a group.
    let kinds: [(&str, Make); 7] = [
        ("kms", |f| (MasterKey::AwsKms, named(f, "arn"))),
        ("gcp_kms", |f| (MasterKey::GcpKms, named(f, "resource_id"))),
        ("hckms", |f| (MasterKey::HuaweiKms, named(f, "key_id"))),
        ("azure_kv", |f| (MasterKey::AzureKeyVault, joined(f, &["vault_url", "name", "version"]))),
        ("hc_vault", |f| (MasterKey::Vault, joined(f, &["vault_address", "engine_path", "key_name"]))),
        ("pgp", |f| (MasterKey::Pgp, named(f, "fp"))),
        ("age", |f| (MasterKey::Age, named(f, "recipient"))),
    ];
    let mut group = KeyGroup::new();
    for (list, make) in kinds {
        for node in fields.list(list)? {
            let key = Fields::new(node);
            let Some(enc) = key.filled("enc") else {
                return Err(bad(key.span_of("enc"), list, "has a key without `enc`"));
            };
            let (kind, name) = make(&key);
            group.push(kind(WrappedKey { name, enc: enc.to_owned(), span: node.span() }));
        }
    }
    Ok(group)
}

/// Returns a time as Go reads and writes it again: without a fraction, and with `Z` for no offset. The MAC was
/// authenticated with this form.
fn canonical_time(text: &str) -> Option<String> {
    let seconds = text.get(..19)?;
    let shape = seconds.bytes().zip("0000-00-00T00:00:00".bytes());
    if !shape.into_iter().all(|(c, want)| if want == b'0' { c.is_ascii_digit() } else { c == want }) {
        return None;
    }
    let whole = hagane_yaml::scalar::timestamp(text)?;
    let zone = whole.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    Some(format!("{}{zone}", whole.get(..19)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<&str>) {
        assert_eq!(canonical_time(text).as_deref(), want, "{text}");
    }

    #[test]
    fn times_are_as_go_writes_them() {
        check("2026-11-21T09:17:51Z", Some("2026-11-21T09:17:51Z"));
        check("2026-11-21T09:17:51+00:00", Some("2026-11-21T09:17:51Z"));
        check("2026-11-21T09:17:51.25-05:00", Some("2026-11-21T09:17:51-05:00"));
        check("2026-11-21", None);
        check("2026-11-21T09:17:51Z\r", None);
        check("2026-13-21T09:17:51Z", None);
        check("yesterday", None);
    }
}
