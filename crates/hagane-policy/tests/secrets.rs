//! No report shows what was decrypted, in whatever form, whatever the rules say.

use hagane_policy::{
    Detail, GivenLabels, KubernetesVersion, LabelField, Labelling, Mode, PodSecurityLevel, Policy, Profile,
    ReportFormat, RuleSetting, Value, Verdict, harden, label, rules_named, violations,
};
use hagane_resource::{Resource, ResourceSet, emit, read_documents};
use hagane_yaml::emit::{EmitOptions, Secrets};
use hagane_yaml::{Node, Scalar, SourceMap, Text};

/// Every text that only a key reads has this in it.
const SECRET: &str = "s3cr3t";

const TEXT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: s3cr3t-name
  namespace: s3cr3t-space
  labels: {app.kubernetes.io/name: s3cr3t-label}
  annotations: {kubernetes.io/ingress.class: s3cr3t-class, hagane.dev/skip.ndots: s3cr3t-reason}
spec:
  replicas: 2
  selector: {matchLabels: {app: s3cr3t-app}}
  template:
    metadata:
      labels: {app: s3cr3t-app, app.kubernetes.io/name: s3cr3t-other, app.kubernetes.io/version: s3cr3t-version}
      annotations: {container.apparmor.security.beta.kubernetes.io/c: s3cr3t-profile}
    spec:
      hostPID: true
      serviceAccount: s3cr3t-account
      dnsConfig: {options: [{name: s3cr3t-option, value: s3cr3t-value}]}
      securityContext: {sysctls: [{name: s3cr3t-sysctl, value: s3cr3t-value}], seLinuxOptions: {type: s3cr3t-type, user: s3cr3t-user}}
      volumes:
        - {name: s3cr3t-volume, hostPath: {path: /s3cr3t}}
        - {name: s3cr3t-other-volume, emptyDir: {}}
        - {name: s3cr3t-claim, persistentVolumeClaim: {claimName: s3cr3t-claim}}
      tolerations: [{key: s3cr3t-key}]
      containers:
        - name: s3cr3t-container
          image: s3cr3t-image:s3cr3t-tag
          ports: [{name: s3cr3t-port, containerPort: 80, hostPort: 80}]
          resources: {requests: {memory: s3cr3t-memory, cpu: s3cr3t-cpu}}
          livenessProbe: {httpGet: {port: s3cr3t-port, host: s3cr3t-host, path: /s3cr3t}, initialDelaySeconds: 60}
          readinessProbe: {exec: {command: [s3cr3t-command]}}
          securityContext: {procMount: s3cr3t-mount, capabilities: {add: [S3CR3T_CAP, s3cr3t-cap], drop: [s3cr3t-drop]}, seccompProfile: {type: s3cr3t-seccomp}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: s3cr3t-claim, namespace: s3cr3t-space}
