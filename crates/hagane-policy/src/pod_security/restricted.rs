//! The controls of `restricted`.

use hagane_yaml::Node;

use super::baseline::{has_own_users, is_confined, is_privileged, refuse_added, refuse_proc_mount};
use super::named;
use crate::field::{boolean, given, integer, items, mapping, sequence, shown, switch};
use crate::pod::{Container, Pod};
use crate::proposal::Proposal;
use crate::scope::Scope;

/// Types of volumes that are admitted.
const VOLUMES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

pub(crate) fn volume_types(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for (index, volume) in items(pod.get(&["volumes"])).iter().enumerate() {
        let Some(volume) = volume.as_mapping() else { continue };
        let sources = || volume.entries.iter().filter(|e| e.key.text != *"name" && !e.value.is_null());
        if sources().any(|entry| VOLUMES.contains(&entry.key.text.as_str())) {
            continue;
        }
        // Without any source it becomes an `emptyDir`.
        if let Some(source) = sources().next() {
            let (name, kind) = (shown(volume.get("name")), source.key.text.shown().to_owned());
            let path = pod.path(&["volumes"]).item(index).key_of(&source.key);
            out.push(Proposal::new(path, format!("volume `{name}` is of the type `{kind}`")));
        }
    }
}

pub(crate) fn proc_mount_restricted(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    refuse_proc_mount(pod, out);
}

pub(crate) fn privilege_escalation(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    if scope.version.is_at_least(25) && pod.says_windows() {
        return;
    }
    let keys = ["securityContext", "allowPrivilegeEscalation"];
    for container in &pod.containers {
        let set = boolean(container.get(&keys));
        if set == Some(false) {
            continue;
        }
        let message = format!("{} may gain more privileges than it starts with", named(container));
        let proposal = Proposal::of(container, &keys, message);
        // The API server refuses `false` beside these.
        let needs_it = is_privileged(container) || adds_sys_admin(container);
        out.push(match set {
            _ if needs_it || pod.is_windows() => proposal,
            None => proposal.fill(switch(false)).unless_ephemeral(container),
            Some(_) => proposal.replace(switch(false)).unless_ephemeral(container),
        });
    }
}

fn adds_sys_admin(container: &Container) -> bool {
    let added = items(container.get(&["securityContext", "capabilities", "add"]));
    added
        .iter()
        .any(|item| item.as_str().is_some_and(|name| matches!(name, "SYS_ADMIN" | "CAP_SYS_ADMIN" | "ALL")))
}

pub(crate) fn run_as_non_root(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    if has_own_users(scope, pod) {
        return;
    }
    let keys = ["securityContext", "runAsNonRoot"];
    let at_pod = boolean(pod.get(&keys));
    if at_pod == Some(false) {
        let message = "the pod may run as root";
        out.push(Proposal::new(pod.path(&keys), message).replace(switch(true)));
    }
    let mut lacking = Vec::new();
    for container in &pod.containers {
        match boolean(container.get(&keys)) {
            Some(true) => {}
            Some(false) => {
                let proposal =
                    Proposal::of(container, &keys, format!("{} may run as root", named(container)));
                out.push(proposal.replace(switch(true)).unless_ephemeral(container));
            }
            // Beside `runAsUser: 0` it would keep the container from starting: another rule
            // takes that away first.
            None if at_pod.is_none() && is_root(pod, container) => {
                out.push(Proposal::of(container, &keys, format!("{} runs as root", named(container))));
            }
            None if at_pod.is_none() => lacking.push(container),
            None => {}
        }
    }
    let agrees = |container: &Container| {
        boolean(container.get(&keys)) != Some(false)
            && (container.get(&keys).is_some() || !is_root(pod, container))
    };
    out.extend(Common { keys, value: switch(true), lacking }.fill(scope, pod, agrees));
}

/// Returns whether the author makes a container run as root.
fn is_root(pod: &Pod, container: &Container) -> bool {
    let keys = ["securityContext", "runAsUser"];
    integer(container.get(&keys).or(pod.get(&keys))) == Some(0)
}

