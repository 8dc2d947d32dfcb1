//! Labels that follow from a resource: its name, and the version from the tag of its image.

use hagane_resource::Resource;
use hagane_yaml::Node;

use super::{LABELS_OF, LabelField, Labelling};
use crate::field_path::FieldPath;
use crate::pod::{Class, Pod};
use crate::rules::tag;

/// What a resource says.
#[derive(Default)]
pub(super) struct Derived {
    /// The value of the label.
    pub(super) value: Option<String>,
    /// What it was before it became one, where that is something else.
    pub(super) raw: Option<String>,
}

/// Returns the value of a label as the resource itself says it, with these pod templates.
pub(super) fn derived(
    field: LabelField,
    resource: &Resource,
    pods: &[FieldPath],
    labelling: &Labelling,
) -> Derived {
    match field {
        // Without a word on it, there is one instance, of that name.
        LabelField::Name | LabelField::Instance => named(name(resource, pods)),
        LabelField::Version => match pods.iter().find_map(|path| Pod::at(resource, path)) {
            Some(pod) => version(resource, &pod),
            None => Derived::default(),
        },
        LabelField::PartOf => named(labelling.part_of.as_deref()),
        LabelField::Component | LabelField::ManagedBy => Derived::default(),
    }
}

fn named(name: Option<&str>) -> Derived {
    Derived { value: name.and_then(as_value), raw: None }
}

/// Returns what the resource is called by its labels; a workload also by the name that it had
/// before prefixes and suffixes.
fn name<'r>(resource: &'r Resource, pods: &[FieldPath]) -> Option<&'r str> {
    if resource.id().decrypted {
        return None;
    }
    let templates = pods.iter().filter_map(|path| path.get(resource.tree()));
    let labels = [resource.tree()].into_iter().chain(templates).filter_map(|own| own.at(LABELS_OF));
    let open: Vec<&Node> = labels.filter(|labels| !labels.is_sensitive()).collect();
    let said = |key: &str| {
        let mut values = open.iter().filter_map(|labels| labels.get(key)?.as_str());
        values.find(|value| !value.is_empty())
    };
    if let Some(name) = ["app.kubernetes.io/name", "app", "k8s-app"].into_iter().find_map(said) {
        return Some(name);
    }
    let first = resource.formers.first().filter(|former| !former.decrypted);
    let first = first.map_or(resource.name(), |former| former.name.as_str());
    (!pods.is_empty()).then_some(first)
}

/// Returns the tag of the image of the container that is called like the workload, or of the first.
fn version(resource: &Resource, pod: &Pod) -> Derived {
    let first = resource.formers.first().map_or(resource.name(), |former| former.name.as_str());
    let mut apps = pod.containers.iter().filter(|container| container.class == Class::App);
    let named = apps.clone().find(|container| container.name == first || container.name == resource.name());
    let Some(container) = named.or_else(|| apps.next()) else { return Derived::default() };
    if container.node.is_sensitive() {
        return Derived::default();
    }
    let image = container.image();
    let raw = match (tag(image), image.split_once("@sha256:")) {
        (Some("latest"), _) | (None, None) => return Derived::default(),
        (Some(tag), _) => tag.to_owned(),
        (None, Some((_, digest))) => format!("sha-{}", digest.chars().take(12).collect::<String>()),
    };
    let value = as_value(&raw);
    let raw = (value.as_deref() != Some(raw.as_str())).then_some(raw);
    Derived { value, raw }
}

/// Bytes that the value of a label may have.
const MAX_VALUE: usize = 63;

/// Returns the text as the value of a label: other characters become `_`, and the ends are letters or digits.
fn as_value(text: &str) -> Option<String> {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let end = text.char_indices().nth(MAX_VALUE).map_or(text.len(), |(end, _)| end);
    let trimmed = text[..end].trim_matches(|c: char| !c.is_ascii_alphanumeric());
    (!trimmed.is_empty()).then(|| trimmed.chars().map(allowed).collect())
}

#[cfg(test)]
mod tests {
    use super::as_value;

    #[test]
    fn texts_become_values_of_labels() {
        let check = |text: &str, want: Option<&str>| assert_eq!(as_value(text).as_deref(), want, "{text}");
        check("1.2.3", Some("1.2.3"));
        check("1.2.3+build.5", Some("1.2.3_build.5"));
        check("-v1-", Some("v1"));
        check("äöü", None);
        check("", None);
        check(&"a".repeat(70), Some(&"a".repeat(63)));
        check(&format!("{}._-x", "a".repeat(61)), Some(&"a".repeat(61)));
    }
}
