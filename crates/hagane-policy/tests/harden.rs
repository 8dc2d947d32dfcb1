//! What rules write, rule by rule: a case that fires, one that does not, one that is opted out.

use hagane_policy::{
    Detail, KubernetesVersion, Mode, Policy, Profile, Report, RuleSetting, Value, harden, rules_named,
};
use hagane_resource::{ResourceSet, emit, read_documents};

fn read(text: &str) -> ResourceSet {
    read_documents(text, Default::default()).expect("the case is right").into_iter().collect()
}

/// Returns a policy of nothing but one rule.
fn only(rule: &str, mode: Mode) -> Policy {
    let mut policy = Policy::new(Profile::None);
    for place in rules_named(rule) {
        policy.set(place, RuleSetting { mode: Some(mode), values: Vec::new() });
    }
    policy
}

fn set(policy: &mut Policy, rule: &str, name: &'static str, value: Value) {
    for place in rules_named(rule) {
        policy.set(place, RuleSetting { mode: None, values: vec![(name, value.clone())] });
    }
}

/// Hardens twice, the second time in vain, and returns the changed fields with what they became.
#[track_caller]
fn hardened(text: &str, policy: &Policy) -> (String, Report) {
    let mut resources = read(text);
    let report = harden(&mut resources, policy, Detail::Changes);
    let once = emit(&resources, Default::default()).expect("what was read can be written");
    let again = harden(&mut resources, policy, Detail::Changes);
    assert_eq!(again.changes, [], "a second time there is nothing to change: {text}");
    if report.changes.is_empty() {
        let before = emit(&read(text), Default::default()).expect("what was read can be written");
        assert_eq!(once, before, "without a change the bytes stay");
    }
    let change = |change: &hagane_policy::Change| {
        format!("{} = {}", change.path, change.new.as_deref().unwrap_or("gone"))
    };
    (report.changes.iter().map(change).collect::<Vec<_>>().join("\n"), report)
}

#[track_caller]
fn fills(rule: &str, text: &str, want: &str) {
    assert_eq!(hardened(text, &only(rule, Mode::Fill)).0, want, "{text}");
}

#[track_caller]
fn enforces(rule: &str, text: &str, want: &str) {
    assert_eq!(hardened(text, &only(rule, Mode::Enforce)).0, want, "{text}");
}

fn deployment(annotations: &str, spec: &str, pod: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web, annotations: {{{annotations}}}}}, spec: {{{spec} \
         selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{{pod}}}}}}}}}"
    )
}

fn pod(spec: &str) -> String {
    deployment("", "", spec)
}

const SERVICE: &str = "\n---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, \
                       ports: [{port: 80, targetPort: http}]}}\n";
const A: &str = "spec.template.spec.containers[0]";

#[test]
fn fill_leaves_what_the_author_says() {
    fills(
        "privilege-escalation",
        &pod("containers: [{name: a}]"),
        &format!("{A}.securityContext.allowPrivilegeEscalation = false"),
    );
    fills(
        "privilege-escalation",
        &pod("containers: [{name: a, securityContext: {allowPrivilegeEscalation: true}}]"),
        "",
    );
    fills(
        "privilege-escalation",
        &pod("containers: [{name: a, securityContext: {allowPrivilegeEscalation: null}}]"),
        "",
    );
    enforces(
        "privilege-escalation",
        &pod("containers: [{name: a, securityContext: {allowPrivilegeEscalation: true}}]"),
        &format!("{A}.securityContext.allowPrivilegeEscalation = false"),
    );
    // The API server refuses it beside these.
    for context in ["privileged: true", "capabilities: {add: [SYS_ADMIN]}"] {
        enforces(
            "privilege-escalation",
            &pod(&format!("containers: [{{name: a, securityContext: {{{context}}}}}]")),
            "",
        );
    }
}

