//! A template over values.

use std::borrow::Cow;

use hagane_resource::{Diagnostic, nearest};
use hagane_yaml::{Node, Scalar, Span, Tag};

use crate::Limits;
use crate::helpers::{Called, optional_place, too_much};
use crate::output::Output;
use crate::syntax::{Block, BlockKind, Call, Expression, Item, Path, Start};
use crate::value::Value;

/// Returns what a template writes.
pub(crate) fn render<'v>(items: &'v [Item], values: &'v Node, limits: &Limits) -> Result<Output, Diagnostic> {
    let mut run =
        Run { out: Output::new(limits), scopes: Vec::new(), steps: limits.steps, room: limits.made };
    run.scopes.push(Scope::of(Cow::Borrowed(values)));
    run.items(items)?;
    Ok(run.out)
}

/// A run over values `'v`.
struct Run<'v> {
    out: Output,
    scopes: Vec<Scope<'v>>,
    /// How many steps are left.
    steps: usize,
    /// How many bytes helpers may still make.
    room: usize,
}

/// What names mean within a block.
struct Scope<'v> {
    this: Cow<'v, Node>,
    /// Block parameters.
    names: Vec<(String, Cow<'v, Node>)>,
    /// `@index`, `@key`, `@first` and `@last`.
    locals: Vec<(&'static str, Scalar)>,
}

impl<'v> Scope<'v> {
    fn of(this: Cow<'v, Node>) -> Scope<'v> {
        Scope { this, names: Vec::new(), locals: Vec::new() }
    }
}

impl<'v> Run<'v> {
    fn items(&mut self, items: &'v [Item]) -> Result<(), Diagnostic> {
        for item in items {
            match item {
                Item::Text { text, at } => {
                    self.step(*at)?;
                    self.out.text(text, *at)?;
                }
                Item::Expression(expression) => {
                    self.step(expression.at())?;
                    let value = self.value(expression)?;
                    value.write(&mut self.out, &words(expression), expression.at())?;
                }
                Item::Block(block) => self.block(block)?,
            }
        }
        Ok(())
    }

    /// Counts a step: a template that goes through lists within lists would else hardly end.
    fn step(&mut self, at: Span) -> Result<(), Diagnostic> {
        self.steps = self
            .steps
            .checked_sub(1)
            .ok_or_else(|| Diagnostic::error(at, "the template takes too many steps"))?;
        Ok(())
    }

    fn block(&mut self, block: &'v Block) -> Result<(), Diagnostic> {
        let at = block.subject.at();
        self.step(at)?;
        let value = self.value(&block.subject)?;
        let holds = value.is_true();
        match block.kind {
            BlockKind::If | BlockKind::Unless => match holds == (block.kind == BlockKind::If) {
                true => self.items(&block.items),
                false => self.items(&block.otherwise),
            },
            _ if !holds => self.items(&block.otherwise),
            BlockKind::With => {
                let this = value.into_node(at)?;
                let names = block.names.first().map(|name| (name.clone(), this.clone()));
                self.within(
                    Scope { this, names: names.into_iter().collect(), locals: Vec::new() },
                    &block.items,
                )
            }
            BlockKind::Each => {
                let node = value.into_node(at)?;
                let length = match &*node {
                    Node::Sequence(sequence) => sequence.items.len(),
                    Node::Mapping(mapping) => mapping.entries.len(),
                    Node::Scalar(scalar) => {
                        let message = format!("`{}` is neither a list nor a mapping", words(&block.subject));
                        return Err(Diagnostic::error(at, message).hinted_at("the value", scalar.span));
                    }
                };
                (0..length).try_for_each(|place| {
                    self.step(at)?;
                    let Some((key, item)) = nth(&node, place) else { return Ok(()) };
                    let scope = scope_of_item(block, key, item, place, length);
                    self.within(scope, &block.items)
                })
            }
        }
    }

    fn within(&mut self, scope: Scope<'v>, items: &'v [Item]) -> Result<(), Diagnostic> {
        self.scopes.push(scope);
        let done = self.items(items);
        self.scopes.pop();
        done
    }

    fn value(&mut self, expression: &'v Expression) -> Result<Value<'v>, Diagnostic> {
        self.optional(expression)?.ok_or_else(|| match expression {
            Expression::Path(path) => self.unknown(path),
            other => Diagnostic::error(other.at(), format!("`{}` finds nothing", words(other)))
                .hinted("`default` takes another value for it"),
        })
    }

    fn optional(&mut self, expression: &'v Expression) -> Result<Option<Value<'v>>, Diagnostic> {
        match expression {
            Expression::Literal(scalar) => Ok(Some(Value::Node(Cow::Owned(Node::Scalar(scalar.clone()))))),
            Expression::Path(path) => Ok(self.look_up(path).map(Value::Node)),
            Expression::Call(call) => self.call(call),
        }
    }

    fn call(&mut self, call: &'v Call) -> Result<Option<Value<'v>>, Diagnostic> {
        self.step(call.at)?;
        let mut given = Vec::with_capacity(call.arguments.len());
        for (place, argument) in call.arguments.iter().enumerate() {
            given.push(match optional_place(&call.name) == Some(place) {
                true => self.optional(argument)?,
                false => Some(self.value(argument)?),
            });
        }
        let words = call.arguments.iter().map(words).collect();
        if matches!(call.name.as_str(), "eq" | "ne" | "join") {
            // These go through all that they are given.
            self.charge(given.iter().flatten().map(Value::extent).sum(), call.at)?;
        }
        let made = Called { name: &call.name, given, words, at: call.at, room: self.room }.result()?;
        // Helpers within helpers may make much of little that is never written.
        self.charge(made.as_ref().map_or(0, Value::size), call.at)?;
        Ok(made)
    }

    fn charge(&mut self, size: usize, at: Span) -> Result<(), Diagnostic> {
        self.room = self.room.checked_sub(size).ok_or_else(|| too_much(at))?;
        Ok(())
    }

    fn look_up(&self, path: &Path) -> Option<Cow<'v, Node>> {
        let scope =
            |up: usize| self.scopes.len().checked_sub(up + 1).and_then(|place| self.scopes.get(place));
        let mut steps = path.steps.as_slice();
        let start = match path.start {
            Start::Root => self.scopes.first()?.this.clone(),
            Start::Local(up) => {
                let name = steps.first()?;
                let mut locals = self.scopes.iter().rev().filter(|scope| !scope.locals.is_empty());
                let locals = &locals.nth(up)?.locals;
                let (_, scalar) = locals.iter().find(|(own, _)| own == name)?;
                return Some(Cow::Owned(Node::Scalar(scalar.clone())));
            }
            Start::Context(up) => {
                let named = steps.first().filter(|_| up == 0).and_then(|first| {
                    let mut names = self.scopes.iter().rev().flat_map(|scope| &scope.names);
                    names.find(|(name, _)| name == first)
                });
                match named {
                    Some((_, node)) => {
                        steps = &steps[1..];
                        node.clone()
                    }
                    None => scope(up)?.this.clone(),
                }
            }
        };
        steps.iter().try_fold(start, |node, step| child(node, step))
    }

    fn unknown(&self, path: &Path) -> Diagnostic {
        let error = Diagnostic::error(path.at, format!("`{}` has no value", path.text));
        let mut known = path.clone();
        let missing = known.steps.pop().unwrap_or_default();
        let here = self.look_up(&known);
        let keys: Vec<String> = match here.as_deref() {
            Some(Node::Mapping(mapping)) => {
                let shown = mapping.entries.iter().filter(|entry| !entry.key.text.is_sensitive());
                shown.map(|entry| entry.key.text.as_str().to_owned()).collect()
            }
            Some(node @ Node::Scalar(_)) if !known.steps.is_empty() => {
                return error
                    .hinted_at(format!("`{}` is a single value", known.steps.join(".")), node.span());
            }
            _ => Vec::new(),
        };
        if path.start == Start::Context(0) && self.scopes.len() > 1 {
            let above = Path { start: Start::Root, ..path.clone() };
            if self.look_up(&above).is_some() {
                return error.hinted(format!("`@root.{}` has one", path.text));
            }
        }
        match nearest(&missing, keys.iter().map(String::as_str)) {
            Some(near) => error.hinted(format!("did you mean `{near}`?")),
            None => error.hinted(format!("give it one, or write `default \"…\" {}`", path.text)),
        }
    }
}

fn scope_of_item<'v>(
    block: &Block,
    key: Scalar,
    item: Cow<'v, Node>,
    place: usize,
    length: usize,
) -> Scope<'v> {
    let truth = |value: bool| Scalar { tag: Tag::Bool, ..Scalar::bare(if value { "true" } else { "false" }) };
    let index = Scalar { tag: Tag::Int, ..Scalar::bare(place.to_string()) };
    let both = [item.clone(), Cow::Owned(Node::Scalar(key.clone()))];
    Scope {
        names: block.names.iter().cloned().zip(both).collect(),
        this: item,
        locals: vec![
            ("index", index),
            ("key", key),
            ("first", truth(place == 0)),
            ("last", truth(place + 1 == length)),
        ],
    }
}

/// Returns an item and its key: in a list its number.
fn nth<'v>(node: &Cow<'v, Node>, place: usize) -> Option<(Scalar, Cow<'v, Node>)> {
    fn of(node: &Node, place: usize) -> Option<(Scalar, &Node)> {
        match node {
            Node::Sequence(sequence) => {
                let number = Scalar { tag: Tag::Int, ..Scalar::bare(place.to_string()) };
                Some((number, sequence.items.get(place)?))
            }
            Node::Mapping(mapping) => {
                let entry = mapping.entries.get(place)?;
                Some((Scalar { tag: Tag::Str, ..entry.key.clone() }, &entry.value))
            }
            Node::Scalar(_) => None,
        }
    }
    match node {
        Cow::Borrowed(node) => of(node, place).map(|(key, item)| (key, Cow::Borrowed(item))),
        Cow::Owned(node) => of(node, place).map(|(key, item)| (key, Cow::Owned(item.clone()))),
    }
}

/// Returns what is in a tree under a key, or at a place of a list.
pub(crate) fn child<'v>(node: Cow<'v, Node>, step: &str) -> Option<Cow<'v, Node>> {
    fn of<'n>(node: &'n Node, step: &str) -> Option<&'n Node> {
        match node {
            Node::Mapping(mapping) => mapping.get(step),
            Node::Sequence(sequence) => sequence.items.get(step.parse::<usize>().ok()?),
            Node::Scalar(_) => None,
        }
    }
    match node {
        Cow::Borrowed(node) => of(node, step).map(Cow::Borrowed),
        Cow::Owned(node) => of(&node, step).cloned().map(Cow::Owned),
    }
}

/// Returns an expression as a message calls it.
fn words(expression: &Expression) -> String {
    match expression {
        Expression::Path(path) => path.text.clone(),
        Expression::Literal(scalar) => scalar.text.as_str().to_owned(),
        Expression::Call(call) => call.name.clone(),
    }
}
