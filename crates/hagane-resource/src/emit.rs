//! Finished resources to text.

use hagane_yaml::emit::{EmitOptions, go_v2_into};

use crate::{Diagnostic, Resource};

/// Returns the stream of the resources: kustomize's bytes, documents parted by `---`.
pub fn emit<'a>(
    resources: impl IntoIterator<Item = &'a Resource>,
    options: EmitOptions,
) -> Result<String, Vec<Diagnostic>> {
    let mut out = String::new();
    let mut errors = Vec::new();
    for (index, resource) in resources.into_iter().enumerate() {
        if index > 0 {
            out.push_str("---\n");
        }
        append(&mut out, resource, options).unwrap_or_else(|error| errors.push(error));
    }
    if errors.is_empty() { Ok(out) } else { Err(errors) }
}

/// Returns each resource's text.
pub fn emit_each<'a>(
    resources: impl IntoIterator<Item = &'a Resource>,
    options: EmitOptions,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let (mut texts, mut errors) = (Vec::new(), Vec::new());
    for resource in resources {
        let mut text = String::new();
        match append(&mut text, resource, options) {
            Ok(()) => texts.push(text),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(texts) } else { Err(errors) }
}

fn append(out: &mut String, resource: &Resource, options: EmitOptions) -> Result<(), Diagnostic> {
    go_v2_into(out, resource.tree(), options).map_err(|error| {
        let message = format!("{} cannot be written: {}", resource.id(), error.message);
        Diagnostic::error(error.span, message).or_at(resource.tree().span()).hinted(error.hint)
    })
}
