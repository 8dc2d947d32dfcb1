//! Where a transformer may write: a kind, and a path into it.

use std::borrow::Cow;

use hagane_yaml::{Entry, Mapping, Node, Scalar, Sequence};

use crate::field_spec_table::FieldSpecRow;
use crate::{Diagnostic, Gvk, GvkPattern};

/// A kind, and a path into resources of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// The kinds.
    pub gvk: GvkPattern,
    /// The path as written: `spec/template/metadata/labels`; `\/` is a slash in a key, `[]` marks a sequence.
    pub path: Cow<'static, str>,
    /// Whether what is missing on the way is made.
    pub create: bool,
    steps: Vec<PathStep>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStep {
    /// The key.
    pub key: Cow<'static, str>,
    /// Whether the value must be a sequence. Sequences are gone into with or without this mark, but nothing is
    /// made through one that has it.
    pub sequence: bool,
}

impl PathStep {
    /// Returns whether a mapping can have such a key; anything else is an error there.
    pub fn is_key(&self) -> bool {
        !self.key.is_empty() && !is_item(&self.key)
    }
}

/// What is made at the end of a path that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// Nothing.
    Nothing,
    /// A scalar.
    Scalar,
    /// A mapping.
    Mapping,
    /// A sequence.
    Sequence,
}

impl FieldSpec {
    /// Returns a field spec with its path parsed.
    pub fn new(gvk: GvkPattern, path: impl Into<Cow<'static, str>>, create: bool) -> FieldSpec {
        let path = path.into();
        let mut steps: Vec<PathStep> = match &path {
            // The paths of the default tables are parsed at every start: nothing of them is copied.
            Cow::Borrowed(path) if !path.contains('\\') => {
                path.split('/').map(|key| step(Cow::Borrowed(key))).collect()
            }
            path => parse_path(path),
        };
        // A slash in front says nothing.
        if steps.len() > 1 && steps[0].key.is_empty() && !steps[0].sequence {
            steps.remove(0);
        }
        FieldSpec { gvk, path, create, steps }
    }

    /// Returns a row of a default table.
    pub fn of_row(row: &FieldSpecRow) -> FieldSpec {
        let gvk = GvkPattern { group: row.group.into(), version: row.version.into(), kind: row.kind.into() };
        FieldSpec::new(gvk, row.path, row.create)
    }

    /// Returns the rows of a default table.
    pub fn of_rows(rows: &[FieldSpecRow]) -> Vec<FieldSpec> {
        rows.iter().map(FieldSpec::of_row).collect()
    }

    /// Returns whether resources of this kind are meant.
    pub fn takes(&self, gvk: &Gvk) -> bool {
        gvk.matches(&self.gvk)
    }

    /// Returns the steps of the path.
    pub fn steps(&self) -> &[PathStep] {
        &self.steps
    }

    /// Returns whether the path leads anywhere in `tree` without making anything.
    pub fn reaches(&self, tree: &Node) -> bool {
        reaches(tree, &self.steps)
    }

    /// Adds every node that the path leads to.
    pub fn collect<'n>(&self, tree: &'n Node, found: &mut Vec<&'n Node>) {
        collect(tree, &self.steps, found);
    }

    /// Calls `set` on every node that the path leads to.
    pub fn apply(
        &self,
        tree: &mut Node,
        create: Create,
        set: &mut dyn FnMut(&mut Node) -> Result<(), Diagnostic>,
    ) -> Result<(), Diagnostic> {
        visit(tree, &self.steps, if self.create { create } else { Create::Nothing }, set)
    }
}

fn collect<'n>(node: &'n Node, steps: &[PathStep], found: &mut Vec<&'n Node>) {
    match (steps.split_first(), node) {
        (None, node) => found.push(node),
        (Some(_), Node::Sequence(sequence)) => {
            sequence.items.iter().for_each(|item| collect(item, steps, found))
        }
        (Some((step, rest)), Node::Mapping(mapping)) => {
            if let Some(field) = mapping.get(&step.key) {
                collect(field, rest, found);
            }
        }
        (Some(_), Node::Scalar(_)) => {}
    }
}

fn reaches(node: &Node, steps: &[PathStep]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return true };
    match node {
        // A scalar on the way is an error that the walk must report.
        Node::Scalar(scalar) => !scalar.is_null(),
        Node::Sequence(sequence) => sequence.items.iter().any(|item| reaches(item, steps)),
        // A null that must be a sequence becomes an empty one.
        // An error that the walk must report, too.
        Node::Mapping(_) if !step.is_key() => true,
        Node::Mapping(mapping) => mapping
            .get(&step.key)
            .is_some_and(|field| step.sequence && field.is_null() || reaches(field, rest)),
    }
}

