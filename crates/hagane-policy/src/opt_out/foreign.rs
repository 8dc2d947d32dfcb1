//! Opt-outs of other tools, for who asks that they count: polaris, kube-linter, kube-score.

/// A tool whose opt-outs may count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `polaris.fairwinds.com/CHECK-exempt: "true"`
    Polaris,
    /// `ignore-check.kube-linter.io/CHECK: reason`
    KubeLinter,
    /// `kube-score/ignore: CHECK,CHECK`
    KubeScore,
}

impl Tool {
    /// The names in `hagane.yaml`.
    pub const ALL: &'static [(&'static str, Tool)] =
        &[("polaris", Tool::Polaris), ("kube-linter", Tool::KubeLinter), ("kube-score", Tool::KubeScore)];
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
    }
}

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
    ("pdb-unhealthy-pod-eviction-policy", "unhealthy-eviction"),
    ("job-ttl-seconds-after-finished", "job-ttl"),
];

const KUBE_SCORE: &[(&str, &str)] = &[
    ("container-security-context-privileged", "privileged"),
    ("container-security-context-readonlyrootfilesystem", "read-only-root"),
    ("container-seccomp-profile", "seccomp-profile"),
    ("container-image-pull-policy", "image-pull-policy"),
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
        for (check, rule) in POLARIS.iter().chain(KUBE_LINTER).chain(KUBE_SCORE) {
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
