//! `.sops.yaml`: for whom new files are encrypted, what in them, and how they are laid out.

mod destination;
mod keys;

use hagane_regex::Regex;
use hagane_yaml::{FileId, Mapping, Node, ParseOptions, Span};

use crate::selection::{FIELDS, Selector};
use crate::{Indent, Layout, MasterKey, Recipe};

pub use destination::{Bucket, Destination, Target, VaultSecrets};

/// The name of the file.
pub const CONFIG_FILE: &str = ".sops.yaml";

/// What the file says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    rules: Vec<Rule>,
    destinations: Vec<Destination>,
    /// What is wrong with a destination rule: only who publishes must know.
    destination_error: Option<ConfigError>,
    layout: Layout,
}

/// A rule of `creation_rules`: the first whose pattern a path matches counts.
#[derive(Clone, Debug)]
pub struct Rule {
    path: Option<Regex>,
    recipe: Recipe,
    span: Span,
}

/// What is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where.
    pub span: Span,
    /// What.
    pub message: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the file. Fields that SOPS does not know it leaves alone, and so is done here. `context` is the KMS encryption
    /// context that keys without one of their own get.
    pub fn read(text: &str, file: FileId, context: &[(String, String)]) -> Result<Config, ConfigError> {
        let documents = hagane_yaml::parse(text, file, &ParseOptions::default())
            .map_err(|error| ConfigError { span: error.span, message: error.message })?;
        let mut config = Config::default();
        let Some(Node::Mapping(top)) = documents.first() else {
            return match documents.first() {
                Some(node) if !node.is_null() => Err(wrong(node.span(), "`.sops.yaml` is a mapping")),
                _ => Ok(config),
            };
        };
        for rule in list(top, "creation_rules")? {
            config.rules.push(Rule::read(mapping(rule, "a creation rule")?, context)?);
        }
        for rule in list(top, "destination_rules")? {
            match mapping(rule, "a destination rule").and_then(|rule| Destination::read(rule, context)) {
                Ok(destination) => config.destinations.push(destination),
                Err(error) => _ = config.destination_error.get_or_insert(error),
            }
        }
        if let Some(stores) = top.get("stores").and_then(Node::as_mapping) {
            config.layout = layout(stores)?;
        }
        Ok(config)
    }

    /// Returns the rule for a file, by its path relative to the directory of `.sops.yaml`.
    pub fn rule(&self, path: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.path.as_ref().is_none_or(|regex| regex.is_match(path)))
    }

    /// Returns whether there is any creation rule.
    pub fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Returns where a file is published, by its path relative to the directory of `.sops.yaml`.
    pub fn destination(&self, path: &str) -> Result<Option<&Destination>, ConfigError> {
        match &self.destination_error {
            Some(error) => Err(error.clone()),
            None => Ok(self
                .destinations
                .iter()
                .find(|rule| rule.path.as_ref().is_none_or(|regex| regex.is_match(path)))),
        }
    }

    /// Returns how files are laid out.
    pub fn layout(&self) -> Layout {
        self.layout
    }
}

impl Rule {
    /// Returns for whom files of this rule are, and what in them is encrypted.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Returns whether the rule is for some paths, and not for all.
    pub fn has_pattern(&self) -> bool {
        self.path.is_some()
    }

    /// Returns where the rule is.
    pub fn span(&self) -> Span {
        self.span
    }

    fn read(rule: &Mapping, context: &[(String, String)]) -> Result<Rule, ConfigError> {
        let path = pattern(rule)?;
        let threshold = match text(rule, "shamir_threshold").map(str::parse) {
            None => None,
            Some(Ok(threshold)) => Some(threshold),
            Some(Err(_)) => {
                let span = rule.get("shamir_threshold").map_or(rule.span, Node::span);
                return Err(wrong(span, "`shamir_threshold` is not a number"));
            }
        };
        let recipe = Recipe {
            key_groups: keys::groups(rule, context)?,
            shamir_threshold: threshold.filter(|threshold| *threshold > 0),
            selector: selector(rule)?,
            mac_only_encrypted: text(rule, "mac_only_encrypted")
                .is_some_and(|truth| truth.eq_ignore_ascii_case("true")),
        };
        Ok(Rule { path, recipe, span: rule.span })
    }
}

fn pattern(rule: &Mapping) -> Result<Option<Regex>, ConfigError> {
    let compile = |pattern: &str| {
        let span = rule.get("path_regex").map_or(rule.span, Node::span);
        Regex::new(pattern)
            .map_err(|error| wrong(span, format!("`path_regex` is no regular expression: {error}")))
    };
    text(rule, "path_regex").map(compile).transpose()
}

fn selector(rule: &Mapping) -> Result<Option<Selector>, ConfigError> {
    let mut selector = None;
    for field in FIELDS {
        let Some(pattern) = text(rule, field) else { continue };
        let span = rule.get(field).map_or(rule.span, Node::span);
        if selector.is_some() {
            return Err(wrong(span, format!("`{field}` is a second selector; a rule has one")));
        }
        selector = Selector::of_field(field, pattern);
    }
    Ok(selector)
}