#[test]
fn a_pod_says_it_for_its_containers_when_all_agree() {
    fills(
        "run-as-non-root",
        &pod("initContainers: [{name: i}], containers: [{name: a}]"),
        "spec.template.spec.securityContext.runAsNonRoot = true",
    );
    fills(
        "run-as-non-root",
        &pod("containers: [{name: a}, {name: b, securityContext: {runAsNonRoot: false}}]"),
        &format!("{A}.securityContext.runAsNonRoot = true"),
    );
    fills("run-as-non-root", &pod("containers: [{name: a, securityContext: {runAsNonRoot: true}}]"), "");
    fills("run-as-non-root", &pod("securityContext: {runAsNonRoot: false}, containers: [{name: a}]"), "");
    fills("run-as-non-root", &pod("hostUsers: false, containers: [{name: a}]"), "");
    fills(
        "run-as-non-root",
        &deployment(
            "hagane.dev/skip.run-as-non-root.b: starts as root",
            "",
            "containers: [{name: a}, {name: b}]",
        ),
        &format!("{A}.securityContext.runAsNonRoot = true"),
    );
    fills(
        "seccomp-profile",
        &pod("containers: [{name: a}]"),
        "spec.template.spec.securityContext.seccompProfile = {\"type\":\"RuntimeDefault\"}",
    );
    enforces(
        "seccomp-profile",
        &pod("containers: [{name: a, securityContext: {seccompProfile: {type: Unconfined}}}]"),
        &format!("{A}.securityContext.seccompProfile = {{\"type\":\"RuntimeDefault\"}}"),
    );
}

#[test]
fn capabilities_are_dropped() {
    let context = |capabilities: &str| {
        pod(&format!("containers: [{{name: a, securityContext: {{capabilities: {capabilities}}}}}]"))
    };
    fills(
        "drop-capabilities",
        &pod("containers: [{name: a}]"),
        &format!("{A}.securityContext.capabilities.drop = [\"ALL\"]"),
    );
    fills("drop-capabilities", &context("{drop: [NET_RAW]}"), "");
    enforces(
        "drop-capabilities",
        &context("{drop: [NET_RAW], add: [CHOWN, NET_BIND_SERVICE]}"),
        &format!(
            "{A}.securityContext.capabilities.add = [\"NET_BIND_SERVICE\"]\n\
         {A}.securityContext.capabilities.drop = [\"NET_RAW\",\"ALL\"]"
        ),
    );
    fills("drop-capabilities", &context("{drop: [ALL]}"), "");
}

#[test]
fn enforce_takes_away_what_baseline_refuses() {
    let text = pod(
        "hostNetwork: true, securityContext: {sysctls: [{name: net.core.somaxconn, value: a}, {name: \
         net.ipv4.tcp_syncookies, value: a}]}, containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}], \
         securityContext: {privileged: true, procMount: Unmasked}}], volumes: [{name: v, hostPath: {path: /}}]",
    );
    enforces(
        "pod-security",
        &text,
        &format!(
            "spec.template.spec.hostNetwork = gone\n{A}.securityContext.privileged = gone\n{A}.ports[0].hostPort = gone\n\
         {A}.securityContext.procMount = gone\n\
         spec.template.spec.securityContext.sysctls = [{{\"name\":\"net.ipv4.tcp_syncookies\",\"value\":\"a\"}}]\n\
         {A}.securityContext.allowPrivilegeEscalation = false\n\
         spec.template.spec.securityContext.runAsNonRoot = true\n\
         spec.template.spec.securityContext.seccompProfile = {{\"type\":\"RuntimeDefault\"}}\n\
         {A}.securityContext.capabilities.drop = [\"ALL\"]"
        ),
    );
    fills("host-ports", &text, "");
    let (_, report) = hardened(&text, &only("host-path", Mode::Enforce));
    assert_eq!(report.findings[0].path.to_string(), "spec.template.spec.volumes[0].hostPath");
}

