//! What a scalar means: the type its text has for Go's yaml.v3 and yaml.v2, and its value.

use std::borrow::Cow;

use crate::number::{Number, is_float_shape, parse_integer};
use crate::{Scalar, Style, Tag};

pub use crate::number::{go_fixed, go_general, go_json};
pub use crate::timestamp::timestamp;

/// The value of a scalar after decoding.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An integer above the signed range.
    Uint(u64),
    /// A floating point number, infinities and NaN included.
    Float(f64),
    /// Text; timestamps are text too, in the form of RFC 3339.
    Str(Cow<'a, str>),
}

/// The text does not fit the type its tag claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagMismatch {
    /// The type that the tag claims.
    pub claimed: Tag,
}

/// Returns the type of a bare text for yaml.v3: YAML 1.2 booleans, and 1.1 numbers.
pub fn resolve_v3(text: &str) -> Tag {
    match text.as_bytes().first() {
        None => Tag::Null,
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => resolve_number(text).0,
        Some(b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'~' | b'<') => resolve_word(text),
        Some(_) => Tag::Str,
    }
}

/// Returns the type of a bare text for yaml.v2: yaml.v3's, and YAML 1.1 booleans (yes, no, on, off, y, n).
pub fn resolve_v2(text: &str) -> Tag {
    if is_yaml11_bool(text) { Tag::Bool } else { resolve_v3(text) }
}

/// Returns whether the text is a boolean in YAML 1.1 only.
pub fn is_yaml11_bool(text: &str) -> bool {
    if text.len() > 3 || text.is_empty() {
        return false;
    }
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    )
}

/// Returns whether the text is a number with base 60 in YAML 1.1 (`12:30`), which Go quotes for other readers.
pub fn is_base60(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !rest.starts_with(|c: char| c.is_ascii_digit()) || !rest.contains(':') {
        return false;
    }
    let mut groups = rest.split(':');
    let whole = groups.next().unwrap_or_default();
    if !whole.bytes().all(|c| c.is_ascii_digit() || c == b'_') {
        return false;
    }
    let mut groups = groups.peekable();
    while let Some(group) = groups.next() {
        let group = match (groups.peek(), group.split_once('.')) {
            (None, Some((whole, fraction))) if fraction.bytes().all(|c| c.is_ascii_digit() || c == b'_') => {
                whole
            }
            _ => group,
        };
        let fits = match group.as_bytes() {
            [unit] => unit.is_ascii_digit(),
            [ten, unit] => (b'0'..=b'5').contains(ten) && unit.is_ascii_digit(),
            _ => false,
        };
        if !fits {
            return false;
        }
    }
    true
}

fn resolve_word(text: &str) -> Tag {
    match text {
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Tag::Bool,
        "~" | "null" | "Null" | "NULL" => Tag::Null,
        "<<" => Tag::Merge,
        _ => Tag::Str,
    }
}

/// Returns the type and number of a text that starts like one.
fn resolve_number(text: &str) -> (Tag, Option<Number>) {
    let float = |value| (Tag::Float, Some(Number::Float(value)));
    match text {
        ".nan" | ".NaN" | ".NAN" => return float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return float(f64::NEG_INFINITY),
        _ => {}
    }
    if text.starts_with('.') {
        return match parse_float(text) {
            Some(value) => float(value),
            None => (Tag::Str, None),
        };
    }
    if !text
        .bytes()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.' | b',' | b'_' | b':' | b' '))
    {
        return (Tag::Str, None);
    }
    if timestamp(text).is_some() {
        return (Tag::Timestamp, None);
    }
    let plain: Cow<str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    if let Some(number) = parse_integer(&plain) {
        return (Tag::Int, Some(number));
    }
    match parse_float(&plain) {
        Some(value) => float(value),
        None => (Tag::Str, None),
    }
}

