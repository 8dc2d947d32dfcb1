//! The controls of `baseline`.

use hagane_yaml::Node;

use super::{about, each_context, named, whose, writable};
use crate::field::{boolean, given, integer, items, sequence, shown, text, text_or_empty};
use crate::pod::{Container, Pod};
use crate::proposal::{About, Proposal};
use crate::scope::Scope;

pub(crate) fn host_namespaces(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if boolean(pod.get(&[key])) == Some(true) {
            let message = format!("`{key}: true` shares a namespace with the node");
            out.push(Proposal::new(pod.path(&[key]), message).remove());
        }
    }
}

pub(crate) fn privileged(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for container in &pod.containers {
        if is_privileged(container) {
            let message = format!("{} is privileged", named(container));
            let proposal = Proposal::of(container, &["securityContext", "privileged"], message).remove();
            out.push(proposal.unless_ephemeral(container));
        }
    }
}

/// Returns whether a container is privileged.
pub(crate) fn is_privileged(container: &Container) -> bool {
    boolean(container.get(&["securityContext", "privileged"])) == Some(true)
}

/// Capabilities that containers have anyway, so that adding them adds nothing.
const DEFAULT_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub(crate) fn added_capabilities(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for container in &pod.containers {
        refuse_added(container, DEFAULT_CAPABILITIES, out);
    }
}

/// Refuses capabilities that are added and not among the allowed.
pub(super) fn refuse_added(container: &Container, allowed: &[&str], out: &mut Vec<Proposal>) {
    let keys = ["securityContext", "capabilities", "add"];
    let added = items(container.get(&keys));
    let (good, bad): (Vec<&Node>, Vec<&Node>) =
        added.iter().partition(|item| item.as_str().is_some_and(|name| allowed.contains(&name)));
    if bad.is_empty() {
        return;
    }
    let names: Vec<String> = bad
        .iter()
        .map(|item| format!("`{}`", item.as_scalar().map_or("…", |scalar| scalar.text.shown())))
        .collect();
    let message = format!("{} adds {}", named(container), names.join(", "));
    let proposal = Proposal::of(container, &keys, message);
    let proposal = match good.is_empty() {
        true => proposal.remove(),
        false => proposal.replace(sequence(good.into_iter().cloned())),
    };
    out.push(proposal.unless_ephemeral(container));
}

pub(crate) fn host_path(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for (index, volume) in items(pod.get(&["volumes"])).iter().enumerate() {
        if given(volume.get("hostPath")).is_some() {
            let name = shown(volume.get("name"));
            let path = pod.path(&["volumes"]).item(index).key("hostPath");
            out.push(Proposal::new(path, format!("volume `{name}` is a directory of the node")));
        }
    }
}

pub(crate) fn host_ports(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for container in &pod.containers {
        for (index, port) in items(container.get(&["ports"])).iter().enumerate() {
            if integer(port.get("hostPort")).is_some_and(|port| port != 0) {
                let number = shown(port.get("hostPort"));
                let path = container.path(&["ports"]).item(index).key("hostPort");
                let message = format!("{} takes port {number} of the node", named(container));
                let proposal = about(Some(container), path, message).remove();
                out.push(proposal.unless_ephemeral(container));
            }
        }
    }
}

