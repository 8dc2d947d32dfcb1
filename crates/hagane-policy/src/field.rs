//! What a field says, as the API server reads it: a null is no value.

use hagane_yaml::{Node, Scalar, scalar};

/// Returns the node unless it is a null.
pub(crate) fn given(node: Option<&Node>) -> Option<&Node> {
    node.filter(|node| !node.is_null())
}

/// Returns the value of a switch.
pub(crate) fn boolean(node: Option<&Node>) -> Option<bool> {
    match scalar::value(node?.as_scalar()?) {
        Ok(scalar::Value::Bool(value)) => Some(value),
        _ => None,
    }
}

/// Returns a whole number.
pub(crate) fn integer(node: Option<&Node>) -> Option<i64> {
    match scalar::value(node?.as_scalar()?) {
        Ok(scalar::Value::Int(value)) => Some(value),
        Ok(scalar::Value::Uint(value)) => i64::try_from(value).ok(),
        _ => None,
    }
}

/// Returns the text of a scalar that is no null.
pub(crate) fn text(node: Option<&Node>) -> Option<&str> {
    given(node)?.as_str()
}

/// Returns a scalar's text for a message: what was decrypted is not shown.
pub(crate) fn shown(node: Option<&Node>) -> &str {
    node.and_then(Node::as_scalar).map_or("…", |scalar| scalar.text.shown())
}

/// Returns the text of a scalar, empty where there is none.
pub(crate) fn text_or_empty(node: Option<&Node>) -> &str {
    text(node).unwrap_or_default()
}

/// Returns the items of a sequence.
pub(crate) fn items(node: Option<&Node>) -> &[Node] {
    node.and_then(Node::as_sequence).map_or(&[], |sequence| &sequence.items)
}

/// Returns the keys and texts of a mapping of texts.
pub(crate) fn texts(node: Option<&Node>) -> impl Iterator<Item = (&str, &str)> {
    let entries = node.and_then(Node::as_mapping).map_or(&[][..], |mapping| &mapping.entries);
    entries.iter().filter_map(|entry| Some((entry.key.text.as_str(), entry.value.as_str()?)))
}

/// Returns a switch to write.
pub(crate) fn switch(value: bool) -> Node {
    Node::Scalar(Scalar::bare(if value { "true" } else { "false" }))
}

/// Returns a number to write.
pub(crate) fn number(value: i64) -> Node {
    Node::Scalar(Scalar::bare(value.to_string()))
}

/// Returns a mapping to write.
pub(crate) fn mapping<const N: usize>(entries: [(&'static str, Node); N]) -> Node {
    let mut mapping = hagane_yaml::Mapping::default();
    for (key, value) in entries {
        mapping.push(key, value);
    }
    Node::Mapping(mapping)
}

/// Returns a sequence to write.
pub(crate) fn sequence(items: impl IntoIterator<Item = Node>) -> Node {
    Node::Sequence(hagane_yaml::Sequence { items: items.into_iter().collect(), ..Default::default() })
}
