//! What changes resources: the builtin transformers.

mod image;
mod metadata;
mod name;
mod namespace;
mod patch;
mod replica;

pub use image::set_images;
pub use metadata::{annotate, label};
pub use name::{Affix, affix_names};
pub use namespace::{Subjects, set_namespace};
pub use patch::{apply_patch, load_patch, load_patches};
pub use replica::set_replicas;