#[test]
fn a_read_only_root_has_places_to_write() {
    let mount = |path: &str, name: &str| format!("{{\"mountPath\":\"{path}\",\"name\":\"{name}\"}}");
    fills(
        "read-only-root",
        &pod("containers: [{name: a}]"),
        &format!(
            "{A}.securityContext.readOnlyRootFilesystem = true\n{A}.volumeMounts = [{}]\n\
         spec.template.spec.volumes = [{{\"emptyDir\":{{}},\"name\":\"writable-a-tmp\"}}]",
            mount("/tmp", "writable-a-tmp")
        ),
    );
    // What is mounted there is kept.
    fills(
        "read-only-root",
        &pod(
            "volumes: [{name: t, emptyDir: {}}], containers: [{name: a, volumeMounts: [{name: t, mountPath: /tmp/}]}]",
        ),
        &format!("{A}.securityContext.readOnlyRootFilesystem = true"),
    );
    enforces(
        "read-only-root",
        &pod(
            "volumes: [{name: v, emptyDir: {}}], containers: [{name: a, securityContext: {readOnlyRootFilesystem: false}, volumeMounts: [{name: v, mountPath: /v}]}]",
        ),
        &format!(
            "{A}.securityContext.readOnlyRootFilesystem = true\n{A}.volumeMounts[1] = {}\n\
         spec.template.spec.volumes[1] = {{\"emptyDir\":{{}},\"name\":\"writable-a-tmp\"}}",
            mount("/tmp", "writable-a-tmp")
        ),
    );
    fills(
        "read-only-root",
        &deployment("hagane.dev/skip.read-only-root: writes its pid", "", "containers: [{name: a}]"),
        "",
    );
    fills("read-only-root", &pod("os: {name: windows}, containers: [{name: a}]"), "");
}

#[test]
fn names_are_looked_up_with_fewer_questions() {
    let options = "spec.template.spec.dnsConfig.options = ";
    fills(
        "ndots",
        &pod("containers: [{name: a}]"),
        &format!("{options}[{{\"name\":\"ndots\",\"value\":\"2\"}}]"),
    );
    fills(
        "ndots",
        &pod("dnsConfig: {options: [{name: edns0}]}, containers: [{name: a}]"),
        &format!("{options}[{{\"name\":\"edns0\"}},{{\"name\":\"ndots\",\"value\":\"2\"}}]"),
    );
    fills("ndots", &pod("dnsConfig: {options: [{name: ndots, value: '5'}]}, containers: [{name: a}]"), "");
    for useless in ["dnsPolicy: None", "dnsPolicy: Default", "hostNetwork: true"] {
        fills("ndots", &pod(&format!("{useless}, containers: [{{name: a}}]")), "");
    }
    fills(
        "ndots",
        &pod("hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet, containers: [{name: a}]"),
        &format!("{options}[{{\"name\":\"ndots\",\"value\":\"2\"}}]"),
    );
    fills(
        "ndots",
        &deployment("hagane.dev/skip.dns: resolves in the program", "", "containers: [{name: a}]"),
        "",
    );
    fills(
        "host-network-dns",
        &pod("hostNetwork: true, containers: [{name: a}]"),
        "spec.template.spec.dnsPolicy = \"ClusterFirstWithHostNet\"",
    );
    fills("host-network-dns", &pod("hostNetwork: true, dnsPolicy: Default, containers: [{name: a}]"), "");
    fills("host-network-dns", &pod("containers: [{name: a}]"), "");
}

#[test]
fn accounts_and_links_are_left_away() {
    fills(
        "service-account-name",
        &pod("serviceAccount: s, containers: [{name: a}]"),
        "spec.template.spec.serviceAccountName = \"s\"\nspec.template.spec.serviceAccount = gone",
    );
    fills(
        "service-account-name",
        &pod("serviceAccount: s, serviceAccountName: s, containers: [{name: a}]"),
        "spec.template.spec.serviceAccount = gone",
    );
    fills(
        "service-account-name",
        &pod("serviceAccount: s, serviceAccountName: t, containers: [{name: a}]"),
        "",
    );
    fills(
        "service-account-token",
        &pod("containers: [{name: a}]"),
        "spec.template.spec.automountServiceAccountToken = false",
    );
    fills("service-account-token", &pod("serviceAccountName: s, containers: [{name: a}]"), "");
    let bound = "\n---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r}, subjects: \
                 [{kind: ServiceAccount, name: default}]}";
    fills("service-account-token", &format!("{}{bound}", pod("containers: [{name: a}]")), "");
    fills("service-links", &pod("containers: [{name: a}]"), "spec.template.spec.enableServiceLinks = false");
    fills("service-links", &pod("enableServiceLinks: true, containers: [{name: a}]"), "");
}

