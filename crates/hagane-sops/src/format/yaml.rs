//! YAML: as SOPS takes yaml.v3's nodes apart and puts them together again.
//!
//! A comment becomes a line of its mapping or sequence, wherever it stood; blank lines, styles and anchors are
//! lost. That is SOPS's way, and the bytes of `sops decrypt` depend on it.

use std::borrow::Cow;

use hagane_yaml::emit::v3;
use hagane_yaml::scalar::{Value as Decoded, timestamp, value};
use hagane_yaml::{
    Comments, Entry, Extra, FileId, Mapping, Node, ParseOptions, Scalar, Sequence, Span, Tag, Text,
};

use super::{Loaded, METADATA, start_of};
use crate::error::ValueProblem;
use crate::tree::{Comment, Element, Item, Kind, Leaf, Pair, Value, float_bytes};
use crate::{DecryptError, SecretBytes};

/// Reads the documents. The metadata is the first document's; the others only repeat it.
pub(crate) fn load(text: &[u8], file: FileId) -> Result<Loaded, DecryptError> {
    let nodes = parse(text, file)?;
    let mut metadata = None;
    let mut documents = Vec::with_capacity(nodes.len());
    for (index, mut node) in nodes.into_iter().enumerate() {
        if let Node::Mapping(mapping) = &mut node {
            if index == 0 {
                refuse_duplicates(mapping)?;
            }
            // The key stays for now: comments above it belong to the document.
            for entry in mapping.entries.iter_mut().filter(|entry| entry.key.text.as_str() == METADATA) {
                let null = Node::Scalar(Scalar { tag: Tag::Null, ..Scalar::default() });
                let block = std::mem::replace(&mut entry.value, null);
                if index == 0 {
                    metadata.get_or_insert(block);
                }
            }
        }
        let mut items = top(node)?;
        items.retain(|item| !matches!(item, Item::Pair(pair) if pair.key == METADATA));
        documents.push(items);
    }
    Ok(Loaded { documents, metadata })
}

/// Reads the documents of a file that is not encrypted.
pub(crate) fn load_plain(text: &[u8], file: FileId) -> Result<Vec<Vec<Item>>, DecryptError> {
    let nodes = parse(text, file)?;
    let mut documents = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.into_iter().enumerate() {
        if let Node::Mapping(mapping) = &node {
            if index == 0 {
                refuse_duplicates(mapping)?;
            }
            if let Some(entry) = mapping.entry(METADATA) {
                return Err(DecryptError::AlreadyEncrypted { span: entry.key.span });
            }
        }
        documents.push(top(node)?);
    }
    Ok(documents)
}

fn parse(text: &[u8], file: FileId) -> Result<Vec<Node>, DecryptError> {
    let Ok(text) = std::str::from_utf8(text) else {
        let message = "the file is not UTF-8".to_owned();
        return Err(DecryptError::Syntax { span: start_of(file), message });
    };
    let options =
        ParseOptions { comments: true, merge_keys: hagane_yaml::MergeKeys::Keep, ..ParseOptions::default() };
    hagane_yaml::parse(text, file, &options)
        .map_err(|error| DecryptError::Syntax { span: error.span, message: error.message })
}

fn refuse_duplicates(mapping: &Mapping) -> Result<(), DecryptError> {
    let mut keys: Vec<&Scalar> = mapping.entries.iter().map(|entry| &entry.key).collect();
    keys.sort_by(|one, other| (one.text.as_str(), one.span).cmp(&(other.text.as_str(), other.span)));
    match keys.windows(2).find(|pair| pair[0].text == pair[1].text) {
        None => Ok(()),
        Some(pair) => {
            let message = format!("the key `{}` is there twice", pair[1].text.as_str());
            Err(DecryptError::Syntax { span: pair[1].span, message })
        }
    }
}

/// The nodes are taken apart, not copied: a file is large, and most of it are ciphertexts.
fn top(node: Node) -> Result<Vec<Item>, DecryptError> {
    match node {
        Node::Mapping(mapping) => items(mapping),
        Node::Scalar(scalar) if scalar.is_null() => {
            let mut items = Vec::new();
            let own = comments(scalar.extra);
            push_comments(&mut items, Item::Comment, [&own.head, &own.line, &own.foot], scalar.span);
            Ok(items)
        }
        other => {
            let message = "an encrypted YAML file holds mappings".to_owned();
            Err(DecryptError::Syntax { span: other.span(), message })
        }
    }
}

fn comments(extra: Option<Box<Extra>>) -> Comments {
    extra.map(|extra| extra.comments).unwrap_or_default()
}

fn push_comments<T, const N: usize>(
    into: &mut Vec<T>,
    wrap: fn(Comment) -> T,
    blocks: [&Vec<Text>; N],
    span: Span,
) {
    for line in blocks.into_iter().flatten() {
        if let Some(text) = line.as_str().strip_prefix('#') {
            into.push(wrap(Comment { text: SecretBytes::new(text.as_bytes().to_vec()), span }));
        }
    }
}

