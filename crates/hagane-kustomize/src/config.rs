//! Where transformers write: the default field specs, and what `configurations` adds.

mod crds;
mod definition;

use std::rc::Rc;

use hagane_resource::field_spec_table as table;
use hagane_resource::strict::refuse_repeated_keys;
use hagane_resource::{Diagnostic, FieldSpec, GvkPattern, LegacyOrder, legacy_kind_order};
use hagane_yaml::{Dialect, Node, ParseOptions, Span, parse};

use crate::decode::{Located, Object};
use crate::kustomization::configured_field_spec;
use crate::sources::{Root, Sources};

pub(crate) use crds::with_crds;

/// The field specs of all transformers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// Whether these are the defaults and nothing else.
    is_default: bool,
    /// For `namePrefix`.
    pub name_prefix: Vec<FieldSpec>,
    /// For `nameSuffix`.
    pub name_suffix: Vec<FieldSpec>,
    /// For `namespace`, besides `metadata.namespace`.
    pub namespace: Vec<FieldSpec>,
    /// For labels that selectors get too.
    pub common_labels: Vec<FieldSpec>,
    /// For every label, besides `metadata.labels`.
    pub labels: Vec<FieldSpec>,
    /// For labels that pod templates get too.
    pub template_labels: Vec<FieldSpec>,
    /// For annotations.
    pub common_annotations: Vec<FieldSpec>,
    /// For images.
    pub images: Vec<FieldSpec>,
    /// For replica counts.
    pub replicas: Vec<FieldSpec>,
    /// Fields with variables.
    pub var_reference: Vec<FieldSpec>,
    /// Fields with names of other resources.
    pub name_reference: Vec<NameReference>,
}

/// A kind, and the fields that hold names of resources of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NameReference {
    /// The kind that is referred to.
    pub target: GvkPattern,
    /// The fields.
    pub referrers: Vec<FieldSpec>,
}

impl Default for Config {
    fn default() -> Config {
        let mut common_labels = FieldSpec::of_rows(table::METADATA_LABELS);
        common_labels.extend(FieldSpec::of_rows(table::COMMON_LABELS));
        Config {
            is_default: true,
            name_prefix: FieldSpec::of_rows(table::NAME_PREFIX),
            name_suffix: FieldSpec::of_rows(table::NAME_SUFFIX),
            namespace: FieldSpec::of_rows(table::NAMESPACE),
            common_labels,
            labels: Vec::new(),
            template_labels: FieldSpec::of_rows(table::TEMPLATE_LABELS),
            common_annotations: FieldSpec::of_rows(table::COMMON_ANNOTATIONS),
            images: FieldSpec::of_rows(table::IMAGES),
            replicas: FieldSpec::of_rows(table::REPLICAS),
            var_reference: FieldSpec::of_rows(table::VAR_REFERENCE),
            name_reference: table::NAME_REFERENCE
                .iter()
                .map(|row| NameReference {
                    target: GvkPattern {
                        group: row.group.into(),
                        version: row.version.into(),
                        kind: row.kind.into(),
                    },
                    referrers: FieldSpec::of_rows(row.referrers),
                })
                .collect(),
        }
    }
}

/// Returns the defaults, and behind them the field specs of the files that those do not cover.
pub(crate) fn with_files(
    defaults: &Rc<Config>,
    paths: &[Located<String>],
    root: &Root,
    sources: &Sources,
) -> Result<Rc<Config>, Diagnostic> {
    let Some(first) = paths.first() else { return Ok(defaults.clone()) };
    let mut config = Config::empty();
    for path in paths {
        let source = sources.read_config(&sources.file(root, path, path.span)?, path.span)?;
        let options = ParseOptions { dialect: Dialect::V2, first_only: true, ..ParseOptions::default() };
        for document in parse(source.text()?, source.file, &options)? {
            refuse_repeated_keys(&document)?;
            if !document.is_null() {
                config.add(&document).map_err(|error| error.or_at(path.span))?;
            }
        }
    }
    let mut all = Config::clone(defaults);
    all.merge(&config).map_err(|error| error.or_at(first.span))?;
    all.sort();
    Ok(Rc::new(all))
}

/// Returns the specs of two configs, those that both have once. Without a first one it is the second, put together anew:
/// specs for one kind, which sort first, cover those for all kinds.
pub(crate) fn merged(a: Option<Rc<Config>>, b: &Rc<Config>) -> Result<Rc<Config>, Diagnostic> {
    match a {
        // No default covers another.
        None if b.is_default => Ok(b.clone()),
        None => {
            let mut config = Config::empty();
            config.merge(b)?;
            Ok(Rc::new(config))
        }
        Some(a) if Rc::ptr_eq(&a, b) && a.is_default => Ok(a),
        Some(a) => {
            let mut config = Rc::unwrap_or_clone(a);
            config.merge(b)?;
            config.sort();
            Ok(Rc::new(config))
        }
    }
}

