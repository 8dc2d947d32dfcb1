//! The section `labels`: values that are given, who they are for, and what is derived.

use hagane_policy::{GivenLabels, LabelField, Labelling};
use hagane_resource::strict::{
    as_mapping, as_text, check_fields, check_once, items, mapping, present, unknown,
};
use hagane_yaml::{Mapping, Span};

use super::harden::matcher;
use super::provenance::Provenance;
use crate::Diagnostic;

/// Returns what a section says.
pub(super) fn read(section: &Mapping) -> Result<LabelSection, Diagnostic> {
    check_fields(
        section,
        "labels",
        &["annotations", "derive", "leave", "provenance", "recommended", "select"],
    )?;
    let mut selections = Vec::new();
    for item in items(section, "select")? {
        let item = as_mapping(item, "select")?;
        check_fields(item, "select", &["annotations", "match", "recommended"])?;
        selections.push((matcher(item)?, given(item)?));
    }
    let can_be_derived = [LabelField::Name, LabelField::Instance, LabelField::Version, LabelField::PartOf];
    let mut provenance = Vec::new();
    for item in items(section, "provenance")? {
        let word = as_text(item, "provenance")?;
        match Provenance::ALL.iter().find(|(_, name)| *name == word) {
            Some((own, _)) => provenance.push((*own, item.span())),
            None => {
                let known: Vec<&str> = Provenance::ALL.iter().map(|(_, name)| *name).collect();
                return Err(unknown(item, "an item of `provenance`", &word, &known));
            }
        }
    }
    let labelling = Labelling {
        given: given(section)?,
        selections,
        derive: fields(section, "derive", &can_be_derived)?,
        leave: fields(
            section,
            "leave",
            &LabelField::ALL.iter().map(|(field, ..)| *field).collect::<Vec<_>>(),
        )?,
        ..Labelling::default()
    };
    Ok(LabelSection { labelling, provenance })
}

/// What a section says.
pub(super) struct LabelSection {
    pub(super) labelling: Labelling,
    /// What is noted of where things come from, and where that is asked.
    pub(super) provenance: Vec<(Provenance, Span)>,
}

/// Lays the section of a nearer file over what farther ones say.
pub(super) fn lay_over(labelling: &mut Labelling, nearer: Labelling) {
    // Of several values the last counts.
    labelling.given.labels.extend(nearer.given.labels);
    labelling.given.annotations.extend(nearer.given.annotations);
    labelling.selections.extend(nearer.selections);
    labelling.derive.extend(nearer.derive);
    labelling.leave.extend(nearer.leave);
}

fn given(section: &Mapping) -> Result<GivenLabels, Diagnostic> {
    let mut given = GivenLabels::default();
    if let Some(recommended) = mapping(section, "recommended")? {
        let known: Vec<&str> = LabelField::ALL.iter().map(|(_, name, _)| *name).collect();
        check_fields(recommended, "labels.recommended", &known)?;
        for (field, name, _) in LabelField::ALL {
            given.labels.extend(label_value(recommended, name)?.map(|value| (*field, value)));
        }
    }
    if let Some(annotations) = mapping(section, "annotations")? {
        check_once(annotations)?;
        for entry in &annotations.entries {
            let key = entry.key.text.as_str();
            if !is_key(key) {
                let error =
                    Diagnostic::error(entry.key.span, format!("`{key}` cannot be the name of an annotation"));
                return Err(error.hinted("`name`, or `example.com/name`"));
            }
            given.annotations.push((key.to_owned(), as_text(&entry.value, key)?));
        }
    }
    Ok(given)
}

fn fields(section: &Mapping, name: &str, known: &[LabelField]) -> Result<Vec<LabelField>, Diagnostic> {
    let rows = || LabelField::ALL.iter().filter(|(field, ..)| known.contains(field));
    let mut read = Vec::new();
    for item in items(section, name)? {
        let word = as_text(item, name)?;
        match rows().find(|(_, own, _)| *own == word) {
            Some((field, ..)) => read.push(*field),
            None => {
                let known: Vec<&str> = rows().map(|(_, own, _)| *own).collect();
                return Err(unknown(item, &format!("an item of `{name}`"), &word, &known));
            }
        }
    }
    Ok(read)
}

/// Returns a text that Kubernetes takes as the value of a label.
fn label_value(mapping: &Mapping, field: &str) -> Result<Option<String>, Diagnostic> {
    let Some(node) = present(mapping, field) else { return Ok(None) };
    let text = as_text(node, field)?;
    if text.len() > 63 || !is_name(&text) && !text.is_empty() {
        let error = Diagnostic::error(node.span(), format!("`{field}` cannot be the value of a label"));
        return Err(
            error.hinted("at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends")
        );
    }
    Ok(Some(text))
}

/// Returns whether a text begins and ends with a letter or digit, and has `-`, `_` and `.` beside them.
fn is_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.chars().all(inside) && edge(text.chars().next()) && edge(text.chars().last())
}

/// Returns whether a text can be the key of an annotation.
fn is_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_domain = |prefix: &str| {
        let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        prefix.len() <= 253 && is_name(prefix) && prefix.chars().all(part)
    };
    name.len() <= 63 && is_name(name) && prefix.is_none_or(is_domain)
}
