//! Places in a file, `["users"][0]["name"]`, and what `--extract`, `set` and `unset` do there.

use hagane_yaml::Span;

use crate::contents::Unfit;
use crate::format::{Layout, json, yaml};
use crate::tree::{Element, Item, Kind, Pair, Value};
use crate::{Contents, DecryptError, Format, SecretBytes};

/// A place in the first document of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Why there is nothing at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathError {
    /// The text is no path.
    Malformed,
    /// The mapping has no such key, or the list no such item.
    NotFound(String),
    /// There is a value in the middle of the path.
    NotACollection(String),
    /// The value cannot be written in the format.
    Unfit(Unfit),
}

impl std::fmt::Display for PathError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PathError::Malformed => f.write_str("a path is `[\"key\"]` or `[0]`, one or several"),
            PathError::NotFound(step) => write!(f, "there is no {step}"),
            PathError::NotACollection(step) => {
                write!(f, "there can be no {step} here: the value is no collection")
            }
            PathError::Unfit(unfit) => unfit.fmt(f),
        }
    }
}

impl std::error::Error for PathError {}

impl Step {
    fn words(&self) -> String {
        match self {
            Step::Key(key) => format!("key `{key}`"),
            Step::Index(index) => format!("item {index}"),
        }
    }
}

impl KeyPath {
    /// Reads a path: keys in quotes of either kind, indices without.
    pub fn parse(text: &str) -> Result<KeyPath, PathError> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let inner = rest.strip_prefix('[').ok_or(PathError::Malformed)?;
            let (step, after) = match inner.as_bytes().first() {
                Some(quote @ (b'"' | b'\'')) => {
                    let quote = char::from(*quote);
                    let end = inner[1..].find(&format!("{quote}]")[..]).ok_or(PathError::Malformed)?;
                    (Step::Key(inner[1..=end].to_owned()), &inner[end + 2..])
                }
                _ => {
                    let end = inner.find(']').ok_or(PathError::Malformed)?;
                    let index = inner[..end].parse().map_err(|_| PathError::Malformed)?;
                    (Step::Index(index), &inner[end..])
                }
            };
            steps.push(step);
            rest = after.strip_prefix(']').ok_or(PathError::Malformed)?;
        }
        if steps.is_empty() { Err(PathError::Malformed) } else { Ok(KeyPath(steps)) }
    }
}

/// A value that is put into a file.
#[derive(Clone)]
pub struct NewValue(Value);

impl NewValue {
    /// Reads a value of JSON.
    pub fn of_json(text: &[u8]) -> Result<NewValue, DecryptError> {
        json::load_value(text).map(NewValue)
    }
}

impl Contents {
    /// Returns what stands at a place: a text as it is, anything else as the format writes it.
    pub fn extract(&self, path: &KeyPath, format: Format, layout: Layout) -> Result<SecretBytes, PathError> {
        let value = self.at(path)?;
        if let Value::Leaf(leaf) = value
            && leaf.kind == Kind::Str
        {
            return Ok(leaf.bytes.clone());
        }
        if let Value::Mapping(items, _) = value {
            let part = Contents::of_documents(format, vec![items.clone()]);
            return part.to_bytes_as(format, layout).map_err(PathError::Unfit);
        }
        match (format, value) {
            (Format::Yaml, _) => Ok(yaml::emit_value(value, layout.yaml)),
            (Format::Json, _) => Ok(json::emit_value(value, layout.json)),
            (Format::Ini, Value::Leaf(leaf)) => Ok(leaf.text()),
            _ => {
                let problem = "only a text can be extracted so";
                Err(PathError::Unfit(Unfit { format, key: None, problem }))
            }
        }
    }

    fn at(&self, path: &KeyPath) -> Result<&Value, PathError> {
        let (first, rest) = path.0.split_first().ok_or(PathError::Malformed)?;
        let Step::Key(key) = first else { return Err(PathError::NotACollection(first.words())) };
        let items = self.documents.first().ok_or_else(|| PathError::NotFound(first.words()))?;
        let mut value = find(items, key).ok_or_else(|| PathError::NotFound(first.words()))?;
        for step in rest {
            let found = match (value, step) {
                (Value::Mapping(items, _), Step::Key(key)) => find(items, key),
                (Value::Sequence(elements, _), Step::Index(index)) => values(elements).nth(*index),
                _ => return Err(PathError::NotACollection(step.words())),
            };
            value = found.ok_or_else(|| PathError::NotFound(step.words()))?;
        }
        Ok(value)
    }

    /// Puts a value at a place. What is missing on the way is made; an index behind the end of a list appends.
    pub fn set(&mut self, path: &KeyPath, value: NewValue) -> Result<(), PathError> {
        let (first, rest) = path.0.split_first().ok_or(PathError::Malformed)?;
        let Step::Key(key) = first else { return Err(PathError::NotACollection(first.words())) };
        if self.documents.is_empty() {
            self.documents.push(Vec::new());
        }
        put_key(&mut self.documents[0], key, rest, value.0);
        Ok(())
    }

    /// Takes away what stands at a place.
    pub fn unset(&mut self, path: &KeyPath) -> Result<(), PathError> {
        let (first, rest) = path.0.split_first().ok_or(PathError::Malformed)?;
        let Step::Key(key) = first else { return Err(PathError::NotACollection(first.words())) };
        let document = self.documents.first_mut().ok_or_else(|| PathError::NotFound(first.words()))?;
        remove_key(document, key, first, rest)
    }
}

