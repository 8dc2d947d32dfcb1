//! Trees to text, in the manner of Go's libraries.

mod go_v2;
mod json;
mod style;
pub mod v3;

pub(crate) use style::may_be_block;

pub use go_v2::{EmitError, EmitOptions, Secrets, go_v2, go_v2_into, without_next_lines};
pub use json::{json, json_indented, json_string};