#[test]
fn images_and_memory() {
    fills(
        "image-pull-policy",
        &pod("containers: [{name: a, image: 'h:5000/i'}, {name: b, image: 'i:1'}]"),
        "spec.template.spec.containers[1].imagePullPolicy = \"IfNotPresent\"",
    );
    let mut always = only("image-pull-policy", Mode::Fill);
    set(&mut always, "image-pull-policy", "value", Value::Text("Always".into()));
    assert_eq!(
        hardened(&pod("containers: [{name: a, image: i}]"), &always).0,
        format!("{A}.imagePullPolicy = \"Always\"")
    );
    fills(
        "memory-limit",
        &pod("containers: [{name: a, resources: {requests: {memory: 64Mi}}}]"),
        &format!("{A}.resources.limits.memory = \"64Mi\""),
    );
    fills(
        "memory-limit",
        &pod("containers: [{name: a, resources: {requests: {memory: 1}, limits: {memory: 2}}}, {name: b}]"),
        "",
    );
    fills(
        "memory-limit",
        &pod(
            "resources: {limits: {memory: 1Gi}}, containers: [{name: a, resources: {requests: {memory: 1}}}]",
        ),
        "",
    );
}

#[test]
fn probes_follow_from_what_is_there() {
    let ready = "readinessProbe: {httpGet: {port: 80}, periodSeconds: 5, initialDelaySeconds: 12}";
    fills(
        "startup-probe",
        &pod(&format!("containers: [{{name: a, livenessProbe: {{tcpSocket: {{port: 1}}}}, {ready}}}]")),
        &format!(
            "{A}.startupProbe = {{\"failureThreshold\":33,\"httpGet\":{{\"port\":80}},\"periodSeconds\":5}}"
        ),
    );
    // Without a liveness probe, nothing restarts what starts slowly.
    fills("startup-probe", &pod(&format!("containers: [{{name: a, {ready}}}]")), "");
    fills(
        "startup-probe",
        &pod("containers: [{name: a, livenessProbe: {tcpSocket: {port: 1}, initialDelaySeconds: 60}}]"),
        &format!(
            "{A}.startupProbe = {{\"failureThreshold\":36,\"periodSeconds\":10,\"tcpSocket\":{{\"port\":1}}}}"
        ),
    );
    fills("startup-probe", &pod("containers: [{name: a, livenessProbe: {tcpSocket: {port: 1}}}]"), "");
    let ports = "containers: [{name: a, ports: [{containerPort: 9}, {name: http, containerPort: 80}]}]";
    fills(
        "tcp-readiness",
        &format!("{}{SERVICE}", pod(ports)),
        &format!("{A}.readinessProbe = {{\"tcpSocket\":{{\"port\":\"http\"}}}}"),
    );
    fills("tcp-readiness", &pod(ports), "");
    fills(
        "tcp-readiness",
        &format!(
            "{}{SERVICE}",
            pod("containers: [{name: a, ports: [{name: http, containerPort: 80, protocol: UDP}]}]")
        ),
        "",
    );
    for job in ["Job", "CronJob"] {
        let inner = "{metadata: {labels: {app: web}}, spec: {restartPolicy: Never, containers: [{name: a, ports: [{name: http, \
                     containerPort: 80}], livenessProbe: {tcpSocket: {port: 1}, initialDelaySeconds: 60}}]}}";
        let spec = if job == "Job" {
            format!("{{template: {inner}}}")
        } else {
            format!("{{jobTemplate: {{spec: {{template: {inner}}}}}}}")
        };
        let text =
            format!("{{apiVersion: batch/v1, kind: {job}, metadata: {{name: j}}, spec: {spec}}}{SERVICE}");
        fills("probes", &text, "");
        fills("pre-stop", &text, "");
    }
}

