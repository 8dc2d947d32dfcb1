//! The transformers of a layer, the builtin ones in kustomize's order, which is not the order of the file.

use hagane_resource::{Diagnostic, FieldSpec, Resource, ResourceSet, Schema};

use super::{Compose, Layer, metadata};
use crate::accumulator::Accumulator;
use crate::config::{Config, add_specs};
use crate::config_file;
use crate::decode::Located;
use crate::kustomization::{Kustomization, Label, ReplacementEntry};
use crate::plugin::Plugin;
use crate::replacement::replace;
use crate::transformer::{
    Affix, Patch, Subjects, affix_names, annotate, apply_patch, label, load_patch, load_patches, set_images,
    set_namespace, set_replicas,
};

impl Compose<'_, '_> {
    /// Applies the builtin transformers.
    pub(super) fn transform(
        &mut self,
        layer: &Layer,
        k: &Kustomization,
        all: &mut Accumulator,
    ) -> Result<(), Diagnostic> {
        let config = all.config.clone().unwrap_or_default();
        let resources = &mut all.resources;
        self.merge_patches(layer, k, resources)?;
        set_names(layer, k, &config, resources)?;
        set_metadata(layer, k, &config, resources)?;
        for entry in &k.patches_json6902 {
            let patch = load_patch(entry, &layer.root, self.sources)?.of_json6902()?;
            apply_patch(resources, &patch, &Schema::builtin())?;
            metadata::note_transformer(resources, layer, "PatchJson6902Transformer")?;
        }
        for replica in &k.replicas {
            set_replicas(resources, replica, &config.replicas)?;
            metadata::note_transformer(resources, layer, "ReplicaCountTransformer")?;
        }
        set_images(resources, &k.images, &config.images)?;
        for _ in &k.images {
            metadata::note_transformer(resources, layer, "ImageTagTransformer")?;
        }
        self.replace(layer, k, resources)
    }

    fn merge_patches(
        &mut self,
        layer: &Layer,
        k: &Kustomization,
        resources: &mut ResourceSet,
    ) -> Result<(), Diagnostic> {
        let (root, sources) = (&layer.root, self.sources);
        let patches: Vec<_> = k
            .patches_strategic_merge
            .iter()
            .map(|text| load_patches(text, root, sources))
            .collect::<Result<_, _>>()?;
        if let (Some(first), true) = (k.patches_strategic_merge.first(), patches.iter().all(Patch::is_empty))
        {
            return Err(Diagnostic::error(first.span, "the patches are empty")
                .hinted("take them out of the list, or put something into them"));
        }
        for patch in &patches {
            self.apply(patch, resources)?;
        }
        if !k.patches_strategic_merge.is_empty() {
            metadata::note_transformer(resources, layer, "PatchStrategicMergeTransformer")?;
        }
        for entry in &k.patches {
            self.apply(&load_patch(entry, root, sources)?, resources)?;
            metadata::note_transformer(resources, layer, "PatchTransformer")?;
        }
        Ok(())
    }

    /// Applies a patch; only what is merged needs the schema.
    fn apply(&mut self, patch: &Patch, resources: &mut ResourceSet) -> Result<(), Diagnostic> {
        if !patch.is_strategic_merge() || patch.is_empty() {
            return apply_patch(resources, patch, &Schema::builtin());
        }
        apply_patch(resources, patch, &self.schema()?)?;
        self.uses_builtin = true;
        Ok(())
    }

    fn replace(
        &self,
        layer: &Layer,
        k: &Kustomization,
        resources: &mut ResourceSet,
    ) -> Result<(), Diagnostic> {
        for entry in &k.replacements {
            match entry {
                ReplacementEntry::Inline(replacement) => {
                    replace(resources, replacement, self.sources.compared())?
                }
                ReplacementEntry::File(path) => {
                    for replacement in config_file::replacements(path, &layer.root, self.sources)? {
                        replace(resources, &replacement, self.sources.compared())?;
                    }
                }
            }
        }
        if !k.replacements.is_empty() {
            metadata::note_transformer(resources, layer, "ReplacementTransformer")?;
        }
        Ok(())
    }