/// Probes and hooks, and the handlers of theirs that may name another host.
const HANDLERS: &[&[&str]] = &[
    &["livenessProbe"],
    &["readinessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

pub(crate) fn host_probes(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for container in &pod.containers {
        for handler in HANDLERS {
            let Some(own) = container.get(handler) else { continue };
            for action in ["httpGet", "tcpSocket"] {
                if text(own.at(&[action, "host"])).is_some_and(|host| !host.is_empty()) {
                    let path = container.path(handler).keys(&[action, "host"]);
                    let message = format!("{} sends a probe or a hook to another host", named(container));
                    let proposal = about(Some(container), path, message).remove();
                    out.push(proposal.unless_ephemeral(container));
                }
            }
        }
    }
}

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(crate) fn app_armor(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let annotations = pod.metadata("annotations").and_then(Node::as_mapping);
    for entry in annotations.into_iter().flat_map(|annotations| &annotations.entries) {
        let Some(container) = entry.key.text.as_str().strip_prefix(APP_ARMOR) else { continue };
        let value = entry.value.as_str().unwrap_or_default();
        if !(value.is_empty() || value == "runtime/default" || value.starts_with("localhost/")) {
            let shown = if entry.key.text.is_sensitive() { entry.key.text.shown() } else { container };
            let message = format!("container `{shown}` runs without the AppArmor profile of the runtime");
            let path = pod.metadata_path("annotations").key_of(&entry.key);
            let proposal = Proposal::new(path, message).remove();
            out.push(Proposal { about: About::Container(container.to_owned()), ..proposal });
        }
    }
    each_context(pod, |container, context, path| {
        let Some(profile) = given(context.get("appArmorProfile")) else { return };
        if !matches!(text_or_empty(profile.get("type")), "RuntimeDefault" | "Localhost") {
            let message = format!("{} runs without the AppArmor profile of the runtime", whose(container));
            let proposal = about(container, path().key("appArmorProfile"), message).remove();
            out.push(writable(proposal, container));
        }
    });
}

pub(crate) fn selinux_options(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    each_context(pod, |container, context, path| {
        let Some(options) = given(context.get("seLinuxOptions")) else { return };
        for key in ["type", "user", "role"] {
            let value = text_or_empty(options.get(key));
            let allowed = match (key, value) {
                (_, "") => true,
                ("type", "container_t" | "container_init_t" | "container_kvm_t") => true,
                ("type", "container_engine_t") => scope.version.is_at_least(31),
                _ => false,
            };
            if !allowed {
                let message = format!("{} sets the SELinux {key}", whose(container));
                let proposal = about(container, path().key("seLinuxOptions").key(key), message).remove();
                out.push(writable(proposal, container));
            }
        }
    });
}

pub(crate) fn proc_mount(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    if !has_own_users(scope, pod) {
        refuse_proc_mount(pod, out);
    }
}

pub(super) fn refuse_proc_mount(pod: &Pod, out: &mut Vec<Proposal>) {
    let keys = ["securityContext", "procMount"];
    for container in &pod.containers {
        if text(container.get(&keys)).is_some_and(|mount| mount != "Default") {
            let message = format!("{} sees parts of `/proc` that are masked for others", named(container));
            out.push(Proposal::of(container, &keys, message).remove().unless_ephemeral(container));
        }
    }
}

/// Returns whether root in the pod is nobody outside, for which the standards ask less.
pub(super) fn has_own_users(scope: &Scope, pod: &Pod) -> bool {
    scope.version.is_at_least(35) && boolean(pod.get(&["hostUsers"])) == Some(false)
}

pub(crate) fn seccomp_unconfined(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    each_context(pod, |container, context, path| {
        if let Some(profile) = given(context.get("seccompProfile"))
            && !is_confined(profile)
        {
            let message = format!("{} runs without a seccomp profile", whose(container));
            let proposal = about(container, path().key("seccompProfile"), message).remove();
            out.push(writable(proposal, container));
        }
    });
}

/// Returns whether a seccomp profile confines anything.
pub(super) fn is_confined(profile: &Node) -> bool {
    matches!(text_or_empty(profile.get("type")), "RuntimeDefault" | "Localhost")
}

/// Settings of the kernel that are the pod's own, and since when the standards allow them.
const SYSCTLS: &[(&str, u32)] = &[
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

pub(crate) fn sysctls(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let keys = ["securityContext", "sysctls"];
    let is_allowed = |item: &&Node| {
        let name = text_or_empty(item.get("name"));
        SYSCTLS.iter().any(|(allowed, since)| *allowed == name && scope.version.is_at_least(*since))
    };
    let set = items(pod.get(&keys));
    let (good, bad): (Vec<&Node>, Vec<&Node>) = set.iter().partition(is_allowed);
    if bad.is_empty() {
        return;
    }
    let names: Vec<String> = bad
        .iter()
        .map(|item| {
            let name = item.get("name").and_then(Node::as_scalar);
            format!("`{}`", name.map_or("…", |name| name.text.shown()))
        })
        .collect();
    let proposal = Proposal::new(pod.path(&keys), format!("the pod sets {} of the kernel", names.join(", ")));
    out.push(match good.is_empty() {
        true => proposal.remove(),
        false => proposal.replace(sequence(good.into_iter().cloned())),
    });
}

pub(crate) fn windows_host_process(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    each_context(pod, |container, context, path| {
        if boolean(context.at(&["windowsOptions", "hostProcess"])) == Some(true) {
            let message = format!("{} runs as a process of the Windows node", whose(container));
            let path = path().keys(&["windowsOptions", "hostProcess"]);
            out.push(writable(about(container, path, message).remove(), container));
        }
    });
}
