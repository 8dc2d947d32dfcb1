//! The entries of a kustomization's lists.

use hagane_resource::{Behavior, Diagnostic, FieldSpec, Gvk, ResId};
use hagane_yaml::{Node, Span};

use super::field_spec;
use crate::decode::{Located, Names, Object, Strictness, string};
use crate::selector::{LateSelector, Selector};

/// One generated ConfigMap or Secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct GeneratorArgs {
    /// Where the entry stands.
    pub span: Span,
    /// The name before the hash.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// The type of a Secret.
    pub secret_type: String,
    /// How it meets one that is there.
    pub behavior: Behavior,
    /// `key=value` texts.
    pub literals: Vec<Located<String>>,
    /// `path` or `key=path` texts.
    pub files: Vec<Located<String>>,
    /// Paths of dotenv files.
    pub envs: Vec<Located<String>>,
    /// Its own options.
    pub options: GeneratorOptions,
}

/// What generators do besides data.
#[derive(Clone, Debug, Default)]
pub(crate) struct GeneratorOptions {
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// Annotations.
    pub annotations: Vec<(String, String)>,
    /// Whether the name stays without a hash.
    pub disable_name_suffix_hash: bool,
    /// Whether the object is immutable.
    pub immutable: bool,
}

/// Labels, and where they go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Label {
    /// Where it stands.
    pub span: Span,
    /// The labels.
    pub pairs: Vec<(String, String)>,
    /// Whether selectors get them too.
    pub include_selectors: bool,
    /// Whether pod templates get them too.
    pub include_templates: bool,
    /// More places.
    pub field_specs: Vec<FieldSpec>,
}

/// A patch in a kustomization.
#[derive(Clone, Debug)]
pub(crate) struct PatchEntry {
    /// Where the entry stands.
    pub span: Span,
    /// The patch.
    pub text: PatchText,
    /// What it is for; nothing when the patch itself says.
    pub target: Option<LateSelector>,
    /// Whether it may change the name.
    pub allow_name_change: bool,
    /// Whether it may change the kind.
    pub allow_kind_change: bool,
}

/// Where a patch stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PatchText {
    /// In a file.
    Path(Located<String>),
    /// In the kustomization.
    Inline(Located<String>),
}

/// An image to rename.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    /// The name it has: a regular expression, as in kustomize.
    pub name: Located<String>,
    /// The name it gets.
    pub new_name: String,
    /// The tag it gets.
    pub new_tag: String,
    /// What is appended to its tag.
    pub tag_suffix: String,
    /// The digest it gets.
    pub digest: String,
}

/// A replica count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replica {
    /// Where the entry stands.
    pub span: Span,
    /// The workload's name.
    pub name: String,
    /// The count.
    pub count: i64,
}

/// A value copied from one resource into others.
#[derive(Clone, Debug)]
pub(crate) struct Replacement {
    /// What is copied.
    pub source: ReplacementSource,
    /// Where it goes.
    pub targets: Vec<ReplacementTarget>,
}

/// What is copied.
#[derive(Clone, Debug)]
pub(crate) enum ReplacementSource {
    /// A field of a resource.
    Field {
        /// The resource: plain texts, not regular expressions.
        selector: Box<Selector>,
        /// The field.
        field_path: Option<Located<String>>,
        /// Which part of it.
        options: FieldOptions,
    },
    /// A text.
    Value(Located<String>),
}

/// Where a value goes.
#[derive(Clone, Debug)]
pub(crate) struct ReplacementTarget {
    /// Where the entry stands.
    pub span: Span,
    /// The resources.
    pub select: Selector,
    /// Those that are left out.
    pub reject: Vec<Selector>,
    /// The fields.
    pub field_paths: Vec<Located<String>>,
    /// Which part of them.
    pub options: FieldOptions,
}

/// Which part of a field's text is meant, and whether a missing field is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldOptions {
    /// What parts the text.
    pub delimiter: String,
    /// The part, from 0.
    pub index: i64,
    /// Whether a missing field is made.
    pub create: bool,
}

/// A variable.
#[derive(Clone, Debug)]
pub(crate) struct Var {
    /// Where the entry stands.
    pub span: Span,
    /// The name.
    pub name: String,
    /// The resource it is read from.
    pub object: ResId,
    /// The field it is read from.
    pub field_path: String,
}

const GENERATOR_ARGS: Names =
    &["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"];

impl GeneratorArgs {
    /// Returns an entry of `secretGenerator`.
    pub(crate) fn decode(node: &Node) -> Result<GeneratorArgs, Diagnostic> {
        GeneratorArgs::of(&Object::new(node, "a generator", GENERATOR_ARGS)?)
    }

    /// Returns an entry of `configMapGenerator`, which has no `type`.
    pub(crate) fn decode_config_map(node: &Node) -> Result<GeneratorArgs, Diagnostic> {
        let names = GENERATOR_ARGS.strip_suffix(&["type"]).unwrap_or(GENERATOR_ARGS);
        GeneratorArgs::of(&Object::new(node, "a generator", names)?)
    }

