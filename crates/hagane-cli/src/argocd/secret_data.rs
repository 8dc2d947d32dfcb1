//! Secrets as Argo CD can hide them: it masks what lies under `data`, and takes only texts there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hagane::{Diagnostic, Node, Rendered, Resource};
use hagane_yaml::{Entry, Mapping, Scalar, Tag, Text};

/// Moves every `stringData` into `data`, and returns what is wrong with the Secrets.
pub(super) fn as_data(rendered: &mut Rendered) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    for resource in rendered.resources.iter_mut().filter(|resource| is_secret(resource)) {
        let id = resource.id().to_string();
        wrong.extend(["data", "stringData"].iter().flat_map(|field| unfit(resource.tree(), field, &id)));
        if resource.tree().get("stringData").is_some()
            && let Some(tree) = resource.tree_mut().as_mapping_mut()
        {
            move_into_data(tree);
        }
    }
    wrong
}

fn is_secret(resource: &Resource) -> bool {
    let gvk = resource.gvk();
    gvk.group.is_empty() && gvk.kind.as_str() == "Secret"
}

/// Returns what stands in a field where only a text may stand: Argo CD shows what it cannot read as a Secret.
fn unfit(tree: &Node, field: &str, id: &str) -> Vec<Diagnostic> {
    let not_a_mapping = |node: &Node| {
        unquoted(Diagnostic::error(node.span(), format!("`{field}` of {id} must be a mapping")))
    };
    match tree.get(field) {
        None => Vec::new(),
        Some(node) if node.is_null() => Vec::new(),
        Some(Node::Mapping(mapping)) => {
            let wrong = mapping.entries.iter().filter(|entry| !is_text(&entry.value));
            let error = |entry: &Entry| {
                let message = format!("`{field}.{}` of {id} must be a text", entry.key.text.shown());
                unquoted(Diagnostic::error(entry.key.span, message)).hinted("quote it")
            };
            wrong.map(error).collect()
        }
        Some(node) => vec![not_a_mapping(node)],
    }
}

/// Returns the diagnostic without the line it is about, which holds a secret.
fn unquoted(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { quotable: false, ..diagnostic }
}

fn is_text(node: &Node) -> bool {
    node.as_scalar().is_some_and(|scalar| matches!(scalar.resolved_tag(), Tag::Str | Tag::Null | Tag::Binary))
}

/// As the API server does it: what is in both fields is that of `stringData`.
fn move_into_data(tree: &mut Mapping) {
    let Some(plain) = tree.remove("stringData") else { return };
    let mut data = match tree.remove("data") {
        Some(Node::Mapping(data)) => data,
        _ => Mapping::default(),
    };
    for entry in plain.as_mapping().map(|plain| plain.entries.as_slice()).unwrap_or_default() {
        let value = entry.value.as_scalar().filter(|value| !value.is_null());
        let (text, mark) =
            value.map_or(("", false), |value| (value.text.as_str(), value.text.is_sensitive()));
        let encoded = Text::with_mark(STANDARD.encode(text), mark);
        data.set(
            entry.key.text.as_str(),
            Node::Scalar(Scalar { text: encoded, tag: Tag::Str, ..Scalar::default() }),
        );
    }
    tree.set("data", Node::Mapping(data));
}

/// Returns a warning for every resource with a decrypted value where Argo CD shows it.
pub(super) fn shown_by_argo(rendered: &Rendered) -> Vec<Diagnostic> {
    let shows = |resource: &&Resource| match resource.tree().as_mapping() {
        Some(tree) if is_secret(resource) => {
            let mut others = tree.entries.iter().filter(|entry| entry.key.text.as_str() != "data");
            others.any(|entry| entry.value.is_sensitive())
        }
        _ => resource.tree().is_sensitive(),
    };
    let warning = |resource: &Resource| {
        let message = format!("Argo CD shows a decrypted value of {}", resource.id());
        unquoted(Diagnostic::warning(resource.tree().span(), message))
            .hinted("it hides what is under `data` of a Secret, and nothing else")
    };
    rendered.resources.iter().filter(shows).map(warning).collect()
}
