//! `edit fix`: old fields become the ones that took their place.

use hagane_resource::Diagnostic;
use hagane_yaml::{Mapping, Node, Tag};

use crate::kustomization::{Kustomization, hole, literal, sequence, span, texts};

/// The old word for `helmCharts` and `helmGlobals`.
const OLD_CHARTS: &str = "helmChartInflationGenerator";

/// The keys of an entry of `helmChartInflationGenerator`, and what they are in `helmCharts`.
const CHART_KEYS: [(&str, &str); 5] = [
    ("chartName", "name"),
    ("chartVersion", "version"),
    ("chartRepoUrl", "repo"),
    ("values", "valuesFile"),
    ("valuesLocal", "valuesInline"),
];

/// Those that say where charts lie, and what they are in `helmGlobals`.
const HOME_KEYS: [(&str, &str); 2] = [("chartHome", "chartHome"), ("helmHome", "configHome")];

/// Those that kustomize reads and does not use.
const UNUSED_CHART_KEYS: [&str; 4] = ["chartRepoName", "helmBin", "releaseNamespace", "extraArgs"];

impl Kustomization {
    /// Warns of what [`Kustomization::fix`] leaves out.
    pub fn check_fix(&mut self) -> Result<(), Diagnostic> {
        for chart in self.items(OLD_CHARTS)? {
            for key in UNUSED_CHART_KEYS {
                if let Some(there) = self.child(&chart, key) {
                    let message = format!("`{key}` of a chart has no effect in kustomize, and is left out");
                    let warning = Diagnostic::warning(span(self.at(&there)), message);
                    self.warn(warning);
                }
            }
        }
        Ok(())
    }

    /// Warns that variables stay.
    pub fn keep_variables(&mut self) {
        if let Some(vars) = self.field("vars") {
            let warning = Diagnostic::warning(span(self.at(&vars)), "`vars` stay as they are")
                .hinted("`edit fix --vars` makes replacements of them");
            self.warn(warning);
        }
    }

    /// Puts the fields of today in the place of old ones, all but `vars`; writes `apiVersion` and `kind` where they
    /// are not. `is_file` tells the files among what `patchesStrategicMerge` lists.
    pub fn fix(&mut self, is_file: &dyn Fn(&str) -> bool) -> Result<(), Diagnostic> {
        self.become_list("bases", "resources")?;
        self.become_list("imageTags", "images")?;
        self.fix_env_files("configMapGenerator")?;
        self.fix_env_files("secretGenerator")?;
        self.fix_charts()?;
        self.become_list("patchesJson6902", "patches")?;
        self.fix_strategic_merge_patches(is_file)?;
        self.fix_common_labels()?;
        self.fix_version()
    }

    /// Gives the items of the list `old` to the list `new`; where there is none, `old` becomes it.
    pub(crate) fn become_list(&mut self, old: &str, new: &str) -> Result<(), Diagnostic> {
        self.become_list_at(&[], old, new)
    }

    fn become_list_at(&mut self, around: &[usize], old: &str, new: &str) -> Result<(), Diagnostic> {
        self.remove_shadowed(around, old)?;
        let Some(from) = self.child(around, old) else { return Ok(()) };
        let is_list = matches!(self.at(&from), Some(Node::Sequence(_)));
        if self.at(&from).is_some_and(Node::is_null) {
            return self.document_mut().remove(&from);
        }
        if !is_list {
            return Err(Diagnostic::error(span(self.at(&from)), format!("`{old}` must be a list")));
        }
        match self.child(around, new) {
            None => self.document_mut().rename(&from, new),
            Some(to) if self.is_empty(&to) => {
                self.document_mut().remove(&to)?;
                self.become_list_at(around, old, new)
            }
            Some(_) if self.is_empty(&from) => self.document_mut().remove(&from),
            Some(to) => self.document_mut().absorb(&to, &from),
        }
    }

    fn is_empty(&self, path: &[usize]) -> bool {
        match self.at(path) {
            Some(Node::Mapping(mapping)) => mapping.entries.is_empty(),
            Some(Node::Sequence(sequence)) => sequence.items.is_empty(),
            Some(node) => node.is_null(),
            None => true,
        }
    }

    /// Removes what stands before the last key of a name: it has no effect, and must not get one.
    pub(crate) fn remove_shadowed(&mut self, around: &[usize], name: &str) -> Result<(), Diagnostic> {
        loop {
            let Some(mapping) = self.at(around).and_then(Node::as_mapping) else { return Ok(()) };
            let mut places = (0..mapping.entries.len())
                .filter(|index| mapping.entries[*index].key.text.as_str().eq_ignore_ascii_case(name));
            match (places.next(), places.next()) {
                (Some(first), Some(_)) => self.document_mut().remove(&[around, &[first]].concat())?,
                _ => return Ok(()),
            }
        }
    }

