//! Renders manifests that lie in no directory: an operator, a web service or a test hands in the texts.
//!
//!     cargo run -p hagane-host --example render_in_memory
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example is a program")]

use std::path::Path;

use hagane::{AgeKeyring, Identities, MemoryFiles, RenderOptions, World};

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.example.com/web}]}
";

const OVERLAY: &str = "
resources: [../base]
namespace: shop
images: [{name: registry.example.com/web, newTag: '1.0'}]
";

/// Returns the production overlay as YAML, or what is wrong with it.
fn production() -> Result<String, String> {
    let files = MemoryFiles::new()
        .with("/base/kustomization.yaml", "resources: [web.yaml]")
        .with("/base/web.yaml", DEPLOYMENT)
        .with("/production/kustomization.yaml", OVERLAY);
    // Nothing here is encrypted, so there are no identities.
    let keyring = AgeKeyring::new(Identities::new());
    let world = World::new(&files, &keyring, Path::new("/"));

    let rendered =
        hagane::render(&world, Path::new("production"), &RenderOptions::default()).map_err(|failed| {
            let place = |error: &hagane::Diagnostic| failed.source_map.path(error.span.file).to_owned();
            let lines =
                failed.diagnostics.iter().map(|e| format!("{}:{}: {}", place(e), e.span.line, e.message));
            lines.collect::<Vec<_>>().join("\n")
        })?;
    rendered.to_redacted_yaml().map_err(|errors| errors.into_iter().map(|e| e.message).collect())
}

fn main() {
    match production() {
        Ok(yaml) => print!("{yaml}"),
        Err(message) => eprintln!("{message}"),
    }
}

#[test]
fn it_renders_the_overlay() {
    let yaml = production().expect("the overlay is right");
    assert_eq!(
        yaml,
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - image: registry.example.com/web:1.0
        name: web
"
    );
}
