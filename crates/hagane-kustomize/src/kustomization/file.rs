//! Finding and reading the kustomization file of a directory.

use hagane_resource::{Diagnostic, Fault, LegacyOrder};
use hagane_yaml::{Dialect, Node, ParseOptions, Span, parse};

use super::{
    BuildMetadata, GeneratorArgs, GeneratorOptions, Image, Kustomization, Label, OpenApi, PatchEntry,
    Replacement, ReplacementEntry, Replica, Sort, Var,
};
use crate::chart::{Chart, ChartHomes};
use crate::decode::{Located, Object, Strictness, string};
use crate::files::FileKind;
use crate::sources::{Root, Sources};

/// The names that a kustomization file may have.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The fields that kustomize 5.8.1 knows.
pub const FIELDS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

/// Old fields, in the order kustomize warns about them, and what stands for them now.
const DEPRECATED: [(&str, &str); 6] = [
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
    ("vars", "replacements"),
];

/// A kustomization and what there is to say about it.
pub(crate) struct Loaded {
    /// What the file says.
    pub kustomization: Kustomization,
    /// Warnings about old fields.
    pub warnings: Vec<Diagnostic>,
    /// Why the file is refused, if it says nothing: what it is comes first.
    pub(crate) empty: Option<Diagnostic>,
    /// The name of the file.
    pub file_name: &'static str,
}

/// Reads the kustomization file of a directory.
pub(crate) fn load(root: &Root, sources: &Sources, at: Span) -> Result<Loaded, Diagnostic> {
    let shown = sources.shown(root.path());
    let found: Vec<&'static str> =
        FILE_NAMES.into_iter().filter(|name| sources.kind(root, name) == Some(FileKind::File)).collect();
    let file_name = match found[..] {
        [name] => name,
        [] => {
            if let Some(error) =
                sources.file(root, FILE_NAMES[0], at).err().filter(|e| e.fault == Fault::Access)
            {
                return Err(Diagnostic { message: format!("`{shown}` may not be read"), ..error });
            }
            let error = Diagnostic::error(at, format!("`{shown}` has no kustomization file")).hinted(
                "a file `kustomization.yaml` with a list of `resources:` makes a directory a kustomization",
            );
            let error = match at.is_known() {
                true => error,
                false => error.with_path(shown),
            };
            return Err(match nearest_file(root, sources) {
                Some(name) => error.hinted(format!("there is `{name}`")),
                None => error,
            });
        }
        _ => {
            let error = Diagnostic::error(
                at,
                format!("`{shown}` has more than one kustomization file: {}", found.join(", ")),
            );
            return Err(if at.is_known() { error } else { error.with_path(shown) }.hinted("keep one of them"));
        }
    };
    let path = sources.file(root, file_name, at)?;
    let source = sources.read_config(&path, at)?;
    let start = Span { file: source.file, line: 1, column: 1 };
    let options = ParseOptions { dialect: Dialect::V2, first_only: true, ..ParseOptions::default() };
    let text = source.text()?;
    let documents = parse(text.strip_prefix('\u{feff}').unwrap_or(text), source.file, &options)?;
    let node = documents.into_iter().next().filter(|node| !node.is_null());
    let node = node.ok_or_else(|| empty(start))?;
    let (kustomization, warnings, empty) = decode(&node)?;
    Ok(Loaded { kustomization, warnings, empty, file_name })
}

/// Errors of fields that are read on without them, so that all are told at once.
struct Collected<'e>(&'e mut Vec<Diagnostic>);

impl Collected<'_> {
    fn or_default<T: Default>(&mut self, result: Result<T, Diagnostic>) -> T {
        result.unwrap_or_else(|error| {
            self.0.push(error);
            T::default()
        })
    }
}

fn empty(at: Span) -> Diagnostic {
    Diagnostic::error(at, "the kustomization file is empty").hinted("list files under `resources:`")
}

fn nearest_file(root: &Root, sources: &Sources) -> Option<String> {
    let names = sources.names(root);
    hagane_resource::nearest("kustomization.yaml", names.iter().map(String::as_str)).map(str::to_owned)
}