#[test]
fn pods_end_after_their_last_request() {
    let with = |pod_spec: &str| format!("{}{SERVICE}", pod(pod_spec));
    let sleep = format!("{A}.lifecycle.preStop = {{\"sleep\":{{\"seconds\":5}}}}");
    fills(
        "pre-stop",
        &with("containers: [{name: a}]"),
        &format!("{sleep}\nspec.template.spec.terminationGracePeriodSeconds = 35"),
    );
    fills("pre-stop", &with("terminationGracePeriodSeconds: 60, containers: [{name: a}]"), &sleep);
    enforces(
        "pre-stop",
        &with("terminationGracePeriodSeconds: 60, containers: [{name: a}]"),
        &format!("{sleep}\nspec.template.spec.terminationGracePeriodSeconds = 65"),
    );
    fills("pre-stop", &with("terminationGracePeriodSeconds: 5, containers: [{name: a}]"), "");
    fills("pre-stop", &with("containers: [{name: a, lifecycle: {preStop: {exec: {command: [x]}}}}]"), "");
    fills("pre-stop", &pod("containers: [{name: a}]"), "");
    let mut old = only("pre-stop", Mode::Fill);
    old.version = KubernetesVersion::new(29);
    assert_eq!(hardened(&with("containers: [{name: a}]"), &old).0, "");
}

#[test]
fn several_pods_are_spread_and_kept() {
    let several = deployment("", "replicas: 2,", "containers: [{name: a}]");
    let (changes, _) = hardened(&several, &only("topology-spread", Mode::Fill));
    assert!(
        changes
            .contains("\"topologyKey\":\"kubernetes.io/hostname\",\"whenUnsatisfiable\":\"ScheduleAnyway\""),
        "{changes}"
    );
    fills("topology-spread", &pod("containers: [{name: a}]"), "");
    fills(
        "topology-spread",
        &deployment("", "replicas: 2,", "topologySpreadConstraints: [], containers: [{name: a}]"),
        "",
    );
    let budget = "the resource = {\"apiVersion\":\"policy/v1\",\"kind\":\"PodDisruptionBudget\",\"metadata\":{\"name\":\"web\"},\
                  \"spec\":{\"maxUnavailable\":1,\"selector\":{\"matchLabels\":{\"app\":\"web\"}}}}";
    fills("disruption-budget", &several, budget);
    fills("disruption-budget", &pod("containers: [{name: a}]"), "");
    let own = "\n---\n{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {minAvailable: 1, selector: \
               {matchLabels: {app: web}}}}";
    fills("disruption-budget", &format!("{several}{own}"), "");
    fills(
        "disruption-budget",
        &deployment("hagane.dev/skip.disruption-budget: a batch", "replicas: 2,", "containers: [{name: a}]"),
        "",
    );
    fills("unhealthy-eviction", own, "spec.unhealthyPodEvictionPolicy = \"AlwaysAllow\"");
    let scaler = "\n---\n{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {minReplicas: 3, \
                  scaleTargetRef: {kind: Deployment, name: web}}}";
    enforces("scaled-replicas", &format!("{several}{scaler}"), "spec.replicas = gone");
    fills("scaled-replicas", &format!("{several}{scaler}"), "");
    enforces("scaled-replicas", &several, "");
    fills("disruption-budget", &format!("{}{scaler}", pod("containers: [{name: a}]")), budget);
}