impl Config {
    fn empty() -> Config {
        Config {
            is_default: false,
            name_prefix: Vec::new(),
            name_suffix: Vec::new(),
            namespace: Vec::new(),
            common_labels: Vec::new(),
            labels: Vec::new(),
            template_labels: Vec::new(),
            common_annotations: Vec::new(),
            images: Vec::new(),
            replicas: Vec::new(),
            var_reference: Vec::new(),
            name_reference: Vec::new(),
        }
    }

    fn add(&mut self, node: &Node) -> Result<(), Diagnostic> {
        let names = &[
            "namePrefix",
            "nameSuffix",
            "namespace",
            "commonLabels",
            "labels",
            "templateLabels",
            "volumeClaimTemplateLabels",
            "commonAnnotations",
            "nameReference",
            "varReference",
            "images",
            "replicas",
        ];
        let object = Object::new(node, "a transformer configuration", names)?;
        let specs = |name| object.list(name, configured_field_spec);
        let added = Config {
            is_default: false,
            name_prefix: specs("namePrefix")?,
            name_suffix: specs("nameSuffix")?,
            namespace: specs("namespace")?,
            common_labels: specs("commonLabels")?,
            labels: specs("labels")?,
            template_labels: specs("templateLabels")?,
            common_annotations: specs("commonAnnotations")?,
            images: specs("images")?,
            replicas: specs("replicas")?,
            var_reference: specs("varReference")?,
            name_reference: object.list("nameReference", name_reference)?,
        };
        self.merge(&added).map_err(|error| error.or_at(node.span()))
    }

    /// Sorts every list by kind, as kustomize does behind every merge. What comes first counts when lists are merged.
    fn sort(&mut self) {
        let order = LegacyOrder::default();
        let lists = [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.images,
            &mut self.replicas,
            &mut self.var_reference,
        ];
        for list in lists {
            list.sort_by_cached_key(|spec| legacy_kind_order(&spec.gvk, &order));
        }
        self.name_reference.sort_by_cached_key(|reference| legacy_kind_order(&reference.target, &order));
        for reference in &mut self.name_reference {
            reference.referrers.sort_by_cached_key(|spec| legacy_kind_order(&spec.gvk, &order));
        }
    }

    fn merge(&mut self, other: &Config) -> Result<(), Diagnostic> {
        self.is_default = false;
        add_specs(&mut self.name_prefix, &other.name_prefix)?;
        add_specs(&mut self.name_suffix, &other.name_suffix)?;
        add_specs(&mut self.namespace, &other.namespace)?;
        add_specs(&mut self.common_labels, &other.common_labels)?;
        add_specs(&mut self.labels, &other.labels)?;
        add_specs(&mut self.template_labels, &other.template_labels)?;
        add_specs(&mut self.common_annotations, &other.common_annotations)?;
        add_specs(&mut self.images, &other.images)?;
        add_specs(&mut self.replicas, &other.replicas)?;
        add_specs(&mut self.var_reference, &other.var_reference)?;
        for reference in &other.name_reference {
            match self.name_reference.iter_mut().find(|own| own.target == reference.target) {
                Some(own) => add_specs(&mut own.referrers, &reference.referrers)?,
                None => self.name_reference.push(reference.clone()),
            }
        }
        Ok(())
    }
}

/// Adds the specs that are not covered; the same place with another `create` is a conflict.
///
/// A spec is covered by one with its path whose kind it would take itself: a spec for one kind covers the one for
/// all kinds, not the other way round.
pub(crate) fn add_specs(own: &mut Vec<FieldSpec>, other: &[FieldSpec]) -> Result<(), Diagnostic> {
    let takes = |wide: &str, narrow: &str| wide.is_empty() || wide == narrow;
    for spec in other {
        let covered = |own: &&FieldSpec| {
            own.path == spec.path
                && takes(&spec.gvk.group, &own.gvk.group)
                && takes(&spec.gvk.version, &own.gvk.version)
                && takes(&spec.gvk.kind, &own.gvk.kind)
        };
        match own.iter().find(covered) {
            Some(same) if same.create == spec.create => {}
            Some(_) => {
                let message = format!(
                    "the field spec `{}` is given twice, once with `create` and once without",
                    spec.path
                );
                return Err(Diagnostic::error(Span::default(), message)
                    .hinted("let both say the same about `create`, or leave one away"));
            }
            None => own.push(spec.clone()),
        }
    }
    Ok(())
}

fn name_reference(node: &Node) -> Result<NameReference, Diagnostic> {
    let object = Object::new(node, "a name reference", &["group", "version", "kind", "fieldSpecs"])?;
    Ok(NameReference {
        target: GvkPattern {
            group: object.text("group")?.into(),
            version: object.text("version")?.into(),
            kind: object.text("kind")?.into(),
        },
        referrers: object.list("fieldSpecs", configured_field_spec)?,
    })
}
