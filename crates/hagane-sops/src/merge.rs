//! Three versions of a file become one: what two people changed since they had the same file.
//!
//! What is merged are the open values, so that a MAC and a time that differ on both sides are no conflict. Where both sides
//! changed the same value differently, somebody has to say which counts.

use hagane_yaml::Span;

use crate::tree::{Element, Item, Pair, Value};
use crate::{Contents, EncryptError, Format, OpenedFile, Sealing};

/// Why versions do not become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeError {
    /// Both sides changed these values, by their key paths.
    Conflicts(Vec<String>),
    /// Both sides changed who can open the file, or what in it is encrypted.
    Keys,
    /// The merged file cannot be written.
    Encrypt(EncryptError),
}

impl std::fmt::Display for MergeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MergeError::Conflicts(paths) => write!(f, "both sides changed `{}`", paths.join("`, `")),
            MergeError::Keys => {
                f.write_str("both sides changed who can open the file, or what in it is encrypted")
            }
            MergeError::Encrypt(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MergeError {}

/// Returns the file with what `ours` and `theirs` changed since `base`.
pub fn merge(
    base: &OpenedFile,
    ours: OpenedFile,
    theirs: OpenedFile,
    format: Format,
    sealing: &Sealing,
) -> Result<Vec<u8>, MergeError> {
    let contents = merge_contents(base.contents(), ours.contents(), theirs.contents())?;
    // Who can open the file is as the side says that changed it, and with it comes its data key.
    let side = if ours.is_for_the_same(base) {
        theirs
    } else if theirs.is_for_the_same(base) || ours.is_for_the_same(&theirs) {
        ours
    } else {
        return Err(MergeError::Keys);
    };
    if contents == *side.contents() {
        return Ok(side.into_text());
    }
    // Nothing vouches for the metadata: values of one side are not sealed as the other side has come to say.
    if !side.seals_as(base) {
        return Err(MergeError::Keys);
    }
    side.reseal(&contents, format, sealing).map_err(MergeError::Encrypt)
}

fn merge_contents(base: &Contents, ours: &Contents, theirs: &Contents) -> Result<Contents, MergeError> {
    let mut merge = Merge { conflicts: Vec::new() };
    let counts = [base, ours, theirs].map(|contents| contents.documents.len());
    let documents = if counts[0] == counts[1] && counts[0] == counts[2] {
        let documents = base.documents.iter().zip(&ours.documents).zip(&theirs.documents);
        documents.map(|((base, ours), theirs)| merge.mapping(base, ours, theirs, "")).collect()
    } else if base == ours {
        theirs.documents.clone()
    } else if base == theirs || ours == theirs {
        ours.documents.clone()
    } else {
        return Err(MergeError::Conflicts(vec!["documents".into()]));
    };
    match merge.conflicts.is_empty() {
        true => Ok(Contents::of_documents(ours.format(), documents)),
        false => Err(MergeError::Conflicts(merge.conflicts)),
    }
}

struct Merge {
    conflicts: Vec<String>,
}

/// A pair with the comments above it.
#[derive(Clone)]
struct Entry<'a> {
    above: Vec<&'a Item>,
    pair: &'a Pair,
}

/// Returns the pairs of a mapping with the comments above each, and the comments below them all.
fn entries(items: &[Item]) -> (Vec<Entry<'_>>, Vec<&Item>) {
    let (mut entries, mut above) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Comment(_) => above.push(item),
            Item::Pair(pair) => entries.push(Entry { above: std::mem::take(&mut above), pair }),
        }
    }
    (entries, above)
}

fn find<'e, 'a>(entries: &'e [Entry<'a>], key: &str) -> Option<&'e Entry<'a>> {
    entries.iter().find(|entry| entry.pair.key == key)
}

/// Returns the side that changed; ours, where both did.
fn changed<T: PartialEq>(base: T, ours: T, theirs: T) -> T {
    if ours == base { theirs } else { ours }
}

