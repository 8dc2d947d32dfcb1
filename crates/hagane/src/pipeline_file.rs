//! `hagane.yaml`: what the pipeline does beyond composing.

mod decode;
mod harden;

use std::path::Path;

use hagane_kustomize::{Sources, is_remote};
use hagane_policy::Policy;
use hagane_yaml::{Mapping, Node, ParseOptions, Span, parse, scalar};

use crate::{Diagnostic, RecommendedLabels};
use decode::{check_fields, mapping, present};
use harden::HardenSection;

/// The name of the file.
pub const PIPELINE_FILE: &str = "hagane.yaml";

const API_VERSION: &str = "hagane.dev/v1alpha1";
const KIND: &str = "Pipeline";

/// What the stages after composing are asked, each section from the nearest file that has it; those of `harden`
/// are laid over one another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipeline {
    pub(crate) labels: RecommendedLabels,
    /// What hardening is asked; nothing where no file has the section.
    pub(crate) harden: Option<Policy>,
}

/// The sections of one file.
#[derive(Default)]
struct Sections {
    labels: Option<RecommendedLabels>,
    harden: Option<HardenSection>,
}

/// Reads the files from `target` up to the root of its repository; outside of a repository, up to the top.
pub(crate) fn load(target: &Path, sources: &Sources) -> Result<Pipeline, Diagnostic> {
    if target.to_str().is_some_and(is_remote) {
        // What is fetched says what it is, not what is done with it here.
        return Ok(Pipeline::default());
    }
    let target = sources.root(target, None, Span::default())?;
    let mut found = Sections::default();
    // The nearest file first.
    let mut harden = Vec::new();
    for directory in target.path().ancestors() {
        let root = sources.root(directory, None, Span::default())?;
        if sources.kind(&root, PIPELINE_FILE).is_some() {
            let path = sources.file(&root, PIPELINE_FILE, Span::default())?;
            let source = sources.read(&path, Span::default())?;
            let documents = parse(source.text()?, source.file, &ParseOptions::default())?;
            let here = read(&documents, Span { file: source.file, line: 1, column: 1 })?;
            found.labels = found.labels.or(here.labels);
            harden.extend(here.harden);
        }
        if sources.kind(&root, ".git").is_some() {
            break;
        }
    }
    let harden = harden.into_iter().rev().reduce(|mut farther, nearer| {
        farther.lay_over(nearer);
        farther
    });
    let harden = harden.map(HardenSection::policy).transpose()?;
    Ok(Pipeline { labels: found.labels.unwrap_or_default(), harden })
}

fn read(documents: &[Node], start: Span) -> Result<Sections, Diagnostic> {
    let file = match documents {
        [Node::Mapping(file)] => file,
        [_] | [] => {
            return Err(Diagnostic::error(start, "`hagane.yaml` must be a mapping").hinted(skeleton()));
        }
        [_, second, ..] => {
            return Err(Diagnostic::error(second.span(), "`hagane.yaml` must be one document"));
        }
    };
    check_fields(file, "hagane.yaml", &["apiVersion", "kind", "harden", "labels"])?;
    check_constant(file, "apiVersion", API_VERSION, start)?;
    check_constant(file, "kind", KIND, start)?;
    Ok(Sections {
        labels: mapping(file, "labels")?.map(labels).transpose()?,
        harden: mapping(file, "harden")?.map(harden::read).transpose()?,
    })
}

fn labels(section: &Mapping) -> Result<RecommendedLabels, Diagnostic> {
    check_fields(section, "labels", &["recommended"])?;
    let Some(recommended) = mapping(section, "recommended")? else { return Ok(RecommendedLabels::default()) };
    check_fields(
        recommended,
        "labels.recommended",
        &["name", "instance", "version", "component", "partOf", "managedBy"],
    )?;
    Ok(RecommendedLabels {
        name: label_value(recommended, "name")?,
        instance: label_value(recommended, "instance")?,
        version: label_value(recommended, "version")?,
        component: label_value(recommended, "component")?,
        part_of: label_value(recommended, "partOf")?,
        managed_by: label_value(recommended, "managedBy")?,
    })
}

/// Returns a text that Kubernetes takes as the value of a label.
fn label_value(mapping: &Mapping, field: &str) -> Result<Option<String>, Diagnostic> {
    let Some(node) = present(mapping, field) else { return Ok(None) };
    let text = match node.as_scalar().map(scalar::value) {
        Some(Ok(scalar::Value::Str(text))) => text,
        _ => {
            let error = Diagnostic::error(node.span(), format!("`{field}` must be a string"));
            return Err(match node {
                Node::Scalar(scalar) => {
                    error.hinted(format!("put it in quotes: \"{}\"", scalar.text.as_str()))
                }
                _ => error,
            });
        }
    };
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.len() > 63
        || !text.chars().all(inside)
        || !edge(text.chars().next())
        || !edge(text.chars().last())
    {
        let error = Diagnostic::error(node.span(), format!("`{field}` cannot be the value of a label"));
        return Err(
            error.hinted("at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends")
        );
    }
    Ok(Some(text.into_owned()))
}

fn check_constant(file: &Mapping, field: &str, wanted: &str, start: Span) -> Result<(), Diagnostic> {
    match file.get(field) {
        Some(node) if node.as_str() == Some(wanted) => Ok(()),
        Some(node) => {
            Err(Diagnostic::error(node.span(), format!("`{field}` must be `{wanted}`")).hinted(skeleton()))
        }
        None => Err(Diagnostic::error(start, format!("`{field}` is missing")).hinted(skeleton())),
    }
}

fn skeleton() -> String {
    format!("the file starts with `apiVersion: {API_VERSION}` and `kind: {KIND}`")
}