pub(crate) fn run_as_user_zero(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    if has_own_users(scope, pod) {
        return;
    }
    let keys = ["securityContext", "runAsUser"];
    if integer(pod.get(&keys)) == Some(0) {
        out.push(Proposal::new(pod.path(&keys), "the pod runs as root").remove());
    }
    for container in &pod.containers {
        if integer(container.get(&keys)) == Some(0) {
            let proposal = Proposal::of(container, &keys, format!("{} runs as root", named(container)));
            out.push(proposal.remove().unless_ephemeral(container));
        }
    }
}

pub(crate) fn seccomp_profile(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    if scope.version.is_at_least(25) && pod.says_windows() {
        return;
    }
    let keys = ["securityContext", "seccompProfile"];
    let default = mapping([("type", Node::string("RuntimeDefault"))]);
    let at_pod = pod.get(&keys);
    if at_pod.is_some_and(|profile| !is_confined(profile)) {
        let message = "the pod runs without a seccomp profile";
        out.push(Proposal::new(pod.path(&keys), message).replace(default.clone()));
    }
    let mut lacking = Vec::new();
    for container in &pod.containers {
        match container.get(&keys) {
            Some(profile) if is_confined(profile) => {}
            Some(_) => {
                let message = format!("{} runs without a seccomp profile", named(container));
                let proposal = Proposal::of(container, &keys, message).replace(default.clone());
                out.push(proposal.unless_ephemeral(container));
            }
            None if at_pod.is_none() => lacking.push(container),
            None => {}
        }
    }
    let agrees = |container: &Container| container.get(&keys).is_none_or(is_confined);
    out.extend(Common { keys, value: default, lacking }.fill(scope, pod, agrees));
}

/// A value that a pod may have for all its containers.
struct Common<'a> {
    keys: [&'static str; 2],
    value: Node,
    /// The containers without it.
    lacking: Vec<&'a Container<'a>>,
}

impl Common<'_> {
    /// Proposes the value for the pod, if nobody disagrees, and else for each container that lacks it.
    fn fill(self, scope: &Scope, pod: &Pod, agrees: impl Fn(&Container) -> bool) -> Vec<Proposal> {
        let is_common = |container: &Container| agrees(container) && scope.applies_to(container);
        let field = self.keys[1];
        let proposals = match pod.containers.iter().all(is_common) {
            _ if self.lacking.is_empty() => Vec::new(),
            true => {
                let names: Vec<String> =
                    self.lacking.iter().map(|c| format!("`{}`", c.shown_name())).collect();
                let message = format!("`{field}` is set neither for the pod nor for {}", names.join(", "));
                vec![Proposal::new(pod.path(&self.keys), message).fill(self.value).for_all_containers()]
            }
            false => {
                let one = |container: &&Container| {
                    let message =
                        format!("`{field}` is set neither for the pod nor for `{}`", container.shown_name());
                    let proposal = Proposal::of(container, &self.keys, message).fill(self.value.clone());
                    proposal.unless_ephemeral(container)
                };
                self.lacking.iter().map(one).collect()
            }
        };
        let is_left = is_left_alone(pod, &self.keys);
        let left = |proposal| if is_left { Proposal { mend: None, ..proposal } } else { proposal };
        proposals.into_iter().map(left).collect()
    }
}

/// Returns whether a field means nothing to nodes that run Windows.
fn is_left_alone(pod: &Pod, keys: &[&str]) -> bool {
    pod.is_windows() && keys.last() == Some(&"seccompProfile")
}

pub(crate) fn drop_capabilities(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    if scope.version.is_at_least(25) && pod.says_windows() {
        return;
    }
    let keys = ["securityContext", "capabilities", "drop"];
    for container in &pod.containers {
        refuse_added(container, &["NET_BIND_SERVICE"], out);
        let dropped = given(container.node.at(&keys));
        if items(dropped).iter().any(|item| item.as_str() == Some("ALL")) {
            continue;
        }
        let proposal = Proposal::of(container, &keys, format!("{} keeps capabilities", named(container)));
        let all = sequence(items(dropped).iter().cloned().chain([Node::string("ALL")]));
        out.push(match dropped {
            // A privileged container has them all the same.
            _ if is_privileged(container) || pod.is_windows() => proposal,
            None => proposal.fill(all).unless_ephemeral(container),
            Some(_) => proposal.replace(all).unless_ephemeral(container),
        });
    }
}
