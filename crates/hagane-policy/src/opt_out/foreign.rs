//! Opt-outs of other tools, for who asks that they count: polaris, kube-linter, kube-score, checkov. None of
//! them has annotations for a single container.

/// A tool whose opt-outs may count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `polaris.fairwinds.com/CHECK-exempt: "true"`
    Polaris,
    /// `ignore-check.kube-linter.io/CHECK: reason`
    KubeLinter,
    /// `kube-score/ignore: CHECK,CHECK`
    KubeScore,
    /// `checkov.io/skip1: CHECK=reason`
    Checkov,
}

impl Tool {
    /// The names in `hagane.yaml`.
    pub const ALL: &'static [(&'static str, Tool)] = &[
        ("polaris", Tool::Polaris),
        ("kube-linter", Tool::KubeLinter),
        ("kube-score", Tool::KubeScore),
        ("checkov", Tool::Checkov),
    ];
}

/// Returns the names of the rules that an annotation keeps away, as far as there are rules for what it names.
pub(super) fn rules(tool: Tool, key: &str, value: &str) -> Vec<&'static str> {
    let known = |table: &[(&str, &'static str)], check: &str| {
        table.iter().filter(|(own, _)| *own == check).map(|(_, rule)| *rule).collect::<Vec<_>>()
    };
    match tool {
        Tool::Polaris => {
            let Some(check) = key.strip_prefix("polaris.fairwinds.com/").filter(|_| value == "true") else {
                return Vec::new();
            };
            match check.strip_suffix("-exempt") {
                Some(check) => known(POLARIS, check),
                None if check == "exempt" => vec!["all"],
                None => Vec::new(),
            }
        }
        Tool::KubeLinter => match key.strip_prefix("ignore-check.kube-linter.io/") {
            Some(check) => known(KUBE_LINTER, check),
            None if key == "kube-linter.io/ignore-all" => vec!["all"],
            None => Vec::new(),
        },
        Tool::KubeScore if key == "kube-score/ignore" => {
            value.split(',').flat_map(|check| known(KUBE_SCORE, check.trim())).collect()
        }
        Tool::KubeScore => Vec::new(),
        Tool::Checkov => match key.strip_prefix("checkov.io/skip") {
            Some(number) if number.bytes().all(|b| b.is_ascii_digit()) => {
                known(CHECKOV, value.split_once('=').map_or(value, |(check, _)| check).trim())
            }
            _ => Vec::new(),
        },
    }
}

const CHECKOV: &[(&str, &str)] = &[
    ("CKV_K8S_8", "probes"),
    ("CKV_K8S_9", "probes"),
    ("CKV_K8S_10", "requests"),
    ("CKV_K8S_11", "cpu-limit"),
    ("CKV_K8S_12", "requests"),
    ("CKV_K8S_13", "memory-limit"),
    ("CKV_K8S_15", "image-pull-policy"),
    ("CKV_K8S_16", "privileged"),
    ("CKV_K8S_17", "host-namespaces"),
    ("CKV_K8S_18", "host-namespaces"),
    ("CKV_K8S_19", "host-namespaces"),
    ("CKV_K8S_20", "privilege-escalation"),
    ("CKV_K8S_22", "read-only-root"),
    ("CKV_K8S_23", "run-as-non-root"),
    ("CKV_K8S_25", "added-capabilities"),
    ("CKV_K8S_26", "host-ports"),
    ("CKV_K8S_28", "drop-capabilities"),
    ("CKV_K8S_31", "seccomp-profile"),
    ("CKV_K8S_37", "drop-capabilities"),
    ("CKV_K8S_38", "service-account-token"),
    ("CKV_K8S_39", "added-capabilities"),
    ("CKV_K8S_40", "user-and-group"),
];

const POLARIS: &[(&str, &str)] = &[
    ("hostIPCSet", "host-namespaces"),
    ("hostPIDSet", "host-namespaces"),
    ("hostNetworkSet", "host-namespaces"),
    ("hostPortSet", "host-ports"),
    ("hostPathSet", "host-path"),
    ("hostProcess", "windows-host-process"),
    ("procMount", "proc-mount"),
    ("runAsPrivileged", "privileged"),
    ("runAsRootAllowed", "run-as-non-root"),
    ("privilegeEscalationAllowed", "privilege-escalation"),
    ("notReadOnlyRootFilesystem", "read-only-root"),
    ("dangerousCapabilities", "added-capabilities"),
    ("insecureCapabilities", "drop-capabilities"),
    ("pullPolicyNotAlways", "image-pull-policy"),
    ("memoryLimitsMissing", "memory-limit"),
    ("cpuLimitsMissing", "cpu-limit"),
    ("cpuRequestsMissing", "requests"),
    ("memoryRequestsMissing", "requests"),
    ("priorityClassNotSet", "priority-class"),
    ("deploymentMissingReplicas", "replicas"),
    ("tlsSettingsMissing", "ingress-tls"),
    ("missingNetworkPolicy", "network-policy"),
    ("livenessProbeMissing", "probes"),
    ("readinessProbeMissing", "probes"),
    ("topologySpreadConstraint", "topology-spread"),
    ("missingPodDisruptionBudget", "disruption-budget"),
    ("automountServiceAccountToken", "service-account-token"),
];