/// Returns whether a part of a path stands for an item of a list: a number, `-`, `*` or `[…]`.
fn is_item(key: &str) -> bool {
    let digits = key.strip_prefix(['-', '+']).unwrap_or(key);
    matches!(key, "-" | "*")
        || key.starts_with('[') && key.ends_with(']')
        || digits.bytes().all(|c| c.is_ascii_digit()) && !digits.is_empty()
}

/// Returns the steps of a path.
pub fn parse_path(path: &str) -> Vec<PathStep> {
    let mut keys: Vec<String> = Vec::new();
    for part in path.split('/') {
        match keys.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => keys.push(part.to_owned()),
        }
    }
    keys.into_iter().map(|key| step(Cow::Owned(key))).collect()
}

fn step(key: Cow<'static, str>) -> PathStep {
    let key = match key.trim() {
        trimmed if trimmed.len() == key.len() => key,
        trimmed => Cow::Owned(trimmed.to_owned()),
    };
    let sequence = key.ends_with("[]");
    let end = key.len() - if sequence { 2 } else { 0 };
    let key = match key {
        Cow::Borrowed(key) => Cow::Borrowed(&key[..end]),
        Cow::Owned(mut key) => {
            key.truncate(end);
            Cow::Owned(key)
        }
    };
    PathStep { key, sequence }
}

/// Calls `set` on every node at the end of `steps`, going into sequences on the way.
pub fn visit(
    node: &mut Node,
    steps: &[PathStep],
    create: Create,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Diagnostic>,
) -> Result<(), Diagnostic> {
    let Some((step, rest)) = steps.split_first() else {
        return set(node);
    };
    match node {
        Node::Scalar(scalar) if scalar.is_null() => Ok(()),
        Node::Scalar(scalar) => {
            let message =
                format!("`{}` is looked for in a value that is neither a mapping nor a sequence", step.key);
            Err(Diagnostic::error(scalar.span, message)
                .hinted("the path of a field spec goes through mappings and lists"))
        }
        Node::Sequence(sequence) => {
            sequence.items.iter_mut().try_for_each(|item| visit(item, steps, create, set))
        }
        Node::Mapping(mapping) if step.key.is_empty() => {
            let error = Diagnostic::error(mapping.span, "a path of a field spec has an empty part");
            Err(error.hinted("for example `path: spec/template/metadata/labels`"))
        }
        Node::Mapping(mapping) if is_item(&step.key) => {
            let message =
                format!("the part `{}` of a path stands for an item, and there is a mapping", step.key);
            Err(Diagnostic::error(mapping.span, message)
                .hinted("the path of a field spec goes through lists by itself: `spec/containers/image`"))
        }
        Node::Mapping(mapping) => {
            let Some(field) = field(mapping, step, rest.is_empty(), create) else { return Ok(()) };
            visit(field, rest, create, set)
        }
    }
}

/// Returns the field of a step, made when it is missing or null and may be made.
fn field<'a>(mapping: &'a mut Mapping, step: &PathStep, last: bool, create: Create) -> Option<&'a mut Node> {
    let made = match create {
        _ if step.sequence => Create::Nothing,
        Create::Nothing => Create::Nothing,
        end if last => end,
        _ => Create::Mapping,
    };
    let (index, is_new) = match mapping.position(&step.key) {
        Some(index) => (index, false),
        None if made == Create::Nothing => return None,
        None => {
            // Written without quotes, even where it is no text then.
            mapping.entries.push(Entry { key: Scalar::bare(&*step.key), value: Node::string("") });
            (mapping.entries.len() - 1, true)
        }
    };
    let field = &mut mapping.entries[index].value;
    let null = field.is_null();
    if is_new || null {
        let span = field.span();
        match made {
            Create::Mapping => *field = Node::Mapping(Mapping { span, ..Mapping::default() }),
            Create::Sequence => *field = Node::Sequence(Sequence { span, ..Sequence::default() }),
            Create::Nothing if step.sequence && null => {
                *field = Node::Sequence(Sequence { span, ..Sequence::default() })
            }
            Create::Scalar if null => {
                // What the null is written with is the text that it becomes.
                let text = field.as_scalar().map(|old| old.text.clone()).unwrap_or_default();
                *field = Node::Scalar(Scalar { span, ..Scalar::string(text) })
            }
            Create::Scalar | Create::Nothing => {}
        }
    }
    Some(field)
}
