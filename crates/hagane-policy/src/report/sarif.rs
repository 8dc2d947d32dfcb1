//! A report for code scanning: SARIF 2.1.0. What was changed in the output is a note with the value to write;
//! what was not is a warning.

use std::fmt::Write as _;

use hagane_resource::ResId;
use hagane_yaml::emit::json_string;
use hagane_yaml::{SourceMap, Span};

use super::Report;
use super::anchor::Replacement;
use crate::field_path::FieldPath;
use crate::rule::RULES;

const START: &str = r#"{
"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
"version": "2.1.0",
"runs": [{
"columnKind": "unicodeCodePoints",
"tool": {"driver": {"name": "hagane", "rules": ["#;

pub(super) fn write(report: &Report, map: &SourceMap) -> String {
    let mut out = String::from(START);
    let is_used = |name: &str| {
        report.changes.iter().any(|change| change.rule == name)
            || report.findings.iter().any(|finding| finding.rule == name)
            || report.opted_out.iter().any(|kept| kept.rule == name)
    };
    let rules = RULES.iter().map(|rule| (rule.name, rule.title, rule.why));
    for (index, (name, title, why)) in rules.filter(|(name, ..)| is_used(name)).enumerate() {
        out.push_str(if index == 0 { "\n{\"id\":" } else { ",\n{\"id\":" });
        json_string(&mut out, name);
        out.push_str(",\"shortDescription\":{\"text\":");
        json_string(&mut out, title);
        out.push_str("},\"fullDescription\":{\"text\":");
        json_string(&mut out, why);
        out.push_str("}}");
    }
    out.push_str("\n]}},\n\"results\": [");
    let mut first = true;
    let mut result = |rule: &str,
                      level: &str,
                      message: String,
                      span: Span,
                      resource: &ResId,
                      path: &FieldPath,
                      rest: &str| {
        out.push_str(if std::mem::take(&mut first) { "\n{\"ruleId\":" } else { ",\n{\"ruleId\":" });
        json_string(&mut out, rule);
        let _ = write!(out, ",\"level\":\"{level}\",\"message\":{{\"text\":");
        json_string(&mut out, &message);
        out.push_str("},\"locations\":[{");
        let file = map.path(span.file);
        if span.is_known() && !file.is_empty() {
            out.push_str("\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
            json_string(&mut out, &uri(file));
            let _ = write!(
                out,
                "}},\"region\":{{\"startLine\":{},\"startColumn\":{}}}}},",
                span.line, span.column
            );
        }
        out.push_str("\"logicalLocations\":[{\"fullyQualifiedName\":");
        json_string(&mut out, &format!("{resource}: {path}"));
        let _ = write!(out, "}}]}}]{rest}}}");
    };
    let fixes = |fix: Option<Replacement>, span: Span| match fix {
        Some(fix) => fixes(&fix, map.path(span.file)),
        None => String::new(),
    };
    for change in &report.changes {
        let message = match &change.new {
            Some(new) => format!("{}; `{}` is set to {new}", change.message, change.path),
            None => format!("{}; `{}` is taken away", change.message, change.path),
        };
        let new = change.new.as_deref().filter(|new| !new.contains("«decrypted»"));
        let is_told = new.is_some() || change.new.is_none();
        let fix =
            change.anchor.replacement(&change.path, change.old.as_deref(), new, map).filter(|_| is_told);
        let rest = fixes(fix, change.span);
        result(change.rule, "note", message, change.span, &change.resource, &change.path, &rest);
    }
    for finding in &report.findings {
        let message = finding.message.clone();
        let new = finding.suggestion.as_deref().filter(|new| *new != "null" && !new.contains("«decrypted»"));
        let fix = new.and_then(|new| finding.anchor.replacement(&finding.path, None, Some(new), map));
        let (level, rest) = (if finding.fails { "error" } else { "warning" }, fixes(fix, finding.span));
        result(finding.rule, level, message, finding.span, &finding.resource, &finding.path, &rest);
    }
    for kept in &report.opted_out {
        let mut rest = String::from(",\"suppressions\":[{\"kind\":\"inSource\",\"justification\":");
        json_string(&mut rest, &kept.reason);
        rest.push_str("}]");
        result(kept.rule, "note", kept.message.clone(), kept.span, &kept.resource, &kept.path, &rest);
    }
    out.push_str("\n]}]}\n");
    out
}

/// Returns the field `fixes` of a result.
fn fixes(fix: &Replacement, file: &str) -> String {
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

/// Returns a path as a reference (RFC 3986): what could be taken for anything but the name of a file is escaped.
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