fn decode(node: &Node) -> Result<(Kustomization, Vec<Diagnostic>, Option<Diagnostic>), Diagnostic> {
    let (object, mut errors) = Object::with_unknown(node, "a kustomization", FIELDS)?;
    let mut warnings: Vec<Diagnostic> = DEPRECATED
        .iter()
        .filter_map(|(old, new)| {
            let span = object.position(old)?;
            Some(
                Diagnostic::warning(span, format!("`{old}` is deprecated"))
                    .hinted(format!("use `{new}` instead")),
            )
        })
        .collect();
    let mut all = Collected(&mut errors);
    let is_component = all.or_default(header(&object));
    let mut resources = all.or_default(object.strings("resources"));
    resources.extend(all.or_default(object.strings("bases")));
    let image = |node: &Node| Image::decode(node, Strictness::Strict);
    let mut images = all.or_default(object.list("images", image));
    images.extend(all.or_default(object.list("imageTags", image)));
    let (charts, chart_homes) = all.or_default(charts(&object));
    all.or_default(object.get("metadata").map(metadata).transpose());
    let kustomization = Kustomization {
        is_component,
        resources,
        components: all.or_default(object.strings("components")),
        openapi: all.or_default(object.get("openapi").map(openapi).transpose()).flatten(),
        configurations: all.or_default(object.strings("configurations")),
        crds: all.or_default(object.strings("crds")),
        config_maps: all.or_default(object.list("configMapGenerator", GeneratorArgs::decode_config_map)),
        secrets: all.or_default(object.list("secretGenerator", GeneratorArgs::decode)),
        charts,
        chart_homes,
        generator_options: all
            .or_default(
                object
                    .get("generatorOptions")
                    .map(|node| GeneratorOptions::decode(node, Strictness::Strict))
                    .transpose(),
            )
            .unwrap_or_default(),
        generators: all.or_default(object.strings("generators")),
        transformers: all.or_default(object.strings("transformers")),
        validators: all.or_default(object.strings("validators")),
        namespace: all.or_default(object.string("namespace").map(not_empty)),
        name_prefix: all.or_default(object.string("namePrefix").map(not_empty)),
        name_suffix: all.or_default(object.string("nameSuffix").map(not_empty)),
        labels: all.or_default(object.list("labels", Label::decode)),
        common_labels: all.or_default(object.string_map("commonLabels")),
        common_annotations: all.or_default(object.string_map("commonAnnotations")),
        patches_strategic_merge: all.or_default(object.strings("patchesStrategicMerge")),
        patches_json6902: all.or_default(object.list("patchesJson6902", PatchEntry::decode)),
        patches: all.or_default(object.list("patches", PatchEntry::decode)),
        images,
        replicas: all.or_default(object.list("replicas", |node| Replica::decode(node, Strictness::Strict))),
        replacements: all.or_default(object.list("replacements", replacement_entry)),
        vars: all.or_default(object.list("vars", Var::decode)),
        sort: all.or_default(object.get("sortOptions").map(sort).transpose()),
        build_metadata: all.or_default(build_metadata(&object, &mut warnings)),
    };
    Diagnostic::refuse(errors)?;
    // `kind` and `apiVersion` alone build nothing; an empty list is something.
    let says_something = |name: &&str| match object.get(name) {
        Some(Node::Scalar(text)) => !text.text.as_str().is_empty(),
        other => other.is_some(),
    };
    let has_content = FIELDS.iter().skip(3).any(says_something);
    let is_empty = !has_content && object.get("metadata").is_none();
    Ok((kustomization, warnings, is_empty.then(|| empty(object.span))))
}

/// Returns the charts and their homes, those of the old field behind the others; homes that it gives stand for absent
/// `helmGlobals`.
fn charts(object: &Object) -> Result<(Vec<Chart>, ChartHomes), Diagnostic> {
    let mut charts = object.list("helmCharts", Chart::decode)?;
    let given = object.get("helmGlobals").map(ChartHomes::decode).transpose()?;
    let mut old_homes = ChartHomes::default();
    for (chart, homes) in object.list("helmChartInflationGenerator", Chart::decode_old)? {
        charts.push(chart);
        let ChartHomes { charts: home, config } = homes;
        old_homes.charts = if home.is_empty() { old_homes.charts } else { home };
        old_homes.config = if config.is_empty() { old_homes.config } else { config };
    }
    Ok((charts, given.unwrap_or(old_homes)))
}

/// Checks `metadata`, which says nothing to a build.
fn metadata(node: &Node) -> Result<(), Diagnostic> {
    let object = Object::new(node, "metadata", &["name", "namespace", "labels", "annotations"])?;
    object.text("name")?;
    object.text("namespace")?;
    object.string_map("labels")?;
    object.string_map("annotations").map(drop)
}

/// Checks `kind` and `apiVersion`; returns whether the file is a component.
fn header(object: &Object) -> Result<bool, Diagnostic> {
    let is_component = match object.string("kind")? {
        None => false,
        Some(kind) => match kind.value.as_str() {
            "" | "Kustomization" => false,
            "Component" => true,
            _ => {
                return Err(Diagnostic::error(kind.span, "`kind` must be `Kustomization` or `Component`")
                    .hinted("the kind may be left away"));
            }
        },
    };
    let wanted =
        if is_component { "kustomize.config.k8s.io/v1alpha1" } else { "kustomize.config.k8s.io/v1beta1" };
    match object.string("apiVersion")? {
        Some(version) if !version.is_empty() && *version != wanted => {
            let error = Diagnostic::error(version.span, format!("`apiVersion` must be `{wanted}`"));
            Err(error.hinted("it may be left away"))
        }
        _ => Ok(is_component),
    }
}

