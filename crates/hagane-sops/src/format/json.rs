//! JSON as Go's `encoding/json` reads and writes it: keys in their order, numbers as floats.
//!
//! A reader of our own keeps positions, order and repeated keys; binary files are JSON too.

use hagane_yaml::{FileId, Span};

use super::{Indent, Loaded, MAX_DEPTH, start_of, yaml};
use crate::secret::SecretWriter;
use crate::tree::{Element, Item, Kind, Leaf, Pair, Value, float_bytes};
use crate::{DecryptError, SecretBytes};

/// What a number becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// A float, as it does for Go: the MAC is over those.
    Floats,
    /// An integer where it is one, so that no digit is lost.
    Exact,
}

/// Reads a value, as `sops set` takes it.
pub(crate) fn load_value(text: &[u8]) -> Result<Value, DecryptError> {
    Reader::new(text, FileId::default(), Numbers::Exact).whole()
}

/// Reads the object.
pub(crate) fn load(text: &[u8], file: FileId, numbers: Numbers) -> Result<Loaded, DecryptError> {
    let value = Reader::new(text, file, numbers).whole()?;
    let Value::Mapping(items, _) = value else {
        return Err(DecryptError::Syntax {
            span: value.span(),
            message: "an encrypted JSON file is an object".into(),
        });
    };
    let (blocks, items): (Vec<Item>, Vec<Item>) = items.into_iter().partition(is_metadata);
    if blocks.len() > 1 {
        let problem = "is there twice";
        return Err(DecryptError::BadMetadata { span: start_of(file), field: "sops".into(), problem });
    }
    let metadata = blocks.into_iter().next().and_then(|item| match item {
        Item::Pair(pair) => Some(yaml::node(&pair.value)),
        Item::Comment(_) => None,
    });
    Ok(Loaded { documents: vec![items], metadata })
}

fn is_metadata(item: &Item) -> bool {
    matches!(item, Item::Pair(pair) if pair.key == "sops")
}