    /// Applies the transformers that have configs of their own.
    pub(super) fn transform_by_files(
        &mut self,
        layer: &Layer,
        paths: &[Located<String>],
        all: &mut Accumulator,
    ) -> Result<(), Diagnostic> {
        for config in self.configs(layer, paths)? {
            self.transform_by(&config, layer, &mut all.resources)?;
            self.uses_builtin |= config.gvk().kind.starts_with("Patch");
            metadata::note_transformer_config(&mut all.resources, layer, &config)?;
        }
        Ok(())
    }

    /// Applies a transformer config.
    fn transform_by(
        &mut self,
        config: &Resource,
        layer: &Layer,
        resources: &mut ResourceSet,
    ) -> Result<(), Diagnostic> {
        let (root, sources) = (&layer.root, self.sources);
        let result = if config_file::is_builtin(config) {
            let schema = match config.gvk().kind.starts_with("Patch") {
                true => self.schema()?,
                false => Schema::builtin(),
            };
            config_file::transform(config, resources, root, sources, &schema)
        } else {
            Plugin::of(config, root, sources, self.plugins)?.transform(resources, &mut self.warnings)
        };
        result.map_err(|error| error.or_at(config.tree().span()))
    }

    /// Runs validators: transformers that may change nothing.
    pub(super) fn validate(
        &mut self,
        layer: &Layer,
        paths: &[Located<String>],
        all: &mut Accumulator,
    ) -> Result<(), Diagnostic> {
        for config in self.configs(layer, paths)? {
            let mut copy = all.resources.clone();
            self.transform_by(&config, layer, &mut copy)?;
            let changed = copy.iter().zip(&all.resources).find(|(new, old)| new.tree() != old.tree());
            if let Some((_, old)) = changed {
                let message = format!(
                    "the validator {} changes {}: a validator may change nothing",
                    config.id(),
                    old.id()
                );
                return Err(
                    Diagnostic::error(config.tree().span(), message).hinted("list it under `transformers`")
                );
            }
        }
        Ok(())
    }
}

/// Applies what changes names and namespaces.
fn set_names(
    layer: &Layer,
    k: &Kustomization,
    config: &Config,
    resources: &mut ResourceSet,
) -> Result<(), Diagnostic> {
    if let Some(namespace) = &k.namespace {
        set_namespace(resources, namespace, &config.namespace, Subjects::Default, false, namespace.span)?;
        metadata::note_transformer(resources, layer, "NamespaceTransformer")?;
    }
    if let Some(prefix) = &k.name_prefix {
        affix_names(resources, Affix::Prefix(prefix), &config.name_prefix)?;
        metadata::note_transformer(resources, layer, "PrefixTransformer")?;
    }
    if let Some(suffix) = &k.name_suffix {
        affix_names(resources, Affix::Suffix(suffix), &config.name_suffix)?;
        metadata::note_transformer(resources, layer, "SuffixTransformer")?;
    }
    Ok(())
}

/// Applies labels and annotations.
fn set_metadata(
    layer: &Layer,
    k: &Kustomization,
    config: &Config,
    resources: &mut ResourceSet,
) -> Result<(), Diagnostic> {
    for entry in &k.labels {
        label_specs(entry, config)
            .and_then(|specs| label(resources, &entry.pairs, &specs))
            .map_err(|error| error.or_at(entry.span))?;
        metadata::note_transformer(resources, layer, "LabelTransformer")?;
    }
    if !k.common_labels.is_empty() || !k.labels.is_empty() {
        label(resources, &k.common_labels, &config.common_labels)?;
        metadata::note_transformer(resources, layer, "LabelTransformer")?;
    }
    if !k.common_annotations.is_empty() {
        annotate(resources, &k.common_annotations, &config.common_annotations)?;
        metadata::note_transformer(resources, layer, "AnnotationsTransformer")?;
    }
    Ok(())
}

/// Returns where the labels of an entry go.
fn label_specs(entry: &Label, config: &Config) -> Result<Vec<FieldSpec>, Diagnostic> {
    let mut specs = entry.field_specs.clone();
    if entry.include_selectors {
        add_specs(&mut specs, &config.common_labels)?;
        add_specs(&mut specs, &config.labels)?;
    } else {
        if entry.include_templates {
            add_specs(&mut specs, &config.template_labels)?;
        }
        add_specs(&mut specs, &config.labels)?;
        add_specs(&mut specs, &[FieldSpec::new(Default::default(), "metadata/labels", true)])?;
    }
    Ok(specs)
}
