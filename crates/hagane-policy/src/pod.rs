//! Where resources have pods, and what a pod and its containers say.

use std::borrow::Cow;

use hagane_resource::{Gvk, Resource};
use hagane_yaml::Node;

use crate::field::{boolean, given, items, shown, text};
use crate::field_path::{FieldPath, Step};

/// A kind whose resources have pod templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodKind {
    /// The groups; the core group is empty.
    pub groups: Cow<'static, [Cow<'static, str>]>,
    /// The kind.
    pub kind: Cow<'static, str>,
    /// The keys that lead to the template (what has `metadata` and `spec`); `name[]` goes into every item.
    pub path: Cow<'static, [Cow<'static, str>]>,
}

impl PodKind {
    /// Returns a kind with the path to its template as people write it: `spec/template`,
    /// `spec/jobs[]/template`.
    pub fn new(group: &str, kind: &str, path: &str) -> PodKind {
        let steps = path.split('/').filter(|step| !step.is_empty()).map(|step| Cow::Owned(step.to_owned()));
        PodKind {
            groups: Cow::Owned(vec![Cow::Owned(group.to_owned())]),
            kind: Cow::Owned(kind.to_owned()),
            path: Cow::Owned(steps.collect()),
        }
    }
}

macro_rules! kinds {
    ($($kind:literal of [$($group:literal),*] at [$($step:literal),*];)*) => {
        &[$(PodKind {
            groups: Cow::Borrowed(&[$(Cow::Borrowed($group)),*]),
            kind: Cow::Borrowed($kind),
            path: Cow::Borrowed(&[$(Cow::Borrowed($step)),*]),
        }),*]
    };
}

/// The kinds that are known without being told.
pub(crate) const POD_KINDS: &[PodKind] = kinds! {
    "Pod" of [""] at [];
    "Deployment" of ["apps", "extensions"] at ["spec", "template"];
    "StatefulSet" of ["apps"] at ["spec", "template"];
    "DaemonSet" of ["apps", "extensions"] at ["spec", "template"];
    "ReplicaSet" of ["apps", "extensions"] at ["spec", "template"];
    "ReplicationController" of [""] at ["spec", "template"];
    "Job" of ["batch"] at ["spec", "template"];
    "CronJob" of ["batch"] at ["spec", "jobTemplate", "spec", "template"];
    "PodTemplate" of [""] at ["template"];
    "Rollout" of ["argoproj.io"] at ["spec", "template"];
    "JobSet" of ["jobset.x-k8s.io"] at ["spec", "replicatedJobs[]", "template", "spec", "template"];
};

/// Returns whether a resource is a pod or has templates of pods.
pub fn has_pods(resource: &Resource, more: &[PodKind]) -> bool {
    !templates(resource, more).is_empty()
}

/// Returns the paths of the pod templates of a resource.
pub(crate) fn templates(resource: &Resource, more: &[PodKind]) -> Vec<FieldPath> {
    let gvk = resource.gvk();
    let is_kind = |kind: &&PodKind| kind.kind == gvk.kind.as_str() && has_group(kind, gvk);
    let mut found = Vec::new();
    for kind in more.iter().chain(POD_KINDS).filter(is_kind) {
        collect(resource.tree(), &kind.path, FieldPath::default(), &mut found);
        if !found.is_empty() {
            break;
        }
    }
    found
}

fn has_group(kind: &PodKind, gvk: &Gvk) -> bool {
    kind.groups.iter().any(|group| *group == gvk.group.as_str())
}

fn collect(node: &Node, steps: &[Cow<'static, str>], path: FieldPath, found: &mut Vec<FieldPath>) {
    let Some((step, rest)) = steps.split_first() else {
        // A Rollout that refers to a Deployment has no template of its own.
        if node.as_mapping().is_some() {
            found.push(path);
        }
        return;
    };
    let (key, each) = match step.strip_suffix("[]") {
        Some(key) => (key.to_owned().into(), true),
        None => (step.clone(), false),
    };
    let Some(value) = node.get(&key) else { return };
    let path = path.key(key);
    match each {
        false => collect(value, rest, path, found),
        true => {
            for (index, item) in items(Some(value)).iter().enumerate() {
                collect(item, rest, path.item(index), found);
            }
        }
    }
}

/// A pod or the template of one.
pub(crate) struct Pod<'r> {
    /// The kind of the resource it is in.
    pub(crate) kind: &'r str,
    /// What has `metadata` and `spec`.
    template: &'r Node,
    spec: &'r Node,
    /// Its `securityContext`, for which most rules ask.
    context: Option<&'r Node>,
    /// Where the template is.
    path: &'r FieldPath,
    /// All containers: those that run first, the others, then those put in by hand.
    pub(crate) containers: Vec<Container<'r>>,
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It does the work.
    App,
    /// It runs to its end before the others start.
    Init,
    /// It starts before the others and stays.
    Sidecar,
    /// Somebody put it in to look around; it can be in no template.
    Ephemeral,
}

