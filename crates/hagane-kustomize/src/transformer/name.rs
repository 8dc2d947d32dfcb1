//! Name prefixes and suffixes.

use hagane_resource::{Create, Diagnostic, FieldSpec, ResId, ResourceSet};
use hagane_yaml::{Node, Scalar, Tag, Text};

/// What a name gets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Affix<'a> {
    /// In front.
    Prefix(&'a str),
    /// At the end.
    Suffix(&'a str),
}

/// Puts the affix on every name but those of definitions, API services and namespaces.
pub(crate) fn affix_names(
    resources: &mut ResourceSet,
    affix: Affix,
    specs: &[FieldSpec],
) -> Result<(), Diagnostic> {
    for resource in resources.iter_mut() {
        let original = resource.original_id();
        if keeps_name(&original) {
            continue;
        }
        for spec in specs {
            if !spec.takes(&original.gvk) {
                continue;
            }
            if spec.path == "metadata/name" {
                let name = match affix {
                    Affix::Prefix(prefix) => {
                        resource.prefixes.push(prefix.into());
                        format!("{prefix}{}", resource.name())
                    }
                    Affix::Suffix(suffix) => {
                        resource.suffixes.push(suffix.into());
                        format!("{}{suffix}", resource.name())
                    }
                };
                resource.remember_id();
                resource.rename_bare(&name);
                continue;
            }
            let affixed = |node: &mut Node| {
                if let Node::Scalar(scalar) = node {
                    let text = match affix {
                        Affix::Prefix(prefix) => format!("{prefix}{}", scalar.text.as_str()),
                        Affix::Suffix(suffix) => format!("{}{suffix}", scalar.text.as_str()),
                    };
                    *scalar = Scalar {
                        text: Text::marked_as(text, &scalar.text),
                        tag: Tag::Str,
                        ..std::mem::take(scalar)
                    };
                }
                Ok(())
            };
            if spec.takes(resource.gvk()) && (spec.create || spec.reaches(resource.tree())) {
                resource.edit(|tree| spec.apply(tree, Create::Nothing, &mut { affixed }))?;
            }
        }
    }
    Ok(())
}

fn keeps_name(id: &ResId) -> bool {
    matches!(
        (id.gvk.group.as_str(), id.gvk.kind.as_str()),
        (_, "CustomResourceDefinition" | "Namespace") | ("apiregistration.k8s.io", "APIService")
    )
}
