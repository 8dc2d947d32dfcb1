//! Edits YAML files in place, and kustomizations as `kustomize edit` does.
//!
//! [`text_edit`] changes a YAML text and leaves all other lines as they are; it knows nothing of Kubernetes.

pub mod text_edit;