/// A container of a pod.
pub(crate) struct Container<'r> {
    pub(crate) class: Class,
    pub(crate) name: &'r str,
    pub(crate) node: &'r Node,
    /// Its `securityContext`.
    context: Option<&'r Node>,
    /// Where the pod is, the list of its spec that the container is in, and the place in that.
    place: (&'r FieldPath, &'static str, usize),
}

const CONTEXT: &str = "securityContext";

/// Returns a field that is given, of what has this context.
fn given_at<'r>(node: &'r Node, context: Option<&'r Node>, keys: &[&str]) -> Option<&'r Node> {
    match keys {
        [CONTEXT, keys @ ..] => given(context?.at(keys)),
        _ => given(node.at(keys)),
    }
}

impl<'r> Pod<'r> {
    /// Returns the pod at a path that [`templates`] gave.
    pub(crate) fn at(resource: &'r Resource, path: &'r FieldPath) -> Option<Pod<'r>> {
        let template = path.get(resource.tree())?;
        let spec = template.get("spec")?;
        spec.as_mapping()?;
        let mut containers = Vec::new();
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for (index, node) in items(spec.get(list)).iter().enumerate() {
                let class = match list {
                    "containers" => Class::App,
                    "ephemeralContainers" => Class::Ephemeral,
                    _ if text(node.get("restartPolicy")) == Some("Always") => Class::Sidecar,
                    _ => Class::Init,
                };
                let name = text(node.get("name")).unwrap_or_default();
                let context = node.get(CONTEXT);
                containers.push(Container { class, name, node, context, place: (path, list, index) });
            }
        }
        let (kind, context) = (resource.gvk().kind.as_str(), spec.get(CONTEXT));
        Some(Pod { kind, template, spec, context, path, containers })
    }

    /// Returns a field of the pod's spec that is given.
    pub(crate) fn get(&self, keys: &[&str]) -> Option<&'r Node> {
        given_at(self.spec, self.context, keys)
    }

    /// Returns the path of a field of the pod's spec.
    pub(crate) fn path(&self, keys: &[&'static str]) -> FieldPath {
        self.path.with(["spec"].iter().chain(keys).copied().map(Step::from))
    }

    /// Returns `metadata.labels` or `metadata.annotations` of the pod.
    pub(crate) fn metadata(&self, field: &str) -> Option<&'r Node> {
        self.template.at(&["metadata", field])
    }

    /// Returns the path of `metadata.labels` or `metadata.annotations` of the pod.
    pub(crate) fn metadata_path(&self, field: &'static str) -> FieldPath {
        self.path.keys(&["metadata", field])
    }

    /// Returns whether the pod says that it runs on Windows, which the standards know.
    pub(crate) fn says_windows(&self) -> bool {
        text(self.get(&["os", "name"])) == Some("windows")
    }

    /// Returns whether the pod runs on Windows, by its word or by the nodes that it wants.
    pub(crate) fn is_windows(&self) -> bool {
        self.says_windows() || text(self.get(&["nodeSelector", "kubernetes.io/os"])) == Some("windows")
    }

    /// Returns whether the pod ends when its work is done.
    pub(crate) fn runs_to_end(&self) -> bool {
        matches!(self.kind, "Job" | "CronJob" | "JobSet")
            || text(self.get(&["restartPolicy"])).is_some_and(|policy| policy != "Always")
    }

    /// Returns whether the pod is in the network of its node.
    pub(crate) fn has_host_network(&self) -> bool {
        boolean(self.get(&["hostNetwork"])) == Some(true)
    }

    /// Returns the containers that stay while the pod runs.
    pub(crate) fn lasting(&self) -> impl Iterator<Item = &Container<'r>> {
        self.containers.iter().filter(|c| matches!(c.class, Class::App | Class::Sidecar))
    }
}

impl<'r> Container<'r> {
    /// Returns a field that is given.
    pub(crate) fn get(&self, keys: &[&str]) -> Option<&'r Node> {
        given_at(self.node, self.context, keys)
    }

    /// Returns the path of a field.
    pub(crate) fn path(&self, keys: &[&'static str]) -> FieldPath {
        let (pod, list, index) = self.place;
        let place = [Step::from("spec"), Step::from(list), Step::Item(index)];
        pod.with(place.into_iter().chain(keys.iter().copied().map(Step::from)))
    }

    /// Returns whether a template can have it, so that it may be written to.
    pub(crate) fn is_writable(&self) -> bool {
        self.class != Class::Ephemeral
    }

    /// Returns the name for a message.
    pub(crate) fn shown_name(&self) -> &'r str {
        shown(self.node.get("name"))
    }

    /// Returns the image.
    pub(crate) fn image(&self) -> &'r str {
        text(self.node.get("image")).unwrap_or_default()
    }
}