    pub(crate) fn of(object: &Object) -> Result<GeneratorArgs, Diagnostic> {
        let mut envs = object.strings("envs")?;
        envs.extend(object.string("env")?.filter(|path| !path.is_empty()));
        Ok(GeneratorArgs {
            span: object.span,
            name: object.text("name")?,
            namespace: object.text("namespace")?,
            secret_type: object.text("type")?,
            behavior: Behavior::of(&object.text("behavior")?),
            literals: object.strings("literals")?,
            files: object.strings("files")?,
            envs,
            options: object
                .get("options")
                .map(|node| GeneratorOptions::decode(node, object.strictness))
                .transpose()?
                .unwrap_or_default(),
        })
    }
}

impl GeneratorOptions {
    pub(crate) fn decode(node: &Node, strictness: Strictness) -> Result<GeneratorOptions, Diagnostic> {
        let names = &["labels", "annotations", "disableNameSuffixHash", "immutable"];
        let object = Object::of(node, "generator options", names, strictness)?;
        Ok(GeneratorOptions {
            labels: object.string_map("labels")?,
            annotations: object.string_map("annotations")?,
            disable_name_suffix_hash: object.bool("disableNameSuffixHash")?,
            immutable: object.bool("immutable")?,
        })
    }

    /// Returns these options with those for every generator below them: an own label or annotation wins, a switch
    /// is on when either is.
    pub(crate) fn over(&self, global: &GeneratorOptions) -> GeneratorOptions {
        let merged = |own: &[(String, String)], global: &[(String, String)]| {
            let mut pairs = own.to_vec();
            pairs.extend(global.iter().filter(|(key, _)| !own.iter().any(|(k, _)| k == key)).cloned());
            pairs
        };
        GeneratorOptions {
            labels: merged(&self.labels, &global.labels),
            annotations: merged(&self.annotations, &global.annotations),
            disable_name_suffix_hash: self.disable_name_suffix_hash || global.disable_name_suffix_hash,
            immutable: self.immutable || global.immutable,
        }
    }
}

impl Label {
    /// Returns an entry; a null is one that says nothing.
    pub(crate) fn decode(node: &Node) -> Result<Label, Diagnostic> {
        if node.is_null() {
            return Ok(Label::default());
        }
        let names = &["pairs", "includeSelectors", "includeTemplates", "fields"];
        let object = Object::new(node, "a label entry", names)?;
        let pairs = object.string_map("pairs")?;
        if pairs.iter().any(|(key, _)| key.is_empty()) {
            return Err(Diagnostic::error(object.span, "a label has an empty name")
                .hinted("for example `pairs: {app: shop}`"));
        }
        Ok(Label {
            span: object.span,
            pairs,
            include_selectors: object.bool("includeSelectors")?,
            include_templates: object.bool("includeTemplates")?,
            field_specs: object.list("fields", field_spec)?,
        })
    }
}

impl PatchEntry {
    /// Returns an entry of a kustomization.
    pub(crate) fn decode(node: &Node) -> Result<PatchEntry, Diagnostic> {
        let object = Object::new(node, "a patch", &["path", "patch", "target", "options"])?;
        PatchEntry::of(&object)
    }

    /// Returns the patch of an entry, or of a config of its own.
    pub(crate) fn of(object: &Object) -> Result<PatchEntry, Diagnostic> {
        let inline = object.string("patch")?.filter(|text| !text.trim().is_empty());
        let text = match (object.string("path")?.filter(|path| !path.is_empty()), inline) {
            (Some(path), None) => PatchText::Path(path),
            (None, Some(text)) => PatchText::Inline(text),
            (None, None) => {
                return Err(Diagnostic::error(object.span, "a patch needs `path` or `patch`")
                    .hinted("for example `path: patch.yaml`"));
            }
            (Some(_), Some(text)) => {
                return Err(Diagnostic::error(text.span, "`path` and `patch` exclude each other")
                    .hinted("keep one of them; each patch is an entry of its own"));
            }
        };
        let names = &["allowNameChange", "allowKindChange"];
        let options = object
            .get("options")
            .map(|node| Object::of(node, "the options of a patch", names, object.strictness))
            .transpose()?;
        let allowed = |name| options.as_ref().map_or(Ok(false), |options| options.bool(name));
        Ok(PatchEntry {
            span: object.span,
            text,
            target: object
                .get("target")
                .map(|node| Selector::decode_late(node, object.strictness))
                .transpose()?,
            allow_name_change: allowed("allowNameChange")?,
            allow_kind_change: allowed("allowKindChange")?,
        })
    }
}

impl Image {
    /// Returns an entry; a null is one that says nothing.
    pub(crate) fn decode(node: &Node, strictness: Strictness) -> Result<Image, Diagnostic> {
        if node.is_null() {
            return Ok(Image::default());
        }
        let object =
            Object::of(node, "an image", &["name", "newName", "newTag", "tagSuffix", "digest"], strictness)?;
        Ok(Image {
            name: object.string("name")?.unwrap_or_default(),
            new_name: object.text("newName")?,
            new_tag: object.text("newTag")?,
            tag_suffix: object.text("tagSuffix")?,
            digest: object.text("digest")?,
        })
    }
}