impl Merge {
    fn mapping(&mut self, base: &[Item], ours: &[Item], theirs: &[Item], path: &str) -> Vec<Item> {
        let ((base, base_below), (ours, ours_below), (theirs, theirs_below)) =
            (entries(base), entries(ours), entries(theirs));
        let mut merged: Vec<(Vec<Item>, Pair)> = Vec::new();
        let owned = |comments: &[&Item]| comments.iter().map(|item| (*item).clone()).collect::<Vec<Item>>();
        for entry in &ours {
            let key = &entry.pair.key;
            let inside = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let (before, other) = (find(&base, key), find(&theirs, key));
            let value = match (before, other) {
                // Ours is new.
                (None, None) => entry.pair.value.clone(),
                (None, Some(other)) if other.pair.value == entry.pair.value => entry.pair.value.clone(),
                (None, Some(_)) => {
                    self.conflicts.push(inside);
                    continue;
                }
                // They took it away.
                (Some(before), None) if before.pair.value == entry.pair.value => continue,
                (Some(_), None) => {
                    self.conflicts.push(inside);
                    continue;
                }
                (Some(before), Some(other)) => {
                    self.value(&before.pair.value, &entry.pair.value, &other.pair.value, &inside)
                }
            };
            let above = match (before, other) {
                (Some(before), Some(other)) => changed(&before.above, &entry.above, &other.above),
                _ => &entry.above,
            };
            merged.push((owned(above), Pair { key: key.clone(), value }));
        }
        self.add_theirs(&base, &ours, &theirs, path, &mut merged);
        let below = changed(&base_below, &ours_below, &theirs_below);
        let pairs = merged.into_iter().flat_map(|(above, pair)| above.into_iter().chain([Item::Pair(pair)]));
        pairs.chain(owned(below)).collect()
    }

    /// Adds what they added, each behind the key that it stands behind there.
    fn add_theirs(
        &mut self,
        base: &[Entry],
        ours: &[Entry],
        theirs: &[Entry],
        path: &str,
        merged: &mut Vec<(Vec<Item>, Pair)>,
    ) {
        for (index, entry) in theirs.iter().enumerate() {
            let key = &entry.pair.key;
            if find(ours, key).is_some() {
                continue;
            }
            if let Some(before) = find(base, key) {
                // We took it away, and they changed it.
                if before.pair.value != entry.pair.value {
                    self.conflicts.push(if path.is_empty() { key.clone() } else { format!("{path}.{key}") });
                }
                continue;
            }
            let behind = theirs[..index]
                .iter()
                .rev()
                .find_map(|other| merged.iter().position(|(_, pair)| pair.key == other.pair.key));
            let above = entry.above.iter().map(|item| (*item).clone()).collect();
            merged.insert(behind.map_or(0, |behind| behind + 1), (above, entry.pair.clone()));
        }
    }

    fn value(&mut self, base: &Value, ours: &Value, theirs: &Value, path: &str) -> Value {
        if ours == theirs || theirs == base {
            return ours.clone();
        }
        if ours == base {
            return theirs.clone();
        }
        match (base, ours, theirs) {
            (Value::Mapping(base, _), Value::Mapping(ours, span), Value::Mapping(theirs, _)) => {
                Value::Mapping(self.mapping(base, ours, theirs, path), *span)
            }
            (Value::Sequence(base, _), Value::Sequence(ours, span), Value::Sequence(theirs, _))
                if base.len() == ours.len() && base.len() == theirs.len() =>
            {
                let elements = base.iter().zip(ours).zip(theirs);
                let elements = elements.map(|((base, ours), theirs)| self.element(base, ours, theirs, path));
                Value::Sequence(elements.collect(), *span)
            }
            _ => {
                self.conflicts.push(path.to_owned());
                Value::Null(Span::default())
            }
        }
    }

    fn element(&mut self, base: &Element, ours: &Element, theirs: &Element, path: &str) -> Element {
        match (base, ours, theirs) {
            (Element::Value(base), Element::Value(ours), Element::Value(theirs)) => {
                Element::Value(self.value(base, ours, theirs, path))
            }
            _ => changed(base, ours, theirs).clone(),
        }
    }
}
