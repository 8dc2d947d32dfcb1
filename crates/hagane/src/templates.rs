//! Templates as sources: those that `hagane.yaml` lists, and those of generators in kustomizations.

use hagane_kustomize::{OwnGenerator, Root, Sources};
use hagane_resource::strict::{check_fields, present};
use hagane_template::{Limits, Template, lay_over};
use hagane_yaml::{Mapping, Node, Span};

use crate::pipeline_file::{API_VERSION, TemplateSection, template_section};
use crate::{Diagnostic, RenderOptions, Resource, parameter};

/// The kind of a generator's file.
const KIND: &str = "Template";

/// The templates of a run and the values that they see.
pub(crate) struct Templates {
    /// What the pipeline files say, the farthest first.
    sections: Vec<TemplateSection>,
    values: Node,
}

impl Templates {
    /// Returns the templates, with values from the files and from the user.
    pub(crate) fn new(
        sections: Vec<TemplateSection>,
        options: &RenderOptions,
        sources: &Sources,
    ) -> Result<Templates, Diagnostic> {
        let mut values = Node::mapping();
        for section in &sections {
            section.lay_values(&mut values, sources)?;
        }
        let parameters = declared(&sections);
        parameter::set(&mut values, &parameters, &options.settings, &options.values_files, sources)?;
        Ok(Templates { sections, values })
    }

    /// Returns what the templates of the pipeline files make.
    pub(crate) fn resources(&self, sources: &Sources) -> Result<Vec<Resource>, Diagnostic> {
        let mut resources = Vec::new();
        for section in &self.sections {
            for (path, span) in &section.templates.files {
                resources.extend(render(&section.root, path, *span, &self.values, sources)?);
            }
        }
        Ok(resources)
    }
}

/// Returns the parameters of all files; of several of one name the nearest counts.
pub(crate) fn declared(sections: &[TemplateSection]) -> Vec<parameter::Parameter> {
    let mut all: Vec<parameter::Parameter> = Vec::new();
    for parameter in sections.iter().flat_map(|section| &section.parameters) {
        match all.iter_mut().find(|known| known.name == parameter.name) {
            Some(known) => *known = parameter.clone(),
            None => all.push(parameter.clone()),
        }
    }
    all
}

fn render(
    root: &Root,
    path: &str,
    at: Span,
    values: &Node,
    sources: &Sources,
) -> Result<Vec<Resource>, Diagnostic> {
    let source = sources.read(&sources.file(root, path, at)?, at)?;
    if source.decrypted.is_some() {
        let start = Span { file: source.file, line: 1, column: 1 };
        return Err(Diagnostic::error(start, "a template cannot be encrypted")
            .hinted("put what is secret into encrypted `valuesFiles`"));
    }
    Template::parse(source.text()?, source.file)?.render(values, &Limits::default())
}

impl OwnGenerator for Templates {
    fn generate(
        &self,
        config: &Resource,
        root: &Root,
        sources: &Sources,
    ) -> Option<Result<Vec<Resource>, Diagnostic>> {
        let gvk = config.gvk();
        (gvk.kind == KIND && gvk.api_version() == API_VERSION).then(|| self.generated(config, root, sources))
    }
}

impl Templates {
    /// Returns what a generator's templates make: over its own values lie those of the pipeline files and of the user.
    fn generated(
        &self,
        config: &Resource,
        root: &Root,
        sources: &Sources,
    ) -> Result<Vec<Resource>, Diagnostic> {
        let Node::Mapping(file) = config.tree() else { return Ok(Vec::new()) };
        let section = of_generator(file, root)?;
        let mut values = Node::mapping();
        section.lay_values(&mut values, sources)?;
        lay_over(&mut values, self.values.clone());
        let mut resources = Vec::new();
        for (path, span) in &section.templates.files {
            resources.extend(render(root, path, *span, &values, sources)?);
        }
        Ok(resources)
    }
}

fn of_generator(file: &Mapping, root: &Root) -> Result<TemplateSection, Diagnostic> {
    check_fields(
        file,
        "a Template",
        &["apiVersion", "kind", "metadata", "templates", "values", "valuesFiles"],
    )?;
    if present(file, "templates").is_none() {
        return Err(Diagnostic::error(file.span, "a Template needs `templates`")
            .hinted("`templates: [web.yaml.hbs]`, relative to the kustomization"));
    }
    template_section(file, root)
}
