//! Kustomizations with other texts in them: only the lines that must change do.

use hagane_edit::text_edit::Document;
use hagane_kustomize::Source;
use hagane_resource::Diagnostic;
use hagane_yaml::{Dialect, Node, Span};

/// Returns the text of a kustomization in which other texts stand at some places.
pub(crate) fn with_texts(source: &Source, texts: &[(Span, String)]) -> Result<String, Diagnostic> {
    let text = source.text()?;
    if texts.is_empty() {
        return Ok(text.to_owned());
    }
    let mut document = Document::parse(text, source.file, Dialect::V2)?;
    let mut changes = Vec::new();
    for (span, new) in texts {
        let mut places = Vec::new();
        places_at(document.root(), *span, &mut Vec::new(), &mut places);
        places.retain(|place| refers(document.root(), place));
        if places.is_empty() {
            let error =
                Diagnostic::error(*span, "this place cannot be edited without changing something else");
            return Err(error.hinted("write the path out where it is used; a merge key is a usual reason"));
        }
        // What stands for an anchor goes before the anchor: once it is written out, nothing leans on that any more.
        changes.extend(places.into_iter().rev().map(|place| (place, new)));
    }
    // Places stay what they are when what stands there changes; spans do not.
    for (place, new) in changes {
        if document.at(&place).and_then(Node::as_str) != Some(new) {
            document.replace(&place, Node::string(new.as_str()))?;
        }
    }
    Ok(document.text().to_owned())
}

/// Fields with references in them.
const FIELDS: [&str; 17] = [
    "bases",
    "components",
    "configMapGenerator",
    "configurations",
    "crds",
    "generators",
    "helmChartInflationGenerator",
    "helmCharts",
    "openapi",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "resources",
    "secretGenerator",
    "transformers",
    "validators",
];

/// Returns whether a place is in a field with references: an anchor may be anywhere.
fn refers(root: &Node, place: &[usize]) -> bool {
    let entry = place.first().and_then(|index| root.as_mapping()?.entries.get(*index));
    entry.is_some_and(|entry| FIELDS.iter().any(|field| field.eq_ignore_ascii_case(entry.key.text.as_str())))
}

/// Adds the ways to the scalars that stand at a place: several where one of them is an anchor.
fn places_at(node: &Node, span: Span, way: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    let below: Vec<&Node> = match node {
        Node::Scalar(scalar) if scalar.span == span => return found.push(way.clone()),
        Node::Scalar(_) => return,
        Node::Mapping(mapping) => mapping.entries.iter().map(|entry| &entry.value).collect(),
        Node::Sequence(sequence) => sequence.items.iter().collect(),
    };
    for (index, child) in below.into_iter().enumerate() {
        way.push(index);
        places_at(child, span, way, found);
        way.pop();
    }
}
