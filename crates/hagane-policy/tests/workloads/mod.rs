//! Generated workloads: of every kind with pods, with every class of containers, on every system.

use hagane_cases::rng::Rng;
use hagane_policy::{Mode, Policy, Profile, RuleSetting, Value, rules_named};
use hagane_resource::{ResourceSet, read_documents};

/// Returns some of the fields, in order.
fn some(rng: &mut Rng, fields: &[&[&str]]) -> String {
    let mut chosen = Vec::new();
    for values in fields {
        if rng.once_in(3) {
            chosen.push(rng.pick(values));
        }
    }
    chosen.join(", ")
}

fn container(rng: &mut Rng, name: &str) -> String {
    let context = some(
        rng,
        &[
            &["privileged: true", "privileged: false"],
            &[
                "allowPrivilegeEscalation: true",
                "allowPrivilegeEscalation: false",
                "allowPrivilegeEscalation: null",
            ],
            &["runAsNonRoot: true", "runAsNonRoot: false"],
            &["runAsUser: 0", "runAsUser: 1000"],
            &["readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"],
            &["procMount: Unmasked", "procMount: Default"],
            &[
                "seccompProfile: {type: Unconfined}",
                "seccompProfile: {type: RuntimeDefault}",
                "seccompProfile: {}",
            ],
            &["appArmorProfile: {type: Unconfined}"],
            &["seLinuxOptions: {type: own, level: s0}", "seLinuxOptions: {user: a, role: b}"],
            &["windowsOptions: {hostProcess: true}"],
            &[
                "capabilities: {drop: [ALL]}",
                "capabilities: {drop: [KILL], add: [CHOWN, SYS_ADMIN]}",
                "capabilities: {add: [NET_BIND_SERVICE]}",
                "capabilities: null",
            ],
        ],
    );
    let fields = some(
        rng,
        &[
            &["image: 'h:5000/i:1'", "image: i", "image: 'i@sha256:00'"],
            &[
                "ports: [{name: http, containerPort: 80, hostPort: 80}]",
                "ports: [{containerPort: 80}]",
                "ports: null",
            ],
            &[
                "livenessProbe: {httpGet: {port: 80, host: h}, initialDelaySeconds: 40}",
                "livenessProbe: {exec: {command: [a]}}",
            ],
            &[
                "readinessProbe: {tcpSocket: {port: http}}",
                "readinessProbe: {grpc: {port: 1}, periodSeconds: 0}",
            ],
            &[
                "lifecycle: {preStop: {exec: {command: [a]}}}",
                "lifecycle: {postStart: {httpGet: {host: h, port: 1}}}",
                "lifecycle: {}",
            ],
            &["resources: {requests: {memory: 1Mi}}", "resources: {limits: {memory: 1Mi}}"],
            &["volumeMounts: [{name: a, mountPath: /tmp}]", "volumeMounts: []", "volumeMounts: null"],
            &["imagePullPolicy: Always"],
            &["restartPolicy: Always"],
        ],
    );
    let context = if rng.up_to(4) == 0 { "null".into() } else { format!("{{{context}}}") };
    format!(
        "{{name: {name}, securityContext: {context}{}{fields}}}",
        if fields.is_empty() { "" } else { ", " }
    )
}

