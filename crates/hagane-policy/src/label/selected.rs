//! Who selects pods by labels: a label that is derived must not bring pods where those of
//! another resource are meant.

use std::cell::Cell;

use hagane_resource::{ResId, Resource, ResourceSet};
use hagane_yaml::Node;

use super::{LABELS_OF, LabelField, Labelling};
use crate::field::texts;
use crate::pod::templates;
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
    /// Returns the selectors of Services, budgets and NetworkPolicies that take pods. One that names no label
    /// which is derived brings nobody.
    pub(super) fn of(resources: &ResourceSet, labelling: &Labelling) -> Selectors {
        let fields = LabelField::ALL.iter().filter(|(field, ..)| labelling.derive.contains(field));
        let derived: Vec<&str> = fields.map(|(_, _, key)| *key).collect();
        let selector = |resource: &Resource| {
            let names_derived = |own: &&Node| texts(Some(own)).any(|(key, _)| derived.contains(&key));
            let labels = owned(Some(selector(resource).filter(names_derived)?));
            let namespace = resource.id().effective_namespace().to_owned();
            let own = Selector { who: resource.id().clone(), is_used: Cell::new(false) };
            Some((Selecting { namespace, labels, is_open: false }, own))
        };
        let found: Vec<_> = resources.iter().filter_map(selector).collect();
        if found.is_empty() {
            return Selectors::default();
        }
        let all = Selections::of(found);
        for resource in resources {
            for path in templates(resource, &labelling.kinds) {
                let pod = path.get(resource.tree());
                let labels: Vec<Label> = texts(pod.and_then(|pod| pod.at(LABELS_OF))).collect();
                let taking = all.taking(resource.id().effective_namespace(), &labels);
                taking.for_each(|(_, selector)| selector.is_used.set(true));
            }
        }
        Selectors { all }
    }

    /// Returns the selectors that take pods of others, and would take those of a resource once they had some
    /// more labels; each with whose it is.
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
