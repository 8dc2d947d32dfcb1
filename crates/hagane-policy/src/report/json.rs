//! A report for programs.

use std::fmt::Write as _;

use hagane_resource::{ResId, Schema};
use hagane_yaml::emit::json_string;
use hagane_yaml::{SourceMap, Span};

use super::Report;
use crate::field_path::FieldPath;

pub(super) fn write(report: &Report, map: &SourceMap) -> String {
    let mut out = String::from("{\n\"changes\": [");
    list(&mut out, &report.changes, |out, change| {
        about(out, &change.resource, change.rule, &change.path, &change.message);
        field(out, "mode", &change.mode.to_string());
        let _ = write!(out, ",\"op\":\"{}\"", change.op());
        raw(out, "old", change.old.as_deref());
        raw(out, "new", change.new.as_deref());
        origin(out, change.span, map);
    });
    out.push_str("],\n\"findings\": [");
    list(&mut out, &report.findings, |out, finding| {
        about(out, &finding.resource, finding.rule, &finding.path, &finding.message);
        raw(out, "suggestion", finding.suggestion.as_deref());
        if finding.fails {
            raw(out, "fails", Some("true"));
        }
        origin(out, finding.span, map);
    });
    out.push_str("],\n\"optedOut\": [");
    list(&mut out, &report.opted_out, |out, kept| {
        about(out, &kept.resource, kept.rule, &kept.path, &kept.message);
        field(out, "reason", &kept.reason);
        origin(out, kept.span, map);
    });
    out.push_str("]\n}\n");
    out
}

pub(super) fn list<T>(out: &mut String, items: &[T], mut each: impl FnMut(&mut String, &T)) {
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index == 0 { "\n{" } else { ",\n{" });
        each(out, item);
        out.push('}');
    }
    if !items.is_empty() {
        out.push('\n');
    }
}

pub(super) fn about(out: &mut String, resource: &ResId, rule: &str, path: &FieldPath, message: &str) {
    let shown = |text: &str| if resource.decrypted { "«decrypted»".to_owned() } else { text.to_owned() };
    // What Kubernetes itself calls so gives nothing away.
    let (version, kind) = (resource.gvk.api_version(), &resource.gvk.kind);
    let is_shown = !resource.decrypted || Schema::knows_scope(&version, kind);
    let of_kind = |text: &str| if is_shown { text.to_owned() } else { "«decrypted»".to_owned() };
    out.push_str("\"resource\":{\"apiVersion\":");
    json_string(out, &of_kind(&version));
    field(out, "kind", &of_kind(kind));
    field(out, "name", &shown(&resource.name));
    if !resource.namespace.is_empty() {
        field(out, "namespace", &shown(&resource.namespace));
    }
    out.push('}');
    field(out, "rule", rule);
    field(out, "field", &path.to_string());
    field(out, "pointer", &path.pointer());
    field(out, "message", message);
}

fn field(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, ",\"{name}\":");
    json_string(out, value);
}

fn raw(out: &mut String, name: &str, json: Option<&str>) {
    if let Some(json) = json {
        let _ = write!(out, ",\"{name}\":{json}");
    }
}

pub(super) fn origin(out: &mut String, span: Span, map: &SourceMap) {
    let path = map.path(span.file);
    if span.is_known() && !path.is_empty() {
        out.push_str(",\"origin\":{\"path\":");
        json_string(out, path);
        let _ = write!(out, ",\"line\":{},\"column\":{}}}", span.line, span.column);
    }
}
