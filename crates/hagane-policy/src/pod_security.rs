//! The Pod Security Standards: what each control refuses, and what would mend it.
//!
//! The controls are those of Kubernetes' own admission, by version. Each is a rule like the others, so that
//! what hardening mends is what the verdict looks at.

mod baseline;
mod restricted;

pub(crate) use baseline::*;
pub(crate) use restricted::*;

use std::fmt;

use hagane_resource::{ResId, Resource};
use hagane_yaml::{Node, Span};

use crate::KubernetesVersion;
use crate::field_path::FieldPath;
use crate::pod::{Container, Pod, PodKind, templates};
use crate::proposal::{About, Proposal};
use crate::rule::{Look, RULES, Rule};
use crate::scope::Scope;

/// A level of the standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodSecurityLevel {
    /// Nothing that is known to lead out of the container.
    Baseline,
    /// The practice of hardened pods.
    Restricted,
}

impl fmt::Display for PodSecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PodSecurityLevel::Baseline => "baseline",
            PodSecurityLevel::Restricted => "restricted",
        })
    }
}

/// A field for which a pod would be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The resource.
    pub resource: ResId,
    /// The control: the name of the rule.
    pub control: &'static str,
    /// The field.
    pub path: FieldPath,
    /// What is wrong.
    pub message: String,
    /// Where the field stands, or where it would be written.
    pub span: Span,
}

/// Returns what the standards refuse in a resource; nothing where its pods are admitted, or where it has none.
///
/// ```
/// use hagane_policy::{KubernetesVersion, PodSecurityLevel, violations};
///
/// let text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostPID: true, containers: [{name: a}]}}";
/// let pod = &hagane_resource::read_documents(text, Default::default()).unwrap()[0];
/// let found = violations(pod, PodSecurityLevel::Baseline, KubernetesVersion::LATEST, &[]);
/// assert_eq!(found[0].path.to_string(), "spec.hostPID");
/// ```
pub fn violations(
    resource: &Resource,
    level: PodSecurityLevel,
    version: KubernetesVersion,
    kinds: &[PodKind],
) -> Vec<Violation> {
    let mut found = Vec::new();
    for path in templates(resource, kinds) {
        let Some(pod) = Pod::at(resource, &path) else { continue };
        for rule in RULES.iter().filter(|rule| is_asked(rule, level, version)) {
            let Look::Pod(look) = rule.look else { continue };
            let mut proposals = Vec::new();
            look(&Scope::bare(resource, version), &pod, &mut proposals);
            found.extend(proposals.into_iter().map(|proposal| Violation {
                resource: resource.id().clone(),
                control: rule.name,
                span: proposal.path.span(resource.tree()),
                path: proposal.path,
                message: proposal.message.into_owned(),
            }));
        }
    }
    found
}

/// Returns whether a rule is a control of the level. Some of `restricted` stand in for one of `baseline`.
fn is_asked(rule: &Rule, level: PodSecurityLevel, version: KubernetesVersion) -> bool {
    let Some((own, since)) = rule.pod_security else { return false };
    if !version.is_at_least(since) {
        return false;
    }
    let by_restricted = match rule.name {
        "host-path" => true,
        "seccomp-unconfined" => version.is_at_least(19),
        "added-capabilities" => version.is_at_least(22),
        "proc-mount" => version.is_at_least(35),
        _ => false,
    };
    match level {
        PodSecurityLevel::Baseline => own == PodSecurityLevel::Baseline,
        PodSecurityLevel::Restricted => !by_restricted,
    }
}

/// Calls `look` with the pod's `securityContext` and with that of every container. Paths are made only where
/// there is something to say.
fn each_context(pod: &Pod, mut look: impl FnMut(Option<&Container>, &Node, &dyn Fn() -> FieldPath)) {
    if let Some(context) = pod.get(&["securityContext"]) {
        look(None, context, &|| pod.path(&["securityContext"]));
    }
    for container in &pod.containers {
        if let Some(context) = container.get(&["securityContext"]) {
            look(Some(container), context, &|| container.path(&["securityContext"]));
        }
    }
}

/// Returns a proposal about a place in a pod, or in a container of it.
fn about(container: Option<&Container>, path: FieldPath, message: String) -> Proposal {
    let about = container.map_or(About::Whole, |container| About::Container(container.name.to_owned()));
    Proposal { about, ..Proposal::new(path, message) }
}

/// Takes the change away where the container cannot be written to.
fn writable(proposal: Proposal, container: Option<&Container>) -> Proposal {
    match container {
        Some(container) => proposal.unless_ephemeral(container),
        None => proposal,
    }
}

/// Returns how a message names a container, or the pod.
fn whose(container: Option<&Container>) -> String {
    match container {
        Some(container) => named(container).to_string(),
        None => "the pod".to_owned(),
    }
}

/// Returns how a message names a container.
pub(crate) fn named(container: &Container) -> impl fmt::Display {
    let name = container.shown_name();
    fmt::from_fn(move |f| write!(f, "container `{name}`"))
}