fn find<'a>(items: &'a [Item], key: &str) -> Option<&'a Value> {
    items.iter().find_map(|item| match item {
        Item::Pair(pair) if pair.key == key => Some(&pair.value),
        _ => None,
    })
}

fn values(elements: &[Element]) -> impl Iterator<Item = &Value> {
    elements.iter().filter_map(|element| match element {
        Element::Value(value) => Some(value),
        Element::Comment(_) => None,
    })
}

fn put_key(items: &mut Vec<Item>, key: &str, rest: &[Step], new: Value) {
    for item in items.iter_mut() {
        if let Item::Pair(pair) = item
            && pair.key == key
        {
            return put(&mut pair.value, rest, new);
        }
    }
    items.push(Item::Pair(Pair { key: key.to_owned(), value: made(rest, new) }));
}

fn put(value: &mut Value, rest: &[Step], new: Value) {
    match (value, rest.split_first()) {
        (value, None) => *value = new,
        (Value::Mapping(items, _), Some((Step::Key(key), rest))) => put_key(items, key, rest, new),
        (Value::Sequence(elements, _), Some((Step::Index(index), rest))) => {
            let mut values = elements.iter_mut().filter_map(|element| match element {
                Element::Value(value) => Some(value),
                Element::Comment(_) => None,
            });
            match values.nth(*index) {
                Some(value) => put(value, rest, new),
                None => elements.push(Element::Value(made(rest, new))),
            }
        }
        (value, Some(_)) => *value = made(rest, new),
    }
}

/// Returns a value with the collections around it that a path asks for.
fn made(path: &[Step], value: Value) -> Value {
    path.iter().rev().fold(value, |value, step| match step {
        Step::Key(key) => Value::Mapping(vec![Item::Pair(Pair { key: key.clone(), value })], Span::default()),
        Step::Index(_) => Value::Sequence(vec![Element::Value(value)], Span::default()),
    })
}

fn remove_key(items: &mut Vec<Item>, key: &str, step: &Step, rest: &[Step]) -> Result<(), PathError> {
    let place = items.iter().position(|item| matches!(item, Item::Pair(pair) if pair.key == key));
    let place = place.ok_or_else(|| PathError::NotFound(step.words()))?;
    if rest.is_empty() {
        items.remove(place);
        return Ok(());
    }
    match &mut items[place] {
        Item::Pair(pair) => remove(&mut pair.value, rest),
        Item::Comment(_) => Err(PathError::NotFound(step.words())),
    }
}

fn remove(value: &mut Value, path: &[Step]) -> Result<(), PathError> {
    let (step, rest) = path.split_first().ok_or(PathError::Malformed)?;
    match (value, step) {
        (Value::Mapping(items, _), Step::Key(key)) => remove_key(items, key, step, rest),
        (Value::Sequence(elements, _), Step::Index(index)) => {
            let place =
                elements.iter().enumerate().filter(|(_, e)| matches!(e, Element::Value(_))).nth(*index);
            let place = place.ok_or_else(|| PathError::NotFound(step.words()))?.0;
            if rest.is_empty() {
                elements.remove(place);
                return Ok(());
            }
            match &mut elements[place] {
                Element::Value(value) => remove(value, rest),
                Element::Comment(_) => Err(PathError::NotFound(step.words())),
            }
        }
        _ => Err(PathError::NotACollection(step.words())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let check = |text: &str, steps: Option<&[Step]>| {
            assert_eq!(KeyPath::parse(text).ok(), steps.map(|steps| KeyPath(steps.to_vec())), "{text}");
        };
        check(r#"["a"][0]['b"c']"#, Some(&[Step::Key("a".into()), Step::Index(0), Step::Key("b\"c".into())]));
        check(r#"["a]b"]"#, Some(&[Step::Key("a]b".into())]));
        check(r#"["a""#, None);
        check(r#"["a"]x"#, None);
        check("[-1]", None);
        check("a", None);
        check("", None);
    }

    #[test]
    fn values_are_set_and_taken_away() {
        let check = |text: &str, path: &str, value: Option<&str>, want: &str| {
            let mut contents =
                Contents::read(text.as_bytes(), Format::Yaml, Default::default()).expect("YAML");
            let path = KeyPath::parse(path).expect("a path");
            match value {
                Some(value) => {
                    let value = NewValue::of_json(value.as_bytes()).expect("JSON");
                    contents.set(&path, value).expect("it can be set");
                }
                None => contents.unset(&path).expect("it is there"),
            }
            assert_eq!(contents.to_bytes().expose_str(), Some(want));
        };
        check("a: 1\n", r#"["b"]["c"][4]"#, Some("true"), "a: 1\nb:\n    c:\n        - true\n");
        check("a: 1\n", r#"["a"]["b"]"#, Some(r#"{"c": null}"#), "a:\n    b:\n        c: null\n");
        check("l: [1, 2]\n", r#"["l"][1]"#, Some(r#""x""#), "l:\n    - 1\n    - x\n");
        check("l: [1, 2]\n", r#"["l"][9]"#, Some("3"), "l:\n    - 1\n    - 2\n    - 3\n");
        check("# c\na: 1\nb: 2\n", r#"["a"]"#, None, "# c\nb: 2\n");
        check("l: [{a: 1, b: 2}]\n", r#"["l"][0]["b"]"#, None, "l:\n    - a: 1\n");
    }
}