const KUBE_LINTER: &[(&str, &str)] = &[
    ("host-ipc", "host-namespaces"),
    ("host-pid", "host-namespaces"),
    ("host-network", "host-namespaces"),
    ("privileged-container", "privileged"),
    ("privilege-escalation-container", "privilege-escalation"),
    ("run-as-non-root", "run-as-non-root"),
    ("no-read-only-root-fs", "read-only-root"),
    ("drop-net-raw-capability", "drop-capabilities"),
    ("unsafe-proc-mount", "proc-mount"),
    ("unsafe-sysctls", "sysctls"),
    ("deprecated-service-account-field", "service-account-name"),
    ("dnsconfig-options", "ndots"),
    ("no-liveness-probe", "probes"),
    ("no-readiness-probe", "probes"),
    ("unset-memory-requirements", "memory-limit"),
    ("unset-cpu-requirements", "requests"),
    ("priority-class-name", "priority-class"),
    ("minimum-three-replicas", "replicas"),
    ("non-isolated-pod", "network-policy"),
    ("no-extensions-v1beta", "api-version"),
    ("pdb-unhealthy-pod-eviction-policy", "unhealthy-eviction"),
    ("job-ttl-seconds-after-finished", "job-ttl"),
];

const KUBE_SCORE: &[(&str, &str)] = &[
    ("container-security-context-privileged", "privileged"),
    ("container-security-context-readonlyrootfilesystem", "read-only-root"),
    ("container-seccomp-profile", "seccomp-profile"),
    ("container-image-pull-policy", "image-pull-policy"),
    ("container-resources", "requests"),
    ("container-ephemeral-storage-request-and-limit", "ephemeral-storage"),
    ("container-security-context-user-group-id", "user-and-group"),
    ("pod-networkpolicy", "network-policy"),
    ("stable-version", "api-version"),
    ("deployment-replicas", "replicas"),
    ("pod-probes", "probes"),
    ("pod-topology-spread-constraints", "topology-spread"),
    ("deployment-has-poddisruptionbudget", "disruption-budget"),
    ("statefulset-has-poddisruptionbudget", "disruption-budget"),
    ("deployment-targeted-by-hpa-does-not-have-replicas-configured", "scaled-replicas"),
    ("cronjob-has-deadline", "cron-deadline"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::rules_named;

    #[test]
    fn every_check_has_a_rule() {
        for (check, rule) in POLARIS.iter().chain(KUBE_LINTER).chain(KUBE_SCORE).chain(CHECKOV) {
            assert!(!rules_named(rule).is_empty(), "{check}: {rule}");
        }
    }

    #[test]
    fn annotations_of_others_name_rules() {
        let check =
            |tool, key: &str, value: &str, want: &[&str]| assert_eq!(rules(tool, key, value), want, "{key}");
        check(Tool::Polaris, "polaris.fairwinds.com/runAsRootAllowed-exempt", "true", &["run-as-non-root"]);
        check(Tool::Polaris, "polaris.fairwinds.com/runAsRootAllowed-exempt", "false", &[]);
        check(Tool::Polaris, "polaris.fairwinds.com/exempt", "true", &["all"]);
        check(Tool::Checkov, "checkov.io/skip1", "CKV_K8S_22=writes its pid", &["read-only-root"]);
        check(Tool::Checkov, "checkov.io/skip2", "CKV_K8S_99=unheard of", &[]);
        check(Tool::Checkov, "checkov.io/skipped", "CKV_K8S_22", &[]);
        check(Tool::KubeLinter, "ignore-check.kube-linter.io/host-pid", "a driver", &["host-namespaces"]);
        check(Tool::KubeLinter, "ignore-check.kube-linter.io/unheard-of", "", &[]);
        check(
            Tool::KubeScore,
            "kube-score/ignore",
            "pod-probes, cronjob-has-deadline",
            &["probes", "cron-deadline"],
        );
    }
}
