//! A report for people.

use std::fmt::Write as _;

use hagane_yaml::SourceMap;

use super::{Report, place};

pub(super) fn write(report: &Report, map: &SourceMap) -> String {
    let mut out = String::new();
    for change in &report.changes {
        let _ = writeln!(out, "{}: {} [{}, {}]", change.resource, change.message, change.rule, change.mode);
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        let _ = match (old, new) {
            (Some(old), Some(new)) => writeln!(out, "    {}: {old} → {new}", change.path),
            (None, Some(new)) => writeln!(out, "    {}: {new}", change.path),
            (Some(old), None) => writeln!(out, "    {}: {old} is gone", change.path),
            (None, None) => Ok(()),
        };
        at(&mut out, place(change.span, map));
    }
    for finding in &report.findings {
        let _ = writeln!(out, "{}: {} [{}]", finding.resource, finding.message, finding.rule);
        let _ = writeln!(out, "    {} is not changed", finding.path);
        at(&mut out, place(finding.span, map));
    }
    for kept in &report.opted_out {
        let _ = writeln!(out, "{}: {} [{}, opted out]", kept.resource, kept.message, kept.rule);
        let reason = if kept.reason.is_empty() { "no reason is given" } else { &kept.reason };
        let _ = writeln!(out, "    {} stays: {reason}", kept.path);
        at(&mut out, place(kept.span, map));
    }
    let count =
        |number: usize, one: &str, more: &str| format!("{number} {}", if number == 1 { one } else { more });
    let _ = writeln!(
        out,
        "{}, {}, {} opted out",
        count(report.changes.len(), "change", "changes"),
        count(report.findings.len(), "finding", "findings"),
        report.opted_out.len()
    );
    out
}

fn at(out: &mut String, place: Option<String>) {
    if let Some(place) = place {
        let _ = writeln!(out, "    --> {place}");
    }
}
