//! A thousand templates of a Deployment and a Service, read and rendered: `cargo bench -p hagane-template`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark looks at the clock and prints"
)]

use std::time::Instant;

use hagane_template::{Limits, Template};
use hagane_yaml::FileId;

const TEMPLATE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{app.name}}-{{number}}
  labels:
{{indent 4 (toYaml app.labels)}}
spec:
  replicas: {{default 1 app.replicas}}
  selector: {matchLabels: {app: {{app.name}}}}
  template:
    metadata:
      labels: {app: {{app.name}}}
      annotations: {{toJson app.annotations}}
    spec:
      containers:
      {{#each app.containers as |container|}}
      - name: {{container.name}}
        image: {{container.image}}:{{@root.app.tag}}
        {{#if container.ports}}
        ports:
        {{#each container.ports}}
        - containerPort: {{this}}
        {{/each}}
        {{/if}}
        env:
        {{#each @root.app.env}}
        - {name: {{@key}}, value: {{quote this}}}
        {{/each}}
      {{/each}}
---
apiVersion: v1
kind: Service
metadata: {name: {{app.name}}-{{number}}}
spec:
  selector: {app: {{app.name}}}
  ports: [{port: 80}]
";

const VALUES: &str = "\
number: 1
app:
  name: web
  tag: '1.10'
  labels: {app.kubernetes.io/name: web, team: sea}
  annotations: {note: 'a: b', checksum: x}
  containers:
  - {name: web, image: registry.example/web, ports: [8080, 9090]}
  - {name: side, image: registry.example/side, ports: []}
  env: {MODE: dark, LEVEL: info, URL: 'https://example.com/?a=b&c=d'}
";

fn main() {
    let values =
        hagane_yaml::parse(VALUES, FileId::default(), &Default::default()).expect("it is YAML").remove(0);
    let limits = Limits::default();
    let mut times: Vec<_> = (0..20)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..1000 {
                let template = Template::parse(TEMPLATE, FileId(1)).expect("it is a template");
                assert_eq!(template.render(&values, &limits).expect("it has its values").len(), 2);
            }
            start.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "1,000 templates, median of {}: {:?}; fastest: {:?}",
        times.len(),
        times[times.len() / 2],
        times[0]
    );
}
