//! Everything that a path leads to in a tree, where it is written to: items by patterns, and what is missing is made.

use hagane_regex::Regex;
use hagane_resource::Diagnostic;
use hagane_yaml::emit::v3::kyaml;
use hagane_yaml::scalar::resolve_v3;
use hagane_yaml::{Entry, Mapping, Node, Scalar, Sequence, Span, Style, Tag};

use super::{Place, Step};
use crate::selector::Compared;

/// What is made at the end of a path that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing: the path leads nowhere.
    Skip,
    /// A scalar whose text decides its type.
    MakeScalar,
    /// A mapping.
    MakeMapping,
    /// A list.
    MakeSequence,
}

/// What a path leads to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The nodes.
    pub(crate) places: Vec<Place>,
    /// Whether the path was followed to an end where nothing is to be written, and nobody minds.
    pub(crate) ends_elsewhere: bool,
}

impl Found {
    /// Returns whether the path leads nowhere.
    pub(crate) fn is_nothing(&self) -> bool {
        self.places.is_empty() && !self.ends_elsewhere
    }
}

/// Returns every node that the path leads to, in their order. What is missing on the way is made where `missing` says so.
pub(crate) fn find(
    node: &mut Node,
    steps: &[Step],
    missing: Missing,
    compared: Compared,
    at: Span,
) -> Result<Found, Diagnostic> {
    let mut search = Search { missing, compared, at, place: Place::new(), found: Found::default() };
    search.node(node, steps)?;
    Ok(search.found)
}

/// The way along a path.
struct Search {
    missing: Missing,
    compared: Compared,
    /// Where the path is written.
    at: Span,
    /// Where the search is.
    place: Place,
    found: Found,
}

impl Search {
    fn makes(&self) -> bool {
        self.missing != Missing::Skip
    }

    fn node(&mut self, node: &mut Node, steps: &[Step]) -> Result<(), Diagnostic> {
        let Some((step, rest)) = steps.split_first() else {
            self.found.places.push(self.place.clone());
            return Ok(());
        };
        if self.makes() && says_null(node) {
            // Nothing is put into a null.
            self.found.ends_elsewhere |= !matches!(step, Step::Every);
            return Ok(());
        }
        match (step, node) {
            (Step::Key(key), Node::Scalar(scalar)) if key.is_empty() => {
                if self.makes() {
                    // kustomize empties the value, and goes on in one that is part of nothing.
                    *scalar = Scalar { span: scalar.span, ..Scalar::bare("") };
                    let elsewhere = find(&mut self.empty(rest), rest, self.missing, self.compared, self.at)?;
                    self.found.ends_elsewhere |= !elsewhere.is_nothing();
                }
                Ok(())
            }
            (Step::Key(key), Node::Mapping(_) | Node::Sequence(_)) if key.is_empty() => {
                Err(Diagnostic::error(self.at, "the path has an empty part")
                    .hinted("dots stand between parts: `spec.template`"))
            }
            (Step::Key(key), Node::Mapping(mapping)) => self.key(mapping, key, rest),
            (Step::Index(index), Node::Sequence(sequence)) => {
                let count = sequence.items.len();
                if *index == count && self.makes() {
                    sequence.items.push(self.empty(rest));
                }
                match sequence.items.get_mut(*index) {
                    Some(item) => self.item(*index, item, rest),
                    None => {
                        let message = format!("the path goes to item {index} of a list with {count}");
                        Err(Diagnostic::error(self.at, message).hinted("items are counted from 0"))
                    }
                }
            }
            // Where something is written, `-` is a key like any other.
            (Step::Last, Node::Mapping(mapping)) => self.key(mapping, "-", rest),
            (Step::Every, Node::Sequence(sequence)) => {
                let mut items = sequence.items.iter_mut().enumerate();
                items.try_for_each(|(index, item)| self.item(index, item, rest))
            }
            (Step::Item { key, value, pattern }, Node::Sequence(sequence)) => {
                let finds = self.items(sequence, key, pattern, rest)?;
                if finds || !self.makes() {
                    return Ok(());
                }
                sequence.items.push(new_item(key, value));
                self.items(sequence, key, pattern, rest).map(drop)
            }
            (Step::Bare(text), _) => {
                let error = Diagnostic::error(self.at, format!("`{text}` in the path is no item of a list"));
                Err(error.hinted("write `[name=web]` for an item, and a key without brackets"))
            }
            (step, node) => {
                let wanted = match step {
                    Step::Key(key) => format!("the key `{key}`"),
                    _ => "an item".into(),
                };
                let got = match node {
                    Node::Mapping(_) => "a mapping",
                    Node::Sequence(_) => "a list",
                    Node::Scalar(scalar) if scalar.tag == Tag::Alias => "an alias",
                    Node::Scalar(_) => "a single value",
                };
                let hint = match got {
                    "an alias" => "write to the node that has its anchor",
                    _ => "for example `spec.containers.[name=web].image` or `spec.containers.0.image`",
                };
                Err(Diagnostic::error(self.at, format!("the path looks for {wanted} in {got}")).hinted(hint))
            }
        }
    }