spec: {accessModes: [ReadWriteOnce]}
---
apiVersion: v1
kind: Service
metadata: {name: s3cr3t-service, namespace: s3cr3t-space}
spec: {selector: {app: s3cr3t-app}, ports: [{port: 80, targetPort: s3cr3t-port}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: s3cr3t-ingress, annotations: {kubernetes.io/ingress.class: s3cr3t-class}}
spec: {rules: [{host: s3cr3t-host}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: s3cr3t-cron, annotations: {hagane.dev/skip.jobs: s3cr3t-reason}}
spec: {schedule: s3cr3t-schedule, jobTemplate: {spec: {template: {spec: {containers: [{name: s3cr3t-c, image: s3cr3t-i}]}}}}}
---
apiVersion: v1
kind: Namespace
metadata: {name: s3cr3t-space}
---
apiVersion: s3cr3t.example.com/v1
kind: S3cr3t
metadata: {name: a}
";

/// Returns the resources with every text that has the word in it marked as decrypted, keys, too.
fn decrypted(text: &str, word: &str) -> ResourceSet {
    let read = read_documents(text, Default::default()).expect("the case is right");
    let marked = |resource: Resource| {
        let mut tree = resource.tree().clone();
        mark(&mut tree, word);
        Resource::new(tree)
    };
    read.into_iter().map(marked).collect()
}

fn mark(node: &mut Node, word: &str) {
    let one = |scalar: &mut Scalar| {
        if scalar.text.as_str().to_lowercase().contains(word) {
            scalar.text = Text::sensitive(scalar.text.as_str().to_owned());
        }
    };
    match node {
        Node::Mapping(mapping) => {
            for entry in &mut mapping.entries {
                one(&mut entry.key);
                mark(&mut entry.value, word);
            }
        }
        Node::Sequence(sequence) => sequence.items.iter_mut().for_each(|item| mark(item, word)),
        Node::Scalar(scalar) => one(scalar),
    }
}

/// Returns a policy of all rules in a mode.
fn all(mode: Mode) -> Policy {
    let mut policy = Policy::new(Profile::None);
    for place in rules_named("all") {
        policy.set(place, RuleSetting { mode: Some(mode), values: Vec::new() });
    }
    for (rule, name, value) in [
        ("ingress-sources", "ranges", "10.0.0.0/8"),
        ("tolerations", "taints", "a"),
        ("node-selector", "labels", "a=b"),
    ] {
        let values = vec![(name, Value::Texts(vec![value.to_owned()]))];
        policy.set(rules_named(rule)[0], RuleSetting { mode: None, values });
    }
    policy
}

/// What only a key reads here is a number, of this and two digits more, or holds it.
const DIGITS: &str = "731";

/// Numbers that rules compute with, and texts that they read numbers out of. `<>` stands for two digits.
const NUMBERS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 731<>
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations:
        container.apparmor.security.beta.kubernetes.io/key-731<>: unconfined
        hagane.dev/skip.key-731<>: ''
        hagane.dev/skip.ndots.key-731<>: why
    spec:
      terminationGracePeriodSeconds: 731<>
      securityContext: {runAsUser: 731<>, sysctls: [{name: a, value: 731<>}]}
      volumes: [{name: v, key-731<>: {}}]
      containers:
        - name: delayed
          livenessProbe: {tcpSocket: {port: 731<>}, periodSeconds: 1, initialDelaySeconds: 731<>}
        - name: patient
          livenessProbe: {exec: {command: [a]}, periodSeconds: 731<>, failureThreshold: 731<>}
          readinessProbe: {exec: {command: [a]}, initialDelaySeconds: 731<>.0, periodSeconds: 7, timeoutSeconds: 731<>}
        - name: slow
          livenessProbe: {exec: {command: [a]}}
          readinessProbe: {exec: {command: [a]}, periodSeconds: 731<>}
        - name: serves
          ports: [{containerPort: 731<>, hostPort: 731<>}]
        - name: asks
          ports: [{name: grpc, containerPort: 731<>}]
          livenessProbe: {exec: {command: [grpc_health_probe, '-addr=:731<>']}}
          resources: {requests: {memory: 731<>, cpu: 731<>}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 731<>}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec: {schedule: '*/<> 731 * * *'}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: a}
spec: {minAvailable: 731<>, selector: {matchLabels: {app: web}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {minReplicas: 731<>, scaleTargetRef: {kind: Deployment, name: web}}
";

const FORMATS: [ReportFormat; 5] =
    [ReportFormat::Text, ReportFormat::Json, ReportFormat::Sarif, ReportFormat::Markdown, ReportFormat::Html];

#[track_caller]
fn check_is_silent(what: &str, text: &str) {
    let line = text.lines().find(|line| line.to_lowercase().contains(SECRET));
    assert_eq!(line, None, "{what}");
}

#[test]
fn reports_show_nothing_that_was_decrypted() {
    let map = SourceMap::new();
    for mode in [Mode::Check, Mode::Fill, Mode::Enforce] {
        let policy = all(mode);
        let mut resources = decrypted(TEXT, SECRET);
        let derive = vec![LabelField::Name, LabelField::Instance, LabelField::Version];
        let given =
            GivenLabels { labels: vec![(LabelField::PartOf, "shop".into())], annotations: Vec::new() };
        let mut report =
            label(&mut resources, &Labelling { derive, given, ..Labelling::default() }, Detail::Changes);
        report.extend(harden(&mut resources, &policy, Detail::Changes));
        assert!(report.changes.len() + report.findings.len() > 30, "{}", report.changes.len());
        for format in FORMATS {
            check_is_silent(&format!("{mode} {format:?}"), &report.to_text(format, &map));
        }
        check_is_silent("Debug", &format!("{report:?}"));
    }
}

/// What is computed of a decrypted number tells the number. So nothing in a report, nor in what is printed
/// without secrets, may depend on which it is.
#[test]
fn reports_do_not_depend_on_what_was_decrypted() {
    let map = SourceMap::new();
    for mode in [Mode::Check, Mode::Fill, Mode::Enforce] {
        let shown = |digits: &str| {
            let mut resources = decrypted(&NUMBERS.replace("<>", digits), DIGITS);
            let mut report = label(&mut resources, &Labelling::default(), Detail::Changes);
            report.extend(harden(&mut resources, &all(mode), Detail::Changes));
            let mut shown = FORMATS.map(|format| report.to_text(format, &map)).to_vec();
            shown.push(format!("{report:?}").replace("}, ", "},\n"));
            let options = EmitOptions { secrets: Secrets::Redact };
            shown.push(emit(&resources, options).expect("what was read can be written"));
            let found = resources.iter().flat_map(|resource| {
                violations(resource, PodSecurityLevel::Restricted, KubernetesVersion::LATEST, &[])
            });
            shown.push(format!("{:?}", found.collect::<Vec<_>>()));
            shown
        };
        for (one, other) in shown("10").iter().zip(shown("40")) {
            for (one, other) in one.lines().zip(other.lines()) {
                assert_eq!(one, other, "{mode}");
            }
            assert!(!one.contains(DIGITS), "{one}");
        }
    }
}

#[test]
fn verdicts_show_nothing_that_was_decrypted() {
    let (level, version) = (PodSecurityLevel::Restricted, KubernetesVersion::LATEST);
    let resources = decrypted(TEXT, SECRET);
    let found =
        resources.iter().flat_map(|resource| violations(resource, level, version, &[])).collect::<Vec<_>>();
    assert!(found.len() > 8, "{}", found.len());
    let verdict = Verdict { level, version, with_pods: 2, violations: found };
    for format in FORMATS {
        check_is_silent(&format!("{format:?}"), &verdict.to_text(format, &SourceMap::new()));
    }
}