/// Returns the float of a text with the shape of one; a magnitude above the range of a float is none.
fn parse_float(text: &str) -> Option<f64> {
    if !is_float_shape(text) {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Returns the value of a scalar as yaml.v3 decodes it once kustomize has written and read it again.
pub fn value(scalar: &Scalar) -> Result<Value<'_>, TagMismatch> {
    let text = scalar.text.as_str();
    let tag = match scalar.tag {
        Tag::Str | Tag::Custom | Tag::Merge | Tag::Alias => return Ok(Value::Str(text.into())),
        Tag::Unresolved if scalar.style != Style::Plain => return Ok(Value::Str(text.into())),
        Tag::Unresolved => resolve_v3(text),
        // A quoted text with a tag that its bare text would have loses the tag on the way, not the quotes.
        tag if scalar.style != Style::Plain && tag == resolve_v3(text) => return Ok(Value::Str(text.into())),
        tag => tag,
    };
    let mismatch = TagMismatch { claimed: tag };
    match tag {
        Tag::Null if matches!(text, "" | "~" | "null" | "Null" | "NULL") => Ok(Value::Null),
        Tag::Bool => match text {
            "true" | "True" | "TRUE" => Ok(Value::Bool(true)),
            "false" | "False" | "FALSE" => Ok(Value::Bool(false)),
            // Booleans of YAML 1.1 keep their tag when the text was read as yaml.v2 reads it.
            _ if is_yaml11_bool(text) => {
                Ok(Value::Bool(matches!(text.as_bytes()[0], b'y' | b'Y') || text.eq_ignore_ascii_case("on")))
            }
            _ => Err(mismatch),
        },
        Tag::Int | Tag::Float => match (tag, resolve_number(text)) {
            (_, (_, Some(Number::Float(value)))) if tag == Tag::Float => Ok(Value::Float(value)),
            (Tag::Float, (_, Some(Number::Int(value)))) => Ok(Value::Float(value as f64)),
            (Tag::Int, (_, Some(Number::Int(value)))) => Ok(Value::Int(value)),
            (Tag::Int, (_, Some(Number::Uint(value)))) => Ok(Value::Uint(value)),
            _ => Err(mismatch),
        },
        Tag::Timestamp => timestamp(text).map(|t| Value::Str(t.into())).ok_or(mismatch),
        Tag::Binary => decode_base64(text).map(|bytes| Value::Str(lossy(&bytes).into())).ok_or(mismatch),
        Tag::Str | Tag::Merge => Ok(Value::Str(text.into())),
        _ => Err(mismatch),
    }
}

/// Returns the value that a scalar has for kustomize, which writes a resource with yaml.v3 and reads it again
/// before it looks at values: like [`value`], but a text that was folded may have gained line breaks.
pub fn written_value(scalar: &Scalar) -> Result<Value<'_>, TagMismatch> {
    match value(scalar)? {
        Value::Str(text) if scalar.style == Style::Folded => {
            Ok(Value::Str(folded_again(&text).map_or(text, Cow::Owned)))
        }
        value => Ok(value),
    }
}

/// Returns the value that a scalar inside of a collection in flow style has for kustomize. There yaml.v3 puts quotes around
/// what is absent and around a text with a `:`, so that both are read again as strings.
pub fn written_value_in_flow(scalar: &Scalar) -> Result<Value<'_>, TagMismatch> {
    match gains_quotes_in_flow(scalar) {
        true => Ok(Value::Str(scalar.text.as_str().into())),
        false => written_value(scalar),
    }
}

/// Returns whether yaml.v3 puts quotes around a scalar in flow style that has none, and so makes a string of it.
pub(crate) fn gains_quotes_in_flow(scalar: &Scalar) -> bool {
    let has_colon = || scalar.text.as_str().contains(':') && scalar.tagged().is_none();
    let is_time = || scalar.resolved_tag() == Tag::Timestamp;
    scalar.is_absent() || scalar.style == Style::Plain && has_colon() && is_time()
}

/// Returns what is read after a text was written folded, where that differs from the text.
///
/// yaml.v3 doubles the first of several line breaks unless the text itself begins with a blank, though it should
/// look at the line that follows; before a line that is indented more, and at the end of a text that keeps its
/// last line breaks, the second one stays.
fn folded_again(text: &str) -> Option<String> {
    let body = text.trim_start_matches('\n');
    let starts_blank = body.starts_with([' ', '\t']) || body.is_empty();
    if !text.contains('\n') || !crate::emit::may_be_block(text) {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str(&text[..text.len() - body.len()]);
    let mut rest = body;
    while let Some(end) = rest.find('\n') {
        let (line, after) = rest.split_at(end);
        out.push_str(line);
        let next = after.trim_start_matches('\n');
        let breaks = after.len() - next.len();
        let indented = |line: &str| line.starts_with([' ', '\t']);
        let written = breaks + usize::from(!indented(line) && !starts_blank);
        let read = match (indented(line), next) {
            // The line has ended before.
            _ if line.ends_with(['\u{2028}', '\u{2029}']) => breaks,
            // At the end one line break stays whatever was written; more are kept as they are.
            (_, "") if breaks == 1 => 1,
            (_, "") => written,
            (false, next) if !indented(next) && written == 1 => {
                out.push(' ');
                0
            }
            (false, next) if !indented(next) => written - 1,
            _ => written,
        };
        out.extend(std::iter::repeat_n('\n', read));
        rest = next;
    }
    out.push_str(rest);
    (out != text).then_some(out)
}

/// Returns bytes as text; each one that is not part of UTF-8 becomes U+FFFD, as Go's encoding/json has it.
fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(std::iter::repeat_n('\u{fffd}', chunk.invalid().len()));
    }
    out
}

