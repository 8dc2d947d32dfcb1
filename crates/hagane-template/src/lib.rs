//! Handlebars templates to resources.
//!
//! A template writes YAML, and a value that it writes can never become anything but a text, a number or whatever else the
//! value is: no quote, colon or line break in it opens a field. For what is read as YAML is the template's own text, with a
//! sign that cannot be forged where a value stands, and the values take their places in the tree. So a scalar is marked when a
//! secret value is in it, and only then.
//!
//! A template sees the values it is given and nothing else: no environment, files or clock. It is strict: a name that has no
//! value is an error with its place. [`Limits`] bound what it may do.
//!
//! ```
//! use hagane_template::{Limits, Template};
//! use hagane_yaml::FileId;
//!
//! let template = "kind: Service\napiVersion: v1\nmetadata: {name: {{app}}-web}\n";
//! let values = hagane_yaml::parse("app: 'x}, y: {'", FileId::default(), &Default::default()).unwrap().remove(0);
//! let template = Template::parse(template, FileId::default()).unwrap();
//! let resources = template.render(&values, &Limits::default()).unwrap();
//! assert_eq!(resources[0].name(), "x}, y: {-web");
//! ```
//!
//! The syntax is Handlebars': paths, `if`, `unless`, `each`, `with`, `else`, block parameters, subexpressions, comments, raw
//! blocks, `~`. There are no partials, decorators and no escaping for HTML.

mod expression;
mod helpers;
mod helpers_of_text;
mod insert;
mod lines;
mod output;
mod parse;
#[cfg(test)]
mod recorded;
mod render;
mod settle;
mod size;
mod syntax;
mod tags;
mod value;

use hagane_resource::{Diagnostic, Resource, resources_of};
use hagane_yaml::{FileId, Node, Span};

use syntax::Items;
pub use value::lay_over;

/// A template that has been read.
#[derive(Clone, Debug)]
pub struct Template {
    items: Items,
    file: FileId,
}

/// Bounds on what a template may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a template.
    pub template: usize,
    /// Bytes that it writes, those of values included.
    pub output: usize,
    /// Bytes of what its helpers make of values, written or not.
    pub made: usize,
    /// Pieces of text and expressions that it comes by.
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { template: 4 << 20, output: 32 << 20, made: 64 << 20, steps: 1_000_000 }
    }
}

impl Template {
    /// Reads a template. Errors have their place in it.
    pub fn parse(text: &str, file: FileId) -> Result<Template, Diagnostic> {
        let limit = Limits::default().template;
        if text.len() > limit {
            let start = Span { file, line: 1, column: 1 };
            return Err(Diagnostic::error(start, format!("a template has at most {} MiB", limit >> 20)));
        }
        Ok(Template { items: parse::parse(text, file)?, file })
    }

    /// Returns the resources that it makes of values. Their positions are those of the template.
    pub fn render(&self, values: &Node, limits: &Limits) -> Result<Vec<Resource>, Diagnostic> {
        let output = render::render(&self.items, values, limits)?;
        let trees = settle::settle(output, self.file)?;
        trees.iter().try_for_each(refuse_secret_kind)?;
        resources_of(trees)
    }
}

/// Refuses a secret value that says what a resource is: messages call it by that.
fn refuse_secret_kind(tree: &Node) -> Result<(), Diagnostic> {
    for field in ["apiVersion", "kind"] {
        if let Some(value) = tree.get(field).filter(|value| value.is_sensitive()) {
            let error = Diagnostic::error(value.span(), format!("`{field}` cannot be a secret value"));
            return Err(
                error.hinted("write it in the template, or take it from values that are not encrypted")
            );
        }
    }
    match tree.get("items") {
        Some(Node::Sequence(items)) => items.items.iter().try_for_each(refuse_secret_kind),
        _ => Ok(()),
    }
}