fn layout(stores: &Mapping) -> Result<Layout, ConfigError> {
    let indent = |store: &str| -> Result<Option<i32>, ConfigError> {
        let Some(node) = stores.get(store).and_then(|store| store.get("indent")) else { return Ok(None) };
        let number = node.as_str().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| wrong(node.span(), "`indent` is not a number"))
    };
    let json = |number: Option<i32>| match number.map(usize::try_from) {
        Some(Ok(spaces)) => Indent::Spaces(spaces.min(64)),
        _ => Indent::Tab,
    };
    let yaml = indent("yaml")?.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
    Ok(Layout {
        yaml: yaml.unwrap_or(Layout::default().yaml),
        json: json(indent("json")?),
        binary: json(indent("json_binary")?),
    })
}

fn wrong(span: Span, message: impl Into<String>) -> ConfigError {
    ConfigError { span, message: message.into() }
}

fn mapping<'a>(node: &'a Node, what: &str) -> Result<&'a Mapping, ConfigError> {
    node.as_mapping().ok_or_else(|| wrong(node.span(), format!("{what} is a mapping")))
}

/// Returns a text that has something in it.
fn text<'a>(mapping: &'a Mapping, field: &str) -> Option<&'a str> {
    mapping.get(field).filter(|node| !node.is_null()).and_then(Node::as_str).filter(|text| !text.is_empty())
}

fn list<'a>(mapping: &'a Mapping, field: &str) -> Result<&'a [Node], ConfigError> {
    match mapping.get(field) {
        Some(Node::Sequence(sequence)) => Ok(&sequence.items),
        Some(node) if !node.is_null() => Err(wrong(node.span(), format!("`{field}` is a list"))),
        _ => Ok(&[]),
    }
}

/// Returns the keys without those that were there before.
fn distinct(keys: Vec<MasterKey>) -> Vec<MasterKey> {
    let mut distinct: Vec<MasterKey> = Vec::with_capacity(keys.len());
    for key in keys {
        if !distinct.contains(&key) {
            distinct.push(key);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, path: &str, want: &str) {
        let config = match Config::read(text, FileId::default(), &[]) {
            Ok(config) => config,
            Err(error) => return assert_eq!(format!("{}: {error}", error.span.line), want),
        };
        let got = match config.rule(path) {
            None => "no rule".to_owned(),
            Some(rule) => {
                let groups = rule.recipe().key_groups.iter();
                let names =
                    |group: &Vec<MasterKey>| group.iter().map(MasterKey::name).collect::<Vec<_>>().join(" ");
                let groups: Vec<String> = groups.map(names).collect();
                let selector =
                    rule.recipe().selector.as_ref().map(|selector| format!(" {:?}", selector.field()));
                format!("{}{}", groups.join(" | "), selector.unwrap_or_default())
            }
        };
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn rules_say_for_whom_files_are() {
        check("", "a.yaml", "no rule");
        check("creation_rules: [{age: 'age1a , age1b,'}]", "a.yaml", "age1a age1b");
        check("creation_rules: [{path_regex: x, age: age1a}, {age: [age1b]}]", "a.yaml", "age1b");
        check("creation_rules: [{path_regex: '^dir/.*$', age: age1a}]", "other/dir/a", "no rule");
        check(
            "creation_rules: [{key_groups: [{age: [age1a]}, {merge: [{age: [age1b]}], age: [age1b, age1c], pgp: [AB]}]}]",
            "a",
            "age1a | age1b age1c AB",
        );
        check(
            "creation_rules: [{kms: 'arn:aws:kms:x:1:key/a+arn:aws:iam::1:role/r', pgp: 'A B', azure_keyvault: 'https://v/keys/k/1'}]",
            "a",
            "AB arn:aws:kms:x:1:key/a+arn:aws:iam::1:role/r https://v/keys/k/1",
        );
        check(
            "creation_rules: [{age: age1a, encrypted_regex: ^data$, nope: 1}]",
            "a",
            "age1a (\"encrypted_regex\", \"^data$\")",
        );
        check("keys: [&k age1a]\ncreation_rules: [{key_groups: [{age: [*k]}]}]", "a", "age1a");
    }

    #[test]
    fn mistakes_have_their_line() {
        check(
            "creation_rules:\n- age: a\n",
            "a",
            "2: `a` is not an age recipient: it begins with `age1`, `ssh-ed25519` or `ssh-rsa`",
        );
        check("creation_rules: {}\n", "a", "1: `creation_rules` is a list");
        check(
            "creation_rules:\n- age: age1a\n  encrypted_regex: a\n  unencrypted_suffix: b\n",
            "a",
            "3: `encrypted_regex` is a second selector; a rule has one",
        );
        check(
            "creation_rules:\n- {age: age1a, shamir_threshold: x}\n",
            "a",
            "2: `shamir_threshold` is not a number",
        );
    }
}
