//! Helm charts: what an entry of a kustomization says of one.

mod inflation;
mod values;

use std::ffi::OsString;

use hagane_resource::Diagnostic;
use hagane_yaml::{Node, Span};

use crate::decode::{Located, Names, Object};
pub(crate) use inflation::Inflation;

/// What a user may ask of Helm charts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helm {
    /// The program: a path, or a name on the search path.
    pub command: OsString,
    /// The API versions that charts are told of, where the chart's entry does not say.
    pub api_versions: Vec<String>,
    /// The version of Kubernetes that charts are told of, where the chart's entry does not say.
    pub kube_version: String,
    /// Whether helm says more.
    pub debug: bool,
}

impl Default for Helm {
    fn default() -> Helm {
        Helm { command: "helm".into(), api_versions: Vec::new(), kube_version: String::new(), debug: false }
    }
}

/// A chart to inflate: an entry of `helmCharts`, or a generator of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart {
    /// Where the entry stands.
    pub span: Span,
    pub name: String,
    pub version: String,
    /// The repository it is pulled from when it is not there.
    pub repo: String,
    pub release_name: String,
    pub namespace: String,
    pub name_template: String,
    pub values_file: Option<Located<String>>,
    pub additional_values_files: Vec<Located<String>>,
    pub values_inline: Option<Node>,
    pub values_merge: ValuesMerge,
    pub api_versions: Vec<Located<String>>,
    pub kube_version: String,
    pub include_crds: bool,
    pub skip_hooks: bool,
    pub skip_tests: bool,
    pub debug: bool,
    pub devel: bool,
}

/// Where charts lie, and where helm keeps its own files.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChartHomes {
    /// The directory of charts, `charts` if empty.
    pub charts: String,
    /// The directory of helm's configuration; one of the run's own if empty.
    pub config: String,
}

/// How `valuesInline` meets the values file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ValuesMerge {
    /// The inline values win.
    #[default]
    Override,
    /// The file wins.
    Merge,
    /// The file is not used.
    Replace,
}

const HOME_FIELDS: [&str; 2] = ["chartHome", "configHome"];

const CHART_FIELDS: Names = &[
    "name",
    "version",
    "repo",
    "releaseName",
    "namespace",
    "nameTemplate",
    "valuesFile",
    "additionalValuesFiles",
    "valuesInline",
    "valuesMerge",
    "apiVersions",
    "kubeVersion",
    "includeCRDs",
    "skipHooks",
    "skipTests",
    "debug",
    "devel",
    "chartHome",
    "configHome",
];

impl ChartHomes {
    /// Returns the homes of `helmGlobals`.
    pub(crate) fn decode(node: &Node) -> Result<ChartHomes, Diagnostic> {
        ChartHomes::of(&Object::new(node, "helmGlobals", &HOME_FIELDS)?)
    }

    fn of(object: &Object) -> Result<ChartHomes, Diagnostic> {
        Ok(ChartHomes { charts: object.text("chartHome")?, config: object.text("configHome")? })
    }
}

impl Chart {
    /// Returns an entry of `helmCharts`.
    pub(crate) fn decode(node: &Node) -> Result<Chart, Diagnostic> {
        let names = CHART_FIELDS.strip_suffix(&HOME_FIELDS).unwrap_or(CHART_FIELDS);
        Chart::of(&Object::new(node, "a chart", names)?)
    }

    /// Returns the chart of a generator config, and its homes.
    pub(crate) fn of_config(node: &Node) -> Result<(Chart, ChartHomes), Diagnostic> {
        let object = Object::lenient(node, "a chart", CHART_FIELDS)?;
        Ok((Chart::of(&object)?, ChartHomes::of(&object)?))
    }

    fn of(object: &Object) -> Result<Chart, Diagnostic> {
        Ok(Chart {
            span: object.span,
            name: object.text("name")?,
            version: object.text("version")?,
            repo: object.text("repo")?,
            release_name: object.text("releaseName")?,
            namespace: object.text("namespace")?,
            name_template: object.text("nameTemplate")?,
            values_file: object.string("valuesFile")?.filter(|path| !path.is_empty()),
            additional_values_files: object.strings("additionalValuesFiles")?,
            values_inline: values::inline(object.get("valuesInline"))?,
            values_merge: values_merge(object)?,
            api_versions: object.strings("apiVersions")?,
            kube_version: object.text("kubeVersion")?,
            include_crds: object.bool("includeCRDs")?,
            skip_hooks: object.bool("skipHooks")?,
            skip_tests: object.bool("skipTests")?,
            debug: object.bool("debug")?,
            devel: object.bool("devel")?,
        })
    }

    /// Returns the chart and the homes of an entry of the old field `helmChartInflationGenerator`.
    pub(crate) fn decode_old(node: &Node) -> Result<(Chart, ChartHomes), Diagnostic> {
        let object = Object::new(
            node,
            "a chart",
            &[
                "chartName",
                "chartVersion",
                "chartRepoUrl",
                "chartHome",
                "chartRepoName",
                "helmBin",
                "helmHome",
                "values",
                "valuesLocal",
                "valuesMerge",
                "releaseName",
                "releaseNamespace",
                "extraArgs",
            ],
        )?;
        // Read, so that a wrong type is found, and without effect as in kustomize.
        for ignored in ["chartRepoName", "helmBin", "releaseNamespace"] {
            object.text(ignored)?;
        }
        object.strings("extraArgs")?;
        let chart = Chart {
            span: object.span,
            name: object.text("chartName")?,
            version: object.text("chartVersion")?,
            repo: object.text("chartRepoUrl")?,
            release_name: object.text("releaseName")?,
            values_file: object.string("values")?.filter(|path| !path.is_empty()),
            values_inline: values::inline(object.get("valuesLocal"))?,
            values_merge: values_merge(&object)?,
            ..Chart::default()
        };
        Ok((chart, ChartHomes { charts: object.text("chartHome")?, config: object.text("helmHome")? }))
    }
}

fn values_merge(object: &Object) -> Result<ValuesMerge, Diagnostic> {
    let Some(text) = object.string("valuesMerge")? else { return Ok(ValuesMerge::Override) };
    match text.as_str() {
        "" | "override" => Ok(ValuesMerge::Override),
        "merge" => Ok(ValuesMerge::Merge),
        "replace" => Ok(ValuesMerge::Replace),
        other => Err(Diagnostic::error(text.span, format!("`{other}` is no way to merge values"))
            .hinted("the ways are merge, override, replace")),
    }
}
