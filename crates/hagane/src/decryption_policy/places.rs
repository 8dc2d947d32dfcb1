//! What is asked after composing: did decrypted values end where the rules that opened their files let them?
//!
//! A mark does not say which file its value is from, so every rule that opened one must allow the place.

use hagane_resource::{ResourceSet, Schema};
use hagane_yaml::{Node, Text};

use super::{Guard, Opening, Plaintext, Rule};
use crate::{Diagnostic, Fault, Resource};

/// The most places that one message lists.
const MAX_PLACES: usize = 5;

/// Refuses values in places that a rule does not allow; returns warnings about those in places that it allows to be odd.
pub(crate) fn refuse_misplaced(
    resources: &ResourceSet,
    guard: &Guard,
    openings: &[Opening],
) -> Result<Vec<Diagnostic>, Diagnostic> {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for resource in resources.iter().filter(|resource| resource.tree().is_sensitive()) {
        let mut rules: Vec<usize> = openings.iter().map(|opening| opening.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        for place in rules {
            let rule = &guard.policy.rules[place];
            let files: Vec<&str> = openings
                .iter()
                .filter(|opening| opening.rule == place)
                .map(|opening| opening.file.as_str())
                .collect();
            match check(resource, guard, rule) {
                Ok(None) => {}
                Ok(Some(warning)) => warnings.push(warning),
                Err(error) => errors.push(
                    error
                        .with_fault(Fault::Access)
                        .noted(format!("the rule lets {} be decrypted", files.join(", ")))
                        .noted(format!("asked for {}", guard.subject)),
                ),
            }
        }
    }
    Diagnostic::refuse(errors).map(|()| warnings)
}

fn check(resource: &Resource, guard: &Guard, rule: &Rule) -> Result<Option<Diagnostic>, Diagnostic> {
    let id = resource.id();
    let about = |message: String| {
        let mut diagnostic = Diagnostic::error(resource.tree().span(), message);
        // The line may be one that holds the value.
        diagnostic.quotable = false;
        diagnostic
    };
    let says = format!("rule `{}` of the decryption policy", rule.name);
    if !rule.into.kinds.iter().any(|glob| glob.takes(&id.gvk.kind)) {
        return Err(about(format!("{says} lets no decrypted value into {id}"))
            .hinted("`into.kinds` of the rule lists the kinds that may hold one"));
    }
    let namespace = match (resource.namespace(), guard.subject.namespace.as_str()) {
        ("", "") => "default",
        ("", destination) => destination,
        (own, _) => own,
    };
    // The table says so, not a schema: that is the tenant's.
    let is_namespaced = !Schema::is_cluster_scoped(&id.gvk);
    if is_namespaced && !rule.into.namespaces.iter().any(|glob| glob.takes(namespace)) {
        let namespace = if id.decrypted { "«decrypted»" } else { namespace };
        return Err(about(format!(
            "{says} lets no decrypted value into namespace `{namespace}`, where {id} is"
        ))
        .hinted("`into.namespaces` of the rule lists the namespaces that may hold one"));
    }
    let places = outside_of_data(resource);
    if places.is_empty() {
        return Ok(None);
    }
    let more = places.len().saturating_sub(MAX_PLACES);
    let mut listed =
        places.iter().take(MAX_PLACES).map(|place| format!("`{place}`")).collect::<Vec<_>>().join(", ");
    if more > 0 {
        listed.push_str(&format!(" and {more} more"));
    }
    match rule.into.plaintext {
        Plaintext::Data => Err(about(format!(
            "{says} lets no decrypted value out of the data of a Secret: {id} has one at {listed}"
        ))
        .hinted("let the workload read the Secret: `secretKeyRef`, or a volume")
        .hinted("`into.plaintext: anywhere` of the rule allows it")),
        Plaintext::Anywhere => {
            let mut warning =
                about(format!("{id} has a decrypted value outside of the data of a Secret, at {listed}"));
            warning.severity = crate::Severity::Warning;
            Ok(Some(warning.noted(format!("{says} allows it"))))
        }
    }
}

/// Returns where decrypted values are, other than as values of a Secret's data.
fn outside_of_data(resource: &Resource) -> Vec<String> {
    let gvk = resource.gvk();
    let is_secret = gvk.kind == "Secret" && gvk.api_version() == "v1";
    let mut places = Vec::new();
    let Node::Mapping(tree) = resource.tree() else { return places };
    for entry in &tree.entries {
        let key = entry.key.text.as_str();
        let is_data = is_secret && matches!(key, "data" | "stringData");
        match &entry.value {
            Node::Mapping(data) if is_data => {
                for pair in &data.entries {
                    note(&pair.key.text, &format!("{key} (a key)"), &mut places);
                    // A value of its own is where it belongs; anything else is no data.
                    if !matches!(pair.value, Node::Scalar(_)) {
                        walk(&pair.value, &format!("{key}.{}", pair.key.text.shown()), &mut places);
                    }
                }
            }
            value => {
                note(&entry.key.text, "a key of its own", &mut places);
                walk(value, entry.key.text.shown(), &mut places);
            }
        }
    }
    places
}

fn note(text: &Text, place: &str, places: &mut Vec<String>) {
    if text.is_sensitive() {
        places.push(place.to_owned());
    }
}

fn walk(node: &Node, path: &str, places: &mut Vec<String>) {
    match node {
        Node::Scalar(scalar) => note(&scalar.text, path, places),
        Node::Sequence(sequence) => {
            for (place, item) in sequence.items.iter().enumerate() {
                walk(item, &format!("{path}.{place}"), places);
            }
        }
        Node::Mapping(mapping) => {
            for entry in &mapping.entries {
                let below = format!("{path}.{}", entry.key.text.shown());
                note(&entry.key.text, &format!("{path} (a key)"), places);
                walk(&entry.value, &below, places);
            }
        }
    }
}
