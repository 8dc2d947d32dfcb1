//! The cases, a rule each: a text in which it has something to say, what `enforce` writes, and a text in which it is quiet.

use hagane_policy::{GivenProbes, Glob, Matcher, Value};

/// The cases of one rule.
pub(crate) struct Case {
    pub(crate) rule: &'static str,
    /// The first resource is the one that the rule is about.
    pub(crate) fires: &'static str,
    /// The fields that `enforce` writes, and what they become; empty where only a person can mend it.
    pub(crate) writes: &'static str,
    /// What `fill` writes of it.
    pub(crate) fills: Fills,
    pub(crate) quiet: &'static str,
    /// What is set of the rule.
    pub(crate) values: &'static [(&'static str, Given)],
}

/// What `fill` writes of what `enforce` writes.
pub(crate) enum Fills {
    /// All: nothing of it is the author's.
    All,
    /// These fields.
    Only(&'static str),
    /// Nothing: all of it takes the place of the author's.
    Nothing,
}

impl Case {
    /// Returns the fields that `fill` writes, and what they become.
    pub(crate) fn filled(&self) -> &'static str {
        match self.fills {
            Fills::All => self.writes,
            Fills::Only(fields) => fields,
            Fills::Nothing => "",
        }
    }
}

/// The value of a parameter.
pub(crate) enum Given {
    Text(&'static str),
    Texts(&'static [&'static str]),
}

impl Given {
    pub(crate) fn value(&self) -> Value {
        match self {
            Given::Text(text) => Value::Text((*text).into()),
            Given::Texts(texts) => Value::Texts(texts.iter().map(|text| (*text).into()).collect()),
        }
    }
}

/// What the images called `shop/web` answer.
pub(crate) fn probes() -> Vec<GivenProbes> {
    let probe =
        hagane_yaml::parse("{httpGet: {path: /ready, port: 8080}}", Default::default(), &Default::default());
    let probe = probe.expect("the probe is right").remove(0);
    let matcher = Matcher { images: vec![Glob::new("shop/web")], ..Matcher::default() };
    vec![GivenProbes { matcher, probes: vec![("readinessProbe", probe)] }]
}

use Given::{Text, Texts};