    /// `env`, one file, becomes the last of `envs`.
    fn fix_env_files(&mut self, field: &str) -> Result<(), Diagnostic> {
        for generator in self.items(field)? {
            let Some(env) = self.child(&generator, "env") else { continue };
            if self.text_of(&generator, "env").is_empty() {
                self.remove(&env)?;
                continue;
            }
            self.document_mut().enclose(&env, sequence(vec![hole()]), &[0])?;
            self.become_list_at(&generator, "env", "envs")?;
        }
        Ok(())
    }

    /// Charts get the keys of today; where they lie is said once for all.
    fn fix_charts(&mut self) -> Result<(), Diagnostic> {
        self.remove_shadowed(&[], OLD_CHARTS)?;
        let mut homes = [String::new(), String::new()];
        for chart in self.items(OLD_CHARTS)? {
            for ((key, _), home) in HOME_KEYS.iter().zip(&mut homes) {
                // The last chart that says it says it for all.
                let text = self.text_of(&chart, key);
                if !text.is_empty() {
                    *home = text.to_owned();
                }
                if let Some(there) = self.child(&chart, key) {
                    self.document_mut().remove(&there)?;
                }
            }
            for key in UNUSED_CHART_KEYS {
                if let Some(there) = self.child(&chart, key) {
                    self.document_mut().remove(&there)?;
                }
            }
            for (key, name) in CHART_KEYS {
                if let Some(there) = self.child(&chart, key) {
                    self.document_mut().rename(&there, name)?;
                }
            }
        }
        self.become_list(OLD_CHARTS, "helmCharts")?;
        if self.field("helmGlobals").is_none() && homes.iter().any(|home| !home.is_empty()) {
            let [charts, config] = &homes;
            let globals = texts(&[(HOME_KEYS[0].1, charts), (HOME_KEYS[1].1, config)]);
            self.set(&[], "helmGlobals", globals)?;
        }
        Ok(())
    }

    /// Files and texts of strategic merge patches become patches without a target.
    fn fix_strategic_merge_patches(&mut self, is_file: &dyn Fn(&str) -> bool) -> Result<(), Diagnostic> {
        const OLD: &str = "patchesStrategicMerge";
        self.remove_shadowed(&[], OLD)?;
        for patch in self.items(OLD)? {
            let Some(text) = self.at(&patch).and_then(Node::as_str) else {
                return Err(Diagnostic::error(
                    span(self.at(&patch)),
                    format!("an item of `{OLD}` must be a string"),
                ));
            };
            let mut outer = Mapping::default();
            outer.push(if is_file(text) { "path" } else { "patch" }, hole());
            self.document_mut().enclose(&patch, Node::Mapping(outer), &[0])?;
        }
        self.become_list(OLD, "patches")
    }

    /// Common labels become labels that reach selectors.
    fn fix_common_labels(&mut self) -> Result<(), Diagnostic> {
        const OLD: &str = "commonLabels";
        self.remove_shadowed(&[], OLD)?;
        let Some(path) = self.child(&[], OLD) else { return Ok(()) };
        if self.is_empty(&path) {
            return self.document_mut().remove(&path);
        }
        let names = keys(self.at(&path));
        for label in self.items("labels")? {
            let pairs = self.child(&label, "pairs");
            let pairs = pairs.as_deref().and_then(|pairs| self.at(pairs));
            if let Some(name) = keys(pairs).into_iter().find(|name| names.contains(name)) {
                let message = format!("the label `{name}` is in `labels` and in `{OLD}`");
                return Err(Diagnostic::error(span(pairs), message)
                    .hinted_at("remove it from one of them; it is here, too", span(self.at(&path))));
            }
        }
        let mut label = Mapping::default();
        label.push("includeSelectors", literal("true".into(), Tag::Bool));
        label.push("pairs", hole());
        self.document_mut().enclose(&path, sequence(vec![Node::Mapping(label)]), &[0, 1])?;
        self.become_list(OLD, "labels")
    }

    /// Writes `apiVersion` and `kind` where they are not said.
    fn fix_version(&mut self) -> Result<(), Diagnostic> {
        let is_component = self.text_of(&[], "kind") == "Component";
        let version = if is_component { "v1alpha1" } else { "v1beta1" };
        for (key, value) in
            [("apiVersion", format!("kustomize.config.k8s.io/{version}")), ("kind", "Kustomization".into())]
        {
            if self.text_of(&[], key).is_empty() {
                self.set(&[], key, Node::string(value))?;
            }
        }
        Ok(())
    }
}

/// Returns the keys of a mapping, those that it merges among them.
fn keys(node: Option<&Node>) -> Vec<&str> {
    let entries = node.and_then(Node::as_mapping).into_iter().flat_map(|mapping| &mapping.entries);
    entries
        .flat_map(|entry| match (entry.key.tag, &entry.value) {
            (Tag::Merge, Node::Sequence(list)) => {
                list.items.iter().flat_map(|item| keys(Some(item))).collect()
            }
            (Tag::Merge, merged) => keys(Some(merged)),
            _ => vec![entry.key.text.as_str()],
        })
        .collect()
}

#[cfg(test)]
mod tests;
