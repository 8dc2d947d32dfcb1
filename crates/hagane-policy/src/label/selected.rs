//! Who selects pods by labels: a label that is derived must not bring pods where those of another resource are meant.

use std::collections::BTreeMap;

use hagane_resource::{ResId, Resource, ResourceSet};
use hagane_yaml::Node;

use crate::pod::{Pod, PodKind, templates};
use crate::surroundings::owned;

type Label = (String, String);

/// The selectors that take pods of a resource.
#[derive(Default)]
pub(super) struct Selectors {
    all: Vec<Selector>,
    /// Places in `all`, by namespace and one label.
    by_label: BTreeMap<(String, Label), Vec<usize>>,
}

struct Selector {
    who: ResId,
    labels: Vec<Label>,
    /// Whether it takes pods as they are.
    is_used: bool,
}

impl Selectors {
    /// Returns the selectors of Services, budgets and NetworkPolicies that take pods.
    pub(super) fn of(resources: &ResourceSet, kinds: &[PodKind]) -> Selectors {
        let mut found = Selectors::default();
        for resource in resources {
            let labels = owned(selector(resource));
            for label in &labels {
                let space = resource.id().effective_namespace().to_owned();
                found.by_label.entry((space, label.clone())).or_default().push(found.all.len());
            }
            if !labels.is_empty() {
                found.all.push(Selector { who: resource.id().clone(), labels, is_used: false });
            }
        }
        if found.all.is_empty() {
            return found;
        }
        for resource in resources {
            let space = resource.id().effective_namespace();
            for pod in templates(resource, kinds).into_iter().filter_map(|path| Pod::at(resource, path)) {
                let labels = owned(pod.metadata("labels"));
                let places: Vec<usize> =
                    labels.iter().flat_map(|label| found.with(space, label)).copied().collect();
                for place in places {
                    let selector = &mut found.all[place];
                    selector.is_used |= selector.labels.iter().all(|label| labels.contains(label));
                }
            }
        }
        found
    }

    fn with(&self, space: &str, label: &Label) -> &[usize] {
        self.by_label.get(&(space.to_owned(), label.clone())).map_or(&[], Vec::as_slice)
    }

    /// Returns who takes pods of another resource, and would take pods with these labels once they had some more, of which `label`
    /// is one.
    pub(super) fn brought_by(
        &self,
        label: &Label,
        space: &str,
        before: &[Label],
        more: &[Label],
    ) -> Option<&ResId> {
        let is_new = |selector: &&Selector| {
            selector.is_used
                && !selector.labels.iter().all(|own| before.contains(own))
                && selector.labels.iter().all(|own| before.contains(own) || more.contains(own))
        };
        self.with(space, label)
            .iter()
            .map(|place| &self.all[*place])
            .find(is_new)
            .map(|selector| &selector.who)
    }
}

/// Returns the labels that pods must have, where there is nothing more to a selector.
fn selector(resource: &Resource) -> Option<&Node> {
    let (tree, gvk) = (resource.tree(), resource.gvk());
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Service") => tree.at(&["spec", "selector"]),
        ("policy", "PodDisruptionBudget") => tree.at(&["spec", "selector", "matchLabels"]),
        ("networking.k8s.io", "NetworkPolicy") => tree.at(&["spec", "podSelector", "matchLabels"]),
        _ => None,
    }
}
