//! kustomize's legacy order: namespaces and definitions first, webhooks last.

use std::cmp::Reverse;

use crate::{Gvk, GvkPattern, Resource};

/// The kinds of the legacy order, with custom lists where `sortOptions` gives them.
#[derive(Clone, Debug)]
pub struct LegacyOrder {
    /// Kinds that come first, in order.
    pub first: Vec<String>,
    /// Kinds that come last, in order.
    pub last: Vec<String>,
}

impl Default for LegacyOrder {
    fn default() -> LegacyOrder {
        let own = |kinds: &[&str]| kinds.iter().map(|k| (*k).to_owned()).collect();
        LegacyOrder {
            first: own(&[
                "Namespace",
                "ResourceQuota",
                "StorageClass",
                "CustomResourceDefinition",
                "ServiceAccount",
                "PodSecurityPolicy",
                "Role",
                "ClusterRole",
                "RoleBinding",
                "ClusterRoleBinding",
                "ConfigMap",
                "Secret",
                "Endpoints",
                "Service",
                "LimitRange",
                "PriorityClass",
                "PersistentVolume",
                "PersistentVolumeClaim",
                "Deployment",
                "StatefulSet",
                "CronJob",
                "PodDisruptionBudget",
            ]),
            last: own(&["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]),
        }
    }
}

fn rank(kind: &str, order: &LegacyOrder) -> i64 {
    let place = |kinds: &[String]| kinds.iter().position(|other| other == kind);
    match (place(&order.first), place(&order.last)) {
        (_, Some(place)) => place as i64 + 1,
        (Some(place), None) => place as i64 - order.first.len() as i64,
        (None, None) => 0,
    }
}

/// How the text of a group, version and kind is sorted among those of one rank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TextOrder {
    /// Where Namespaces have a rank, those without a group come first, from the last to the first.
    CoreNamespace(Reverse<String>),
    Other(String),
}

impl TextOrder {
    fn of(gvk: &Gvk, rank: i64) -> TextOrder {
        match rank != 0 && gvk.kind == "Namespace" && gvk.group.is_empty() {
            true => TextOrder::CoreNamespace(Reverse(gvk.sort_text())),
            false => TextOrder::Other(gvk.sort_text()),
        }
    }
}

/// Returns the key by which kustomize sorts kinds, where a kind that is not given sorts last.
pub fn legacy_kind_order(kinds: &GvkPattern, order: &LegacyOrder) -> impl Ord + use<> {
    let gvk = Gvk { group: kinds.group.clone(), version: kinds.version.clone(), kind: kinds.kind.clone() };
    let rank = rank(&gvk.kind, order);
    (rank, TextOrder::of(&gvk, rank))
}

/// Returns the key by which resources are sorted in the legacy order: the kind's rank, then the texts of group,
/// version and kind, then those of the whole id. `~` stands for what is absent and sorts after letters.
pub fn legacy_order(resource: &Resource, order: &LegacyOrder) -> impl Ord + use<> {
    let id = resource.id();
    let rank = rank(&id.gvk.kind, order);
    let or = |text: &str, absent: &str| if text.is_empty() { absent.to_owned() } else { text.to_owned() };
    let id_text = format!("{}|{}|{}", id.gvk.sort_text(), or(&id.namespace, "~X"), or(&id.name, "~N"));
    (rank, TextOrder::of(&id.gvk, rank), id_text)
}
