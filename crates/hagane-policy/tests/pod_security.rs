//! The verdict of the Pod Security Standards, control by control.

use hagane_policy::{KubernetesVersion, PodSecurityLevel, violations};

/// Returns `control at field`, a line each.
fn refused(spec: &str, level: PodSecurityLevel, minor: u32) -> String {
    let text = format!("{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {spec}}}");
    refused_resource(&text, level, minor)
}

fn refused_resource(text: &str, level: PodSecurityLevel, minor: u32) -> String {
    let resources = hagane_resource::read_documents(text, Default::default()).expect("the case is right");
    let found = violations(&resources[0], level, KubernetesVersion::new(minor), &[]);
    found.iter().map(|v| format!("{} at {}", v.control, v.path)).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn baseline(minor: u32, spec: &str, want: &str) {
    assert_eq!(refused(spec, PodSecurityLevel::Baseline, minor), want, "{spec}");
}

/// What is given is put into a pod that is admitted without it.
#[track_caller]
fn restricted(minor: u32, pod: &str, context: &str, container: &str, want: &str) {
    let spec = format!(
        "{{{pod} securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}, {context}}}, \
         containers: [{{name: a, securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}, \
         {container}}}}}]}}"
    );
    assert_eq!(refused(&spec, PodSecurityLevel::Restricted, minor), want, "{spec}");
}

#[test]
fn baseline_admits_what_is_usual() {
    baseline(37, "{containers: [{name: a}]}", "");
    baseline(37, "{containers: [{name: a, securityContext: {runAsUser: 0, privileged: false}}]}", "");
    baseline(
        37,
        "{hostNetwork: false, containers: [{name: a, ports: [{containerPort: 80, hostPort: 0}]}]}",
        "",
    );
    baseline(37, "{containers: []}", "");
    baseline(37, "{hostPID: null, securityContext: null, containers: null}", "");
}

#[test]
fn baseline_refuses_control_by_control() {
    baseline(
        37,
        "{hostNetwork: true, hostPID: true, hostIPC: true, containers: [{name: a}]}",
        "host-namespaces at spec.hostNetwork\nhost-namespaces at spec.hostPID\nhost-namespaces at spec.hostIPC",
    );
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        baseline(
            37,
            &format!("{{{list}: [{{name: a, securityContext: {{privileged: true}}}}]}}"),
            &format!("privileged at spec.{list}[0].securityContext.privileged"),
        );
    }
    let add = |names: &str| {
        format!("{{containers: [{{name: a, securityContext: {{capabilities: {{add: [{names}]}}}}}}]}}")
    };
    baseline(37, &add("CHOWN, NET_BIND_SERVICE, SYS_CHROOT"), "");
    for name in ["SYS_ADMIN", "NET_RAW", "ALL", "chown", "CAP_CHOWN"] {
        baseline(37, &add(name), "added-capabilities at spec.containers[0].securityContext.capabilities.add");
    }
    baseline(
        37,
        "{volumes: [{name: a, emptyDir: {}}, {name: b, hostPath: {path: /}}]}",
        "host-path at spec.volumes[1].hostPath",
    );
    baseline(
        37,
        "{containers: [{name: a, ports: [{containerPort: 80}, {hostPort: 80}]}]}",
        "host-ports at spec.containers[0].ports[1].hostPort",
    );
    baseline(
        37,
        "{containers: [{name: a, securityContext: {procMount: Unmasked}}]}",
        "proc-mount at spec.containers[0].securityContext.procMount",
    );
    baseline(
        37,
        "{securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a}]}",
        "windows-host-process at spec.securityContext.windowsOptions.hostProcess",
    );
    for (place, path) in [("securityContext", "spec"), ("containers", "spec.containers[0]")] {
        let with = |context: &str| match place {
            "containers" => format!("{{containers: [{{name: a, securityContext: {{{context}}}}}]}}"),
            _ => format!("{{securityContext: {{{context}}}, containers: [{{name: a}}]}}"),
        };
        baseline(
            37,
            &with("appArmorProfile: {type: Unconfined}"),
            &format!("app-armor at {path}.securityContext.appArmorProfile"),
        );
        baseline(37, &with("appArmorProfile: {type: Localhost, localhostProfile: a}"), "");
        baseline(
            37,
            &with("seccompProfile: {type: Unconfined}"),
            &format!("seccomp-unconfined at {path}.securityContext.seccompProfile"),
        );
        baseline(37, &with("seccompProfile: {type: Localhost, localhostProfile: a}"), "");
        baseline(37, &with("seLinuxOptions: {type: container_init_t, level: s0}"), "");
        for key in ["type", "user", "role"] {
            baseline(
                37,
                &with(&format!("seLinuxOptions: {{{key}: own}}")),
                &format!("selinux-options at {path}.securityContext.seLinuxOptions.{key}"),
            );
        }
    }
}

