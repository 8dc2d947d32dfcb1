//! No report shows what was decrypted, in whatever form, whatever the rules say.

use hagane_policy::{
    GivenLabels, KubernetesVersion, LabelField, Labelling, Mode, PodSecurityLevel, Policy, Profile,
    ReportFormat, RuleSetting, Value, Verdict, harden, label, rules_named, violations,
};
use hagane_resource::{Resource, ResourceSet, read_documents};
use hagane_yaml::{SourceMap, Text};

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

/// Returns the resources with every text that has the word in it marked as decrypted.
fn decrypted() -> ResourceSet {
    let read = read_documents(TEXT, Default::default()).expect("the case is right");
    let marked = |resource: Resource| {
        let mut tree = resource.tree().clone();
        tree.for_each_scalar(&mut |scalar| {
            if scalar.text.as_str().to_lowercase().contains(SECRET) {
                scalar.text = Text::sensitive(scalar.text.as_str().to_owned());
            }
        });
        Resource::new(tree)
    };
    read.into_iter().map(marked).collect()
}

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
        let mut resources = decrypted();
        let derive = vec![LabelField::Name, LabelField::Instance, LabelField::Version];
        let given =
            GivenLabels { labels: vec![(LabelField::PartOf, "shop".into())], annotations: Vec::new() };
        let mut report = label(&mut resources, &Labelling { derive, given, ..Labelling::default() });
        report.extend(harden(&mut resources, &policy));
        assert!(report.changes.len() + report.findings.len() > 30, "{}", report.changes.len());
        for format in FORMATS {
            check_is_silent(&format!("{mode} {format:?}"), &report.to_text(format, &map));
        }
        check_is_silent("Debug", &format!("{report:?}"));
    }
}

#[test]
fn verdicts_show_nothing_that_was_decrypted() {
    let (level, version) = (PodSecurityLevel::Restricted, KubernetesVersion::LATEST);
    let resources = decrypted();
    let found =
        resources.iter().flat_map(|resource| violations(resource, level, version, &[])).collect::<Vec<_>>();
    assert!(found.len() > 8, "{}", found.len());
    let verdict = Verdict { level, version, with_pods: 2, violations: found };
    for format in FORMATS {
        check_is_silent(&format!("{format:?}"), &verdict.to_text(format, &SourceMap::new()));
    }
}
