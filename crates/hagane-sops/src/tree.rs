//! The tree that all five formats are read into: SOPS's own, an ordered list of keys, values and comments.

use hagane_yaml::Span;

use crate::SecretBytes;

/// A line of a mapping.
pub(crate) enum Item {
    Comment(Comment),
    Pair(Pair),
}

pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) value: Value,
}

/// A line of a sequence. Encrypted comments of a sequence come as values and are found out by their type.
pub(crate) enum Element {
    Comment(Comment),
    Value(Value),
}

/// A comment without its sign.
#[derive(Clone)]
pub(crate) struct Comment {
    pub(crate) text: SecretBytes,
    pub(crate) span: Span,
}

pub(crate) enum Value {
    Null(Span),
    Mapping(Vec<Item>, Span),
    Sequence(Vec<Element>, Span),
    Leaf(Leaf),
}

/// A value that is encrypted or may be.
pub(crate) struct Leaf {
    pub(crate) kind: Kind,
    /// The value as SOPS turns it into bytes, for encryption and for the MAC: an integer in decimal, a float
    /// without exponent, `True` or `False`, a time as in RFC 3339.
    pub(crate) bytes: SecretBytes,
    /// Whether it came out of decryption.
    pub(crate) sensitive: bool,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Str,
    Int,
    Float,
    Bool,
    Time,
}

impl Leaf {
    pub(crate) fn plain(kind: Kind, bytes: impl Into<Vec<u8>>, span: Span) -> Leaf {
        Leaf { kind, bytes: SecretBytes::new(bytes.into()), sensitive: false, span }
    }

    /// Returns the float. The bytes of a float are written by us, so they can be read.
    pub(crate) fn float(&self) -> f64 {
        match self.bytes.expose_str() {
            Some("+Inf") => f64::INFINITY,
            Some("-Inf") => f64::NEG_INFINITY,
            Some(text) => text.parse().unwrap_or(f64::NAN),
            None => f64::NAN,
        }
    }
}

impl Value {
    pub(crate) fn string(text: impl Into<Vec<u8>>, span: Span) -> Value {
        Value::Leaf(Leaf::plain(Kind::Str, text, span))
    }

    pub(crate) fn span(&self) -> Span {
        match self {
            Value::Null(span) | Value::Mapping(_, span) | Value::Sequence(_, span) => *span,
            Value::Leaf(leaf) => leaf.span,
        }
    }
}

/// Returns a float as SOPS turns it into bytes: `strconv.FormatFloat(value, 'f', -1, 64)`.
pub(crate) fn float_bytes(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.into()
    } else {
        hagane_yaml::scalar::go_fixed(value)
    }
}
