//! What `IAMPolicyGenerator` makes.

use hagane_resource::{Diagnostic, Resource, resources_of};
use hagane_yaml::{ParseOptions, parse};

use crate::decode::Object;

/// Returns the ServiceAccount that stands for one of Google Cloud in the cluster.
///
/// kustomize pastes the names into a text and reads it as a file, so that a name that looks like a number becomes one;
/// so does this. Of several documents only the first counts.
pub(super) fn service_accounts(config: &Resource) -> Result<Vec<Resource>, Diagnostic> {
    let object =
        Object::open(config.tree(), "a generator", &["cloud", "kubernetesService", "serviceAccount"])?;
    let part = |name, fields| match object.get(name) {
        Some(node) => Object::open(node, name, fields).map(Some),
        None => Ok(None),
    };
    let account = part("serviceAccount", &["name", "projectId"])?;
    let service = part("kubernetesService", &["name", "namespace"])?;
    let text = |object: &Option<Object>, name| object.as_ref().map_or(Ok(String::new()), |o| o.text(name));
    match object.text("cloud")?.as_str() {
        "gke" => {}
        other => {
            let error = Diagnostic::error(object.span, format!("`{other}` is no cloud that is known here"));
            return Err(error.hinted("`cloud: gke` is"));
        }
    }
    let mut manifest = format!(
        "apiVersion: v1\n\
         kind: ServiceAccount\n\
         metadata:\n\
         \x20 annotations:\n\
         \x20   iam.gke.io/gcp-service-account: {}@{}.iam.gserviceaccount.com\n\
         \x20 name: {}\n",
        text(&account, "name")?,
        text(&account, "projectId")?,
        text(&service, "name")?,
    );
    let namespace = text(&service, "namespace")?;
    if !namespace.is_empty() {
        manifest.push_str("  namespace: ");
        manifest.push_str(&namespace);
    }
    let options =
        ParseOptions { first_only: true, lines_before: object.span.line, ..ParseOptions::default() };
    let made = parse(&manifest, object.span.file, &options).map_err(Diagnostic::from).and_then(resources_of);
    made.map_err(|error| {
        let message = "the names of the accounts do not make a ServiceAccount";
        Diagnostic::error(object.span, message)
            .hinted("give `serviceAccount` and `kubernetesService` plain names")
            .noted(error.message)
    })
}
