//! What everything is about: resources, their ids and history, field specs, the schema, and diagnostics.
//!
//! Data without operations of its own: composing lives in `hagane-kustomize`, rules in `hagane-policy`.

mod diagnostic;
mod document;
mod emit;
mod field_spec;
pub mod field_spec_table;
mod gvk;
mod order;
mod origin;
mod resid;
mod resource;
mod resource_set;
pub mod schema;
pub mod strict;

pub use diagnostic::{Diagnostic, Fault, Severity, nearest};
pub use document::{
    Document, read_documents, read_documents_at, read_generated_documents, resources_of, split_documents,
};
pub use emit::{emit, emit_each};
pub use field_spec::{Create, FieldSpec, PathStep, parse_path, visit};
pub use gvk::{Gvk, GvkPattern};
pub use order::{LegacyOrder, legacy_kind_order, legacy_order};
pub use origin::{Origin, Transformation};
pub use resid::{CLUSTER, ResId};
pub use resource::{Behavior, Former, Resource};
pub use resource_set::{Duplicate, ResourceSet};
pub use schema::{Schema, SchemaNode};
