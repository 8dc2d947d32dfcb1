//! What a field says, as the API server reads it: a null is no value.

use hagane_yaml::{Node, Scalar, Text, scalar};

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

/// A whole number, and whether it comes of something that was decrypted: then what is computed
/// from it does, too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole {
    value: i64,
    is_secret: bool,
}

impl Whole {
    /// Returns a number that nobody had to decrypt: a rule's own, or one of `hagane.yaml`.
    pub(crate) fn plain(value: i64) -> Whole {
        Whole { value, is_secret: false }
    }

    /// Returns a number that was read out of a node.
    pub(crate) fn from(value: i64, source: &Node) -> Whole {
        Whole { value, is_secret: source.is_sensitive() }
    }

    /// Returns the number, to decide by.
    pub(crate) fn value(self) -> i64 {
        self.value
    }

    /// Returns what is computed from two numbers.
    pub(crate) fn with(self, other: Whole, compute: impl Fn(i64, i64) -> i64) -> Whole {
        Whole { value: compute(self.value, other.value), is_secret: self.is_secret || other.is_secret }
    }
}

/// Returns a whole number. One with a point or an exponent is one, too, if nothing is behind the point:
/// `kubectl` sends `81.0` as `81`.
pub(crate) fn whole(node: Option<&Node>) -> Option<Whole> {
    let node = node?;
    let value = match scalar::value(node.as_scalar()?).ok()? {
        scalar::Value::Int(value) => value,
        scalar::Value::Uint(value) => i64::try_from(value).ok()?,
        scalar::Value::Float(value) => exact(value)?,
        _ => return None,
    };
    Some(Whole::from(value, node))
}

/// Returns a whole number to decide by.
pub(crate) fn integer(node: Option<&Node>) -> Option<i64> {
    whole(node).map(Whole::value)
}

/// Returns the whole number that a float is, as far as floats tell whole numbers apart.
fn exact(value: f64) -> Option<i64> {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    (value.fract() == 0.0 && value.abs() <= LARGEST).then_some(value as i64)
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

/// Returns what a field of each item of a list says, where it is a text.
pub(crate) fn texts_of<'n>(list: Option<&'n Node>, field: &str) -> impl Iterator<Item = &'n str> {
    items(list).iter().filter_map(move |item| text(item.get(field)))
}

/// Returns a switch to write.
pub(crate) fn switch(value: bool) -> Node {
    Node::Scalar(Scalar::bare(if value { "true" } else { "false" }))
}

/// Returns a number to write.
pub(crate) fn number(number: Whole) -> Node {
    Node::Scalar(Scalar::bare(Text::with_mark(number.value.to_string(), number.is_secret)))
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