#[test]
fn jobs_and_ingresses() {
    let cron = |spec: &str| {
        format!("{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: c}}, spec: {{{spec}}}}}")
    };
    fills("cron-history", &cron("schedule: a"), "spec.failedJobsHistoryLimit = 3");
    fills("cron-history", &cron("failedJobsHistoryLimit: 0"), "");
    fills("cron-deadline", &cron("schedule: '*/10 * * * *'"), "spec.startingDeadlineSeconds = 300");
    fills("cron-concurrency", &cron("schedule: a"), "spec.concurrencyPolicy = \"Forbid\"");
    let job = "{apiVersion: batch/v1, kind: Job, metadata: {name: c}, spec: {template: {}}}";
    fills("job-ttl", job, "spec.ttlSecondsAfterFinished = 86400");
    // Under a CronJob it would fight the limits of its history.
    fills("job-ttl", &cron("jobTemplate: {spec: {template: {}}}"), "");
    let ingress = |annotation: &str, spec: &str| {
        format!(
            "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: i, annotations: {{{annotation}}}}}, spec: {{{spec}}}}}"
        )
    };
    fills(
        "ingress-class",
        &ingress("kubernetes.io/ingress.class: nginx", ""),
        "spec.ingressClassName = \"nginx\"\nmetadata.annotations[\"kubernetes.io/ingress.class\"] = gone",
    );
    fills("ingress-class", &ingress("kubernetes.io/ingress.class: nginx", "ingressClassName: nginx"), "");
    enforces(
        "ingress-class",
        &ingress("kubernetes.io/ingress.class: nginx", "ingressClassName: nginx"),
        "metadata.annotations[\"kubernetes.io/ingress.class\"] = gone",
    );
    fills("ingress-class", &ingress("", ""), "");
    let mut named = only("ingress-class", Mode::Fill);
    set(&mut named, "ingress-class", "value", Value::Text("traefik".into()));
    assert_eq!(hardened(&ingress("", ""), &named).0, "spec.ingressClassName = \"traefik\"");
}

#[test]
fn opt_outs_are_reported_and_stale_ones_are_found() {
    let check = |annotations: &str, want: &[&str]| {
        let text =
            deployment(annotations, "", "containers: [{name: a, securityContext: {privileged: true}}]");
        let (_, report) = hardened(&text, &only("privileged", Mode::Check));
        let found: Vec<&str> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
        let kept: Vec<&str> = report.opted_out.iter().map(|kept| kept.reason.as_str()).collect();
        assert_eq!([found, kept].concat(), want);
    };
    check("", &["container `a` is privileged"]);
    check("hagane.dev/skip.privileged: a driver", &["a driver"]);
    check("hagane.dev/skip.pod-security.a: a driver", &["a driver"]);
    check(
        "hagane.dev/skip.privileged.b: another",
        &[
            "`hagane.dev/skip.privileged.b` is not needed: `privileged` has nothing to say here",
            "container `a` is privileged",
        ],
    );
    check(
        "hagane.dev/skip.privilegd: a",
        &["no rule is called `privilegd`; did you mean `privileged`?", "container `a` is privileged"],
    );
    check("hagane.dev/skip.privileged: ''", &["`hagane.dev/skip.privileged` gives no reason", ""]);
    // A rule that is off may have something to say.
    check("hagane.dev/skip.ndots: a", &["container `a` is privileged"]);
}

#[test]
fn what_was_decrypted_is_not_shown() {
    let mut resources = read(&pod("serviceAccount: s, containers: [{name: a}]"));
    for resource in resources.iter_mut() {
        resource.tree_mut().for_each_scalar(&mut |scalar| {
            if scalar.text == *"s" {
                scalar.text = hagane_yaml::Text::sensitive("s".into());
            }
        });
    }
    let report = harden(&mut resources, &only("service-account-name", Mode::Fill), Detail::Changes);
    let shown: Vec<_> =
        report.changes.iter().flat_map(|change| [&change.old, &change.new]).flatten().collect();
    assert_eq!(shown, ["\"«decrypted»\"", "\"«decrypted»\""]);
    assert!(resources.iter().next().is_some_and(|resource| resource.tree().is_sensitive()));
}
