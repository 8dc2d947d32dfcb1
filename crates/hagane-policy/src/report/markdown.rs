//! A report for comments on a change.

use hagane_yaml::{SourceMap, Span};

use super::{Report, place};

pub(super) fn write(report: &Report, map: &SourceMap) -> String {
    if report.is_empty() {
        return "Nothing to change.\n".into();
    }
    let at = |span: Span| place(span, map).map(|place| code(&place)).unwrap_or_default();
    let changes = report.changes.iter().map(|change| {
        let value = |value: &Option<String>| value.as_deref().map(code).unwrap_or_default();
        let path = code(&change.path.to_string());
        let (old, new, place) = (value(&change.old), value(&change.new), at(change.span));
        [cell(&change.resource.to_string()), path, old, new, change.rule.into(), place]
    });
    let findings = report.findings.iter().map(|finding| {
        let (path, message) = (code(&finding.path.to_string()), cell(&finding.message));
        [cell(&finding.resource.to_string()), path, message, finding.rule.into(), at(finding.span)]
    });
    let opted_out = report.opted_out.iter().map(|kept| {
        let (path, message) = (code(&kept.path.to_string()), cell(&kept.message));
        [cell(&kept.resource.to_string()), path, message, kept.rule.into(), cell(&kept.reason)]
    });
    let tables = [
        table("Changed", ["resource", "field", "old", "new", "rule", "where to write it"], changes),
        table("Found", ["resource", "field", "what", "rule", "where"], findings),
        table("Opted out", ["resource", "field", "what", "rule", "reason"], opted_out),
    ];
    tables.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// Returns a table under a title, if there are rows.
fn table<const N: usize>(
    title: &str,
    columns: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Option<String> {
    let rows: String = rows.map(|row| format!("| {} |\n", row.join(" | "))).collect();
    let (columns, line) = (columns.join(" | "), "---|".repeat(N));
    (!rows.is_empty()).then(|| format!("### {title}\n\n| {columns} |\n|{line}\n{rows}"))
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
