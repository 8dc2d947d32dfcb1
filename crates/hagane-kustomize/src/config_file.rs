//! Builtin generators and transformers that are configured in files of their own, under `generators:` and
//! `transformers:`.

mod service_account;
mod value_add;

use hagane_resource::{Diagnostic, FieldSpec, Resource, ResourceSet, Schema, emit};
use hagane_yaml::emit::EmitOptions;
use hagane_yaml::{Dialect, Node, ParseOptions, parse};

use crate::chart::{Chart, Inflation};
use crate::decode::{Located, Names, Object, Strictness, string};
use crate::generator::{Generated, generate as generate_data};
use crate::hash::content_hash;
use crate::kustomization::{
    GeneratorArgs, GeneratorOptions, Image, PatchEntry, PatchText, Replacement, Replica, lenient_field_spec,
};
use crate::replacement::replace;
use crate::selector::Selector;
use crate::sources::{Root, Sources};
use crate::transformer::{
    Affix, Subjects, affix_names, annotate, apply_patch, label, load_patch, load_patches, set_images,
    set_namespace, set_replicas,
};
use service_account::service_accounts;
use value_add::value_add;

const GENERATORS: [&str; 4] =
    ["ConfigMapGenerator", "SecretGenerator", "HelmChartInflationGenerator", "IAMPolicyGenerator"];

const TRANSFORMERS: [&str; 14] = [
    "AnnotationsTransformer",
    "HashTransformer",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "SuffixTransformer",
    "ValueAddTransformer",
    "PrefixSuffixTransformer",
];

/// Returns what a generator config makes.
pub(crate) fn generate(
    config: &Resource,
    root: &Root,
    sources: &Sources,
    inflation: &Inflation,
    schema: &Schema,
) -> Result<Vec<Resource>, Diagnostic> {
    refuse_unwritable(config)?;
    let kind = match builtin_kind(config, &GENERATORS)? {
        "ConfigMapGenerator" => Generated::ConfigMap,
        "IAMPolicyGenerator" => return service_accounts(config),
        "HelmChartInflationGenerator" => {
            let (chart, homes) = Chart::of_config(config.tree())?;
            let resources = inflation.inflate(&[(&chart, &homes)], root, sources, schema)?;
            return Ok(resources.into_iter().flatten().collect());
        }
        _ => Generated::Secret,
    };
    let names: Names =
        &["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"];
    let object = Object::open(config.tree(), "a generator", names)?;
    // The old field is taken, and has no effect here.
    object.text("env")?;
    let names: Names = match kind {
        Generated::ConfigMap => &["name", "namespace", "behavior", "literals", "files", "envs", "options"],
        Generated::Secret => {
            &["name", "namespace", "behavior", "literals", "files", "envs", "options", "type"]
        }
    };
    let mut args = GeneratorArgs::of(&Object::open(config.tree(), "a generator", names)?)?;
    if args.name.is_empty() {
        args.name = config.name().to_owned();
    }
    if args.namespace.is_empty() {
        args.namespace = config.namespace().to_owned();
    }
    Ok(vec![generate_data(kind, &args, &GeneratorOptions::default(), root, sources)?])
}

