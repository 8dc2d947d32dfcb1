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
        let Some(path) = place(document.root(), *span, &mut Vec::new()) else {
            let error =
                Diagnostic::error(*span, "this place cannot be edited without changing something else");
            return Err(error.hinted("write the path out where it is used; a merge key is a usual reason"));
        };
        changes.push((path, new));
    }
    // Places stay what they are when what stands there changes; spans do not.
    for (path, new) in changes {
        document.replace(&path, Node::string(new.as_str()))?;
    }
    Ok(document.text().to_owned())
}

/// Returns the way to the scalar that stands at a place.
fn place(node: &Node, span: Span, way: &mut Vec<usize>) -> Option<Vec<usize>> {
    let below: Vec<&Node> = match node {
        Node::Scalar(scalar) => return (scalar.span == span).then(|| way.clone()),
        Node::Mapping(mapping) => mapping.entries.iter().map(|entry| &entry.value).collect(),
        Node::Sequence(sequence) => sequence.items.iter().collect(),
    };
    for (index, child) in below.into_iter().enumerate() {
        way.push(index);
        let found = place(child, span, way);
        way.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}
