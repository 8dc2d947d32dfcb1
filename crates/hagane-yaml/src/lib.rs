//! Text to tree and back: YAML as Go's libraries read and write it.
//!
//! [`parse`] turns a text into [`Node`]s that know their position, style, comments and whether they are
//! secret; [`emit`] writes a tree with the bytes that kustomize would write. The crate knows nothing of
//! Kubernetes, and touches neither disk nor environment.
//!
//! ```
//! let file = hagane_yaml::FileId::default();
//! let documents = hagane_yaml::parse("b: 1\na: [x]\n", file, &Default::default()).unwrap();
//! assert_eq!(hagane_yaml::emit::go_v2(&documents[0]).unwrap(), "a:\n- x\nb: 1\n");
//! ```

mod comments;
pub mod emit;
mod error;
mod events;
mod node;
mod number;
mod parse;
pub mod scalar;
mod span;
mod text;
mod timestamp;

pub use error::YamlError;
pub use node::{Comments, Entry, Extra, Mapping, Node, Scalar, Sequence, Style, Tag, Written};
pub use parse::{Aliases, Dialect, Limits, MergeKeys, ParseOptions, parse};
pub use span::{FileId, SourceMap, Span};
pub use text::Text;