#[test]
fn versions_decide() {
    let sysctl = |name: &str| {
        format!("{{securityContext: {{sysctls: [{{name: {name}, value: a}}]}}, containers: [{{name: a}}]}}")
    };
    let refused = "sysctls at spec.securityContext.sysctls";
    for (name, since) in [
        ("kernel.shm_rmid_forced", 19),
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_rmem", 32),
        ("net.ipv4.tcp_notsent_lowat", 37),
    ] {
        baseline(since, &sysctl(name), "");
        if since > 19 {
            baseline(since - 1, &sysctl(name), refused);
        }
    }
    baseline(37, &sysctl("net.core.somaxconn"), refused);
    let engine = "{securityContext: {seLinuxOptions: {type: container_engine_t}}, containers: [{name: a}]}";
    baseline(31, engine, "");
    baseline(30, engine, "selinux-options at spec.securityContext.seLinuxOptions.type");
    for (handler, path) in [
        ("livenessProbe: {httpGet: {host: h, port: 1}}", "livenessProbe.httpGet.host"),
        ("startupProbe: {tcpSocket: {host: h, port: 1}}", "startupProbe.tcpSocket.host"),
        ("lifecycle: {preStop: {httpGet: {host: 127.0.0.1, port: 1}}}", "lifecycle.preStop.httpGet.host"),
    ] {
        let spec = format!("{{containers: [{{name: a, {handler}}}]}}");
        baseline(34, &spec, &format!("host-probes at spec.containers[0].{path}"));
        baseline(33, &spec, "");
    }
    let unmasked = "{hostUsers: false, containers: [{name: a, securityContext: {procMount: Unmasked}}]}";
    baseline(35, unmasked, "");
    baseline(34, unmasked, "proc-mount at spec.containers[0].securityContext.procMount");
}

#[test]
fn annotations_of_old_count() {
    let pod = |profile: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: a, annotations: \
             {{container.apparmor.security.beta.kubernetes.io/a: {profile}}}}}, spec: {{containers: [{{name: a}}]}}}}"
        )
    };
    let check = |profile: &str, want: &str| {
        assert_eq!(refused_resource(&pod(profile), PodSecurityLevel::Baseline, 37), want);
    };
    check("runtime/default", "");
    check("localhost/mine", "");
    check(
        "unconfined",
        "app-armor at metadata.annotations[\"container.apparmor.security.beta.kubernetes.io/a\"]",
    );
}

#[test]
fn restricted_refuses_control_by_control() {
    let a = "spec.containers[0].securityContext";
    restricted(37, "", "", "", "");
    restricted(37, "", "", "runAsNonRoot: true, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}", "");
    restricted(37, "hostPID: true,", "", "", "host-namespaces at spec.hostPID");
    restricted(37, "", "runAsUser: 0,", "", "run-as-user-zero at spec.securityContext.runAsUser");
    restricted(37, "", "", "runAsUser: 0,", &format!("run-as-user-zero at {a}.runAsUser"));
    restricted(22, "", "runAsUser: 0,", "", "");
    restricted(37, "", "", "runAsNonRoot: false,", &format!("run-as-non-root at {a}.runAsNonRoot"));
    restricted(37, "hostUsers: false,", "runAsUser: 0,", "runAsNonRoot: false,", "");
    restricted(
        34,
        "hostUsers: false,",
        "runAsUser: 0,",
        "",
        "run-as-user-zero at spec.securityContext.runAsUser",
    );
    restricted(
        37,
        "",
        "",
        "seccompProfile: {type: Unconfined},",
        &format!("seccomp-profile at {a}.seccompProfile"),
    );
    restricted(37, "", "", "procMount: Unmasked,", &format!("proc-mount-restricted at {a}.procMount"));
    restricted(
        35,
        "hostUsers: false,",
        "",
        "procMount: Unmasked,",
        &format!("proc-mount-restricted at {a}.procMount"),
    );
    for kind in [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ] {
        restricted(37, &format!("volumes: [{{name: v, {kind}: {{}}}}],"), "", "", "");
    }
    restricted(37, "volumes: [{name: v}],", "", "", "");
    for kind in ["hostPath", "nfs", "iscsi", "gitRepo", "rbd", "image"] {
        restricted(
            37,
            &format!("volumes: [{{name: v, {kind}: {{}}}}],"),
            "",
            "",
            &format!("volume-types at spec.volumes[0].{kind}"),
        );
    }
}

