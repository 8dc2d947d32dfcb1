//! A kustomization file: its fields, as kustomize 5.8.1 knows them, with the places they stand in.

mod entries;
mod file;

use hagane_resource::{FieldSpec, LegacyOrder};
use hagane_yaml::Node;

use crate::chart::{Chart, ChartHomes};
pub(crate) use crate::decode::Located;
pub(crate) use entries::{
    FieldOptions, GeneratorArgs, GeneratorOptions, Image, Label, PatchEntry, PatchText, Replacement,
    ReplacementSource, ReplacementTarget, Replica, Var,
};
pub use file::{FIELDS, FILE_NAMES};
pub(crate) use file::{Loaded, load};

/// What a kustomization file says.
#[derive(Default)]
pub(crate) struct Kustomization {
    /// Whether it is a component.
    pub is_component: bool,
    /// Files, directories and URLs of resources; `bases` are among them.
    pub resources: Vec<Located<String>>,
    /// Directories of components.
    pub components: Vec<Located<String>>,
    /// The schema that merges go by instead of the builtin one.
    pub openapi: Option<OpenApi>,
    /// Files of field specs that are added to the default ones.
    pub configurations: Vec<Located<String>>,
    /// Files of OpenAPI definitions, whose field specs are added, too.
    pub crds: Vec<Located<String>>,
    /// ConfigMaps to make.
    pub config_maps: Vec<GeneratorArgs>,
    /// Secrets to make.
    pub secrets: Vec<GeneratorArgs>,
    /// Helm charts to inflate.
    pub charts: Vec<Chart>,
    /// Where charts lie.
    pub chart_homes: ChartHomes,
    /// Options for every generator.
    pub generator_options: GeneratorOptions,
    /// Generator configs: paths or inline YAML.
    pub generators: Vec<Located<String>>,
    /// Transformer configs: paths or inline YAML.
    pub transformers: Vec<Located<String>>,
    /// Validator configs: paths or inline YAML.
    pub validators: Vec<Located<String>>,
    /// The namespace for everything.
    pub namespace: Option<Located<String>>,
    /// What every name starts with.
    pub name_prefix: Option<Located<String>>,
    /// What every name ends with.
    pub name_suffix: Option<Located<String>>,
    /// Labels, and where they go.
    pub labels: Vec<Label>,
    /// Labels for everything, selectors included.
    pub common_labels: Vec<(String, String)>,
    /// Annotations for everything.
    pub common_annotations: Vec<(String, String)>,
    /// Strategic merge patches: paths or inline YAML.
    pub patches_strategic_merge: Vec<Located<String>>,
    /// JSON patches.
    pub patches_json6902: Vec<PatchEntry>,
    /// Patches of either kind.
    pub patches: Vec<PatchEntry>,
    /// Images to rename.
    pub images: Vec<Image>,
    /// Replica counts.
    pub replicas: Vec<Replica>,
    /// Replacements: inline, or a path.
    pub replacements: Vec<ReplacementEntry>,
    /// Variables.
    pub vars: Vec<Var>,
    /// The order of the output; nothing when the file does not say.
    pub sort: Option<Result<Sort, hagane_resource::Diagnostic>>,
    /// What the build writes about itself into the output.
    pub build_metadata: BuildMetadata,
}

/// The schema that merges go by.
pub(crate) enum OpenApi {
    /// A file with an OpenAPI document, in JSON or YAML.
    File(Located<String>),
    /// The builtin one, by its version.
    Builtin,
}

/// A replacement in the kustomization, or the file that holds some.
pub(crate) enum ReplacementEntry {
    /// Inline.
    Inline(Box<Replacement>),
    /// A file with one replacement or a list of them.
    File(Located<String>),
}

/// The order of the output.
#[derive(Clone, Debug)]
pub(crate) enum Sort {
    /// The order in which resources were loaded.
    Fifo,
    /// By kind, then by id.
    Legacy(LegacyOrder),
}

/// What the build writes about itself into the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BuildMetadata {
    /// Whether anything is asked for, whatever it is.
    pub is_given: bool,
    /// The label `app.kubernetes.io/managed-by`.
    pub managed_by_label: bool,
    /// The annotation that names a resource's file or generator.
    pub origin_annotations: bool,
    /// The annotation that lists the transformers a resource went through.
    pub transformer_annotations: bool,
}

const FIELD_SPEC: crate::decode::Names = &["group", "version", "kind", "path", "create"];

impl BuildMetadata {
    /// Returns whether the origin of resources is noted: kustomize notes it for any option. What a transformer made is
    /// told by its missing origin.
    pub(crate) fn wants_origin(self) -> bool {
        self.is_given
    }
}

/// Returns a field spec out of a kustomization.
pub(crate) fn field_spec(node: &Node) -> Result<FieldSpec, hagane_resource::Diagnostic> {
    field_spec_of(&crate::decode::Object::new(node, "a field spec", FIELD_SPEC)?)
}

/// Returns a field spec out of a file of `configurations`: its path may look like a number.
pub(crate) fn configured_field_spec(node: &Node) -> Result<FieldSpec, hagane_resource::Diagnostic> {
    if node.is_null() {
        // A spec that says nothing.
        return Ok(FieldSpec::new(Default::default(), "", false));
    }
    let object = crate::decode::Object::new(node, "a field spec", FIELD_SPEC)?;
    let path = object.text_of_any("path")?;
    Ok(FieldSpec::new(gvk_of(&object)?, path, object.bool("create")?))
}

/// Returns a field spec out of a config of its own, where unknown fields are let through.
pub(crate) fn lenient_field_spec(node: &Node) -> Result<FieldSpec, hagane_resource::Diagnostic> {
    field_spec_of(&crate::decode::Object::lenient(node, "a field spec", FIELD_SPEC)?)
}

fn field_spec_of(object: &crate::decode::Object) -> Result<FieldSpec, hagane_resource::Diagnostic> {
    Ok(FieldSpec::new(gvk_of(object)?, object.text("path")?, object.bool("create")?))
}

fn gvk_of(
    object: &crate::decode::Object,
) -> Result<hagane_resource::GvkPattern, hagane_resource::Diagnostic> {
    Ok(hagane_resource::GvkPattern {
        group: object.text("group")?.into(),
        version: object.text("version")?.into(),
        kind: object.text("kind")?.into(),
    })
}