struct Reader<'a> {
    rest: &'a [u8],
    span: Span,
    depth: usize,
    numbers: Numbers,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8], file: FileId, numbers: Numbers) -> Reader<'a> {
        Reader { rest: text, span: start_of(file), depth: 0, numbers }
    }

    fn whole(mut self) -> Result<Value, DecryptError> {
        self.blanks();
        let value = self.value()?;
        self.blanks();
        match self.rest.is_empty() {
            true => Ok(value),
            false => Err(self.error("there is text after the end of the JSON value")),
        }
    }

    fn error(&self, message: &str) -> DecryptError {
        DecryptError::Syntax { span: self.span, message: format!("invalid JSON: {message}") }
    }

    fn take(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        if byte == b'\n' {
            self.span.line += 1;
            self.span.column = 1;
        } else if byte & 0xc0 != 0x80 {
            self.span.column += 1;
        }
        Some(byte)
    }

    fn blanks(&mut self) {
        while matches!(self.rest.first(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.take();
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), DecryptError> {
        if self.rest.first() == Some(&byte) {
            self.take();
            return Ok(());
        }
        Err(self.error(&format!("`{}` is missing here", byte as char)))
    }

    fn value(&mut self) -> Result<Value, DecryptError> {
        let span = self.span;
        match self.rest.first() {
            Some(b'{') => Ok(Value::Mapping(self.object()?, span)),
            Some(b'[') => Ok(Value::Sequence(self.array()?, span)),
            Some(b'"') => Ok(Value::string(self.string()?, span)),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Leaf(self.number()?)),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, DecryptError> {
        let span = self.span;
        for (word, truth) in [("null", None), ("true", Some("True")), ("false", Some("False"))] {
            if self.rest.starts_with(word.as_bytes()) {
                for _ in word.bytes() {
                    self.take();
                }
                return Ok(truth.map_or(Value::Null(span), |t| Value::Leaf(Leaf::plain(Kind::Bool, t, span))));
            }
        }
        Err(self.error("a value is missing here"))
    }

    fn descend(&mut self) -> Result<(), DecryptError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(&format!("values are nested more than {MAX_DEPTH} deep")));
        }
        self.take();
        self.blanks();
        Ok(())
    }

    fn object(&mut self) -> Result<Vec<Item>, DecryptError> {
        self.descend()?;
        let mut items = Vec::new();
        while self.rest.first() != Some(&b'}') {
            if !items.is_empty() {
                self.expect(b',')?;
                self.blanks();
            }
            if self.rest.first() != Some(&b'"') {
                return Err(self.error("a key in quotes is missing here"));
            }
            let key = self.string()?;
            self.blanks();
            self.expect(b':')?;
            self.blanks();
            let value = self.value()?;
            self.blanks();
            items.push(Item::Pair(Pair { key, value }));
        }
        self.take();
        self.depth -= 1;
        Ok(items)
    }

    fn array(&mut self) -> Result<Vec<Element>, DecryptError> {
        self.descend()?;
        let mut elements = Vec::new();
        while self.rest.first() != Some(&b']') {
            if !elements.is_empty() {
                self.expect(b',')?;
                self.blanks();
            }
            elements.push(Element::Value(self.value()?));
            self.blanks();
        }
        self.take();
        self.depth -= 1;
        Ok(elements)
    }

    /// Reads a number as Go does, into a float.
    fn number(&mut self) -> Result<Leaf, DecryptError> {
        let span = self.span;
        let length = self
            .rest
            .iter()
            .take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
            .count();
        let (digits, rest) = self.rest.split_at(length);
        let text = std::str::from_utf8(digits).unwrap_or_default();
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && is_json_number(text));
        let value = value.ok_or_else(|| self.error("this is not a number"))?;
        self.rest = rest;
        self.span.column += length as u32;
        match (self.numbers, text.parse::<i64>()) {
            (Numbers::Exact, Ok(integer)) => Ok(Leaf::plain(Kind::Int, integer.to_string(), span)),
            _ => Ok(Leaf::plain(Kind::Float, float_bytes(value), span)),
        }
    }

    fn string(&mut self) -> Result<String, DecryptError> {
        self.take();
        let mut bytes = Vec::new();
        loop {
            // What needs no second look goes over at once: ciphertext is long.
            let plain = self
                .rest
                .iter()
                .take_while(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\'))
                .count();
            let (run, rest) = self.rest.split_at(plain);
            bytes.extend_from_slice(run);
            self.rest = rest;
            self.span.column += plain as u32;
            match self.take() {
                Some(b'"') => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Some(b'\\') => {
                    let c = self.escape()?;
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(byte @ 0x20..) => bytes.push(byte),
                _ => return Err(self.error("a string does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, DecryptError> {
        Ok(match self.take() {
            Some(c @ (b'"' | b'\\' | b'/')) => c as char,
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let high = self.hex4()?;
                if !(0xd800..0xdc00).contains(&high) || !self.rest.starts_with(b"\\u") {
                    return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let (rest, span) = (self.rest, self.span);
                self.take();
                self.take();
                let low = self.hex4()?;
                if (0xdc00..0xe000).contains(&low) {
                    let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                // Half a pair alone; the other escape stands for itself.
                (self.rest, self.span) = (rest, span);
                char::REPLACEMENT_CHARACTER
            }
            _ => return Err(self.error("this escape does not exist")),
        })
    }

    fn hex4(&mut self) -> Result<u32, DecryptError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.take().and_then(|b| (b as char).to_digit(16));
            code = code << 4 | digit.ok_or_else(|| self.error("`\\u` takes four hexadecimal digits"))?;
        }
        Ok(code)
    }
}

/// Returns whether a text that Rust reads as a float is a number of JSON.
fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    let leading_zero = whole > 1 && digits.starts_with('0');
    let point_alone = digits.as_bytes().get(whole) == Some(&b'.')
        && !digits.as_bytes().get(whole + 1).is_some_and(u8::is_ascii_digit);
    whole > 0 && !leading_zero && !point_alone
}

/// Writes the first document.
pub(crate) fn emit(documents: &[Vec<Item>], indent: Indent) -> SecretBytes {
    let mut writer = Writer { out: SecretWriter::default(), indent };
    writer.object(documents.first().map_or(&[], Vec::as_slice), 0);
    writer.out.push("\n");
    writer.out.finish()
}

/// Writes one value, without a line break behind it.
pub(crate) fn emit_value(value: &Value, indent: Indent) -> SecretBytes {
    let mut writer = Writer { out: SecretWriter::default(), indent };
    writer.value(value, 0);
    writer.out.finish()
}

struct Writer {
    out: SecretWriter,
    indent: Indent,
}

impl Writer {
    fn new_line(&mut self, depth: usize) {
        self.out.push("\n");
        for _ in 0..depth {
            match self.indent {
                Indent::Tab => self.out.push("\t"),
                Indent::Spaces(count) => self.out.push(" ".repeat(count)),
            }
        }
    }

    fn object(&mut self, items: &[Item], depth: usize) {
        self.out.push("{");
        let mut first = true;
        for item in items {
            let Item::Pair(Pair { key, value }) = item else { continue };
            self.next(&mut first, depth);
            string(key.as_bytes(), &mut self.out);
            self.out.push(": ");
            self.value(value, depth + 1);
        }
        if !first {
            self.new_line(depth);
        }
        self.out.push("}");
    }

    fn array(&mut self, elements: &[Element], depth: usize) {
        self.out.push("[");
        let mut first = true;
        for element in elements {
            let Element::Value(element) = element else { continue };
            self.next(&mut first, depth);
            self.value(element, depth + 1);
        }
        if !first {
            self.new_line(depth);
        }
        self.out.push("]");
    }

    fn next(&mut self, first: &mut bool, depth: usize) {
        if !std::mem::take(first) {
            self.out.push(",");
        }
        self.new_line(depth + 1);
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Null(_) => self.out.push("null"),
            Value::Mapping(items, _) => self.object(items, depth),
            Value::Sequence(elements, _) => self.array(elements, depth),
            Value::Leaf(leaf) => match leaf.kind {
                Kind::Str | Kind::Time => string(leaf.bytes.expose(), &mut self.out),
                Kind::Int => self.out.push(leaf.bytes.expose()),
                Kind::Float => self.out.push(hagane_yaml::scalar::go_json(leaf.float())),
                Kind::Bool => self.out.push(if leaf.bytes.expose() == b"True" { "true" } else { "false" }),
            },
        }
    }
}

/// Writes a string with Go's escapes, HTML's signs among them.
fn string(bytes: &[u8], out: &mut SecretWriter) {
    out.push("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push("\\\""),
                '\\' => out.push("\\\\"),
                '\n' => out.push("\\n"),
                '\r' => out.push("\\r"),
                '\t' => out.push("\\t"),
                '\u{8}' => out.push("\\b"),
                '\u{c}' => out.push("\\f"),
                '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    out.push(format!("\\u{:04x}", u32::from(c)));
                }
                _ => out.push(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for _ in chunk.invalid() {
            out.push("\\ufffd");
        }
    }
    out.push("\"");
}