/// Applies a transformer config.
pub(crate) fn transform(
    config: &Resource,
    resources: &mut ResourceSet,
    root: &Root,
    sources: &Sources,
    schema: &Schema,
) -> Result<(), Diagnostic> {
    let kind = builtin_kind(config, &TRANSFORMERS)?;
    refuse_unwritable(config)?;
    let names: Names = &[
        "annotations",
        "fieldSpecs",
        "imageTag",
        "jsonOp",
        "labels",
        "options",
        "patch",
        "patches",
        "path",
        "paths",
        "prefix",
        "replacements",
        "replica",
        "setRoleBindingSubjects",
        "suffix",
        "target",
        "targetFilePath",
        "targets",
        "unsetOnly",
        "value",
    ];
    let object = Object::lenient(config.tree(), "a transformer", names)?;
    let needs_specs = matches!(kind, "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer");
    let spec = |node: &Node| (!needs_specs || !node.is_null()).then(|| lenient_field_spec(node)).transpose();
    let specs: Vec<FieldSpec> = object.list("fieldSpecs", spec)?.into_iter().flatten().collect();
    if needs_specs && object.get("fieldSpecs").is_none() {
        return Err(object.missing("fieldSpecs").hinted("`fieldSpecs: [{path: metadata/name}]`"));
    }
    match kind {
        "AnnotationsTransformer" => annotate(resources, &object.string_map("annotations")?, &specs),
        "LabelTransformer" => label(resources, &object.string_map("labels")?, &specs),
        "HashTransformer" => hash(resources),
        "PrefixTransformer" => affix_names(resources, Affix::Prefix(&object.text("prefix")?), &specs),
        "SuffixTransformer" => affix_names(resources, Affix::Suffix(&object.text("suffix")?), &specs),
        "PrefixSuffixTransformer" => {
            affix_names(resources, Affix::Prefix(&object.text("prefix")?), &specs)?;
            affix_names(resources, Affix::Suffix(&object.text("suffix")?), &specs)
        }
        "NamespaceTransformer" => {
            let (unset_only, subjects) = (object.bool("unsetOnly")?, subjects(&object)?);
            let metadata = config.tree().get("metadata");
            let metadata =
                metadata.map(|node| Object::lenient(node, "metadata", &["namespace"])).transpose()?;
            let namespace = metadata.map(|metadata| metadata.text("namespace")).transpose()?;
            match namespace.unwrap_or_default().as_str() {
                // Without a namespace there is nothing to set.
                "" => Ok(()),
                namespace => set_namespace(resources, namespace, &specs, subjects, unset_only, object.span),
            }
        }
        "ImageTagTransformer" => {
            let image =
                object.get("imageTag").map(|node| Image::decode(node, Strictness::Lenient)).transpose()?;
            set_images(resources, image.as_slice(), &specs)
        }
        "ReplicaCountTransformer" => {
            match object.get("replica").map(|node| Replica::decode(node, Strictness::Lenient)).transpose()? {
                Some(replica) => set_replicas(resources, &replica, &specs),
                None => Err(object.missing("replica")),
            }
        }
        "PatchTransformer" => {
            apply_patch(resources, &load_patch(&PatchEntry::of(&object)?, root, sources)?, schema)
        }
        "PatchJson6902Transformer" => {
            apply_patch(resources, &load_patch(&json_entry(&object)?, root, sources)?.of_json6902()?, schema)
        }
        "PatchStrategicMergeTransformer" => strategic_merges(&object, resources, root, sources, schema),
        "ReplacementTransformer" => {
            for replacement in
                object.list("replacements", |node| of_node(node, root, sources))?.into_iter().flatten()
            {
                replace(resources, &replacement, sources.compared())?;
            }
            Ok(())
        }
        _ => value_add(&object, resources, root, sources),
    }
}

/// Refuses a config that kustomize cannot write: it does so before it reads what the config says.
fn refuse_unwritable(config: &Resource) -> Result<(), Diagnostic> {
    emit([config], EmitOptions::default()).map(drop).or_else(Diagnostic::refuse)
}

/// Returns whether a config is one of a builtin generator or transformer; anything else is a function or a plugin.
pub(crate) fn is_builtin(config: &Resource) -> bool {
    config.gvk().api_version() == "builtin"
}

/// Returns the kind of a builtin config.
fn builtin_kind<'c>(config: &'c Resource, kinds: &[&str]) -> Result<&'c str, Diagnostic> {
    let kind = config.gvk().kind.as_str();
    let at = config.tree().span();
    if !kinds.contains(&kind) {
        let error = Diagnostic::error(at, format!("there is no builtin `{kind}` here"));
        return Err(match hagane_resource::nearest(kind, kinds.iter().copied()) {
            Some(near) => error.hinted(format!("did you mean `{near}`?")),
            None => error.hinted(format!("there are {}", kinds.join(", "))),
        });
    }
    Ok(kind)
}

