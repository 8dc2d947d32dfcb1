//! `$patch`: what a patch says about itself.

use hagane_resource::Diagnostic;
use hagane_yaml::{Mapping, Node, Sequence};

const KEY: &str = "$patch";

/// What a mapping or a list in a patch does to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Merge,
    Replace,
    Delete,
}

/// Takes the directive out of a mapping.
pub(super) fn take_directive(patch: &mut Mapping) -> Result<Directive, Diagnostic> {
    match patch.remove(KEY) {
        None => Ok(Directive::Merge),
        Some(node) => directive(&node),
    }
}

/// Takes the directive out of a mapping that is new to the resource. There, one that does not exist is a field.
pub(super) fn take_known_directive(patch: &mut Mapping) -> Directive {
    let known = patch.get(KEY).and_then(|node| directive(node).ok());
    if known.is_some() {
        patch.remove(KEY);
    }
    known.unwrap_or(Directive::Merge)
}

/// Takes the directive out of a list: an item that has `$patch` and nothing else.
pub(super) fn take_list_directive(patch: &mut Sequence) -> Result<Directive, Diagnostic> {
    let of_item = |item: &Node| item.get(KEY).cloned();
    let Some(first) = patch.items.iter().find(|item| of_item(item).is_some()) else {
        return Ok(Directive::Merge);
    };
    // More than this one pair, and it is about the item.
    if first.as_mapping().is_some_and(|m| m.entries.len() > 1) {
        return Ok(Directive::Merge);
    }
    let node = of_item(first).unwrap_or_else(Node::mapping);
    let text = node.as_str().unwrap_or_default().to_owned();
    let directive = directive(&node)?;
    // What is empty goes along with it.
    let is_empty = |item: &Node| item.is_null() || item.as_mapping().is_some_and(|m| m.entries.is_empty());
    patch.items.retain(|item| !is_empty(item) && of_item(item).is_none_or(|d| d.as_str() != Some(&text)));
    Ok(directive)
}

fn directive(node: &Node) -> Result<Directive, Diagnostic> {
    match node.as_str() {
        Some("merge") => Ok(Directive::Merge),
        Some("replace") => Ok(Directive::Replace),
        Some("delete") => Ok(Directive::Delete),
        _ => {
            let given = node.as_scalar().map(|scalar| scalar.text.shown()).unwrap_or_default();
            let message = format!("`{given}` is no patch strategy");
            Err(Diagnostic::error(node.span(), message)
                .hinted("`$patch` takes `merge`, `replace` or `delete`"))
        }
    }
}
