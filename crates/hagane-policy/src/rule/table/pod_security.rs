//! The controls of the Pod Security Standards.

use super::OFF;
use crate::pod_security;
use crate::pod_security::PodSecurityLevel::{Baseline, Restricted};
use crate::rule::Mode::{Check, Fill, Off};
use crate::rule::{Look, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "host-namespaces",
        group: "pod-security",
        title: "Pods keep out of the network, processes and IPC of their node.",
        why: "Who shares them can listen to, signal or impersonate every other pod there.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Check,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::host_namespaces),
        ..OFF
    },
    Rule {
        name: "privileged",
        group: "pod-security",
        title: "Containers are not privileged.",
        why: "A privileged container is root on its node.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Check,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::privileged),
        ..OFF
    },
    Rule {
        name: "added-capabilities",
        group: "pod-security",
        title: "Containers add no capabilities beyond the usual ones.",
        why: "Capabilities like `SYS_ADMIN` or `NET_ADMIN` lead out of the container.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Off,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::added_capabilities),
        ..OFF
    },
    Rule {
        name: "host-path",
        group: "pod-security",
        title: "Pods mount no directories of their node.",
        why: "They lead to the files of the kubelet and of other pods.",
        risk: "Never written: only a person knows what takes its place.",
        baseline: Check,
        restricted: Off,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::host_path),
        ..OFF
    },
    Rule {
        name: "host-ports",
        group: "pod-security",
        title: "Containers take no ports of their node.",
        why: "Only one pod of a node can have a port, and network policies do not see it.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Check,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::host_ports),
        ..OFF
    },
    Rule {
        name: "host-probes",
        group: "pod-security",
        title: "Probes and hooks go to the pod itself.",
        why: "With another host, the kubelet sends requests where the pod itself could not.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Check,
        pod_security: Some((Baseline, 34)),
        look: Look::Pod(pod_security::host_probes),
        ..OFF
    },
    Rule {
        name: "app-armor",
        group: "pod-security",
        title: "The AppArmor profile of the runtime is not taken away.",
        why: "It keeps a broken-into container from much of the node.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Check,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::app_armor),
        ..OFF
    },
    Rule {
        name: "selinux-options",
        group: "pod-security",
        title: "SELinux types are those for containers; users and roles are not set.",
        why: "Other types lift what keeps containers apart.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Check,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::selinux_options),
        ..OFF
    },
    Rule {
        name: "proc-mount",
        group: "pod-security",
        title: "`/proc` is masked as usual.",
        why: "What is masked tells about the node, and some of it can be written.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Off,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::proc_mount),
        ..OFF
    },
    Rule {
        name: "seccomp-unconfined",
        group: "pod-security",
        title: "No seccomp profile is taken away.",
        why: "Without one, every system call of the kernel can be reached.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Off,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::seccomp_unconfined),
        ..OFF
    },
    Rule {
        name: "sysctls",
        group: "pod-security",
        title: "Only safe settings of the kernel are set.",
        why: "Others concern the whole node, or every pod on it.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Check,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::sysctls),
        ..OFF
    },
    Rule {
        name: "windows-host-process",
        group: "pod-security",
        title: "Windows pods are no processes of their node.",
        why: "They would have all its rights.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Check,
        restricted: Check,
        pod_security: Some((Baseline, 0)),
        look: Look::Pod(pod_security::windows_host_process),
        ..OFF
    },
    Rule {
        name: "volume-types",
        group: "pod-security",
        title: "Volumes are of types that bring their own storage.",
        why: "Other types reach the node or servers past the rules of the cluster.",
        risk: "Never written: only a person knows what takes its place.",
        baseline: Off,
        restricted: Check,
        pod_security: Some((Restricted, 0)),
        look: Look::Pod(pod_security::volume_types),
        ..OFF
    },
    Rule {
        name: "proc-mount-restricted",
        group: "pod-security",
        title: "`/proc` is masked as usual, also for pods with users of their own.",
        why: "What is masked tells about the node, and some of it can be written.",
        risk: "Taken away only in `enforce`; what needed it stops working.",
        baseline: Off,
        restricted: Check,
        pod_security: Some((Restricted, 35)),
        look: Look::Pod(pod_security::proc_mount_restricted),
        ..OFF
    },
    Rule {
        name: "privilege-escalation",
        group: "pod-security",
        title: "Containers cannot gain privileges.",
        why: "A program that runs as root by its file mode is the usual way up.",
        risk: "`sudo`, and files with capabilities (`ping` in some images), stop working.",
        baseline: Off,
        restricted: Fill,
        pod_security: Some((Restricted, 8)),
        look: Look::Pod(pod_security::privilege_escalation),
        ..OFF
    },
    Rule {
        name: "run-as-non-root",
        group: "pod-security",
        title: "Containers do not run as root.",
        why: "Root in a container is root on the node for whoever gets out.",
        risk: "An image whose user is root, or a name instead of a number, does not start.",
        baseline: Off,
        restricted: Fill,
        pod_security: Some((Restricted, 0)),
        look: Look::Pod(pod_security::run_as_non_root),
        ..OFF
    },
    Rule {
        name: "run-as-user-zero",
        group: "pod-security",
        title: "The user is not 0.",
        why: "Root in a container is root on the node for whoever gets out.",
        risk: "Taken away only in `enforce`: then the image says the user.",
        baseline: Off,
        restricted: Check,
        pod_security: Some((Restricted, 23)),
        look: Look::Pod(pod_security::run_as_user_zero),
        ..OFF
    },
    Rule {
        name: "seccomp-profile",
        group: "pod-security",
        title: "Containers run with a seccomp profile.",
        why: "It keeps rare system calls away, and most ways out of a container begin with one.",
        risk: "A program that needs a rare system call is refused it.",
        baseline: Off,
        restricted: Fill,
        pod_security: Some((Restricted, 19)),
        look: Look::Pod(pod_security::seccomp_profile),
        ..OFF
    },
    Rule {
        name: "drop-capabilities",
        group: "pod-security",
        title: "Containers drop all capabilities, and add none but `NET_BIND_SERVICE`.",
        why: "Nearly no program needs any.",
        risk: "Images that start as root to give up rights, change owners, or bind low ports stop working.",
        baseline: Off,
        restricted: Fill,
        pod_security: Some((Restricted, 22)),
        look: Look::Pod(pod_security::drop_capabilities),
        ..OFF
    },
];
