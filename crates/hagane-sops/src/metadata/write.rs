//! The `sops` block as it is written: the order of fields of SOPS up to 3.12, or that of the file.

use hagane_yaml::Span;

use super::Metadata;
use crate::key_group::KeyGroup;
use crate::tree::{Element, Item, Kind, Leaf, Pair, Value};
use crate::{Format, MasterKey, WrappedKey};

/// The version that the files of ours are like.
const VERSION: &str = "3.11.0";

impl Metadata {
    /// Returns the block of a file of this format. A binary file names no selector.
    pub(crate) fn block(&self, format: Format) -> Vec<Item> {
        let mut fields = self.fields(format);
        let place = |item: &Item| match item {
            Item::Pair(pair) => self.order.iter().position(|field| *field == pair.key),
            Item::Comment(_) => None,
        };
        // A field that is new stays where it is among its neighbours; those that were there keep their order.
        let mut places: Vec<usize> = fields.iter().filter_map(place).collect();
        places.sort_unstable();
        let mut known: Vec<Option<Item>> = self.order.iter().map(|_| None).collect();
        let mut slots = Vec::new();
        for (index, item) in fields.iter_mut().enumerate() {
            if let Some(place) = place(item) {
                slots.push(index);
                known[place] = Some(std::mem::replace(item, text("", "")));
            }
        }
        for (slot, place) in slots.into_iter().zip(places) {
            if let Some(item) = known[place].take() {
                fields[slot] = item;
            }
        }
        fields
    }

    fn fields(&self, format: Format) -> Vec<Item> {
        let mut fields = Vec::new();
        if let Some(threshold) = self.shamir_threshold {
            fields.push(leaf("shamir_threshold", Kind::Int, &threshold.to_string()));
        }
        let mut pgp = Vec::new();
        match self.key_groups.as_slice() {
            [group] => {
                let mut lists = lists(group);
                if lists.last().is_some_and(|item| matches!(item, Item::Pair(pair) if pair.key == "pgp")) {
                    pgp.extend(lists.pop());
                }
                fields.extend(lists);
            }
            groups => {
                let groups = groups.iter();
                let groups = groups.map(|group| Element::Value(mapping(lists(group)))).collect();
                fields.push(pair("key_groups", Value::Sequence(groups, Span::default())));
            }
        }
        fields.push(text("lastmodified", &self.last_modified));
        fields.push(text("mac", self.mac.as_ref().map_or("", |(mac, _)| mac)));
        fields.extend(pgp);
        if format != Format::Binary {
            let (selector, pattern) = self.selector.field();
            fields.push(text(selector, pattern));
        }
        if self.mac_only_encrypted {
            fields.push(leaf("mac_only_encrypted", Kind::Bool, "True"));
        }
        fields.push(text("version", VERSION));
        fields
    }
}

fn pair(key: &str, value: Value) -> Item {
    Item::Pair(Pair { key: key.to_owned(), value })
}

fn leaf(key: &str, kind: Kind, bytes: &str) -> Item {
    pair(key, Value::Leaf(Leaf::plain(kind, bytes, Span::default())))
}

fn text(key: &str, text: &str) -> Item {
    leaf(key, Kind::Str, text)
}

fn mapping(items: Vec<Item>) -> Value {
    Value::Mapping(items, Span::default())
}

/// Returns a list for each kind of key that the group has.
fn lists(group: &KeyGroup) -> Vec<Item> {
    const KINDS: [&str; 7] = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "age", "pgp"];
    let list = |kind: &&str| {
        let keys = group.iter().filter(|wrapped| wrapped.key.identifier() == *kind);
        let keys: Vec<Element> = keys.map(|wrapped| Element::Value(mapping(key_fields(wrapped)))).collect();
        (!keys.is_empty()).then(|| pair(kind, Value::Sequence(keys, Span::default())))
    };
    KINDS.iter().filter_map(list).collect()
}

fn key_fields(wrapped: &WrappedKey) -> Vec<Item> {
    let (enc, created_at) = (text("enc", &wrapped.enc), text("created_at", &wrapped.created_at));
    match &wrapped.key {
        MasterKey::Age(recipient) => vec![text("recipient", recipient), enc],
        MasterKey::Pgp(fingerprint) => vec![created_at, enc, text("fp", fingerprint)],
        MasterKey::GcpKms(id) => vec![text("resource_id", id), created_at, enc],
        MasterKey::HuaweiKms(id) => vec![text("key_id", id), created_at, enc],
        MasterKey::AzureKeyVault(key) => vec![
            text("vault_url", &key.vault_url),
            text("name", &key.name),
            text("version", &key.version),
            created_at,
            enc,
        ],
        MasterKey::Vault(key) => vec![
            text("vault_address", &key.address),
            text("engine_path", &key.engine_path),
            text("key_name", &key.name),
            created_at,
            enc,
        ],
        MasterKey::AwsKms(key) => {
            let mut fields = vec![text("arn", &key.arn)];
            if !key.role.is_empty() {
                fields.push(text("role", &key.role));
            }
            if !key.context.is_empty() {
                let mut context = key.context.clone();
                context.sort();
                let context = context.iter().map(|(name, value)| text(name, value)).collect();
                fields.push(pair("context", mapping(context)));
            }
            fields.extend([created_at, enc, text("aws_profile", &key.profile)]);
            fields
        }
    }
}
