//! Writes the default field specs as constant tables.

use std::fmt::Write;

use serde_json::Value;

use crate::rust;

/// The tables: name in the source, name in Rust, and what it is.
const TABLES: [(&str, &str, &str); 10] = [
    ("commonLabels", "COMMON_LABELS", "Where `commonLabels` writes, and `labels` with `includeSelectors`."),
    ("metadatalabels", "METADATA_LABELS", "Where `labels` with `includeTemplates` writes."),
    ("templateLabels", "TEMPLATE_LABELS", "Where the labels of templates are."),
    ("commonAnnotations", "COMMON_ANNOTATIONS", "Where `commonAnnotations` writes."),
    ("namespace", "NAMESPACE", "Where `namespace` writes, beside `metadata/namespace` and subjects."),
    ("namePrefix", "NAME_PREFIX", "Where `namePrefix` writes."),
    ("nameSuffix", "NAME_SUFFIX", "Where `nameSuffix` writes."),
    ("images", "IMAGES", "Where `images` writes."),
    ("replicas", "REPLICAS", "Where `replicas` writes."),
    ("varReference", "VAR_REFERENCE", "Where `vars` are replaced."),
];

/// Returns the source of `field_spec_table/rows.rs`.
pub(crate) fn generate(tables: &Value) -> Result<String, String> {
    let mut written = rust::head("The rows of the default field specs, in kustomize's order.");
    written.push_str("use super::{FieldSpecRow, NameReferenceRow, row};\n");
    for (source, name, what) in TABLES {
        let rows = list(&tables["field_specs"], source)?;
        let _ = write!(written, "\n/// {what}\npub static {name}: &[FieldSpecRow] = &[\n");
        for row in rows {
            let _ = writeln!(written, "    {},", spec(row)?);
        }
        written.push_str("];\n");
    }
    written.push_str("\n/// Which kinds are referred to by name, and where.\n");
    written.push_str("pub static NAME_REFERENCE: &[NameReferenceRow] = &[\n");
    for referred in list(&tables["field_specs"], "nameReference")? {
        let [group, version, kind] = ["group", "version", "kind"].map(|name| text(referred, name));
        let _ = writeln!(
            written,
            "    NameReferenceRow {{ group: {group:?}, version: {version:?}, kind: {kind:?}, referrers: &["
        );
        for row in list(referred, "fieldSpecs")? {
            let _ = writeln!(written, "        {},", spec(row)?);
        }
        written.push_str("    ] },\n");
    }
    written.push_str("];\n");
    Ok(written)
}

fn spec(row: &Value) -> Result<String, String> {
    let [group, version, kind, path] = ["group", "version", "kind", "path"].map(|name| text(row, name));
    if path.is_empty() {
        return Err(format!("a field spec has no path: {row}"));
    }
    let create = row["create"].as_bool().unwrap_or_default();
    Ok(format!("row({group:?}, {version:?}, {kind:?}, {path:?}, {create})"))
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> Result<&'v Vec<Value>, String> {
    value[name].as_array().ok_or_else(|| format!("there is no list `{name}`"))
}