impl Replica {
    pub(crate) fn decode(node: &Node, strictness: Strictness) -> Result<Replica, Diagnostic> {
        let object = Object::of(node, "a replica count", &["name", "count"], strictness)?;
        Ok(Replica {
            span: object.span,
            name: object.text("name")?,
            count: object.integer("count")?.unwrap_or_default(),
        })
    }
}

const REPLACEMENT: Names = &["source", "sourceValue", "targets", "path"];

impl Replacement {
    pub(crate) fn decode(node: &Node, strictness: Strictness) -> Result<Replacement, Diagnostic> {
        let object = Object::of(node, "a replacement", REPLACEMENT, strictness)?;
        let value = object.exact_string("sourceValue")?;
        Replacement::of(&object, value)
    }

    /// Returns a replacement of a file of its own, where numbers and booleans are taken for texts and any
    /// field may stand.
    pub(crate) fn decode_file(node: &Node) -> Result<Replacement, Diagnostic> {
        let object = Object::lenient(node, "a replacement", REPLACEMENT)?;
        let value = object.string("sourceValue")?;
        Replacement::of(&object, value)
    }

    fn of(object: &Object, value: Option<Located<String>>) -> Result<Replacement, Diagnostic> {
        let source = match (object.get("source"), value) {
            (Some(_), Some(value)) => {
                return Err(Diagnostic::error(value.span, "`source` and `sourceValue` exclude each other")
                    .hinted("keep one of them"));
            }
            (Some(node), None) => ReplacementSource::decode(node, object.strictness)?,
            (None, Some(value)) => ReplacementSource::Value(value),
            (None, None) => return Err(object.missing("source")),
        };
        let targets = object.list("targets", |node| ReplacementTarget::decode(node, object.strictness))?;
        // An empty list is one in a file of its own; in a kustomization it goes away before anybody looks for it.
        let is_given = object.get("targets").is_some() && object.strictness == Strictness::Lenient;
        if targets.is_empty() && !is_given {
            return Err(object.missing("targets").hinted("`targets` lists the fields that get the value"));
        }
        Ok(Replacement { source, targets })
    }
}

impl ReplacementSource {
    fn decode(node: &Node, strictness: Strictness) -> Result<ReplacementSource, Diagnostic> {
        let names = &["group", "version", "kind", "name", "namespace", "fieldPath", "options"];
        let object = Object::of(node, "a replacement's source", names, strictness)?;
        Ok(ReplacementSource::Field {
            selector: Box::new(Selector::of_id(&object)?),
            field_path: object.string("fieldPath")?.filter(|path| !path.is_empty()),
            options: FieldOptions::decode(&object)?,
        })
    }
}

impl ReplacementTarget {
    fn decode(node: &Node, strictness: Strictness) -> Result<ReplacementTarget, Diagnostic> {
        let names = &["select", "reject", "fieldPaths", "options"];
        let object = Object::of(node, "a replacement's target", names, strictness)?;
        let select = object.get("select").ok_or_else(|| object.missing("select"))?;
        Ok(ReplacementTarget {
            span: object.span,
            select: Selector::decode(select, strictness)?,
            reject: object.list("reject", |node| Selector::decode(node, strictness))?,
            field_paths: object.list("fieldPaths", |node| string(node, "fieldPaths"))?,
            options: FieldOptions::decode(&object)?,
        })
    }
}

impl FieldOptions {
    fn decode(object: &Object) -> Result<FieldOptions, Diagnostic> {
        let Some(node) = object.get("options") else { return Ok(FieldOptions::default()) };
        let names = &["delimiter", "index", "encoding", "create"];
        let object = Object::of(node, "field options", names, object.strictness)?;
        // Read, so that a wrong type is found, and without effect as in kustomize.
        object.text("encoding")?;
        Ok(FieldOptions {
            delimiter: object.text("delimiter")?,
            index: object.integer("index")?.unwrap_or_default(),
            create: object.bool("create")?,
        })
    }
}

impl Var {
    pub(crate) fn decode(node: &Node) -> Result<Var, Diagnostic> {
        let object = Object::new(node, "a var", &["name", "objref", "fieldref"])?;
        let reference = object.get("objref").ok_or_else(|| object.missing("objref"))?;
        let names = &["apiVersion", "group", "version", "kind", "name", "namespace"];
        let reference = Object::new(reference, "a var's objref", names)?;
        let gvk = Gvk::of_reference(
            &reference.text("apiVersion")?,
            &reference.text("group")?,
            &reference.text("version")?,
            &reference.text("kind")?,
        );
        let field = match object.get("fieldref") {
            Some(node) => Object::new(node, "a var's fieldref", &["fieldpath"])?.text("fieldpath")?,
            None => String::new(),
        };
        Ok(Var {
            span: object.span,
            name: object.text("name")?,
            object: ResId::new(gvk, reference.text("name")?.into(), reference.text("namespace")?.into()),
            field_path: if field.is_empty() { "metadata.name".into() } else { field },
        })
    }
}
