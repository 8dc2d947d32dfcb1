//! The tree that all five formats are read into: SOPS's own, an ordered list of keys, values and comments.

use hagane_yaml::Span;

use crate::SecretBytes;

/// A line of a mapping.
#[derive(Clone)]
pub(crate) enum Item {
    Comment(Comment),
    Pair(Pair),
}

#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) value: Value,
}

/// A line of a sequence. Encrypted comments of a sequence come as values and are found out by their type.
#[derive(Clone)]
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

#[derive(Clone)]
pub(crate) enum Value {
    Null(Span),
    Mapping(Vec<Item>, Span),
    Sequence(Vec<Element>, Span),
    Leaf(Leaf),
}

/// A value that is encrypted or may be.
#[derive(Clone)]
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

impl Leaf {
    /// Returns the value as a text of its own: what dotenv, INI and environment variables get.
    pub(crate) fn text(&self) -> SecretBytes {
        match self.kind {
            Kind::Bool if self.bytes.expose() == b"True" => SecretBytes::new(b"true".to_vec()),
            Kind::Bool => SecretBytes::new(b"false".to_vec()),
            Kind::Float => {
                let mut text = hagane_yaml::scalar::go_general(self.float());
                // It shall not read as an integer.
                if self.float().is_finite() {
                    text.make_ascii_uppercase();
                    if !text.contains(['.', 'E']) {
                        text.push_str(".0");
                    }
                }
                SecretBytes::new(text.into_bytes())
            }
            // To the second, as SOPS has it here.
            Kind::Time => {
                let text = self.bytes.expose_str().unwrap_or_default();
                let (whole, rest) = text.split_at_checked(19).unwrap_or((text, ""));
                let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
                SecretBytes::new(format!("{whole}{zone}").into_bytes())
            }
            Kind::Str | Kind::Int => self.bytes.clone(),
        }
    }
}

// Trees are the same when they say the same, wherever they were read.

impl PartialEq for Item {
    fn eq(&self, other: &Item) -> bool {
        match (self, other) {
            (Item::Comment(one), Item::Comment(other)) => one.text.expose() == other.text.expose(),
            (Item::Pair(one), Item::Pair(other)) => one.key == other.key && one.value == other.value,
            _ => false,
        }
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Element) -> bool {
        match (self, other) {
            (Element::Comment(one), Element::Comment(other)) => one.text.expose() == other.text.expose(),
            (Element::Value(one), Element::Value(other)) => one == other,
            _ => false,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null(_), Value::Null(_)) => true,
            (Value::Mapping(one, _), Value::Mapping(other, _)) => one == other,
            (Value::Sequence(one, _), Value::Sequence(other, _)) => one == other,
            (Value::Leaf(one), Value::Leaf(other)) => {
                one.kind == other.kind && one.bytes.expose() == other.bytes.expose()
            }
            _ => false,
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