fn items(mapping: Mapping) -> Result<Vec<Item>, DecryptError> {
    let mut items = Vec::with_capacity(mapping.entries.len());
    let own = comments(mapping.extra);
    push_comments(&mut items, Item::Comment, [&own.head, &own.line], mapping.span);
    for Entry { mut key, mut value } in mapping.entries {
        let span = key.span;
        let tag = key.resolved_tag();
        let of_key = comments(key.extra.take());
        push_comments(&mut items, Item::Comment, [&of_key.head, &of_key.line], span);
        let of_value = match &mut value {
            Node::Scalar(scalar) => scalar.extra.as_mut().map(|extra| std::mem::take(&mut extra.comments)),
            _ => None,
        };
        let of_value = of_value.unwrap_or_default();
        push_comments(&mut items, Item::Comment, [&of_value.head, &of_value.line], span);
        let key = key.text.into_string();
        if !matches!(tag, Tag::Str | Tag::Merge) {
            return Err(DecryptError::BadValue { span, path: key, problem: ValueProblem::KeyNotString });
        }
        let value = match value {
            Node::Scalar(scalar) => leaf(scalar, &key)?,
            Node::Mapping(inner) => {
                let span = inner.span;
                Value::Mapping(self::items(inner)?, span)
            }
            Node::Sequence(mut sequence) => {
                let span = sequence.span;
                let around = comments(sequence.extra.take());
                let mut elements = Vec::with_capacity(sequence.items.len());
                push_comments(&mut elements, Element::Comment, [&around.head, &around.line], span);
                push_elements(&mut elements, sequence, &key)?;
                push_comments(&mut elements, Element::Comment, [&around.foot], span);
                Value::Sequence(elements, span)
            }
        };
        items.push(Item::Pair(Pair { key, value }));
        push_comments(&mut items, Item::Comment, [&of_value.foot, &of_key.foot], span);
    }
    push_comments(&mut items, Item::Comment, [&own.foot], mapping.span);
    Ok(items)
}

/// Adds the items of a sequence. Their comments become items of the sequence itself.
fn push_elements(elements: &mut Vec<Element>, sequence: Sequence, key: &str) -> Result<(), DecryptError> {
    for mut item in sequence.items {
        let span = item.span();
        let has_own = item.extra().is_some();
        let own = if has_own { std::mem::take(&mut item.extra_mut().comments) } else { Comments::default() };
        push_comments(elements, Element::Comment, [&own.head, &own.line], span);
        let value = match item {
            Node::Scalar(scalar) => leaf(scalar, key)?,
            Node::Mapping(inner) => Value::Mapping(items(inner)?, span),
            Node::Sequence(inner) => {
                let mut nested = Vec::with_capacity(inner.items.len());
                push_elements(&mut nested, inner, key)?;
                Value::Sequence(nested, span)
            }
        };
        elements.push(Element::Value(value));
        push_comments(elements, Element::Comment, [&own.foot], span);
    }
    Ok(())
}

fn leaf(scalar: Scalar, key: &str) -> Result<Value, DecryptError> {
    let span = scalar.span;
    let wrong = |problem| DecryptError::BadValue { span, path: key.to_owned(), problem };
    let text = scalar.text.as_str();
    let tag = scalar.resolved_tag();
    if tag == Tag::Timestamp {
        let time = timestamp(text).ok_or_else(|| wrong(ValueProblem::WrongType))?;
        return Ok(Value::Leaf(Leaf::plain(Kind::Time, time, span)));
    }
    if tag == Tag::Binary {
        use base64::Engine as _;
        let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
        let bytes =
            base64::prelude::BASE64_STANDARD.decode(text).map_err(|_| wrong(ValueProblem::WrongType))?;
        return Ok(Value::string(bytes, span));
    }
    let (kind, bytes) = match value(&scalar).map_err(|_| wrong(ValueProblem::WrongType))? {
        Decoded::Null => return Ok(Value::Null(span)),
        Decoded::Str(Cow::Borrowed(_)) => (Kind::Str, scalar.text.into_string()),
        Decoded::Str(Cow::Owned(text)) => (Kind::Str, text),
        Decoded::Bool(truth) => (Kind::Bool, if truth { "True" } else { "False" }.into()),
        Decoded::Int(number) => (Kind::Int, number.to_string()),
        Decoded::Float(number) => (Kind::Float, float_bytes(number)),
        Decoded::Uint(_) => return Err(wrong(ValueProblem::Unsupported)),
    };
    Ok(Value::Leaf(Leaf::plain(kind, bytes, span)))
}

/// Writes the documents as SOPS does: yaml.v3's nodes, four columns a level unless asked otherwise.
pub(crate) fn emit(documents: &[Vec<Item>], indent: usize) -> SecretBytes {
    let nodes: Vec<Node> = documents.iter().map(|items| document(items)).collect();
    write(&nodes, indent)
}

/// Writes one value.
pub(crate) fn emit_value(value: &Value, indent: usize) -> SecretBytes {
    write(&[node(value)], indent)
}

fn write(nodes: &[Node], indent: usize) -> SecretBytes {
    // yaml.v3 takes what is out of its bounds for two.
    let indent = if (2..=9).contains(&indent) { indent } else { 2 };
    let mut text = v3::write(nodes, &v3::Options { indent, ..v3::Options::default() });
    SecretBytes::new(std::mem::take(&mut *text).into_bytes())
}

