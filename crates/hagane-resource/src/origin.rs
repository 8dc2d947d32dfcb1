//! Where a resource came from and what changed it, as kustomize's `buildMetadata` reports it.

use hagane_yaml::{Mapping, Node};

/// Where a resource came from: a file, or a generator in a kustomization. Paths are relative to the root
/// that is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The repository of a remote base.
    pub repo: String,
    /// Its revision.
    pub reference: String,
    /// The file.
    pub path: String,
    /// The kustomization (or the generator's own file) that made the resource.
    pub configured_in: String,
    /// The generator: `apiVersion`, `kind`, name, namespace.
    pub configured_by: Option<[String; 4]>,
}

/// What changed a resource: a transformer and where it is configured. The fields are those of [`Origin`].
pub type Transformation = Origin;

impl Origin {
    /// Returns the annotation's text.
    pub fn to_yaml(&self) -> String {
        self.lines("")
    }

    /// Returns the text of the annotation that lists transformations.
    pub fn list_to_yaml(list: &[Origin]) -> String {
        list.iter().map(|origin| origin.lines("- ")).collect()
    }

    /// Returns the origins that an annotation's text describes: one, or a list. A text that is neither describes none.
    pub fn read(text: &str) -> Vec<Origin> {
        let documents = hagane_yaml::parse(text, Default::default(), &Default::default()).unwrap_or_default();
        match documents.first() {
            Some(Node::Sequence(list)) => list.items.iter().map(Origin::of).collect(),
            Some(node @ Node::Mapping(_)) => vec![Origin::of(node)],
            _ => Vec::new(),
        }
    }

    fn of(node: &Node) -> Origin {
        let text = |keys: &[&str]| node.at(keys).and_then(Node::as_str).unwrap_or_default().to_owned();
        let by = |key| text(&["configuredBy", key]);
        Origin {
            repo: text(&["repo"]),
            reference: text(&["ref"]),
            path: text(&["path"]),
            configured_in: text(&["configuredIn"]),
            configured_by: node
                .get("configuredBy")
                .map(|_| ["apiVersion", "kind", "name", "namespace"].map(by)),
        }
    }

    fn lines(&self, bullet: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut field = |indent: &str, key: &str, value: &str| {
            if !value.is_empty() {
                let mut pair = Mapping::default();
                pair.push(key, Node::string(value));
                let text = hagane_yaml::emit::go_v2(&Node::Mapping(pair)).unwrap_or_default();
                lines.push(format!("{indent}{text}"));
            }
        };
        field("", "path", &self.path);
        field("", "repo", &self.repo);
        field("", "ref", &self.reference);
        field("", "configuredIn", &self.configured_in);
        if let Some([api_version, kind, name, namespace]) = &self.configured_by {
            field("", "configuredBy:", " ");
            field("  ", "apiVersion", api_version);
            field("  ", "kind", kind);
            field("  ", "name", name);
            field("  ", "namespace", namespace);
        }
        let mut out = String::new();
        for (index, line) in lines.iter().enumerate() {
            let lead = if index == 0 { bullet.to_owned() } else { " ".repeat(bullet.len()) };
            out.push_str(&lead);
            // The key of the nested mapping has no value of its own.
            out.push_str(if line.starts_with('\'') { "configuredBy:\n" } else { line });
        }
        out
    }
}
