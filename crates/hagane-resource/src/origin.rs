//! Where a resource came from and what changed it, as kustomize's `buildMetadata` reports it.

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

    fn lines(&self, bullet: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut field = |key: &str, value: &str, indent: &str| {
            if !value.is_empty() {
                let mapping = hagane_yaml::Node::Mapping(hagane_yaml::Mapping {
                    entries: vec![hagane_yaml::Entry {
                        key: hagane_yaml::Scalar::string(key),
                        value: hagane_yaml::Node::string(value),
                    }],
                    ..Default::default()
                });
                if let Ok(text) = hagane_yaml::emit::go_v2(&mapping) {
                    lines.push(format!("{indent}{}", text.trim_end_matches('\n')));
                }
            }
        };
        // The fields are sorted, as kustomize's encoder sorts them.
        if let Some([api_version, kind, name, namespace]) = &self.configured_by {
            field("apiVersion", api_version, "  ");
            field("kind", kind, "  ");
            field("name", name, "  ");
            field("namespace", namespace, "  ");
        }
        field("configuredIn", &self.configured_in, "");
        field("path", &self.path, "");
        field("ref", &self.reference, "");
        field("repo", &self.repo, "");
        if self.configured_by.is_some() {
            // `configuredBy` sorts after `configuredIn`.
            let own = lines.iter().take_while(|l| l.starts_with("  ")).count();
            let (by, rest) = lines.split_at(own);
            let at = rest.iter().take_while(|l| l.starts_with("configuredIn")).count();
            let mut ordered: Vec<String> = vec!["configuredBy:".into()];
            ordered.extend_from_slice(by);
            ordered.extend_from_slice(&rest[..at]);
            ordered.extend_from_slice(&rest[at..]);
            lines = ordered;
        }
        let mut out = String::new();
        for (index, line) in lines.iter().enumerate() {
            if !bullet.is_empty() {
                out.push_str(if index == 0 { bullet } else { "  " });
            }
            out.push_str(line);
            out.push('\n');
        }
        out
    }
}
