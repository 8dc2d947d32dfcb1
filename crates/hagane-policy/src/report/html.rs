//! A report for a browser: one file with its style inside, no script, and nothing that is loaded.

use std::fmt::Write as _;

use hagane_yaml::{SourceMap, Span};

use super::{Report, place};
use crate::rule::RULES;

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Hardening</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 78em; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #ccc; padding: .35em .6em; text-align: left; vertical-align: top; overflow-wrap: anywhere }
code { font: 13px ui-monospace, monospace }
.fails { color: #a00; font-weight: 600 }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #1b1b1b } th, td { border-color: #444 } .fails { color: #f77 } }
</style>
</head>
<body>
<h1>Hardening</h1>
"#;

pub(super) fn write(report: &Report, map: &SourceMap) -> String {
    let mut out = String::from(HEAD);
    let _ = writeln!(
        out,
        "<p>{} changed, {} found, {} opted out</p>",
        report.changes.len(),
        report.findings.len(),
        report.opted_out.len()
    );
    let at = |span: Span| place(span, map).map(|place| code(&place)).unwrap_or_default();
    let value = |value: &Option<String>| value.as_deref().map(code).unwrap_or_default();
    let changes = report.changes.iter().map(|change| {
        let message = escaped(&change.message);
        let (old, new) = (value(&change.old), value(&change.new));
        [
            resource(&change.resource),
            field(&change.path),
            message,
            old,
            new,
            rule(change.rule),
            at(change.span),
        ]
    });
    let heads = ["resource", "field", "what was wrong", "was", "is", "rule", "where to write it"];
    table(&mut out, "Changed", heads, changes);
    let findings = report.findings.iter().map(|finding| {
        let mut message = escaped(&finding.message);
        if finding.fails {
            message = format!("<span class=\"fails\">{message}</span>");
        }
        let suggested = value(&finding.suggestion);
        let (name, place) = (rule(finding.rule), at(finding.span));
        [resource(&finding.resource), field(&finding.path), message, suggested, name, place]
    });
    table(
        &mut out,
        "Found",
        ["resource", "field", "what is wrong", "would mend it", "rule", "where"],
        findings,
    );
    let opted_out = report.opted_out.iter().map(|kept| {
        let (message, reason) = (escaped(&kept.message), escaped(&kept.reason));
        [resource(&kept.resource), field(&kept.path), message, reason, rule(kept.rule), at(kept.span)]
    });
    table(
        &mut out,
        "Opted out",
        ["resource", "field", "what the rule says", "reason", "rule", "where"],
        opted_out,
    );
    out.push_str("</body>\n</html>\n");
    out
}

fn table<const N: usize>(
    out: &mut String,
    title: &str,
    heads: [&str; N],
    rows: impl ExactSizeIterator<Item = [String; N]>,
) {
    if rows.len() == 0 {
        return;
    }
    let _ = writeln!(out, "<h2>{title}</h2>\n<table>\n<tr><th>{}</th></tr>", heads.join("</th><th>"));
    for row in rows {
        let _ = writeln!(out, "<tr><td>{}</td></tr>", row.join("</td><td>"));
    }
    out.push_str("</table>\n");
}

fn resource(id: &hagane_resource::ResId) -> String {
    escaped(&id.to_string())
}

fn field(path: &crate::field_path::FieldPath) -> String {
    code(&path.to_string())
}

/// Returns the name of a rule, with its reason behind it.
fn rule(name: &str) -> String {
    let why = RULES.iter().find(|rule| rule.name == name).map_or("", |rule| rule.why);
    format!("<span title=\"{}\">{}</span>", escaped(why), escaped(name))
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// Returns a text that is text wherever it stands.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
