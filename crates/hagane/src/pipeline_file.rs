//! `hagane.yaml`: what the pipeline does beyond composing.

mod harden;
mod labels;
mod provenance;
mod templates;

use std::path::Path;

use hagane_kustomize::{Root, Sources, is_remote};
use hagane_policy::{Labelling, Policy};
use hagane_resource::strict::{check_fields, mapping};
use hagane_yaml::{Mapping, Node, ParseOptions, Span, parse};

use crate::Diagnostic;
use harden::HardenSection;
use labels::LabelSection;
pub(crate) use templates::{TemplateSection, read as template_section, values_of};

/// The name of the file.
pub const PIPELINE_FILE: &str = "hagane.yaml";

pub(crate) const API_VERSION: &str = "hagane.dev/v1alpha1";
const KIND: &str = "Pipeline";

/// What the stages after composing are asked, the sections of nearer files laid over those of farther ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipeline {
    pub(crate) labels: Labelling,
    /// What hardening is asked; nothing where no file has the section.
    pub(crate) harden: Option<Policy>,
    /// Templates, their values and parameters, the farthest file first.
    pub(crate) templates: Vec<TemplateSection>,
}

/// The sections of one file.
#[derive(Default)]
struct Sections {
    labels: Option<LabelSection>,
    harden: Option<HardenSection>,
    templates: Option<TemplateSection>,
}

/// Reads the files from `target` up to the root of its repository; outside of a repository, up to the top.
pub(crate) fn load(target: &Path, sources: &Sources) -> Result<Pipeline, Diagnostic> {
    if target.to_str().is_some_and(is_remote) {
        // What is fetched says what it is, not what is done with it here.
        return Ok(Pipeline::default());
    }
    let target = sources.root(target, None, Span::default())?;
    // The nearest file first.
    let (mut labels, mut harden, mut templates) = (Vec::<LabelSection>::new(), Vec::new(), Vec::new());
    let mut repository = None;
    for directory in target.path().ancestors() {
        let root = sources.root(directory, None, Span::default())?;
        if sources.kind(&root, PIPELINE_FILE).is_some() {
            let path = sources.file(&root, PIPELINE_FILE, Span::default())?;
            let source = sources.read(&path, Span::default())?;
            let documents = parse(source.text()?, source.file, &ParseOptions::default())?;
            let here = read(&documents, &root, Span { file: source.file, line: 1, column: 1 })?;
            labels.extend(here.labels);
            harden.extend(here.harden);
            templates.extend(here.templates);
        }
        if sources.kind(&root, ".git").is_some() {
            repository = Some(root);
            break;
        }
    }
    let harden = harden.into_iter().rev().reduce(|mut farther, nearer| {
        farther.lay_over(nearer);
        farther
    });
    let harden = harden.map(HardenSection::policy).transpose()?;
    let mut labelling = Labelling::default();
    let top = repository.as_ref().map(|root| root.path());
    labelling.part_of = provenance::part_of(target.path(), top);
    for LabelSection { labelling: nearer, provenance } in labels.into_iter().rev() {
        for (asked, place) in provenance {
            let note = provenance::note(asked, target.path(), top, place, sources)?;
            labelling.given.annotations.push(note);
        }
        labels::lay_over(&mut labelling, nearer);
    }
    if let Some(policy) = &harden {
        labelling.kinds.clone_from(&policy.kinds);
    }
    templates.reverse();
    Ok(Pipeline { labels: labelling, harden, templates })
}

fn read(documents: &[Node], root: &Root, start: Span) -> Result<Sections, Diagnostic> {
    let file = match documents {
        [Node::Mapping(file)] => file,
        [_] | [] => {
            return Err(Diagnostic::error(start, "`hagane.yaml` must be a mapping").hinted(skeleton()));
        }
        [_, second, ..] => {
            return Err(Diagnostic::error(second.span(), "`hagane.yaml` must be one document"));
        }
    };
    let own = ["apiVersion", "kind", "harden", "labels", "parameters"];
    let known: Vec<&str> = own.into_iter().chain(templates::FIELDS).collect();
    check_fields(file, "hagane.yaml", &known)?;
    check_constant(file, "apiVersion", API_VERSION, start)?;
    check_constant(file, "kind", KIND, start)?;
    Ok(Sections {
        labels: mapping(file, "labels")?.map(labels::read).transpose()?,
        harden: mapping(file, "harden")?.map(harden::read).transpose()?,
        templates: Some(templates::read(file, root)?),
    })
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
