//! The `sops` block: who can open the file, what is encrypted, and the MAC.

mod write;

use hagane_yaml::{Node, Span};

use crate::key_group::KeyGroup;
use crate::selection::{FIELDS, Selector};
use crate::{AwsKmsKey, AzureKey, DecryptError, MasterKey, VaultKey, WrappedKey};

/// More keys than any file has; each one costs an attempt.
const MAX_KEYS: usize = 1000;

/// The metadata of a file. Fields that are not known are left alone, as SOPS leaves them.
#[derive(Clone, Debug)]
pub struct Metadata {
    pub(crate) span: Span,
    pub(crate) key_groups: Vec<KeyGroup>,
    pub(crate) shamir_threshold: Option<usize>,
    /// The time of the last modification in the form that authenticates the MAC.
    pub(crate) last_modified: String,
    /// The same time as the file spells it.
    pub(crate) spelled_time: String,
    pub(crate) mac: Option<(String, Span)>,
    pub(crate) mac_only_encrypted: bool,
    pub(crate) selector: Selector,
    /// The fields in the order of the file: versions of SOPS differ in it.
    pub(crate) order: Vec<String>,
}

impl Metadata {
    /// Returns the groups of keys that can open the file.
    pub fn key_groups(&self) -> &[KeyGroup] {
        &self.key_groups
    }

    /// Returns how many groups must be opened, where the file says so.
    pub fn shamir_threshold(&self) -> Option<usize> {
        self.shamir_threshold
    }

    /// Returns which values are encrypted.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// Returns whether the MAC covers only what is encrypted.
    pub fn is_mac_only_encrypted(&self) -> bool {
        self.mac_only_encrypted
    }

    /// Returns whether the file has a MAC.
    pub fn has_mac(&self) -> bool {
        self.mac.as_ref().is_some_and(|(text, _)| !text.is_empty())
    }

    /// Returns where the block is.
    pub fn span(&self) -> Span {
        self.span
    }
}

/// Whether a key must have the data key that it wraps: not one that somebody has just typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrapped {
    Needed,
    NotYet,
}

impl Metadata {
    /// Reads the block.
    pub(crate) fn read(block: &Node) -> Result<Metadata, DecryptError> {
        Metadata::read_with(block, Wrapped::Needed)
    }

    /// Reads the block as somebody edited it.
    pub(crate) fn read_edited(block: &Node) -> Result<Metadata, DecryptError> {
        Metadata::read_with(block, Wrapped::NotYet)
    }

    fn read_with(block: &Node, wrapped: Wrapped) -> Result<Metadata, DecryptError> {
        let fields = Fields { node: block, span: block.span() };
        if block.as_mapping().is_none() {
            return Err(bad(block.span(), "sops", "is not a mapping"));
        }
        let version = fields.text("version").unwrap_or_default();
        if !version.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(bad(fields.span_of("version"), "version", "is missing or not a version"));
        }
        let spelled_time = fields.text("lastmodified").unwrap_or_default();
        let last_modified = canonical_time(spelled_time)
            .ok_or_else(|| bad(fields.span_of("lastmodified"), "lastmodified", "is not a time"))?;
        let order = block.as_mapping().into_iter().flat_map(|mapping| &mapping.entries);
        Ok(Metadata {
            span: block.span(),
            key_groups: key_groups(&fields, wrapped)?,
            shamir_threshold: threshold(&fields)?,
            last_modified,
            spelled_time: spelled_time.to_owned(),
            mac: fields.text("mac").map(|text| (text.to_owned(), fields.span_of("mac"))),
            mac_only_encrypted: matches!(fields.text("mac_only_encrypted"), Some("true" | "True" | "TRUE")),
            selector: selector(&fields)?,
            order: order.map(|entry| entry.key.text.as_str().to_owned()).collect(),
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
    let mut selector = None;
    for field in FIELDS {
        let Some(text) = fields.filled(field) else { continue };
        if selector.is_some() {
            return Err(bad(fields.span_of(field), field, "is a second selector; a file has one"));
        }
        selector = Selector::of_field(field, text);
    }
    Ok(selector.unwrap_or_default())
}

/// Returns the groups. Keys at the top are one group, and then `key_groups` does not count.
fn key_groups(fields: &Fields, wrapped: Wrapped) -> Result<Vec<KeyGroup>, DecryptError> {
    let top = key_group(fields, wrapped)?;
    let groups = if top.is_empty() {
        fields
            .list("key_groups")?
            .iter()
            .map(|node| key_group(&Fields::new(node), wrapped))
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

fn key_group(fields: &Fields, wrapped: Wrapped) -> Result<KeyGroup, DecryptError> {
    type Make = fn(&Fields) -> MasterKey;
    fn named(fields: &Fields, field: &str) -> String {
        fields.text(field).unwrap_or_default().to_owned()
    }
    // The order in which SOPS puts the keys of a group.
    let kinds: [(&str, Make); 7] = [
        ("kms", |f| MasterKey::AwsKms(aws_kms(f))),
        ("gcp_kms", |f| MasterKey::GcpKms(named(f, "resource_id"))),
        ("hckms", |f| MasterKey::HuaweiKms(named(f, "key_id"))),
        ("azure_kv", |f| {
            let (vault_url, name) = (named(f, "vault_url"), named(f, "name"));
            MasterKey::AzureKeyVault(AzureKey { vault_url, name, version: named(f, "version") })
        }),
        ("hc_vault", |f| {
            let (address, engine_path) = (named(f, "vault_address"), named(f, "engine_path"));
            MasterKey::Vault(VaultKey { address, engine_path, name: named(f, "key_name") })
        }),
        ("pgp", |f| MasterKey::Pgp(named(f, "fp"))),
        ("age", |f| MasterKey::Age(named(f, "recipient"))),
    ];
    let mut group = KeyGroup::new();
    for (list, make) in kinds {
        for node in fields.list(list)? {
            let key = Fields::new(node);
            let enc = key.filled("enc").unwrap_or_default();
            if enc.is_empty() && wrapped == Wrapped::Needed {
                return Err(bad(key.span_of("enc"), list, "has a key without `enc`"));
            }
            let created_at = named(&key, "created_at");
            group.push(WrappedKey { key: make(&key), enc: enc.to_owned(), created_at, span: node.span() });
        }
    }
    Ok(group)
}

fn aws_kms(fields: &Fields) -> AwsKmsKey {
    let text = |field| fields.text(field).unwrap_or_default().to_owned();
    let context = fields.node.get("context").and_then(Node::as_mapping);
    let pairs = context.into_iter().flat_map(|mapping| &mapping.entries);
    let pair = |entry: &hagane_yaml::Entry| {
        (entry.key.text.as_str().to_owned(), entry.value.as_str().unwrap_or_default().to_owned())
    };
    AwsKmsKey {
        arn: text("arn"),
        role: text("role"),
        context: pairs.map(pair).collect(),
        profile: text("aws_profile"),
    }
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
