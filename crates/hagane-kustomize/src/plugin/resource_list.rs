//! The list of resources that a KRM function reads, and the one it writes.

use hagane_resource::{Diagnostic, ResourceSet, resources_of};
use hagane_yaml::{FileId, Mapping, Node, ParseOptions, Sequence, parse};
use zeroize::Zeroizing;

use super::{ID, Plugin, id_text, yaml_of};
use crate::notes::{annotate, annotate_quoted, remove_annotation, with_notes};

const PATHS: [&str; 2] = ["config.kubernetes.io/path", "internal.config.kubernetes.io/path"];
/// What is put on for one run of one function.
const PASSING: [&str; 5] = [
    "config.kubernetes.io/index",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "internal.config.kubernetes.io/id",
    "config.k8s.io/id",
];

impl Plugin<'_, '_> {
    /// Returns the text of the list that a function reads. Where there is no resource it reads its own config.
    pub(super) fn resource_list(&self, input: Option<&ResourceSet>) -> Result<Zeroizing<String>, Diagnostic> {
        let mut config = self.as_read(with_notes(self.config))?;
        annotate_quoted(&mut config, "config.kubernetes.io/local-config", "true");
        let mut items = match input.filter(|resources| !resources.is_empty()) {
            None => vec![config.clone()],
            Some(resources) => resources
                .iter()
                .map(|resource| {
                    let mut tree = with_notes(resource);
                    annotate(&mut tree, ID, hagane_yaml::Scalar::string(id_text(resource)));
                    self.as_read(tree)
                })
                .collect::<Result<_, _>>()?,
        };
        for (place, item) in items.iter_mut().enumerate() {
            let (index, id) = (place.to_string(), (place + 1).to_string());
            let values = [&index, &index, &index, &id, &id];
            PASSING.iter().zip(values).for_each(|(key, value)| annotate_quoted(item, key, value));
        }
        let mut list = Mapping::default();
        list.push("apiVersion", Node::string("config.kubernetes.io/v1"));
        list.push("kind", Node::string("ResourceList"));
        list.push("items", Node::Sequence(Sequence { items, ..Sequence::default() }));
        list.push("functionConfig", config);
        Ok(hagane_yaml::emit::v3::kyaml(&Node::Mapping(list)))
    }

    /// Returns a tree as it comes out of kustomize's own output.
    fn as_read(&self, tree: Node) -> Result<Node, Diagnostic> {
        let at = self.config.tree().span();
        let text = yaml_of(&tree, at)?;
        let mut documents = parse(&text, FileId::default(), &ParseOptions::default())
            .map_err(|error| Diagnostic::from(error).or_at(at))?;
        Ok(if documents.is_empty() { Node::mapping() } else { documents.remove(0) })
    }
}

/// Returns the resources of the list that a function wrote. Documents that are no list are taken as they are.
pub(super) fn resources_in(text: &str, file: FileId) -> Result<Vec<hagane_resource::Resource>, Diagnostic> {
    let mut documents = parse(text, file, &ParseOptions::default())?;
    documents.retain(|document| !document.is_null());
    let items = match documents.as_mut_slice() {
        [only] if is_list(only) => match only.get_mut("items") {
            Some(Node::Sequence(items)) => std::mem::take(&mut items.items),
            _ => Vec::new(),
        },
        _ => documents,
    };
    let mut resources = resources_of(items)?;
    for resource in &mut resources {
        let name = format!("{}_{}.yaml", resource.gvk().kind, resource.name()).to_lowercase();
        let path = match resource.namespace() {
            "" => name,
            namespace => format!("{namespace}/{name}"),
        };
        resource.edit(|tree| {
            PASSING.iter().for_each(|key| _ = remove_annotation(tree, key));
            let has = |key: &str| tree.at(&["metadata", "annotations", key]).is_some();
            if !PATHS.iter().any(|key| has(key)) {
                PATHS.iter().for_each(|key| annotate(tree, key, hagane_yaml::Scalar::string(path.as_str())));
            }
        });
    }
    Ok(resources)
}

fn is_list(node: &Node) -> bool {
    matches!(node.get("kind").and_then(Node::as_str), Some("ResourceList" | "List"))
        && (node.get("items").is_some() || node.get("functionConfig").is_some())
}
