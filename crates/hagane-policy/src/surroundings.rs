//! What the resources of a render say about one another: who selects pods, scales workloads, binds accounts.

use std::collections::{BTreeMap, BTreeSet};

use hagane_resource::{Resource, ResourceSet};
use hagane_yaml::Node;

use crate::field::{integer, items, text, text_or_empty, texts};
use crate::pod::{Pod, has_pods};
use crate::pod_security::{PodSecurityLevel, violations};
use crate::policy::Policy;
use crate::selections::{Label, Labelled, Selecting, Selections};

/// What other resources say.
#[derive(Default)]
pub(crate) struct Surroundings {
    services: Selections<Service>,
    /// What scales workloads, by their names.
    scalers: BTreeMap<String, Vec<Scaler>>,
    budgets: Selections<()>,
    /// Service accounts that a role is bound to.
    bound: BTreeSet<Bound>,
    /// Claims that one node or pod has at a time: namespace and name.
    single: BTreeSet<(String, String)>,
    /// The pods whose incoming traffic a NetworkPolicy restricts.
    isolated: Selections<()>,
    /// The pods that something scales, by their namespace.
    scaled: BTreeMap<String, Labelled>,
    /// The Pod Security Standard that all pods of a namespace keep to, if any; only where somebody asks.
    levels: BTreeMap<String, Option<PodSecurityLevel>>,
}

/// A Service with a selector.
pub(crate) struct Service {
    /// The ports of pods that it sends to.
    pub(crate) targets: Vec<Target>,
}

/// A port of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Number(i64),
    Name(String),
}

/// Service accounts that a role is bound to.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    /// That of a namespace and a name.
    One(String, String),
    /// Those of a namespace.
    AllOf(String),
    All,
}

/// What scales a workload.
pub(crate) struct Scaler {
    /// The namespace of the workload.
    namespace: String,
    /// Its kind.
    kind: String,
    /// The least number of pods.
    pub(crate) least: i64,
}

impl Surroundings {
    /// Returns what the resources say.
    pub(crate) fn of(resources: &ResourceSet) -> Surroundings {
        let mut found = Surroundings::default();
        let (mut services, mut budgets, mut isolated) = (Vec::new(), Vec::new(), Vec::new());
        for resource in resources {
            let (tree, gvk) = (resource.tree(), resource.gvk());
            match (gvk.group.as_str(), gvk.kind.as_str()) {
                ("", "Service") => services.extend(service(resource)),
                ("autoscaling", "HorizontalPodAutoscaler") => found.note_scaler(resource, "minReplicas"),
                ("keda.sh", "ScaledObject") => found.note_scaler(resource, "minReplicaCount"),
                ("policy", "PodDisruptionBudget") => budgets.push((budget(resource), ())),
                ("networking.k8s.io", "NetworkPolicy") => {
                    isolated.extend(isolating(resource).map(|pods| (pods, ())));
                }
                ("", "PersistentVolumeClaim") if is_single(tree) => {
                    let space = resource.id().effective_namespace();
                    found.single.insert((space.into(), resource.name().into()));
                }
                ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
                    let subjects = items(tree.get("subjects")).iter();
                    found.bound.extend(subjects.filter_map(|subject| bound(resource, subject)));
                }
                _ => {}
            }
        }
        for resource in resources {
            if found.scaler_of(resource).is_some() {
                let labels = owned(resource.tree().at(&["spec", "template", "metadata", "labels"]));
                found.scaled.entry(resource.id().effective_namespace().into()).or_default().note(labels);
            }
        }
        let (services, budgets) = (Selections::of(services), Selections::of(budgets));
        Surroundings { services, budgets, isolated: Selections::of(isolated), ..found }
    }

    /// Notes what scales a workload, and the field with the least number of its pods.
    fn note_scaler(&mut self, resource: &Resource, least: &str) {
        let target = |key| text(resource.tree().at(&["spec", "scaleTargetRef", key]));
        let scaler = Scaler {
            namespace: resource.id().effective_namespace().to_owned(),
            kind: target("kind").unwrap_or("Deployment").to_owned(),
            least: integer(resource.tree().at(&["spec", least])).unwrap_or(1),
        };
        self.scalers.entry(target("name").unwrap_or_default().to_owned()).or_default().push(scaler);
    }

    /// Adds what the Pod Security Standards say to the pods of each namespace.
    pub(crate) fn with_levels(mut self, resources: &ResourceSet, policy: &Policy) -> Surroundings {
        let refuses = |resource: &Resource, level| {
            !violations(resource, level, policy.version, &policy.kinds).is_empty()
        };
        for resource in resources.iter().filter(|own| has_pods(own, &policy.kinds)) {
            let own = match () {
                () if !refuses(resource, PodSecurityLevel::Restricted) => Some(PodSecurityLevel::Restricted),
                () if !refuses(resource, PodSecurityLevel::Baseline) => Some(PodSecurityLevel::Baseline),
                () => None,
            };
            let level = self.levels.entry(resource.id().effective_namespace().to_owned()).or_insert(own);
            *level = match (*level, own) {
                (Some(PodSecurityLevel::Restricted), own) => own,
                (level, Some(PodSecurityLevel::Restricted)) => level,
                (Some(level), Some(_)) => Some(level),
                _ => None,
            };
        }
        self
    }

    /// Returns the level of a namespace that has pods here: none where not even `baseline` takes them.
    pub(crate) fn level(&self, namespace: &str) -> Option<Option<PodSecurityLevel>> {
        self.levels.get(namespace).copied()
    }

    /// Returns whether a claim is one that only one node or pod has at a time.
    pub(crate) fn is_single(&self, namespace: &str, claim: &str) -> bool {
        self.single.contains(&(namespace.to_owned(), claim.to_owned()))
    }

    /// Returns whether something scales pods that have all these labels.
    pub(crate) fn is_scaled(&self, namespace: &str, labels: &[Label]) -> bool {
        self.scaled.get(namespace).is_some_and(|pods| pods.has_one_with(labels))
    }

    /// Returns whether a NetworkPolicy says who may send to pods with these labels.
    pub(crate) fn is_isolated(&self, namespace: &str, labels: &[Label]) -> bool {
        self.isolated.taking(namespace, labels).next().is_some()
    }

    /// Returns the Services that send to a pod of a resource.
    pub(crate) fn services_of<'s>(
        &'s self,
        resource: &Resource,
        pod: &Pod,
    ) -> impl Iterator<Item = &'s Service> + use<'s> {
        let labels: Vec<Label> = texts(pod.metadata("labels")).collect();
        self.services.taking(resource.id().effective_namespace(), &labels).map(|(_, service)| service)
    }

    /// Returns what scales a resource, the first of several.
    pub(crate) fn scaler_of(&self, resource: &Resource) -> Option<&Scaler> {
        let is_own = |scaler: &&Scaler| {
            scaler.kind == resource.gvk().kind.as_str()
                && scaler.namespace == resource.id().effective_namespace()
        };
        self.scalers.get(resource.name())?.iter().find(is_own)
    }

    /// Returns whether a budget may be about pods with these labels.
    pub(crate) fn has_budget(&self, namespace: &str, labels: &[Label]) -> bool {
        self.budgets.taking(namespace, labels).next().is_some()
    }

    /// Returns whether a role is bound to a service account.
    pub(crate) fn is_bound(&self, namespace: &str, account: &str) -> bool {
        let one = Bound::One(namespace.to_owned(), account.to_owned());
        [one, Bound::AllOf(namespace.to_owned()), Bound::All].iter().any(|bound| self.bound.contains(bound))
    }
}

