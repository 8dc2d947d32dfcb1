//! `hagane argocd parameters`, and the parameters that an Application gives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;
use hagane::{Failed, Fault, Given, LoadRestriction, Node, Parameter, ParameterKind, Setting, Text, World};
use serde_json::{Map, Value};

use super::activity::Activity;
use super::repository::{RepositoryFiles, root};
use super::server::SOURCE_PATH;
use crate::{Surroundings, failure, output};

/// The variable that holds them.
pub(super) const PARAMETERS: &str = "ARGOCD_APP_PARAMETERS";

/// The most bytes of them that are read.
const MAX_LENGTH: usize = 1 << 20;

/// Announce the parameters of the application in the working directory, for the page of Argo CD
///
/// A JSON array of what `hagane.yaml` declares under `parameters`. Nothing is decrypted or fetched, and defaults are all the
/// values that are shown.
#[derive(Args)]
#[command(after_help = "Example:
  hagane argocd parameters")]
pub(super) struct Parameters {}

pub(super) fn run(_: &Parameters, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let path = hagane_host::environment(SOURCE_PATH).and_then(|path| path.into_string().ok());
    let root = root(&surroundings.directory, path.as_deref(), surroundings.files);
    let announced = announced(&surroundings.directory, root, surroundings)?;
    output::print(format!("{}\n", Value::Array(announced)).as_bytes(), surroundings)
}

/// Returns what the application at `target` in a repository announces, as Argo CD reads it from a plugin.
pub(super) fn announced(
    target: &Path,
    root: Option<PathBuf>,
    surroundings: &Surroundings,
) -> Result<Vec<Value>, Failed> {
    let (own, activity) = (Mutex::default(), Activity::default());
    let files = RepositoryFiles::new(surroundings.files, root.clone(), &own, activity);
    let directory = root.unwrap_or_else(|| surroundings.directory.clone());
    let world = World::new(&files, surroundings.keyring, &directory);
    let parameters = hagane::parameters(&world, target, LoadRestriction::RootOnly)?;
    Ok(parameters.iter().map(announcement).collect())
}

/// Returns a parameter as Argo CD's page takes it. There is no field for what it may be: that is told with the tooltip.
fn announcement(parameter: &Parameter) -> Value {
    let mut fields = Map::new();
    let mut field = |name: &str, value: Value| _ = fields.insert(name.to_owned(), value);
    field("name", parameter.name.as_str().into());
    if !parameter.title.is_empty() {
        field("title", parameter.title.as_str().into());
    }
    let mut tooltip: Vec<String> = Vec::new();
    tooltip.extend(Some(parameter.tooltip.clone()).filter(|text| !text.is_empty()));
    if !parameter.choices.is_empty() {
        let choices: Vec<&str> = parameter.choices.iter().filter_map(Node::as_str).collect();
        tooltip.push(format!("One of: {}", choices.join(", ")));
    }
    if parameter.secret {
        tooltip.push("Secret: what is set here stands in the Application in the clear".into());
    }
    if !tooltip.is_empty() {
        field("tooltip", tooltip.join(". ").into());
    }
    if parameter.required {
        field("required", true.into());
    }
    let (item, collection) = match parameter.kind {
        ParameterKind::String => ("string", ""),
        ParameterKind::Integer | ParameterKind::Number => ("number", ""),
        ParameterKind::Boolean => ("boolean", ""),
        ParameterKind::Array => ("string", "array"),
        ParameterKind::Map => ("string", "map"),
    };
    field("itemType", item.into());
    field("collectionType", if collection.is_empty() { "string" } else { collection }.into());
    let text = |node: &Node| Value::from(node.as_str().unwrap_or_default());
    match &parameter.default {
        Some(Node::Sequence(items)) => field("array", items.items.iter().map(text).collect()),
        Some(Node::Mapping(pairs)) => {
            let pairs =
                pairs.entries.iter().map(|pair| (pair.key.text.as_str().to_owned(), text(&pair.value)));
            field("map", Value::Object(pairs.collect()));
        }
        Some(scalar) => field("string", text(scalar)),
        None => {}
    }
    Value::Object(fields)
}

