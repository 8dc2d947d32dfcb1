//! Labels and annotations.

use hagane_resource::{Create, Diagnostic, FieldSpec, ResourceSet};
use hagane_yaml::{Entry, Mapping, Node, Scalar};

/// Sets labels wherever the field specs lead.
pub(crate) fn label(
    resources: &mut ResourceSet,
    labels: &[(String, String)],
    specs: &[FieldSpec],
) -> Result<(), Diagnostic> {
    set_entries(resources, labels, specs)
}

/// Sets annotations wherever the field specs lead.
pub(crate) fn annotate(
    resources: &mut ResourceSet,
    annotations: &[(String, String)],
    specs: &[FieldSpec],
) -> Result<(), Diagnostic> {
    set_entries(resources, annotations, specs)
}

fn set_entries(
    resources: &mut ResourceSet,
    entries: &[(String, String)],
    specs: &[FieldSpec],
) -> Result<(), Diagnostic> {
    if entries.is_empty() {
        return Ok(());
    }
    for place in 0..resources.len() {
        let resource = resources.get_mut_keeping_name(place);
        // kustomize puts one node for a key wherever it was not yet, and writes to what was there.
        let first = resource.new_shares(entries.len());
        let mut written: Vec<Scalar> = Vec::new();
        for spec in specs {
            // The notes that kustomize keeps among the annotations make the mapping be there, or of a null.
            let old = || resource.tree().at(&["metadata", "annotations"]);
            let is_there = spec.path == "metadata/annotations"
                && (resource.is_annotated_by_build() || old().is_some_and(Node::is_null));
            let create = spec.create || is_there;
            if !spec.takes(resource.gvk()) || !(create || spec.reaches(resource.tree())) {
                continue;
            }
            let creating =
                (create && !spec.create).then(|| FieldSpec::new(spec.gvk.clone(), spec.path.clone(), true));
            creating.as_ref().unwrap_or(spec).apply(resource.tree_mut(), Create::Mapping, &mut |node| {
                if node.is_null() && !create {
                    return Ok(());
                }
                let Some(mapping) = mapping_of(node) else {
                    let message = format!("`{}` must be a mapping to take labels or annotations", spec.path);
                    return Err(
                        Diagnostic::error(node.span(), message).hinted("write `key: value` lines there")
                    );
                };
                for (index, (key, value)) in entries.iter().enumerate() {
                    match mapping.get_mut(key) {
                        Some(Node::Scalar(old)) => {
                            let shared = old.shared();
                            *old = Scalar {
                                span: old.span,
                                extra: old.extra.take(),
                                ..Scalar::string(value.as_str())
                            };
                            written.extend(shared.map(|_| old.clone()));
                        }
                        Some(other) => *other = Node::string(value.as_str()),
                        None => {
                            let mut node = Node::string(value.as_str());
                            node.extra_mut().shared = first.checked_add(index as u32);
                            // kustomize writes the key without quotes, even where it is no text then.
                            mapping.entries.push(Entry { key: Scalar::bare(key.as_str()), value: node });
                        }
                    }
                }
                Ok(())
            })?;
        }
        written.iter().for_each(|scalar| resource.write_to_shares(scalar));
    }
    Ok(())
}

/// Returns the mapping, in the place of a null if there is one.
fn mapping_of(node: &mut Node) -> Option<&mut Mapping> {
    if node.is_null() {
        *node = Node::Mapping(Mapping { span: node.span(), ..Mapping::default() });
    }
    node.as_mapping_mut()
}