/// Returns the entries of a mapping of texts.
pub(crate) fn owned(node: Option<&Node>) -> Vec<(String, String)> {
    texts(node).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn selecting(resource: &Resource, labels: Option<&Node>, is_open: bool) -> Selecting {
    Selecting { namespace: resource.id().effective_namespace().into(), labels: owned(labels), is_open }
}

/// Returns the pods that a budget may be about.
fn budget(resource: &Resource) -> Selecting {
    let selector = resource.tree().at(&["spec", "selector"]).filter(|own| own.as_mapping().is_some());
    let labels = selector.and_then(|own| own.get("matchLabels"));
    let has_more = !items(selector.and_then(|own| own.get("matchExpressions"))).is_empty();
    // An empty selector takes all pods, in the old version none.
    let is_all = selector.is_some() && texts(labels).next().is_none() && resource.gvk().version != "v1beta1";
    selecting(resource, labels, has_more || is_all)
}

/// Returns the pods of a NetworkPolicy that says something about incoming traffic. No selector
/// takes all pods.
fn isolating(resource: &Resource) -> Option<Selecting> {
    let spec = resource.tree().get("spec")?;
    let types = items(spec.get("policyTypes"));
    let is_about_ingress = types.is_empty() || types.iter().any(|own| own.as_str() == Some("Ingress"));
    let selector = spec.get("podSelector");
    let labels = selector.and_then(|selector| selector.get("matchLabels"));
    let has_more = !items(selector.and_then(|selector| selector.get("matchExpressions"))).is_empty();
    let is_open = has_more || texts(labels).next().is_none();
    is_about_ingress.then(|| selecting(resource, labels, is_open))
}

/// Returns the service accounts that a subject of a binding names: one, or a group of Kubernetes' own.
fn bound(resource: &Resource, subject: &Node) -> Option<Bound> {
    let name = text_or_empty(subject.get("name"));
    match text(subject.get("kind"))? {
        "ServiceAccount" => {
            let space = text(subject.get("namespace")).unwrap_or_else(|| resource.id().effective_namespace());
            Some(Bound::One(space.into(), name.into()))
        }
        "Group" if name == "system:serviceaccounts" => Some(Bound::All),
        "Group" => Some(Bound::AllOf(name.strip_prefix("system:serviceaccounts:")?.into())),
        _ => None,
    }
}

fn is_single(claim: &Node) -> bool {
    let modes = items(claim.at(&["spec", "accessModes"]));
    let is_one = |mode: &Node| matches!(mode.as_str(), Some("ReadWriteOnce" | "ReadWriteOncePod"));
    !modes.is_empty() && modes.iter().all(is_one)
}

fn service(resource: &Resource) -> Option<(Selecting, Service)> {
    let spec = resource.tree().get("spec")?;
    let pods = selecting(resource, spec.get("selector"), false);
    let target = |port: &Node| {
        let udp = text(port.get("protocol")).is_some_and(|protocol| protocol != "TCP");
        let target = port.get("targetPort").filter(|node| !node.is_null()).or_else(|| port.get("port"));
        match integer(target) {
            _ if udp => None,
            Some(number) => Some(Target::Number(number)),
            None => Some(Target::Name(text(target)?.to_owned())),
        }
    };
    let targets = items(spec.get("ports")).iter().filter_map(target).collect();
    Some((pods, Service { targets }))
}