#[test]
fn restricted_asks_for_what_is_absent() {
    let check = |minor: u32, spec: &str, want: &str| {
        assert_eq!(refused(spec, PodSecurityLevel::Restricted, minor), want, "{spec}");
    };
    let all = "privilege-escalation at spec.containers[0].securityContext.allowPrivilegeEscalation\n\
               run-as-non-root at spec.securityContext.runAsNonRoot\n\
               seccomp-profile at spec.securityContext.seccompProfile\n\
               drop-capabilities at spec.containers[0].securityContext.capabilities.drop";
    check(37, "{containers: [{name: a}]}", all);
    check(
        37,
        "{os: {name: windows}, containers: [{name: a}]}",
        "run-as-non-root at spec.securityContext.runAsNonRoot",
    );
    check(24, "{os: {name: windows}, containers: [{name: a}]}", all);
    // What the pod says against it is not said for each container again.
    check(
        37,
        "{securityContext: {runAsNonRoot: false, seccompProfile: {type: Unconfined}}, containers: [{name: a, \
         securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}",
        "run-as-non-root at spec.securityContext.runAsNonRoot\nseccomp-profile at spec.securityContext.seccompProfile",
    );
    // One container that disagrees: the others say it themselves.
    check(
        37,
        "{securityContext: {seccompProfile: {type: RuntimeDefault}}, initContainers: [{name: i, securityContext: \
         {runAsNonRoot: false, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}], containers: [{name: a, \
         securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}",
        "run-as-non-root at spec.initContainers[0].securityContext.runAsNonRoot\n\
         run-as-non-root at spec.containers[0].securityContext.runAsNonRoot",
    );
}

#[test]
fn templates_of_every_kind_are_looked_into() {
    let pod = "{spec: {hostPID: true}}";
    for (api, kind, spec, path) in [
        ("apps/v1", "Deployment", format!("spec: {{template: {pod}}}"), "spec.template.spec.hostPID"),
        ("apps/v1", "StatefulSet", format!("spec: {{template: {pod}}}"), "spec.template.spec.hostPID"),
        ("apps/v1", "DaemonSet", format!("spec: {{template: {pod}}}"), "spec.template.spec.hostPID"),
        ("apps/v1", "ReplicaSet", format!("spec: {{template: {pod}}}"), "spec.template.spec.hostPID"),
        ("v1", "ReplicationController", format!("spec: {{template: {pod}}}"), "spec.template.spec.hostPID"),
        ("batch/v1", "Job", format!("spec: {{template: {pod}}}"), "spec.template.spec.hostPID"),
        (
            "batch/v1",
            "CronJob",
            format!("spec: {{jobTemplate: {{spec: {{template: {pod}}}}}}}"),
            "spec.jobTemplate.spec.template.spec.hostPID",
        ),
        ("v1", "PodTemplate", format!("template: {pod}"), "template.spec.hostPID"),
        (
            "argoproj.io/v1alpha1",
            "Rollout",
            format!("spec: {{template: {pod}}}"),
            "spec.template.spec.hostPID",
        ),
        (
            "jobset.x-k8s.io/v1alpha2",
            "JobSet",
            format!("spec: {{replicatedJobs: [{{template: {{spec: {{template: {pod}}}}}}}]}}"),
            "spec.replicatedJobs[0].template.spec.template.spec.hostPID",
        ),
    ] {
        let text = format!("{{apiVersion: {api}, kind: {kind}, metadata: {{name: a}}, {spec}}}");
        let found = refused_resource(&text, PodSecurityLevel::Baseline, 37);
        assert_eq!(found, format!("host-namespaces at {path}"), "{kind}");
    }
    // A kind of that name in another group is something else, and so is a Rollout that refers
    // to a Deployment.
    let other = format!(
        "{{apiVersion: example.com/v1, kind: Deployment, metadata: {{name: a}}, spec: {{template: {pod}}}}}"
    );
    assert_eq!(refused_resource(&other, PodSecurityLevel::Baseline, 37), "");
    let rollout = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: a}, spec: {workloadRef: {name: b}}}";
    assert_eq!(refused_resource(rollout, PodSecurityLevel::Baseline, 37), "");
}
