//! A report for comments on a change.

use std::fmt::Write as _;

use hagane_yaml::{SourceMap, Span};

use super::{Report, place};

pub(super) fn write(report: &Report, map: &SourceMap) -> String {
    let mut out = String::new();
    if report.is_empty() {
        return "Nothing to change.\n".into();
    }
    let at = |span: Span| place(span, map).map(|place| code(&place)).unwrap_or_default();
    if !report.changes.is_empty() {
        out.push_str("### Changed\n\n| resource | field | old | new | rule | where to write it |\n|---|---|---|---|---|---|\n");
        for change in &report.changes {
            let value = |value: &Option<String>| value.as_deref().map(code).unwrap_or_default();
            let (path, old, new) = (code(&change.path.to_string()), value(&change.old), value(&change.new));
            let resource = cell(&change.resource.to_string());
            let _ = writeln!(
                out,
                "| {resource} | {path} | {old} | {new} | {} | {} |",
                change.rule,
                at(change.span)
            );
        }
    }
    let mut table = |title: &str, last: &str, rows: &mut dyn Iterator<Item = [String; 5]>| {
        let mut rows = rows.peekable();
        if rows.peek().is_some() {
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(
                out,
                "{gap}### {title}\n\n| resource | field | what | rule | {last} |\n|---|---|---|---|---|"
            );
            for row in rows {
                let _ = writeln!(out, "| {} |", row.join(" | "));
            }
        }
    };
    table(
        "Found",
        "where",
        &mut report.findings.iter().map(|finding| {
            let resource = cell(&finding.resource.to_string());
            [
                resource,
                code(&finding.path.to_string()),
                cell(&finding.message),
                finding.rule.into(),
                at(finding.span),
            ]
        }),
    );
    table(
        "Opted out",
        "reason",
        &mut report.opted_out.iter().map(|kept| {
            let resource = cell(&kept.resource.to_string());
            [
                resource,
                code(&kept.path.to_string()),
                cell(&kept.message),
                kept.rule.into(),
                cell(&kept.reason),
            ]
        }),
    );
    out
}

/// Returns a text for a cell of a table.
fn cell(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;");
    escaped.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a text as code in a cell; a fence of two holds a backtick.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|").replace('\n', " ");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