fn hash(resources: &mut ResourceSet) -> Result<(), Diagnostic> {
    for resource in resources.iter_mut().filter(|r| r.needs_hash) {
        let name = format!("{}-{}", resource.name(), content_hash(resource)?);
        resource.remember_id();
        resource.set_name(&name);
    }
    Ok(())
}

fn subjects(object: &Object) -> Result<Subjects, Diagnostic> {
    let text = object.string("setRoleBindingSubjects")?.unwrap_or_default();
    match text.as_str() {
        "" | "defaultOnly" => Ok(Subjects::Default),
        "allServiceAccounts" => Ok(Subjects::AllServiceAccounts),
        "none" => Ok(Subjects::None),
        other => {
            let error = Diagnostic::error(text.span, format!("`{other}` is no choice of subjects"));
            Err(error.hinted("the choices are none, defaultOnly, allServiceAccounts"))
        }
    }
}

fn json_entry(object: &Object) -> Result<PatchEntry, Diagnostic> {
    let given = |name| Ok::<_, Diagnostic>(object.string(name)?.filter(|text| !text.is_empty()));
    let text = match (given("path")?, given("jsonOp")?) {
        (Some(path), None) => PatchText::Path(path),
        (None, Some(text)) => PatchText::Inline(text),
        (None, None) => {
            return Err(Diagnostic::error(object.span, "the patch needs `path` or `jsonOp`")
                .hinted("for example `path: patch.yaml`"));
        }
        (Some(_), Some(text)) => {
            return Err(Diagnostic::error(text.span, "`path` and `jsonOp` exclude each other")
                .hinted("keep one of them"));
        }
    };
    let target =
        object.get("target").map(|node| Selector::decode_late(node, Strictness::Lenient)).transpose()?;
    Ok(PatchEntry { span: object.span, text, target, allow_name_change: false, allow_kind_change: false })
}

fn strategic_merges(
    object: &Object,
    resources: &mut ResourceSet,
    root: &Root,
    sources: &Sources,
    schema: &Schema,
) -> Result<(), Diagnostic> {
    let mut texts = object.strings("paths")?;
    texts.extend(object.string("patches")?.filter(|text| !text.is_empty()));
    if texts.is_empty() {
        return Err(
            Diagnostic::error(object.span, "the patch is empty").hinted("give it `paths` or `patches`")
        );
    }
    texts.iter().try_for_each(|text| apply_patch(resources, &load_patches(text, root, sources)?, schema))
}

/// Returns the replacements of a file: one, or a list.
pub(crate) fn replacements(
    path: &Located<String>,
    root: &Root,
    sources: &Sources,
) -> Result<Vec<Replacement>, Diagnostic> {
    let documents = config_documents(path, root, sources, true)?;
    match documents.into_iter().next().filter(|document| !document.is_null()) {
        None => Err(Diagnostic::error(path.span, format!("there is no replacement in `{}`", **path))
            .hinted("write one, or a list of them, with `source` and `targets`")),
        Some(Node::Sequence(sequence)) => sequence.items.iter().map(Replacement::decode_file).collect(),
        Some(node) => Ok(vec![Replacement::decode_file(&node)?]),
    }
}

/// Returns the documents of a file, or the first of them.
fn config_documents(
    path: &Located<String>,
    root: &Root,
    sources: &Sources,
    first_only: bool,
) -> Result<Vec<Node>, Diagnostic> {
    let source = sources.read_config(&sources.file(root, path, path.span)?, path.span)?;
    let options = ParseOptions { dialect: Dialect::V2, first_only, ..ParseOptions::default() };
    Ok(parse(source.text()?, source.file, &options)?)
}

fn of_node(node: &Node, root: &Root, sources: &Sources) -> Result<Vec<Replacement>, Diagnostic> {
    match node.get("path") {
        Some(path) => replacements(&string(path, "path")?, root, sources),
        None => Ok(vec![Replacement::decode(node, Strictness::Lenient)?]),
    }
}
