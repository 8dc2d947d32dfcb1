//! What the resources of a render say about one another: who selects pods, scales workloads, binds accounts.

use hagane_resource::{Resource, ResourceSet};
use hagane_yaml::Node;

use crate::field::{integer, items, text, text_or_empty, texts};
use crate::pod::Pod;

/// What other resources say.
#[derive(Default)]
pub(crate) struct Surroundings {
    pub(crate) services: Vec<Service>,
    pub(crate) scalers: Vec<Scaler>,
    pub(crate) budgets: Vec<Selecting>,
    /// Service accounts that a role is bound to: namespace and name.
    bound: Vec<(String, String)>,
}

/// A Service with a selector.
pub(crate) struct Service {
    pub(crate) pods: Selecting,
    /// The ports of pods that it sends to.
    pub(crate) targets: Vec<Target>,
}

/// A port of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Number(i64),
    Name(String),
}

/// Labels that pods of a namespace must have.
pub(crate) struct Selecting {
    namespace: String,
    labels: Vec<(String, String)>,
    /// Whether there is more to the selector than labels.
    is_open: bool,
}

/// What scales a workload.
pub(crate) struct Scaler {
    namespace: String,
    kind: String,
    name: String,
    /// The least number of pods.
    pub(crate) least: i64,
}

impl Surroundings {
    /// Returns what the resources say.
    pub(crate) fn of(resources: &ResourceSet) -> Surroundings {
        let mut found = Surroundings::default();
        for resource in resources {
            let (tree, gvk) = (resource.tree(), resource.gvk());
            match (gvk.group.as_str(), gvk.kind.as_str()) {
                ("", "Service") => found.services.extend(service(resource)),
                ("autoscaling", "HorizontalPodAutoscaler") => {
                    found.scalers.push(scaler(resource, "minReplicas", "Deployment"));
                }
                ("keda.sh", "ScaledObject") => {
                    found.scalers.push(scaler(resource, "minReplicaCount", "Deployment"));
                }
                ("policy", "PodDisruptionBudget") => {
                    let selector = tree.at(&["spec", "selector"]);
                    found.budgets.push(selecting(
                        resource,
                        selector.and_then(|s| s.get("matchLabels")),
                        !items(selector.and_then(|s| s.get("matchExpressions"))).is_empty(),
                    ));
                }
                ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
                    for subject in items(tree.get("subjects")) {
                        if text(subject.get("kind")) == Some("ServiceAccount") {
                            let space = text(subject.get("namespace"))
                                .unwrap_or_else(|| resource.id().effective_namespace());
                            found.bound.push((space.into(), text_or_empty(subject.get("name")).into()));
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Returns the Services that send to a pod of a resource.
    pub(crate) fn services_of(&self, resource: &Resource, pod: &Pod) -> impl Iterator<Item = &Service> {
        let labels: Vec<(String, String)> = owned(pod.metadata("labels"));
        let space = resource.id().effective_namespace().to_owned();
        self.services.iter().filter(move |service| service.pods.takes(&space, &labels))
    }

    /// Returns what scales a resource.
    pub(crate) fn scaler_of(&self, resource: &Resource) -> Option<&Scaler> {
        self.scalers.iter().find(|scaler| {
            scaler.name == resource.name()
                && scaler.kind == resource.gvk().kind.as_str()
                && scaler.namespace == resource.id().effective_namespace()
        })
    }

    /// Returns whether a budget may be about pods with these labels.
    pub(crate) fn has_budget(&self, namespace: &str, labels: &[(String, String)]) -> bool {
        self.budgets.iter().any(|budget| budget.takes(namespace, labels))
    }

    /// Returns whether a role is bound to a service account.
    pub(crate) fn is_bound(&self, namespace: &str, account: &str) -> bool {
        self.bound.iter().any(|(space, name)| space == namespace && name == account)
    }
}

impl Selecting {
    fn takes(&self, namespace: &str, labels: &[(String, String)]) -> bool {
        self.namespace == namespace
            && (self.is_open || !self.labels.is_empty())
            && self.labels.iter().all(|label| labels.contains(label))
    }
}

/// Returns the entries of a mapping of texts.
pub(crate) fn owned(node: Option<&Node>) -> Vec<(String, String)> {
    texts(node).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn selecting(resource: &Resource, labels: Option<&Node>, is_open: bool) -> Selecting {
    Selecting { namespace: resource.id().effective_namespace().into(), labels: owned(labels), is_open }
}

fn service(resource: &Resource) -> Option<Service> {
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
    Some(Service { pods, targets })
}

fn scaler(resource: &Resource, least: &str, kind: &str) -> Scaler {
    let target = |key| text(resource.tree().at(&["spec", "scaleTargetRef", key]));
    Scaler {
        namespace: resource.id().effective_namespace().into(),
        kind: target("kind").unwrap_or(kind).into(),
        name: target("name").unwrap_or_default().into(),
        least: integer(resource.tree().at(&["spec", least])).unwrap_or(1),
    }
}
