//! What changes resources: the builtin transformers.

mod image;
mod metadata;
mod name;
mod namespace;
mod patch;
mod replica;

pub(crate) use image::set_images;
pub(crate) use metadata::{annotate, label};
pub(crate) use name::{Affix, affix_names};
pub(crate) use namespace::{Subjects, set_namespace, set_namespace_of};
pub(crate) use patch::{Patch, apply_patch, load_patch, load_patches};
pub(crate) use replica::set_replicas;
