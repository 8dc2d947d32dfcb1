//! What a template says.

use hagane_yaml::{Scalar, Span};

/// Text and tags in their order.
pub(crate) type Items = Vec<Item>;

/// A piece of a template.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// Text that is written as it is.
    Text { text: String, at: Span },
    /// `{{…}}`
    Expression(Expression),
    /// `{{#…}}…{{else}}…{{/…}}`
    Block(Box<Block>),
}

/// A block and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    pub(crate) subject: Expression,
    /// The names of `as |item index|`.
    pub(crate) names: Vec<String>,
    pub(crate) items: Items,
    /// What stands behind `{{else}}`.
    pub(crate) otherwise: Items,
}

/// What a block does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    If,
    Unless,
    Each,
    With,
}

impl BlockKind {
    pub(crate) const ALL: [(BlockKind, &str); 4] = [
        (BlockKind::If, "if"),
        (BlockKind::Unless, "unless"),
        (BlockKind::Each, "each"),
        (BlockKind::With, "with"),
    ];

    /// Returns the word for it.
    pub(crate) fn word(self) -> &'static str {
        BlockKind::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// What has a value.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Path(Path),
    Literal(Scalar),
    Call(Call),
}

/// A helper and what it is given.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Vec<Expression>,
    pub(crate) at: Span,
}

/// A path to a value: `app.image`, `../name`, `@root.app`, `@index`.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) start: Start,
    pub(crate) steps: Vec<String>,
    /// As it is written.
    pub(crate) text: String,
    pub(crate) at: Span,
}

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The context, or so many above it.
    Context(usize),
    /// `@root`
    Root,
    /// `@index`, `@key`, `@first`, `@last`, and those of the block so many above.
    Local(usize),
}

impl Expression {
    /// Returns where it stands.
    pub(crate) fn at(&self) -> Span {
        match self {
            Expression::Path(path) => path.at,
            Expression::Literal(scalar) => scalar.span,
            Expression::Call(call) => call.at,
        }
    }
}