fn not_empty(text: Option<Located<String>>) -> Option<Located<String>> {
    text.filter(|text| !text.is_empty())
}

fn replacement_entry(node: &Node) -> Result<ReplacementEntry, Diagnostic> {
    let object = Object::new(node, "a replacement", &["source", "sourceValue", "targets", "path"])?;
    match object.string("path")?.filter(|path| !path.is_empty()) {
        Some(path) if object.get("source").is_some() || !object.list("targets", |_| Ok(()))?.is_empty() => {
            Err(Diagnostic::error(path.span, "`path` and an inline replacement exclude each other")
                .hinted("keep `path`, or `source` and `targets`"))
        }
        Some(path) => Ok(ReplacementEntry::File(path)),
        None => Replacement::decode(node, Strictness::Strict)
            .map(|replacement| ReplacementEntry::Inline(Box::new(replacement))),
    }
}

/// Returns the order, or what is wrong with it, which matters in the root alone.
fn sort(node: &Node) -> Result<Result<Sort, Diagnostic>, Diagnostic> {
    let object = Object::new(node, "sort options", &["order", "legacySortOptions"])?;
    let order = object.string("order")?.unwrap_or_default();
    let lists = match object.get("legacySortOptions") {
        Some(node) => {
            let object = Object::new(node, "legacy sort options", &["orderFirst", "orderLast"])?;
            let own = |list: Vec<Located<String>>| list.into_iter().map(|l| l.value).collect();
            let (first, last) = (own(object.strings("orderFirst")?), own(object.strings("orderLast")?));
            Some((node.span(), LegacyOrder { first, last }))
        }
        None => None,
    };
    Ok(match (order.as_str(), lists) {
        ("fifo", None) => Ok(Sort::Fifo),
        ("fifo", Some((span, _))) => {
            let error = Diagnostic::error(span, "`legacySortOptions` goes with `order: legacy`");
            Err(error.hinted("leave it away, or write `order: legacy`"))
        }
        ("legacy", lists) => Ok(Sort::Legacy(lists.map(|(_, order)| order).unwrap_or_default())),
        (other, _) => {
            let span = if order.span.is_known() { order.span } else { object.span };
            Err(Diagnostic::error(span, format!("`{other}` is no sort order"))
                .hinted("the orders are `legacy` and `fifo`"))
        }
    })
}

/// The versions of the builtin schema.
const OPENAPI_VERSIONS: [&str; 1] = ["v1.21.2"];

fn openapi(node: &Node) -> Result<Option<OpenApi>, Diagnostic> {
    // Fields that nobody knows are let through when they are texts.
    let object = Object::open(node, "openapi", &["path", "version"])?;
    let entries = node.as_mapping().map(|mapping| mapping.entries.as_slice()).unwrap_or_default();
    entries.iter().try_for_each(|entry| string(&entry.value, "openapi").map(drop))?;
    let given = |name| object.string(name).map(|text| text.filter(|text| !text.is_empty()));
    if let (Some(span), None) = (object.position("path"), given("path")?) {
        return Err(Diagnostic::error(span, "`path` names no file").hinted("for example `path: schema.json`"));
    }
    match (given("path")?, given("version")?) {
        (None, None) => Ok(None),
        (Some(_), Some(version)) => {
            Err(Diagnostic::error(version.span, "`path` and `version` exclude each other")
                .hinted("keep one of them"))
        }
        (Some(path), None) => Ok(Some(OpenApi::File(path))),
        (None, Some(version)) if OPENAPI_VERSIONS.contains(&version.as_str()) => Ok(Some(OpenApi::Builtin)),
        (None, Some(version)) => {
            let error = Diagnostic::error(version.span, format!("`{}` is no builtin schema", *version));
            Err(error.hinted("the builtin schema is `v1.21.2`"))
        }
    }
}

fn build_metadata(object: &Object, warnings: &mut Vec<Diagnostic>) -> Result<BuildMetadata, Diagnostic> {
    let mut metadata = BuildMetadata::default();
    for option in object.strings("buildMetadata")? {
        metadata.is_given = true;
        match option.as_str() {
            "managedByLabel" => metadata.managed_by_label = true,
            "originAnnotations" => metadata.origin_annotations = true,
            "transformerAnnotations" => metadata.transformer_annotations = true,
            other => {
                // kustomize says nothing and does nothing.
                let warning = Diagnostic::warning(
                    option.span,
                    format!("`{other}` is no buildMetadata option and does nothing"),
                );
                warnings.push(
                    warning
                        .hinted("the options are managedByLabel, originAnnotations, transformerAnnotations"),
                );
            }
        }
    }
    Ok(metadata)
}
