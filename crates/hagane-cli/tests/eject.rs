//! `hagane harden --write-patches`: what the kustomization builds with the patches is what was rendered.

use hagane::{AgeKeyring, Identities, MemoryFiles};
use hagane_cli::{Surroundings, run};

/// Runs the program and returns what it prints.
#[track_caller]
fn said(files: &MemoryFiles, command: &str) -> String {
    let keyring = AgeKeyring::new(Identities::new());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut surroundings = Surroundings {
        files,
        keyring: &keyring,
        remotes: None,
        processes: None,
        directory: "/".into(),
        stdin: &mut std::io::empty(),
        stdout: &mut stdout,
        stdout_is_terminal: false,
        stderr: &mut stderr,
        coloured: false,
    };
    let code = run(["hagane"].into_iter().chain(command.split(' ')).map(Into::into), &mut surroundings);
    assert_eq!(code, 0, "{command}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("output is text")
}

const PIPELINE: &str = "apiVersion: hagane.dev/v1alpha1\nkind: Pipeline\nlabels: {recommended: {partOf: shop}, derive: [name]}\n\
                        harden: {profile: restricted, rules: {all: enforce, scaled-replicas: off, network-policy: off}}\n";

const BASE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: true
      dnsConfig: {options: [{name: edns0}]}
      volumes: [{name: cache, emptyDir: {}}]
      initContainers: [{name: init, image: i}]
      containers:
        - name: app
          image: web:1
          ports: [{name: http, containerPort: 80, hostPort: 80}, {containerPort: 80, protocol: UDP}]
          volumeMounts: [{name: cache, mountPath: /cache}]
          securityContext: {privileged: true, capabilities: {add: [NET_ADMIN, NET_BIND_SERVICE]}}
        - {name: proxy, image: p, livenessProbe: {httpGet: {port: 1, host: h}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: clean.up}
spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {serviceAccount: s, containers: [{name: a}]}}}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec: {selector: {matchLabels: {app: roll}}, template: {metadata: {labels: {app: roll}}, spec: {containers: [{name: a}]}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, annotations: {kubernetes.io/ingress.class: nginx}}
spec: {rules: [{host: example.com}]}
";

/// Ejects from what an overlay renders over a base, and builds that.
#[track_caller]
fn check(overlay: &str) {
    let mut files = MemoryFiles::new()
        .with(
            "/base/kustomization.yaml",
            "resources: [all.yaml]\nconfigMapGenerator: [{name: c, literals: [a=b]}]\n",
        )
        .with("/base/all.yaml", BASE)
        .with("/overlay/kustomization.yaml", overlay)
        .with("/overlay/hagane.yaml", PIPELINE);
    let rendered = said(&files, "render --secrets placeholder overlay");
    let built = said(&files, "build overlay");
    assert_ne!(rendered, built);
    let written = said(&files, "harden --write-patches --dry-run overlay");
    for file in written.split("--- # ").skip(1) {
        let (name, content) = file.split_once('\n').expect("a name stands in a line of its own");
        files.insert(format!("/overlay/{name}"), content);
    }
    assert_eq!(said(&files, "build overlay"), rendered, "{overlay}\n{written}");
    let again = said(&files, "harden --write-patches --dry-run overlay");
    assert_eq!(again, "nothing to write: the kustomization builds what is rendered\n");
}

#[test]
fn patches_make_what_the_stages_make() {
    check("resources: [../base]\n");
    check(
        "resources: [../base]\nnamePrefix: blue-\nnameSuffix: -b\nconfigMapGenerator: [{name: d, literals: [a=b]}]\n",
    );
    check(
        "# ours\nnamespace: shop\nresources:\n- ../base\nlabels:\n- pairs: {team: a}\n  includeSelectors: true\n",
    );
    check(
        "resources: [../base]\npatches:\n- patch: '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: ClusterIP}}'\n",
    );
}
