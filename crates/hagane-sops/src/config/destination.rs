//! `destination_rules`: where files are published.

use hagane_regex::Regex;
use hagane_yaml::{Mapping, Node, Span};

use super::{ConfigError, Rule, text, wrong};
use crate::Recipe;

/// A rule of `destination_rules`: the first whose pattern a path matches counts.
#[derive(Clone, Debug)]
pub struct Destination {
    pub(super) path: Option<Regex>,
    /// Where the files go.
    pub target: Target,
    /// Whether the extension of a file's name is left out there.
    pub omit_extensions: bool,
    /// For whom a file is encrypted anew before it goes to a bucket.
    pub recreation: Option<Recipe>,
    /// Where the rule is.
    pub span: Span,
}

/// Where files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A bucket of Amazon S3, which gets the encrypted file.
    S3(Bucket),
    /// A bucket of Google Cloud Storage, which gets the encrypted file.
    Gcs(Bucket),
    /// The secrets of a Vault, which gets the plain values.
    Vault(VaultSecrets),
}

/// A bucket, and what the names of objects in it begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// The name of the bucket.
    pub name: String,
    /// What stands before the name of a file, with a slash where there is to be one.
    pub prefix: String,
}

/// Secrets of a Vault: an engine of kind `kv`, and a path in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VaultSecrets {
    /// `https://vault.example.org:8200`; empty for that of `VAULT_ADDR`.
    pub address: String,
    /// Where the engine is mounted: `secret`.
    pub mount: String,
    /// The path in it, which the name of a file is put behind.
    pub path: String,
    /// The version of the engine: 1 or 2.
    pub version: u8,
}

impl Destination {
    pub(super) fn read(rule: &Mapping, context: &[(String, String)]) -> Result<Destination, ConfigError> {
        let bare = |field: &str| text(rule, field).unwrap_or_default().trim_matches('/').to_owned();
        let mut targets = Vec::new();
        let bucket = |name: &str, prefix: &str| Bucket {
            name: name.to_owned(),
            prefix: text(rule, prefix).unwrap_or_default().to_owned(),
        };
        targets.extend(text(rule, "s3_bucket").map(|name| Target::S3(bucket(name, "s3_prefix"))));
        targets.extend(text(rule, "gcs_bucket").map(|name| Target::Gcs(bucket(name, "gcs_prefix"))));
        if text(rule, "vault_path").is_some() {
            let version = match text(rule, "vault_kv_version") {
                None | Some("2") => 2,
                Some("1") => 1,
                Some(_) => {
                    let span = rule.get("vault_kv_version").map_or(rule.span, Node::span);
                    return Err(wrong(span, "`vault_kv_version` is 1 or 2"));
                }
            };
            let mount = bare("vault_kv_mount_name");
            targets.push(Target::Vault(VaultSecrets {
                address: text(rule, "vault_address").unwrap_or_default().trim_end_matches('/').to_owned(),
                mount: if mount.is_empty() { "secret".to_owned() } else { mount },
                path: bare("vault_path"),
                version,
            }));
        }
        let target = match targets.len() {
            1 => targets.remove(0),
            0 => {
                return Err(wrong(
                    rule.span,
                    "a destination rule has `vault_path`, `s3_bucket` or `gcs_bucket`",
                ));
            }
            _ => return Err(wrong(rule.span, "a destination rule has one destination")),
        };
        let recreation = match rule.get("recreation_rule") {
            Some(Node::Mapping(recreation)) => Some(Rule::read(recreation, context)?.recipe),
            Some(node) if !node.is_null() => {
                return Err(wrong(node.span(), "`recreation_rule` is a mapping"));
            }
            _ => None,
        };
        let recreation = recreation.filter(|recipe| recipe.key_groups.iter().any(|group| !group.is_empty()));
        Ok(Destination {
            path: super::pattern(rule)?,
            target,
            omit_extensions: text(rule, "omit_extensions")
                .is_some_and(|truth| truth.eq_ignore_ascii_case("true")),
            recreation,
            span: rule.span,
        })
    }
}