pub(crate) fn workload(rng: &mut Rng) -> String {
    let context = some(
        rng,
        &[
            &["runAsNonRoot: true", "runAsNonRoot: false"],
            &["runAsUser: 0", "runAsUser: 1000"],
            &["seccompProfile: {type: Unconfined}", "seccompProfile: {type: RuntimeDefault}"],
            &["sysctls: [{name: a, value: b}, {name: net.ipv4.tcp_syncookies, value: b}]", "sysctls: []"],
            &["windowsOptions: {hostProcess: true}"],
        ],
    );
    let spec = some(
        rng,
        &[
            &["hostNetwork: true"],
            &["hostPID: true", "hostPID: false"],
            &["hostUsers: false"],
            &["os: {name: windows}", "nodeSelector: {kubernetes.io/os: windows}", "os: {name: linux}"],
            &["dnsPolicy: None", "dnsPolicy: Default", "dnsPolicy: ClusterFirstWithHostNet"],
            &[
                "dnsConfig: {options: [{name: ndots, value: '1'}]}",
                "dnsConfig: {options: [{name: edns0}]}",
                "dnsConfig: null",
            ],
            &["serviceAccount: s", "serviceAccountName: s", "serviceAccount: s, serviceAccountName: t"],
            &["terminationGracePeriodSeconds: 3", "terminationGracePeriodSeconds: 60"],
            &[
                "volumes: [{name: a, emptyDir: {}}]",
                "volumes: [{name: c, persistentVolumeClaim: {claimName: data}}]",
                "volumes: null",
                "volumes: []",
            ],
            &["tolerations: [{key: a}]", "priorityClassName: p"],
            &["restartPolicy: Never"],
        ],
    );
    let (first, second, init) = (container(rng, "a"), container(rng, "b"), container(rng, "i"));
    let lists = rng.pick(&[
        "containers: [<a>], initContainers: [<i>]",
        "containers: [<a>, <b>]",
        "containers: [<a>, <b>], initContainers: [<i>]",
        "containers: [<a>], ephemeralContainers: [<b>]",
    ]);
    let lists = lists.replace("<a>", &first).replace("<b>", &second).replace("<i>", &init);
    let spec = if spec.is_empty() { lists } else { format!("{spec}, {lists}") };
    let spec = format!("{{securityContext: {{{context}}}, {spec}}}");
    let pod = format!("{{metadata: {{labels: {{app: web}}}}, spec: {spec}}}");
    let replicas = rng.pick(&["", "replicas: 3, ", "replicas: 1, "]);
    let selector = "selector: {matchLabels: {app: web}}";
    let claims = "volumeClaimTemplates: [{metadata: {name: v}}]";
    let (api, kind, body) = match rng.up_to(11) {
        0 => ("apps/v1", "Deployment", format!("spec: {{{replicas}{selector}, template: {pod}}}")),
        1 => ("apps/v1", "StatefulSet", format!("spec: {{{replicas}{selector}, template: {pod}, {claims}}}")),
        2 => ("apps/v1", "DaemonSet", format!("spec: {{{selector}, template: {pod}}}")),
        3 => ("apps/v1", "ReplicaSet", format!("spec: {{{replicas}{selector}, template: {pod}}}")),
        4 => (
            "v1",
            "ReplicationController",
            format!("spec: {{{replicas}selector: {{app: web}}, template: {pod}}}"),
        ),
        5 => {
            let job = format!("{{spec: {{template: {pod}}}}}");
            ("batch/v1", "CronJob", format!("spec: {{schedule: '*/5 * * * *', jobTemplate: {job}}}"))
        }
        6 => ("batch/v1", "Job", format!("spec: {{template: {pod}}}")),
        7 => ("argoproj.io/v1alpha1", "Rollout", format!("spec: {{{replicas}{selector}, template: {pod}}}")),
        8 => {
            let job = format!("{{name: j, template: {{spec: {{template: {pod}}}}}}}");
            ("jobset.x-k8s.io/v1alpha2", "JobSet", format!("spec: {{replicatedJobs: [{job}, {job}]}}"))
        }
        9 => ("v1", "Pod", format!("spec: {spec}")),
        _ => ("v1", "PodTemplate", format!("template: {pod}")),
    };
    let opt_out = rng.pick(&[
        "",
        "",
        ", annotations: {hagane.dev/skip.run-as-non-root.a: why, hagane.dev/skip.dns: why}",
    ]);
    let mut text = format!(
        "{{apiVersion: {api}, kind: {kind}, metadata: {{name: web{opt_out}}}, {body}}}\n---\n{{apiVersion: v1, kind: Service, metadata: \
         {{name: web}}, spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}}}\n"
    );
    for neighbour in NEIGHBOURS {
        if rng.up_to(3) == 0 {
            text.push_str("---\n");
            text.push_str(neighbour);
            text.push('\n');
        }
    }
    text
}

/// What rules look at beside workloads.
const NEIGHBOURS: &[&str] = &[
    "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {scaleTargetRef: {kind: Deployment, name: web}}}",
    "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}",
    "{apiVersion: v1, kind: Namespace, metadata: {name: default}}",
    "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}}",
    "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, annotations: {kubernetes.io/ingress.class: c}}, spec: {rules: [{host: h}]}}",
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web}, spec: {podSelector: {matchLabels: {app: other}}}}",
    "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: s}, provisioner: p}",
    "{apiVersion: batch/v1beta1, kind: CronJob, metadata: {name: c}, spec: {schedule: '0 1 * * *', jobTemplate: {spec: {template: {spec: {containers: []}}}}}}",
];

pub(crate) fn read(text: &str) -> ResourceSet {
    read_documents(text, Default::default()).expect("what is generated can be read").into_iter().collect()
}

pub(crate) fn all(mode: Mode) -> Policy {
    let mut policy = Policy::new(Profile::Restricted);
    for place in rules_named("all") {
        policy.set(place, RuleSetting { mode: Some(mode), values: Vec::new() });
    }
    // Rules that have nothing to say until they are told something.
    let told = [
        ("ingress-sources", "ranges", "10.0.0.0/8"),
        ("node-selector", "labels", "kubernetes.io/arch=amd64"),
        ("tolerations", "taints", "batch=yes:NoSchedule"),
    ];
    for (rule, name, value) in told {
        let values = vec![(name, Value::Texts(vec![value.to_owned()]))];
        policy.set(rules_named(rule)[0], RuleSetting { mode: None, values });
    }
    policy
}