/// Returns a document as a node, with its comments where SOPS puts them.
pub(crate) fn document(items: &[Item]) -> Node {
    mapping(items, Span::default())
}

fn mapping(items: &[Item], span: Span) -> Node {
    let mut mapping = Mapping { span, ..Mapping::default() };
    let mut waiting: Vec<Text> = Vec::new();
    for item in items {
        match item {
            Item::Comment(comment) => waiting.push(line(comment)),
            Item::Pair(Pair { key, value }) => {
                let mut key = v3::encode_string(key.as_str().into());
                let mut head = std::mem::take(&mut waiting);
                if mapping.entries.is_empty() {
                    add_head(&mut mapping.extra, &mut head);
                }
                add_head(&mut key.extra, &mut head);
                key.span = value.span();
                mapping.entries.push(Entry { key, value: node(value) });
            }
        }
    }
    match mapping.entries.last_mut() {
        None => add_head(&mut mapping.extra, &mut waiting),
        Some(last) if !waiting.is_empty() => last.key.extra.get_or_insert_default().comments.foot = waiting,
        Some(_) => {}
    }
    Node::Mapping(mapping)
}

fn sequence(elements: &[Element], span: Span) -> Node {
    let mut sequence = Sequence { span, ..Sequence::default() };
    let mut waiting: Vec<Text> = Vec::new();
    for element in elements {
        match element {
            Element::Comment(comment) => waiting.push(line(comment)),
            Element::Value(value) => {
                let mut item = node(value);
                let mut head = std::mem::take(&mut waiting);
                if sequence.items.is_empty() {
                    add_head(&mut sequence.extra, &mut head);
                }
                if !head.is_empty() {
                    // The comments above an item come before those its own first line has.
                    let own = &mut item.extra_mut().comments.head;
                    head.append(own);
                    *own = head;
                }
                sequence.items.push(item);
            }
        }
    }
    match sequence.items.last_mut() {
        None => add_head(&mut sequence.extra, &mut waiting),
        Some(last) if !waiting.is_empty() => last.extra_mut().comments.foot = waiting,
        Some(_) => {}
    }
    Node::Sequence(sequence)
}

fn add_head(extra: &mut Option<Box<Extra>>, lines: &mut Vec<Text>) {
    if !lines.is_empty() {
        extra.get_or_insert_default().comments.head.append(lines);
    }
}

fn line(comment: &Comment) -> Text {
    // Not zeroed before it is in place, unless the whole line is made at once.
    let mut line = String::with_capacity(comment.text.expose().len() + 1);
    line.push('#');
    line.push_str(comment.text.expose_str().unwrap_or_default());
    Text::sensitive(line)
}

/// Returns a value as a node.
pub(crate) fn node(value: &Value) -> Node {
    match value {
        Value::Null(span) => {
            Node::Scalar(Scalar { text: "null".into(), tag: Tag::Null, span: *span, ..Scalar::default() })
        }
        Value::Mapping(items, span) => mapping(items, *span),
        Value::Sequence(elements, span) => sequence(elements, *span),
        Value::Leaf(leaf) => Node::Scalar(scalar(leaf)),
    }
}

fn scalar(leaf: &Leaf) -> Scalar {
    let text = leaf.bytes.expose_str();
    let mark = |text: &str| Text::with_mark(text, leaf.sensitive);
    let bare = |text: &str, tag| Scalar { text: mark(text), tag, ..Scalar::default() };
    let mut scalar = match (leaf.kind, text) {
        (Kind::Str, Some(text)) => v3::encode_string(mark(text)),
        (_, None) => binary(leaf),
        (Kind::Int, Some(text)) => bare(text, Tag::Int),
        (Kind::Bool, Some(text)) => bare(if text == "True" { "true" } else { "false" }, Tag::Bool),
        (Kind::Time, Some(text)) => bare(text, Tag::Timestamp),
        (Kind::Float, Some(_)) => {
            let text = match leaf.float() {
                value if value.is_nan() => ".nan".to_owned(),
                f64::INFINITY => ".inf".to_owned(),
                f64::NEG_INFINITY => "-.inf".to_owned(),
                value => hagane_yaml::scalar::go_general(value),
            };
            // What prints without a point reads as an integer again, here as there.
            bare(&text, hagane_yaml::scalar::resolve_v3(&text))
        }
    };
    scalar.span = leaf.span;
    scalar
}

/// Returns bytes that are not text, in base64 as yaml.v3 breaks it into lines.
fn binary(leaf: &Leaf) -> Scalar {
    use base64::Engine as _;
    const LINE: usize = 70;
    let encoded = zeroize::Zeroizing::new(base64::prelude::BASE64_STANDARD.encode(leaf.bytes.expose()));
    let mut text = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        if encoded.len() >= LINE {
            text.push('\n');
        }
        rest = after;
    }
    let text = if leaf.sensitive { Text::sensitive(text) } else { Text::from(text) };
    Scalar { text, tag: Tag::Binary, ..Scalar::default() }
}