    fn child(&mut self, index: usize, node: &mut Node, rest: &[Step]) -> Result<(), Diagnostic> {
        self.place.push(index);
        self.node(node, rest)?;
        self.place.pop();
        Ok(())
    }

    fn key(&mut self, mapping: &mut Mapping, key: &str, rest: &[Step]) -> Result<(), Diagnostic> {
        if self.makes() && mapping.get(key).is_none() {
            // Written without quotes, even where it is no text then.
            mapping.entries.push(Entry { key: Scalar::bare(key), value: self.empty(rest) });
        }
        match mapping.position(key) {
            Some(index) => self.child(index, &mut mapping.entries[index].value, rest),
            None => Ok(()),
        }
    }

    /// Goes on in an item of a list, which may be absent as well as null.
    fn item(&mut self, index: usize, item: &mut Node, rest: &[Step]) -> Result<(), Diagnostic> {
        if self.makes() && !rest.is_empty() && item.is_null() {
            self.found.ends_elsewhere = true;
            return Ok(());
        }
        self.child(index, item, rest)
    }

    /// Goes on in the items that match; returns whether the path goes on from one of them.
    fn items(
        &mut self,
        sequence: &mut Sequence,
        key: &str,
        pattern: &Regex,
        rest: &[Step],
    ) -> Result<bool, Diagnostic> {
        // A path ends at an item that is found by all of its value, whatever comes behind.
        let rest = if key.is_empty() { &[] } else { rest };
        let (before, elsewhere) = (self.found.places.len(), std::mem::take(&mut self.found.ends_elsewhere));
        for (index, item) in sequence.items.iter_mut().enumerate() {
            let value = if key.is_empty() { Some(&*item) } else { item.get(key) };
            let Some(value) = value else { continue };
            if self.compared == Compared::PlainOnly && value.is_sensitive() {
                return Err(not_compared(self.at));
            }
            if matches(value, pattern) {
                self.child(index, item, rest)?;
            }
        }
        let finds = self.found.places.len() > before || self.found.ends_elsewhere;
        self.found.ends_elsewhere |= elsewhere;
        Ok(finds)
    }

    /// Returns the empty node that the next step needs.
    fn empty(&self, rest: &[Step]) -> Node {
        match (rest.first(), self.missing) {
            (Some(Step::Key(_) | Step::Every | Step::Last), _) | (None, Missing::MakeMapping) => {
                Node::mapping()
            }
            (Some(_), _) | (None, Missing::MakeSequence) => Node::Sequence(Sequence::default()),
            (None, _) => Node::Scalar(Scalar::bare("")),
        }
    }
}

/// Returns the error about a decrypted value that a pattern meets: whoever could ask whether it fits would have read it.
pub(crate) fn not_compared(at: Span) -> Diagnostic {
    Diagnostic::error(at, "a decrypted value is not compared with a pattern").hinted(
        "an item can also be found by a value that is not secret, or by its place: `spec.containers.0`",
    )
}

/// Returns whether a value matches as it is written, in its quotes.
fn matches(value: &Node, pattern: &Regex) -> bool {
    match value {
        Node::Scalar(scalar) if is_bare_word(scalar) => pattern.is_match(scalar.text.as_str()),
        _ => pattern.is_match(kyaml(value).trim()),
    }
}

/// Returns whether the text of a scalar is all that is written of it.
fn is_bare_word(scalar: &Scalar) -> bool {
    let text = scalar.text.as_str();
    scalar.style == Style::Plain
        && scalar.extra.is_none()
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && (scalar.tag == Tag::Unresolved || scalar.tag == Tag::Str && resolve_v3(text) == Tag::Str)
}

/// Returns whether a value is, or would be without its quotes, a null that is written out.
fn says_null(node: &Node) -> bool {
    let written = node.as_scalar().filter(|scalar| scalar.tag != Tag::Alias);
    written.is_some_and(|scalar| matches!(scalar.text.as_str(), "~" | "null" | "Null" | "NULL"))
}

fn new_item(key: &str, value: &str) -> Node {
    if key.is_empty() {
        return Node::Scalar(Scalar::bare(value));
    }
    let mut mapping = Mapping::default();
    mapping.push(key, Node::Scalar(Scalar::bare(value)));
    Node::Mapping(mapping)
}