pub(crate) const CASES: &[Case] = &[
    Case {
        rule: "host-namespaces",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {hostPID: true, containers: [{name: a}]}}}}",
        writes: "spec.template.spec.hostPID = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {hostPID: false, containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "privileged",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {privileged: true}}]}}}}",
        writes: "spec.template.spec.containers[0].securityContext.privileged = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {privileged: false}}]}}}}",
        values: &[],
    },
    Case {
        rule: "added-capabilities",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {capabilities: {add: [CHOWN, SYS_ADMIN]}}}]}}}}",
        writes: r#"spec.template.spec.containers[0].securityContext.capabilities.add = ["CHOWN"]"#,
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {capabilities: {add: [CHOWN]}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "host-path",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}], volumes: [{name: v, hostPath: {path: /}}]}}}}",
        writes: "",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}], volumes: [{name: v, emptyDir: {}}]}}}}",
        values: &[],
    },
    Case {
        rule: "host-ports",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}]}]}}}}",
        writes: "spec.template.spec.containers[0].ports[0].hostPort = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, ports: [{containerPort: 80}]}]}}}}",
        values: &[],
    },
    Case {
        rule: "host-probes",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, livenessProbe: {httpGet: {port: 80, host: h}}}]}}}}",
        writes: "spec.template.spec.containers[0].livenessProbe.httpGet.host = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, livenessProbe: {httpGet: {port: 80}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "app-armor",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {appArmorProfile: {type: Unconfined}}}]}}}}",
        writes: "spec.template.spec.containers[0].securityContext.appArmorProfile = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {appArmorProfile: {type: RuntimeDefault}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "selinux-options",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {seLinuxOptions: {user: u}}}]}}}}",
        writes: "spec.template.spec.containers[0].securityContext.seLinuxOptions.user = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {seLinuxOptions: {level: s0}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "proc-mount",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {procMount: Unmasked}}]}}}}",
        writes: "spec.template.spec.containers[0].securityContext.procMount = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {procMount: Default}}]}}}}",
        values: &[],
    },
    Case {
        rule: "seccomp-unconfined",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {seccompProfile: {type: Unconfined}}}]}}}}",
        writes: "spec.template.spec.containers[0].securityContext.seccompProfile = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {seccompProfile: {type: RuntimeDefault}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "sysctls",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {securityContext: {sysctls: [{name: kernel.msgmax, value: a}]}, containers: [{name: a}]}}}}",
        writes: "spec.template.spec.securityContext.sysctls = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: a}]}, containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "windows-host-process",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a}]}}}}",
        writes: "spec.template.spec.securityContext.windowsOptions.hostProcess = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {securityContext: {windowsOptions: {hostProcess: false}}, containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "volume-types",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}], volumes: [{name: v, nfs: {server: s, path: /}}]}}}}",
        writes: "",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}], volumes: [{name: v, emptyDir: {}}]}}}}",
        values: &[],
    },
    Case {
        rule: "proc-mount-restricted",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {hostUsers: false, containers: [{name: a, securityContext: {procMount: Unmasked}}]}}}}",
        writes: "spec.template.spec.containers[0].securityContext.procMount = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {procMount: Default}}]}}}}",
        values: &[],
    },
    Case {
        rule: "privilege-escalation",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation = false",
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {allowPrivilegeEscalation: false}}]}}}}",
        values: &[],
    },
    Case {
        rule: "run-as-non-root",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: "spec.template.spec.securityContext.runAsNonRoot = true",
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {runAsNonRoot: true}}]}}}}",
        values: &[],
    },
    Case {
        rule: "run-as-user-zero",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {runAsUser: 0}}]}}}}",
        writes: "spec.template.spec.containers[0].securityContext.runAsUser = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {runAsUser: 1}}]}}}}",
        values: &[],
    },
    Case {
        rule: "seccomp-profile",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.securityContext.seccompProfile = {"type":"RuntimeDefault"}"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {seccompProfile: {type: RuntimeDefault}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "drop-capabilities",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.containers[0].securityContext.capabilities.drop = ["ALL"]"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {capabilities: {drop: [ALL]}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "read-only-root",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem = true
spec.template.spec.containers[0].volumeMounts = [{"mountPath":"/tmp","name":"writable-a-tmp"}]
spec.template.spec.volumes = [{"emptyDir":{},"name":"writable-a-tmp"}]"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, securityContext: {readOnlyRootFilesystem: true}}]}}}}",
        values: &[],
    },
    Case {
        rule: "memory-limit",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, resources: {requests: {memory: 1Mi}}}]}}}}",
        writes: r#"spec.template.spec.containers[0].resources.limits.memory = "1Mi""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "image-pull-policy",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: 'i:1'}]}}}}",
        writes: r#"spec.template.spec.containers[0].imagePullPolicy = "IfNotPresent""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: i}]}}}}",
        values: &[],
    },
    Case {
        rule: "requests",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.containers[0].resources.requests.cpu = "100m"
spec.template.spec.containers[0].resources.requests.memory = "128Mi""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, resources: {requests: {cpu: 1}, limits: {memory: 1Gi}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "cpu-limit",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, resources: {requests: {cpu: 50m}}}]}}}}",
        writes: r#"spec.template.spec.containers[0].resources.limits.cpu = "50m""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, resources: {requests: {cpu: 50m}, limits: {cpu: 1}}}, {name: b}]}}}}",
        values: &[],
    },
    Case {
        rule: "ephemeral-storage",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.containers[0].resources.requests.ephemeral-storage = "100Mi"
spec.template.spec.containers[0].resources.limits.ephemeral-storage = "1Gi""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, resources: {requests: {ephemeral-storage: 1Gi}, limits: {ephemeral-storage: 2Gi}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "user-and-group",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.securityContext.runAsUser = 10001
spec.template.spec.securityContext.runAsGroup = 10001"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {securityContext: {runAsUser: 5, runAsGroup: 5}, containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "host-users",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: "spec.template.spec.hostUsers = false",
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {hostNetwork: true, containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "service-account-name",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {serviceAccount: s, containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.serviceAccountName = "s"
spec.template.spec.serviceAccount = gone"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: s, containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "service-account-token",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: "spec.template.spec.automountServiceAccountToken = false",
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: s, containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "service-links",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: "spec.template.spec.enableServiceLinks = false",
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {enableServiceLinks: true, containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "ndots",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.dnsConfig.options = [{"name":"ndots","value":"2"}]"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {dnsPolicy: Default, containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "host-network-dns",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {hostNetwork: true, containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.dnsPolicy = "ClusterFirstWithHostNet""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "given-probes",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: shop/web}]}}}}",
        writes: r#"spec.template.spec.containers[0].readinessProbe = {"httpGet":{"path":"/ready","port":8080}}"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: shop/other}]}}}}",
        values: &[],
    },
    Case {
        rule: "startup-probe",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, livenessProbe: {tcpSocket: {port: 1}}, readinessProbe: {tcpSocket: {port: 1}}}]}}}}",
        writes: r#"spec.template.spec.containers[0].startupProbe = {"failureThreshold":30,"periodSeconds":10,"tcpSocket":{"port":1}}"#,
        fills: Fills::All,
        quiet: "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, livenessProbe: {tcpSocket: {port: 1}}, readinessProbe: {tcpSocket: {port: 1}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "tcp-readiness",
        fires: r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, ports: [{name: http, containerPort: 8080}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}}"#,
        writes: r#"spec.template.spec.containers[0].readinessProbe = {"tcpSocket":{"port":"http"}}"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, ports: [{name: http, containerPort: 8080}]}]}}}}",
        values: &[],
    },
    Case {
        rule: "grpc-probes",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, ports: [{name: grpc, containerPort: 90}], livenessProbe: {periodSeconds: 5, exec: {command: [/bin/grpc_health_probe, '-addr=:90']}}}]}}}}",
        writes: r#"spec.template.spec.containers[0].livenessProbe = {"grpc":{"port":90},"periodSeconds":5}