/// Reads the parameters of an Application. They are data: no part of them becomes a flag, a path or a command. Names are
/// shown in messages, values never.
pub(super) fn read(text: &str) -> Result<Vec<Setting>, Failed> {
    let error = |message: String| Err(failure(Fault::Input, message));
    if text.len() > MAX_LENGTH {
        return error(format!("the parameters are larger than {} MiB", MAX_LENGTH >> 20));
    }
    let Ok(parameters) = serde_json::from_str::<Value>(text) else {
        return error(format!("`{PARAMETERS}` is no JSON"));
    };
    let parameters = match &parameters {
        Value::Null => return Ok(Vec::new()),
        Value::Array(parameters) => parameters,
        _ => return error(format!("`{PARAMETERS}` must be a list")),
    };
    let mut names = BTreeSet::new();
    let mut settings = Vec::new();
    for (place, parameter) in parameters.iter().enumerate() {
        let Some(name) = parameter.get("name").and_then(Value::as_str).filter(|name| is_name(name)) else {
            return error(format!(
                "parameter {} has no name of letters, digits, `-`, `_` and `.`",
                place + 1
            ));
        };
        if !has_one_value(parameter) {
            return error(format!(
                "parameter `{name}` must have one of `string`, `array` and `map`, with texts"
            ));
        }
        if !names.insert(name) {
            return error(format!("parameter `{name}` is given twice"));
        }
        settings.push(Setting { name: name.to_owned(), value: given(parameter) });
    }
    Ok(settings)
}

fn given(parameter: &Value) -> Given {
    let text = |value: &Value| Text::sensitive(value.as_str().unwrap_or_default().to_owned());
    match (parameter.get("array"), parameter.get("map")) {
        (Some(Value::Array(items)), _) => Given::List(items.iter().map(text).collect()),
        (_, Some(Value::Object(pairs))) => {
            Given::Map(pairs.iter().map(|(key, value)| (key.clone(), text(value))).collect())
        }
        _ => Given::Text(parameter.get("string").map(text).unwrap_or_default()),
    }
}

fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=128).contains(&name.len()) && !name.starts_with(['-', '.']) && name.chars().all(is_letter)
}

fn has_one_value(parameter: &Value) -> bool {
    let field = |name: &str| parameter.get(name).filter(|value| !value.is_null());
    let known = ["name", "string", "array", "map"];
    let has_known =
        parameter.as_object().is_some_and(|fields| fields.keys().all(|key| known.contains(&key.as_str())));
    let right = match (field("string"), field("array"), field("map")) {
        (Some(value), None, None) => value.is_string(),
        (None, Some(value), None) => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        (None, None, Some(value)) => {
            value.as_object().is_some_and(|fields| fields.values().all(Value::is_string))
        }
        _ => false,
    };
    has_known && right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let check = |text: &str, expected: &str| {
            let said =
                read(text).err().map(|failed| failed.diagnostics[0].message.clone()).unwrap_or_default();
            assert_eq!(said, expected, "{text}");
        };
        check("[]", "");
        check("null", "");
        check("{}", "`ARGOCD_APP_PARAMETERS` must be a list");
        check("[", "`ARGOCD_APP_PARAMETERS` is no JSON");
        check(&"[".repeat(100_000), "`ARGOCD_APP_PARAMETERS` is no JSON");
        check(&" ".repeat((1 << 20) + 1), "the parameters are larger than 1 MiB");
        let no_name = "parameter 1 has no name of letters, digits, `-`, `_` and `.`";
        check("[1]", no_name);
        check("[{\"name\": \"--reveal x\", \"string\": \"\"}]", no_name);
        check("[{\"name\": \"--reveal\", \"string\": \"\"}]", no_name);
        check("[{\"name\": \"../../x\", \"string\": \"\"}]", no_name);
        check("[{\"name\": \"$(id)\", \"string\": \"\"}]", no_name);
        check("[{\"name\": \"a\\nb\", \"string\": \"\"}]", no_name);
        let no_value = "parameter `a` must have one of `string`, `array` and `map`, with texts";
        check("[{\"name\": \"a\"}]", no_value);
        check("[{\"name\": \"a\", \"string\": 1}]", no_value);
        check("[{\"name\": \"a\", \"string\": \"s\", \"array\": []}]", no_value);
        check("[{\"name\": \"a\", \"array\": [1]}]", no_value);
        check("[{\"name\": \"a\", \"map\": {\"b\": {}}}]", no_value);
        check("[{\"name\": \"a\", \"string\": \"s\", \"command\": \"x\"}]", no_value);
        check(
            "[{\"name\": \"a\", \"string\": \"s\"}, {\"name\": \"a\", \"string\": \"t\"}]",
            "parameter `a` is given twice",
        );
        check("[{\"name\": \"a\", \"map\": {\"b\": \"c\"}}]", "");
    }
}
