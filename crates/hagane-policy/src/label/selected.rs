//! Who selects pods by labels: a label that is derived must not bring pods where those of another resource are meant.

use std::cell::Cell;

use hagane_resource::{ResId, Resource, ResourceSet};
use hagane_yaml::Node;

use crate::field::texts;
use crate::pod::{PodKind, templates};
use crate::selections::{Label, Selecting, Selections};
use crate::surroundings::owned;

/// The selectors that take pods of a resource.
#[derive(Default)]
pub(super) struct Selectors {
    all: Selections<Selector>,
}

struct Selector {
    who: ResId,
    /// Whether it takes pods as they are.
    is_used: Cell<bool>,
}

impl Selectors {
    /// Returns the selectors of Services, budgets and NetworkPolicies that take pods.
    pub(super) fn of(resources: &ResourceSet, kinds: &[PodKind]) -> Selectors {
        let selector = |resource: &Resource| {
            let labels = owned(selector(resource));
            let namespace = || resource.id().effective_namespace().to_owned();
            let own = || Selector { who: resource.id().clone(), is_used: Cell::new(false) };
            (!labels.is_empty())
                .then(|| (Selecting { namespace: namespace(), labels, is_open: false }, own()))
        };
        let found: Vec<_> = resources.iter().filter_map(selector).collect();
        if found.is_empty() {
            return Selectors::default();
        }
        let all = Selections::of(found);
        for resource in resources {
            for path in templates(resource, kinds) {
                let labels =
                    path.get(resource.tree()).and_then(|template| template.at(&["metadata", "labels"]));
                let labels: Vec<Label> = texts(labels).collect();
                let taking = all.taking(resource.id().effective_namespace(), &labels);
                taking.for_each(|(_, selector)| selector.is_used.set(true));
            }
        }
        Selectors { all }
    }

    /// Returns the selectors that take pods of others, and would take those of a resource once they had some more labels; each
    /// with whose it is.
    pub(super) fn brought(
        &self,
        resource: &Resource,
        before: &[Label],
        more: &[Label],
    ) -> Vec<(&Selecting, &ResId)> {
        let space = resource.id().effective_namespace();
        let after: Vec<Label> = before.iter().chain(more).copied().collect();
        let is_new = |(selecting, selector): &&(Selecting, Selector)| {
            selector.is_used.get() && !selecting.takes(space, before)
        };
        let new = self.all.taking(space, &after).filter(is_new);
        new.map(|(selecting, selector)| (selecting, &selector.who)).collect()
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