/// Decodes standard base64 with padding, line breaks ignored as Go ignores them.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0u32, 0, 0);
    for c in text.bytes().filter(|c| !matches!(c, b'\n' | b'\r')) {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if count % 4 >= 2 => {
                padding += 1;
                count += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = bits << 6 | u32::from(six);
        count += 1;
        match count % 4 {
            2 => bytes.push((bits >> 4) as u8),
            3 => bytes.push((bits >> 2) as u8),
            0 => bytes.push(bits as u8),
            _ => {}
        }
    }
    (count % 4 == 0 && padding <= 2).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Value) {
        assert_eq!(value(&Scalar::bare(text)), Ok(want), "{text}");
    }

    #[test]
    fn bare_texts_have_the_types_of_yaml_v3() {
        check("", Value::Null);
        check("~", Value::Null);
        check("yes", Value::Str("yes".into()));
        check("TRUE", Value::Bool(true));
        check("0777", Value::Int(511));
        check("0o17", Value::Int(15));
        check("0x1F", Value::Int(31));
        check("0b11", Value::Int(3));
        check("-0b11", Value::Int(-3));
        check("1_000", Value::Int(1000));
        check("18446744073709551615", Value::Uint(u64::MAX));
        check("123456789012345678901234567890", Value::Float(1.2345678901234568e29));
        check("-9223372036854775808", Value::Int(i64::MIN));
        check("1e3", Value::Float(1000.0));
        check("1.", Value::Float(1.0));
        check(".5", Value::Float(0.5));
        check("08", Value::Float(8.0));
        check("0x", Value::Str("0x".into()));
        check("--1", Value::Str("--1".into()));
        check("1e400", Value::Str("1e400".into()));
        check("2020-01-01", Value::Str("2020-01-01T00:00:00Z".into()));
        check("2001-12-14t21:59:43.10-05:00", Value::Str("2001-12-14T21:59:43.1-05:00".into()));
        check("2001-02-29", Value::Str("2001-02-29".into()));
        check("12:30", Value::Str("12:30".into()));
    }

    #[test]
    fn floats_print_as_go_prints_them() {
        for (value, general, json) in [
            (12345678.5, "1.23456785e+07", "12345678.5"),
            (1e30, "1e+30", "1e+30"),
            (1.5e-7, "1.5e-07", "1.5e-7"),
            (0.0001, "0.0001", "0.0001"),
            (0.00001, "1e-05", "0.00001"),
            (100000.0, "100000", "100000"),
            (1e21, "1e+21", "1e+21"),
            (-0.5, "-0.5", "-0.5"),
            (-0.0, "-0", "-0"),
            (0.0, "0", "0"),
            (1e-10, "1e-10", "1e-10"),
        ] {
            assert_eq!((go_general(value).as_str(), go_json(value).as_str()), (general, json));
        }
    }

    #[test]
    fn folded_texts_gain_line_breaks() {
        for (text, want) in [
            ("[\n  x\n\ny\n", Some("[\n\n  x\n\ny\n")),
            ("a\nb\n\n\n", Some("a\nb\n\n\n\n")),
            ("\n\nx\ny\n", None),
            ("one two\n", None),
            ("a \nb", None),
        ] {
            let scalar = Scalar { style: Style::Folded, ..Scalar::string(text) };
            assert_eq!(written_value(&scalar), Ok(Value::Str(want.unwrap_or(text).into())), "{text:?}");
        }
    }

    #[test]
    fn base_60_is_seen() {
        for text in ["12:30", "1:2:3.5", "-190:20:30", "1_0:00"] {
            assert!(is_base60(text), "{text}");
        }
        for text in ["12:60", "a:1", "12:", "1.5:10", "12:300"] {
            assert!(!is_base60(text), "{text}");
        }
    }
}
