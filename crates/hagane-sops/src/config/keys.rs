//! The keys of a creation rule: lists of one kind each, or groups of all kinds.

use hagane_yaml::{Mapping, Node};

use super::{ConfigError, distinct, list, mapping, text, wrong};
use crate::{AwsKmsKey, AzureKey, BadKey, MasterKey};

/// `merge` inside of `merge`, so often at most.
const MAX_DEPTH: usize = 16;

/// Returns the groups of a rule: those of `key_groups`, or one of all keys that the rule names.
pub(super) fn groups(
    rule: &Mapping,
    context: &[(String, String)],
) -> Result<Vec<Vec<MasterKey>>, ConfigError> {
    let groups = list(rule, "key_groups")?;
    if groups.is_empty() {
        return Ok(vec![named(rule, context)?]);
    }
    groups.iter().map(|node| group(mapping(node, "a key group")?, 0)).collect()
}

/// The order in which SOPS puts the keys of a rule.
fn named(rule: &Mapping, context: &[(String, String)]) -> Result<Vec<MasterKey>, ConfigError> {
    let profile = text(rule, "aws_profile").unwrap_or_default();
    let mut keys = Vec::new();
    for (field, make) in [
        ("age", &MasterKey::age as &dyn Fn(&str) -> Result<MasterKey, BadKey>),
        ("pgp", &|text| Ok(MasterKey::pgp(text))),
        ("kms", &|text| Ok(MasterKey::aws_kms(text, context, profile))),
        ("gcp_kms", &|text| Ok(MasterKey::gcp_kms(text))),
        ("hckms", &MasterKey::huawei_kms),
        ("azure_keyvault", &MasterKey::azure_key_vault),
        ("hc_vault_transit_uri", &MasterKey::vault),
    ] {
        for (node, text) in texts(rule, field)? {
            keys.push(make(&text).map_err(|bad| wrong(node.span(), bad.to_string()))?);
        }
    }
    Ok(keys)
}

/// Returns the texts of a field: a list, or one text with commas in it.
fn texts<'a>(rule: &'a Mapping, field: &str) -> Result<Vec<(&'a Node, String)>, ConfigError> {
    let Some(node) = rule.get(field).filter(|node| !node.is_null()) else { return Ok(Vec::new()) };
    match node {
        Node::Sequence(sequence) => {
            sequence.items.iter().map(|item| Ok((item, string(item, field)?))).collect()
        }
        Node::Scalar(scalar) => {
            let parts = scalar.text.as_str().split(',').map(str::trim).filter(|part| !part.is_empty());
            Ok(parts.map(|part| (node, part.to_owned())).collect())
        }
        Node::Mapping(_) => Err(wrong(node.span(), format!("`{field}` is a list of texts"))),
    }
}

fn string(node: &Node, field: &str) -> Result<String, ConfigError> {
    let text = node.as_str().filter(|_| !node.is_null()).map(str::to_owned);
    text.ok_or_else(|| wrong(node.span(), format!("`{field}` is a list of texts")))
}

fn group(group: &Mapping, depth: usize) -> Result<Vec<MasterKey>, ConfigError> {
    if depth > MAX_DEPTH {
        return Err(wrong(group.span, "`merge` is nested too deeply"));
    }
    let mut keys = Vec::new();
    for merged in list(group, "merge")? {
        keys.extend(self::group(mapping(merged, "a key group")?, depth + 1)?);
    }
    let bad = |node: &Node, bad: BadKey| wrong(node.span(), bad.to_string());
    for node in list(group, "age")? {
        for recipient in string(node, "age")?.split(',').filter(|part| !part.trim().is_empty()) {
            keys.push(MasterKey::age(recipient).map_err(|error| bad(node, error))?);
        }
    }
    for node in list(group, "pgp")? {
        keys.push(MasterKey::pgp(&string(node, "pgp")?));
    }
    for node in list(group, "kms")? {
        keys.push(MasterKey::AwsKms(aws_kms(mapping(node, "a key of `kms`")?)));
    }
    for node in list(group, "gcp_kms")? {
        keys.push(MasterKey::gcp_kms(field(mapping(node, "a key of `gcp_kms`")?, "resource_id")?));
    }
    for node in list(group, "hckms")? {
        let id = field(mapping(node, "a key of `hckms`")?, "key_id")?;
        keys.push(MasterKey::huawei_kms(id).map_err(|error| bad(node, error))?);
    }
    for node in list(group, "azure_keyvault")? {
        let key = mapping(node, "a key of `azure_keyvault`")?;
        keys.push(MasterKey::AzureKeyVault(AzureKey {
            vault_url: field(key, "vaultUrl")?.trim_end_matches('/').to_owned(),
            name: field(key, "key")?.to_owned(),
            version: text(key, "version").unwrap_or_default().to_owned(),
        }));
    }
    for node in list(group, "hc_vault")? {
        keys.push(MasterKey::vault(&string(node, "hc_vault")?).map_err(|error| bad(node, error))?);
    }
    Ok(distinct(keys))
}

fn aws_kms(key: &Mapping) -> AwsKmsKey {
    let own = |field| text(key, field).unwrap_or_default().to_owned();
    let context =
        key.get("context").and_then(Node::as_mapping).into_iter().flat_map(|context| &context.entries);
    let pair = |entry: &hagane_yaml::Entry| {
        (entry.key.text.as_str().to_owned(), entry.value.as_str().unwrap_or_default().to_owned())
    };
    AwsKmsKey {
        arn: own("arn"),
        role: own("role"),
        context: context.map(pair).collect(),
        profile: own("aws_profile"),
    }
}

fn field<'a>(key: &'a Mapping, name: &str) -> Result<&'a str, ConfigError> {
    text(key, name).ok_or_else(|| wrong(key.span, format!("`{name}` is missing")))
}
