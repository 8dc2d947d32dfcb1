//! `hagane argocd parameters`, and the parameters that an Application gives.

use std::collections::BTreeSet;

use clap::Args;
use hagane::{Failed, Fault};
use serde_json::Value;

use crate::{Surroundings, failure, output};

/// The variable that holds them.
pub(super) const PARAMETERS: &str = "ARGOCD_APP_PARAMETERS";

/// The most bytes of them that are read.
const MAX_LENGTH: usize = 1 << 20;

/// Announce the parameters of the application in the working directory, for the page of Argo CD
///
/// A JSON array. It is empty: nothing takes parameters yet.
#[derive(Args)]
#[command(after_help = "Example:
  hagane argocd parameters")]
pub(super) struct Parameters {}

pub(super) fn run(_: &Parameters, surroundings: &mut Surroundings) -> Result<(), Failed> {
    output::print(b"[]\n", surroundings)
}

/// Checks the parameters of an Application. They are data: no part of them becomes a flag, a path or a command. Names are
/// shown in messages, values never.
pub(super) fn check(text: &str) -> Result<(), Failed> {
    let error = |message: String| Err(failure(Fault::Input, message));
    if text.len() > MAX_LENGTH {
        return error(format!("the parameters are larger than {} MiB", MAX_LENGTH >> 20));
    }
    let Ok(parameters) = serde_json::from_str::<Value>(text) else {
        return error(format!("`{PARAMETERS}` is no JSON"));
    };
    let parameters = match &parameters {
        Value::Null => return Ok(()),
        Value::Array(parameters) => parameters,
        _ => return error(format!("`{PARAMETERS}` must be a list")),
    };
    let mut names = BTreeSet::new();
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
    }
    match names.first() {
        None => Ok(()),
        Some(name) => {
            let mut failed = failure(Fault::Input, format!("there is no parameter `{name}`"));
            let hint = "nothing takes parameters yet: take it out of `spec.source.plugin.parameters`";
            failed.diagnostics[0].hints.push(hint.into());
            Err(failed)
        }
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
                check(text).err().map(|failed| failed.diagnostics[0].message.clone()).unwrap_or_default();
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
        check("[{\"name\": \"a\", \"map\": {\"b\": \"c\"}}]", "there is no parameter `a`");
    }
}
