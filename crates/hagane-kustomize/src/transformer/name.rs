//! Name prefixes and suffixes.

use hagane_resource::{Create, Diagnostic, FieldSpec, ResId, Resource, ResourceSet};
use hagane_yaml::{Node, Scalar, Tag, Text};

/// What a name gets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Affix<'a> {
    /// In front.
    Prefix(&'a str),
    /// At the end.
    Suffix(&'a str),
}

impl Affix<'_> {
    fn is_empty(self) -> bool {
        matches!(self, Affix::Prefix("") | Affix::Suffix(""))
    }
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
                // As it is written: a name that is null gets its affix, too.
                let old =
                    resource.tree().at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
                let name = match affix {
                    Affix::Prefix(prefix) => format!("{prefix}{old}"),
                    Affix::Suffix(suffix) => format!("{old}{suffix}"),
                };
                match affix {
                    Affix::Prefix(prefix) => resource.prefixes.push(prefix.into()),
                    Affix::Suffix(suffix) => resource.suffixes.push(suffix.into()),
                }
                if !affix.is_empty() {
                    resource.remember_id();
                }
                resource.metadata_mut();
                let takes = spec.takes(resource.gvk());
                if takes && (spec.create || resource.tree().at(&["metadata", "name"]).is_some()) {
                    resource.rename_bare(&name);
                }
                continue;
            }
            if spec.takes(resource.gvk()) {
                affix_field(resource, affix, spec)?;
            }
        }
    }
    Ok(())
}

/// Puts the affix on the texts of a field.
fn affix_field(resource: &mut Resource, affix: Affix, spec: &FieldSpec) -> Result<(), Diagnostic> {
    let is_there = spec.reaches(resource.tree());
    if !is_there && !spec.create {
        return Ok(());
    }
    let mut affixed = |node: &mut Node| {
        let Node::Scalar(scalar) = node else {
            let message =
                format!("`{}` is not a single value, so it cannot take a prefix or suffix", spec.path);
            return Err(Diagnostic::error(node.span(), message).hinted("the path must lead to a text"));
        };
        let text = match affix {
            _ if affix.is_empty() && is_there => return Ok(()),
            // What is made for nothing is an absent value.
            _ if affix.is_empty() => {
                *scalar = Scalar { span: scalar.span, ..Scalar::bare("") };
                return Ok(());
            }
            Affix::Prefix(prefix) => format!("{prefix}{}", scalar.text.as_str()),
            Affix::Suffix(suffix) => format!("{}{suffix}", scalar.text.as_str()),
        };
        let text = Text::marked_as(text, &scalar.text);
        *scalar = Scalar { text, tag: Tag::Str, ..std::mem::take(scalar) };
        Ok(())
    };
    let create = if is_there { Create::Nothing } else { Create::Scalar };
    resource.edit(|tree| spec.apply(tree, create, &mut affixed))
}

fn keeps_name(id: &ResId) -> bool {
    matches!(
        (id.gvk.group.as_str(), id.gvk.kind.as_str()),
        (_, "CustomResourceDefinition" | "Namespace") | ("apiregistration.k8s.io", "APIService")
    )
}
