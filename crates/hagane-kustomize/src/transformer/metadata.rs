//! Labels and annotations.

use hagane_resource::{Create, Diagnostic, FieldSpec, ResourceSet};
use hagane_yaml::{Mapping, Node};

/// Sets labels wherever the field specs lead.
pub(crate) fn label(resources: &mut ResourceSet, labels: &[(String, String)], specs: &[FieldSpec]) -> Result<(), Diagnostic> {
    set_entries(resources, labels, specs)
}

/// Sets annotations wherever the field specs lead.
pub(crate) fn annotate(resources: &mut ResourceSet, annotations: &[(String, String)], specs: &[FieldSpec]) -> Result<(), Diagnostic> {
    set_entries(resources, annotations, specs)
}

fn set_entries(resources: &mut ResourceSet, entries: &[(String, String)], specs: &[FieldSpec]) -> Result<(), Diagnostic> {
    if entries.is_empty() {
        return Ok(());
    }
    for index in 0..resources.len() {
        let resource = resources.get_mut_keeping_name(index);
        for spec in specs {
            if !spec.takes(resource.gvk()) || !(spec.create || spec.reaches(resource.tree())) {
                continue;
            }
            spec.apply(resource.tree_mut(), Create::Mapping, &mut |node| {
                let Some(mapping) = mapping_of(node) else {
                    let message = format!("`{}` must be a mapping to take labels or annotations", spec.path);
                    return Err(Diagnostic::error(node.span(), message));
                };
                entries.iter().for_each(|(key, value)| mapping.set(key, Node::string(value.as_str())));
                Ok(())
            })?;
        }
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