spec.template.spec.containers[0].readinessProbe = {"grpc":{"port":90}}"#,
        fills: Fills::Only(r#"spec.template.spec.containers[0].readinessProbe = {"grpc":{"port":90}}"#),
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, ports: [{name: http, containerPort: 90}], livenessProbe: {exec: {command: [grpc_health_probe, '-addr=:90', -tls]}}}]}}}}",
        values: &[],
    },
    Case {
        rule: "probe-delay",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, livenessProbe: {tcpSocket: {port: 1}, initialDelaySeconds: 60}, startupProbe: {tcpSocket: {port: 1}}}]}}}}",
        writes: "spec.template.spec.containers[0].livenessProbe.initialDelaySeconds = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, livenessProbe: {tcpSocket: {port: 1}, initialDelaySeconds: 60}}]}}}}",
        values: &[],
    },
    Case {
        rule: "pre-stop",
        fires: r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}}"#,
        writes: r#"spec.template.spec.containers[0].lifecycle.preStop = {"sleep":{"seconds":5}}
spec.template.spec.terminationGracePeriodSeconds = 35"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "topology-spread",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.topologySpreadConstraints = [{"labelSelector":{"matchLabels":{"app":"web"}},"maxSkew":1,"topologyKey":"kubernetes.io/hostname","whenUnsatisfiable":"ScheduleAnyway"},{"labelSelector":{"matchLabels":{"app":"web"}},"maxSkew":1,"topologyKey":"topology.kubernetes.io/zone","whenUnsatisfiable":"ScheduleAnyway"}]"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "disruption-budget",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"the resource = {"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"web"},"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"app":"web"}}}}"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "unhealthy-eviction",
        fires: "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}}}",
        writes: r#"spec.unhealthyPodEvictionPolicy = "AlwaysAllow""#,
        fills: Fills::All,
        quiet: "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {unhealthyPodEvictionPolicy: IfHealthyBudget, selector: {matchLabels: {app: web}}}}",
        values: &[],
    },
    Case {
        rule: "scaled-replicas",
        fires: r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {minReplicas: 2, scaleTargetRef: {kind: Deployment, name: web}}}"#,
        writes: "spec.replicas = gone",
        fills: Fills::Nothing,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        values: &[],
    },
    Case {
        rule: "node-selector",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {nodeSelector: {disk: ssd}, containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.nodeSelector["kubernetes.io/arch"] = "arm64""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {nodeSelector: {kubernetes.io/arch: amd64}, containers: [{name: a}]}}}}",
        values: &[("labels", Texts(&["kubernetes.io/arch=arm64"]))],
    },
    Case {
        rule: "tolerations",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {tolerations: [{key: a, operator: Exists}], containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.tolerations = [{"key":"a","operator":"Exists"},{"effect":"NoSchedule","key":"batch","operator":"Equal","value":"yes"}]"#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {tolerations: [{operator: Exists}], containers: [{name: a}]}}}}",
        values: &[("taints", Texts(&["batch=yes:NoSchedule"]))],
    },
    Case {
        rule: "priority-class",
        fires: "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"spec.template.spec.priorityClassName = "shop""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        values: &[("value", Text("shop"))],
    },
    Case {
        rule: "replicas",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: "spec.replicas = 2",
        fills: Fills::Nothing,
        quiet: r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {minReplicas: 2, scaleTargetRef: {kind: Deployment, name: web}}}"#,
        values: &[],
    },
    Case {
        rule: "budget-share",
        fires: r#"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {minReplicas: 2, scaleTargetRef: {kind: Deployment, name: web}}}"#,
        writes: r#"spec.minAvailable = "50%""#,
        fills: Fills::Nothing,
        quiet: r#"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}"#,
        values: &[],
    },
    Case {
        rule: "ingress-class",
        fires: "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {defaultBackend: {service: {name: web}}}}",
        writes: r#"spec.ingressClassName = "nginx""#,
        fills: Fills::All,
        quiet: "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {ingressClassName: nginx}}",
        values: &[("value", Text("nginx"))],
    },
    Case {
        rule: "ingress-tls",
        fires: "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{host: a.example.com}, {host: b.example.com}]}}",
        writes: r#"spec.tls = [{"hosts":["a.example.com","b.example.com"],"secretName":"web-tls"}]"#,
        fills: Fills::All,
        quiet: "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {tls: [{hosts: [a.example.com]}], rules: [{host: a.example.com}]}}",
        values: &[],
    },
    Case {
        rule: "ingress-sources",
        fires: "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {}}",
        writes: r#"metadata.annotations["nginx.ingress.kubernetes.io/whitelist-source-range"] = "10.0.0.0/8,192.0.2.1/32""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        values: &[("ranges", Texts(&["10.0.0.0/8", "192.0.2.1/32"]))],
    },
    Case {
        rule: "network-policy",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}",
        writes: r#"the resource = {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"same-namespace"},"spec":{"ingress":[{"from":[{"podSelector":{}}]}],"podSelector":{},"policyTypes":["Ingress"]}}"#,
        fills: Fills::All,
        quiet: r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n}, spec: {podSelector: {matchLabels: {app: web}}}}"#,
        values: &[],
    },
    Case {
        rule: "pod-security-labels",
        fires: r#"{apiVersion: v1, kind: Namespace, metadata: {name: default}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}"#,
        writes: r#"metadata.labels["pod-security.kubernetes.io/enforce"] = "baseline""#,
        fills: Fills::All,
        quiet: r#"{apiVersion: v1, kind: Namespace, metadata: {name: other}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}}"#,
        values: &[],
    },
    Case {
        rule: "empty-dir-size",
        fires: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}], volumes: [{name: v, emptyDir: {}}]}}}}",
        writes: r#"spec.template.spec.volumes[0].emptyDir.sizeLimit = "1Gi""#,
        fills: Fills::All,
        quiet: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}], volumes: [{name: v, emptyDir: {sizeLimit: 1Mi}}, {name: w, secret: {}}]}}}}",
        values: &[],
    },
    Case {
        rule: "claim-rollout",
        fires: r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}], volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]}}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}"#,
        writes: r#"spec.strategy = {"type":"Recreate"}"#,
        fills: Fills::All,
        quiet: r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {strategy: {type: Recreate}, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}], volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]}}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}"#,
        values: &[],
    },
    Case {
        rule: "volume-binding",
        fires: "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, volumeBindingMode: Immediate}",
        writes: r#"volumeBindingMode = "WaitForFirstConsumer""#,
        fills: Fills::Nothing,
        quiet: "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, volumeBindingMode: WaitForFirstConsumer}",
        values: &[],
    },
    Case {
        rule: "cron-history",
        fires: r#"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "0 3 * * *"}}"#,
        writes: "spec.failedJobsHistoryLimit = 3",
        fills: Fills::All,
        quiet: r#"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "0 3 * * *", failedJobsHistoryLimit: 1}}"#,
        values: &[],
    },
    Case {
        rule: "cron-deadline",
        fires: r#"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "0 3 * * *"}}"#,
        writes: "spec.startingDeadlineSeconds = 43200",
        fills: Fills::All,
        quiet: r#"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "0 3 * * *", startingDeadlineSeconds: 9}}"#,
        values: &[],
    },
    Case {
        rule: "cron-concurrency",
        fires: r#"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "0 3 * * *"}}"#,
        writes: r#"spec.concurrencyPolicy = "Forbid""#,
        fills: Fills::All,
        quiet: r#"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "0 3 * * *", concurrencyPolicy: Allow}}"#,
        values: &[],
    },
    Case {
        rule: "job-ttl",
        fires: "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: a}]}}}}",
        writes: "spec.ttlSecondsAfterFinished = 86400",
        fills: Fills::All,
        quiet: "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: a}]}}, ttlSecondsAfterFinished: 0}}",
        values: &[],
    },
    Case {
        rule: "job-backoff",
        fires: "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: a}]}}}}",
        writes: "spec.backoffLimit = 3",
        fills: Fills::All,
        quiet: r#"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "0 3 * * *", jobTemplate: {spec: {backoffLimit: 0}}}}"#,
        values: &[],
    },
    Case {
        rule: "api-version",
        fires: "{apiVersion: batch/v1beta1, kind: CronJob, metadata: {name: a}}",
        writes: r#"apiVersion = "batch/v1""#,
        fills: Fills::Nothing,
        quiet: "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}}",
        values: &[],
    },
];
