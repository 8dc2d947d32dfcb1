//! The state of a tree's secrets, for people, for programs and for code scanning.

use std::fmt::Write as _;

use hagane::{Diagnostic, Severity, SourceMap};
use serde_json::{Value, json};

use super::check::Checked;
use crate::message::one_line;

/// Returns a line for each encrypted file, and below it who can open it.
pub(super) fn text(checked: &[Checked]) -> String {
    let mut text = String::new();
    for file in checked {
        let Some((format, metadata)) = &file.encrypted else { continue };
        let wrong = if file.findings.is_empty() { "" } else { ", and something is wrong" };
        let _ =
            writeln!(text, "{}: encrypted {}{wrong}", one_line(&file.path.to_string_lossy()), format.name());
        let groups = metadata.key_groups();
        for (number, group) in groups.iter().enumerate() {
            let of_group = if groups.len() > 1 { format!("group {}: ", number + 1) } else { String::new() };
            for wrapped in group {
                let _ = writeln!(text, "    {of_group}{}", one_line(&wrapped.key.to_string()));
            }
        }
    }
    text
}

/// Returns an object with every file that is encrypted or should be.
pub(super) fn json(checked: &[Checked], map: &SourceMap) -> String {
    let file = |file: &Checked| {
        let encrypted = file.encrypted.as_ref();
        let groups = encrypted.map(|(_, metadata)| metadata.key_groups()).unwrap_or_default();
        let key = |wrapped: &hagane::WrappedKey| json!({ "kind": wrapped.key.identifier(), "name": wrapped.key.name() });
        let groups: Vec<Vec<Value>> = groups.iter().map(|group| group.iter().map(key).collect()).collect();
        let findings: Vec<Value> = file.findings.iter().map(|found| finding(found, map)).collect();
        json!({
            "path": file.path.display().to_string(),
            "encrypted": encrypted.is_some(),
            "format": encrypted.map(|(format, _)| format.name()),
            "keyGroups": groups,
            "findings": findings,
        })
    };
    let files: Vec<Value> = checked.iter().map(file).collect();
    format!("{:#}\n", json!({ "files": files }))
}

fn finding(found: &Diagnostic, map: &SourceMap) -> Value {
    json!({
        "severity": if found.severity == Severity::Error { "error" } else { "warning" },
        "message": found.message,
        "path": map.path(found.span.file),
        "line": found.span.line,
        "column": found.span.column,
        "hints": found.hints,
    })
}

/// Returns a run of SARIF 2.1.0.
pub(super) fn sarif(checked: &[Checked], map: &SourceMap) -> String {
    let results: Vec<Value> =
        checked.iter().flat_map(|file| &file.findings).map(|found| result(found, map)).collect();
    let driver = json!({
        "name": "hagane",
        "version": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": [{ "id": "secrets" }],
    });
    let run = json!({ "tool": { "driver": driver }, "results": results });
    let schema = "https://json.schemastore.org/sarif-2.1.0.json";
    format!("{:#}\n", json!({ "$schema": schema, "version": "2.1.0", "runs": [run] }))
}

fn result(found: &Diagnostic, map: &SourceMap) -> Value {
    let region = json!({ "startLine": found.span.line.max(1), "startColumn": found.span.column.max(1) });
    json!({
        "ruleId": "secrets",
        "level": if found.severity == Severity::Error { "error" } else { "warning" },
        "message": { "text": found.message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": map.path(found.span.file) }, "region": region,
        } }],
    })
}
