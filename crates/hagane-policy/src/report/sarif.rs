//! A report for code scanning: SARIF 2.1.0. What was changed in the output is a note with the value to write;
//! what was not is a warning.

use std::borrow::Cow;
use std::fmt::Write as _;

use hagane_resource::ResId;
use hagane_yaml::emit::json_string;
use hagane_yaml::{SourceMap, Span};

use super::anchor::Replacement;
use super::{Change, Finding, OptedOut, Report};
use crate::field_path::FieldPath;
use crate::harden::HIDDEN;
use crate::rule::RULES;

const START: &str = r#"{
"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
"version": "2.1.0",
"runs": [{
"columnKind": "unicodeCodePoints",
"tool": {"driver": {"name": "hagane", "rules": ["#;

pub(super) fn write(report: &Report, map: &SourceMap) -> String {
    let mut out = String::from(START);
    write_rules(&mut out, report);
    out.push_str("\n]}},\n\"results\": [");
    let mut gap = "\n";
    for told in told(report, map) {
        out.push_str(std::mem::replace(&mut gap, ",\n"));
        told.write(&mut out, map);
    }
    out.push_str("\n]}]}\n");
    out
}

/// Writes the rules that have something to say.
fn write_rules(out: &mut String, report: &Report) {
    let is_used = |name: &str| {
        report.changes.iter().any(|change| change.rule == name)
            || report.findings.iter().any(|finding| finding.rule == name)
            || report.opted_out.iter().any(|kept| kept.rule == name)
    };
    for (index, rule) in RULES.iter().filter(|rule| is_used(rule.name)).enumerate() {
        out.push_str(if index == 0 { "\n{\"id\":" } else { ",\n{\"id\":" });
        json_string(out, rule.name);
        out.push_str(",\"shortDescription\":{\"text\":");
        json_string(out, rule.title);
        out.push_str("},\"fullDescription\":{\"text\":");
        json_string(out, rule.why);
        out.push_str("}}");
    }
}

/// A result.
struct Told<'r> {
    rule: &'static str,
    level: &'static str,
    message: Cow<'r, str>,
    span: Span,
    resource: &'r ResId,
    path: &'r FieldPath,
    /// More fields of the result, each behind a comma.
    rest: String,
}

/// Returns what there is to tell: what was changed, what was not, and what is opted out.
fn told<'r>(report: &'r Report, map: &'r SourceMap) -> impl Iterator<Item = Told<'r>> {
    let changes = report.changes.iter().map(|change| changed(change, map));
    let findings = report.findings.iter().map(|finding| found(finding, map));
    changes.chain(findings).chain(report.opted_out.iter().map(opted_out))
}

fn changed<'r>(change: &'r Change, map: &SourceMap) -> Told<'r> {
    let Change { rule, path, old, new, span, anchor, resource, .. } = change;
    let message = match new {
        Some(new) => format!("{}; `{path}` is set to {new}", change.message),
        None => format!("{}; `{path}` is taken away", change.message),
    };
    let shown = new.as_deref().filter(|new| !new.contains(HIDDEN));
    let is_told = shown.is_some() || new.is_none();
    let fix = anchor.replacement(path, old.as_deref(), shown, map).filter(|_| is_told);
    let rest = fixes(fix, *span, map);
    Told { rule, level: "note", message: message.into(), span: *span, resource, path, rest }
}

fn found<'r>(finding: &'r Finding, map: &SourceMap) -> Told<'r> {
    let Finding { rule, path, message, suggestion, span, anchor, fails, resource } = finding;
    let new = suggestion.as_deref().filter(|new| *new != "null" && !new.contains(HIDDEN));
    let fix = new.and_then(|new| anchor.replacement(path, None, Some(new), map));
    let (level, rest) = (if *fails { "error" } else { "warning" }, fixes(fix, *span, map));
    Told { rule, level, message: message.into(), span: *span, resource, path, rest }
}

fn opted_out(kept: &OptedOut) -> Told<'_> {
    let OptedOut { rule, path, message, reason, span, resource } = kept;
    let mut rest = String::from(",\"suppressions\":[{\"kind\":\"inSource\",\"justification\":");
    json_string(&mut rest, reason);
    rest.push_str("}]");
    Told { rule, level: "note", message: message.into(), span: *span, resource, path, rest }
}

impl Told<'_> {
    fn write(&self, out: &mut String, map: &SourceMap) {
        let Told { level, span, resource, path, rest, .. } = self;
        out.push_str("{\"ruleId\":");
        json_string(out, self.rule);
        let _ = write!(out, ",\"level\":\"{level}\",\"message\":{{\"text\":");
        json_string(out, &self.message);
        out.push_str("},\"locations\":[{");
        let file = map.path(span.file);
        if span.is_known() && !file.is_empty() {
            out.push_str("\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
            json_string(out, &uri(file));
            let (line, column) = (span.line, span.column);
            let _ = write!(out, "}},\"region\":{{\"startLine\":{line},\"startColumn\":{column}}}}},");
        }
        out.push_str("\"logicalLocations\":[{\"fullyQualifiedName\":");
        json_string(out, &format!("{resource}: {path}"));
        let _ = write!(out, "}}]}}]{rest}}}");
    }
}

/// Returns the field `fixes` of a result, where there is a fix.
fn fixes(fix: Option<Replacement>, span: Span, map: &SourceMap) -> String {
    let (Some(fix), file) = (fix, map.path(span.file)) else { return String::new() };
    let mut out = String::from(
        ",\"fixes\":[{\"description\":{\"text\":\"what the rule writes\"},\"artifactChanges\":[{\"artifactLocation\":{\"uri\":",
    );
    json_string(&mut out, &uri(file));
    let ((line, column), (end_line, end_column)) = (fix.start, fix.end);
    let _ = write!(
        out,
        "}},\"replacements\":[{{\"deletedRegion\":{{\"startLine\":{line},\"startColumn\":{column},\"endLine\":{end_line},\"endColumn\":{end_column}}},\"insertedContent\":{{\"text\":"
    );
    json_string(&mut out, &fix.text);
    out.push_str("}}]}]}]");
    out
}

/// Returns a path as a reference (RFC 3986): what could be taken for anything but the name of a
/// file is escaped.
fn uri(path: &str) -> String {
    // What was fetched is called by its address already.
    let is_address = path.contains("://");
    let mut out = String::with_capacity(path.len());
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte.into())
            }
            b':' | b'?' | b'=' | b'&' | b'@' | b'%' | b'+' if is_address => out.push(byte.into()),
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_references() {
        let check = |path: &str, want: &str| assert_eq!(uri(path), want);
        check("overlays/a-b/pod.yaml", "overlays/a-b/pod.yaml");
        check("my overlay/ä#1.yaml", "my%20overlay/%C3%A4%231.yaml");
        check("a:b/100%.yaml", "a%3Ab/100%25.yaml");
        check("../base/[x]?.yaml", "../base/%5Bx%5D%3F.yaml");
        check("/srv/a b.yaml", "file:///srv/a%20b.yaml");
        check("https://example.com/a b?ref=v1", "https://example.com/a%20b?ref=v1");
    }
}
