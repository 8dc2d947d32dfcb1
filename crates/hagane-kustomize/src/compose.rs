//! kustomize's order of things, a step a line.

mod additions;
mod duplicates;
mod layer;
mod metadata;
mod transform;

use std::path::Path;
use std::rc::Rc;

use hagane_resource::{Diagnostic, LegacyOrder, Resource, ResourceSet, Schema, legacy_order};
use hagane_yaml::Span;

use crate::accumulator::{Accumulator, duplicate};
use crate::chart::{Chart, Helm, Inflation};
use crate::config::{Config, merged, with_crds, with_files};
use crate::config_file;
use crate::decode::Located;
use crate::files::FileKind;
use crate::generator::{Generated, generate};
use crate::hash::content_hash;
use crate::ksops;
use crate::kustomization::{self, Kustomization, Loaded, OpenApi, Sort};
use crate::name_reference::fix_references;
use crate::notes::adopt_notes;
use crate::plugin::{Plugin, Plugins};
use crate::sources::{Root, Source, Sources, is_file_url, marks_repository};
use crate::variable::{point_vars, resolve_vars};
pub use additions::{Additions, OwnGenerator};
use duplicates::{drop_local, refuse_duplicates};
pub(crate) use layer::{Layer, Place};

/// What a user may ask of a build.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The order of the output, where the kustomization does not say.
    pub reorder: Reorder,
    /// Whether everything gets the label `app.kubernetes.io/managed-by`.
    pub managed_by_label: bool,
    /// How Helm charts are inflated; none refuses them.
    pub helm: Option<Helm>,
    /// What functions and plugins may do; none refuses them.
    pub plugins: Option<Plugins>,
}

/// The order of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reorder {
    /// By kind, then by id.
    #[default]
    Legacy,
    /// As loaded.
    None,
}

/// What came out of a build.
pub struct Composed {
    /// The resources, in the order of the output.
    pub resources: ResourceSet,
    /// What there is to say besides.
    pub warnings: Vec<Diagnostic>,
}

/// Composes the kustomization of a directory.
pub fn compose(target: &Path, sources: &Sources, options: &Options) -> Result<Composed, Diagnostic> {
    compose_with(target, sources, options, Additions::default())
}

/// Composes the kustomization of a directory, and what is added to it.
pub fn compose_with(
    target: &Path,
    sources: &Sources,
    options: &Options,
    additions: Additions,
) -> Result<Composed, Diagnostic> {
    let place = target.to_str().map_or_else(|| Place::Here(target.to_owned()), Place::of);
    let root = match &place {
        Place::Here(path) => sources.root(path, None, Span::default())?,
        Place::Elsewhere(directory) => sources.remote_root(directory, Span::default())?,
    };
    let mut compose = Compose {
        sources,
        schema: None,
        uses_builtin: false,
        defaults: Rc::default(),
        inflation: Inflation::new(options.helm.as_ref()),
        plugins: options.plugins.as_ref(),
        generator: additions.generator,
        warnings: Vec::new(),
    };
    let loaded = compose.load(&root, Span::default())?;
    if let Some(error) = loaded.empty.filter(|_| additions.resources.is_empty()) {
        return Err(error);
    }
    let order = loaded.kustomization.sort.clone().transpose()?;
    let layer = Layer::top(&place, &root, loaded.file_name, loaded.kustomization.build_metadata);
    let Accumulator { mut resources, config, vars } =
        compose.accumulate(layer, &loaded.kustomization, Accumulator::of(additions.resources)?)?;
    let config = config.unwrap_or_default();
    append_hashes(&mut resources)?;
    fix_references(&mut resources, &config)?;
    compose.warnings.extend(resolve_vars(&mut resources, &vars, &config.var_reference)?);
    drop_local(&mut resources)?;
    refuse_duplicates(&resources)?;
    sort(&mut resources, order.as_ref(), options.reorder);
    metadata::settle(&mut resources, loaded.kustomization.build_metadata, options.managed_by_label)?;
    Ok(Composed { resources, warnings: compose.warnings })
}

/// A run of composing.
struct Compose<'c, 'w> {
    sources: &'c Sources<'w>,
    /// The schema that a kustomization chose: the root's, or the first one met below it. What is wrong with it matters
    /// when something is looked up in it.
    schema: Option<Result<Schema, Diagnostic>>,
    /// Whether kustomize has used its builtin schema. From then on that stays below one that a base or component chooses.
    uses_builtin: bool,
    defaults: Rc<Config>,
    inflation: Inflation<'c>,
    plugins: Option<&'c Plugins>,
    generator: Option<&'c dyn OwnGenerator>,
    warnings: Vec<Diagnostic>,
}

impl Compose<'_, '_> {
    fn load(&mut self, root: &Root, at: Span) -> Result<Loaded, Diagnostic> {
        let loaded = kustomization::load(root, self.sources, at)?;
        self.warnings.extend(loaded.warnings.iter().cloned());
        match (&self.schema, &loaded.kustomization.openapi) {
            (None, Some(chosen)) => self.schema = Some(self.schema_of(chosen, root)?),
            // A later one changes nothing, but must be there.
            (Some(_), Some(OpenApi::File(path))) => {
                self.sources.read_config(&self.sources.file(root, path, path.span)?, path.span)?;
            }
            _ => {}
        }
        Ok(loaded)
    }

    fn schema_of(&self, chosen: &OpenApi, root: &Root) -> Result<Result<Schema, Diagnostic>, Diagnostic> {
        let OpenApi::File(path) = chosen else { return Ok(Ok(Schema::builtin())) };
        let source = self.sources.read_config(&self.sources.file(root, path, path.span)?, path.span)?;
        Ok(self.read_schema(&source, path))
    }

    fn read_schema(&self, source: &Source, path: &Located<String>) -> Result<Schema, Diagnostic> {
        let documents = hagane_yaml::parse(source.text()?, source.file, &Default::default())?;
        // A file that says nothing is a schema without definitions.
        let document = documents.into_iter().next().filter(|document| !document.is_null());
        let document = document.unwrap_or_else(hagane_yaml::Node::mapping);
        let read = if self.uses_builtin { Schema::with_openapi } else { Schema::from_openapi };
        read(&document).map_err(|error| {
            let error = Diagnostic::error(error.span, error.message).or_at(path.span);
            error.hinted("a schema is as `kubectl get --raw /openapi/v2` prints it")
        })
    }

    fn schema(&self) -> Result<Schema, Diagnostic> {
        self.schema.clone().unwrap_or_else(|| Ok(Schema::builtin()))
    }

    /// Adds all of a layer to what is there: for a base nothing, for a component all that its parent has so far.
    fn accumulate(
        &mut self,
        mut layer: Layer,
        k: &Kustomization,
        mut all: Accumulator,
    ) -> Result<Accumulator, Diagnostic> {
        if let Some(namespace) = &k.namespace {
            layer.chart_namespace.clone_from(namespace);
        }
        let layer = &layer;
        self.sources.prefetch(k.resources.iter().chain(&k.components).map(|path| path.as_str()));
        self.resources(layer, &k.resources, &mut all)?;
        let own = with_files(&self.defaults, &k.configurations, &layer.root, self.sources)?;
        let own = with_crds(own, &k.crds, &layer.root, self.sources)?;
        all.config = Some(merged(all.config.take(), &own)?);
        self.generate(layer, k, &mut all)?;
        self.components(layer, &k.components, &mut all)?;
        if let Some(schema) = self.scopes() {
            // It may be that of a layer behind the one that a resource is of.
            all.resources.iter_mut().for_each(|resource| resource.learn_scope(schema));
        }
        self.transform(layer, k, &mut all)?;
        self.transform_by_files(layer, &k.transformers, &mut all)?;
        self.validate(layer, &k.validators, &mut all)?;
        point_vars(&mut all.resources, &k.vars)?;
        all.vars.add(&k.vars)?;
        Ok(all)
    }

    /// Adds the resources of files and layers; what is wrong with several of them is told at once.
    fn resources(
        &mut self,
        layer: &Layer,
        paths: &[Located<String>],
        all: &mut Accumulator,
    ) -> Result<(), Diagnostic> {
        let mut errors = Vec::new();
        for path in paths {
            if let Err(error) = self.resource(layer, path, all) {
                errors.push(error.or_at(path.span));
            }
        }
        Diagnostic::refuse(errors)
    }

    fn resource(
        &mut self,
        layer: &Layer,
        path: &Located<String>,
        all: &mut Accumulator,
    ) -> Result<(), Diagnostic> {
        let kind = self.sources.kind(&layer.root, path);
        match Place::of(path) {
            _ if kind == Some(FileKind::File) => self.file(layer, path, all),
            place @ Place::Elsewhere(_) if is_file_url(path) => {
                self.file(layer, path, all).or_else(|error| {
                    // A page about a repository is no file of resources.
                    let is_of_content = error.span.is_known() && error.span.file != path.span.file;
                    let is_better = is_of_content || !marks_repository(path);
                    self.layer(layer, &place, path, all).map_err(|e| if is_better { error } else { e })
                })
            }
            place @ Place::Elsewhere(_) => self.layer(layer, &place, path, all),
            place if kind == Some(FileKind::Directory) => self.layer(layer, &place, path, all),
            _ => self.file(layer, path, all),
        }
    }

    /// Adds the resources of a file.
    fn file(
        &mut self,
        layer: &Layer,
        path: &Located<String>,
        all: &mut Accumulator,
    ) -> Result<(), Diagnostic> {
        let file = self.sources.file(&layer.root, path, path.span)?;
        for resource in self.sources.resources(&file, path.span)?.iter() {
            let mut resource = resource.clone();
            adopt_notes(&mut resource)?;
            metadata::note_file(&mut resource, layer, path)?;
            self.meet(&mut resource)?;
            all.resources.add(resource).map_err(|d| duplicate(&d, path.span))?;
        }
        Ok(())
    }

    /// Reads the schema where a resource is the first that is not known without it, as kustomize does, and tells the
    /// resource what it says.
    fn meet(&mut self, resource: &mut Resource) -> Result<(), Diagnostic> {
        let gvk = resource.gvk();
        if !self.uses_builtin && !Schema::knows_scope(&gvk.api_version(), &gvk.kind) {
            self.schema()?;
            self.uses_builtin = true;
        }
        if let Some(schema) = self.scopes() {
            resource.learn_scope(schema);
        }
        Ok(())
    }

    /// Returns the schema where it knows more scopes than the builtin table.
    fn scopes(&self) -> Option<&Schema> {
        self.schema.as_ref()?.as_ref().ok().filter(|schema| schema.has_scopes())
    }

    /// Adds the resources of a layer.
    fn layer(
        &mut self,
        above: &Layer,
        place: &Place,
        path: &Located<String>,
        all: &mut Accumulator,
    ) -> Result<(), Diagnostic> {
        let below = self.layer_over(above, place, path, false, Accumulator::default())?;
        all.absorb(below, path.span)
    }

    /// Composes a layer over what is there: for a base nothing, for a component all that its parent has so far.
    fn layer_over(
        &mut self,
        above: &Layer,
        place: &Place,
        path: &Located<String>,
        component: bool,
        all: Accumulator,
    ) -> Result<Accumulator, Diagnostic> {
        let root = above.find(place, path, self.sources)?;
        let loaded = self.load(&root, path.span)?;
        let kustomization = &loaded.kustomization;
        if kustomization.is_component != component {
            let (is, list) = match kustomization.is_component {
                true => ("a component", "components"),
                false => ("no component", "resources"),
            };
            let error = Diagnostic::error(path.span, format!("`{}` is {is}", **path));
            return Err(error.hinted(format!("list it in `{list}`")));
        }
        if let Some(error) = loaded.empty {
            return Err(error);
        }
        let layer = above.below(place, root, loaded.file_name);
        self.accumulate(layer.clone(), kustomization, all).map_err(|mut error| {
            let shown = layer.shown(self.sources);
            error.also.iter_mut().for_each(|also| also.layers.push(shown.clone()));
            error.layers.push(shown);
            error
        })
    }

    fn components(
        &mut self,
        layer: &Layer,
        paths: &[Located<String>],
        all: &mut Accumulator,
    ) -> Result<(), Diagnostic> {
        for path in paths {
            if self.sources.kind(&layer.root, path) == Some(FileKind::File) {
                let error = Diagnostic::error(
                    path.span,
                    format!("`{}` is a file; a component is a directory", **path),
                );
                return Err(error.hinted("files of resources belong in `resources`"));
            }
            let so_far = std::mem::take(all);
            *all = self.layer_over(layer, &Place::of(path), path, true, so_far)?;
            // What a component hands back is put together anew, and may be found not to agree.
            let config = all.config.take().map(|config| merged(None, &config)).transpose();
            all.config = config.map_err(|error| error.or_at(path.span))?;
        }
        Ok(())
    }

    fn generate(
        &mut self,
        layer: &Layer,
        k: &Kustomization,
        all: &mut Accumulator,
    ) -> Result<(), Diagnostic> {
        let config_maps = k.config_maps.iter().map(|args| (Generated::ConfigMap, args));
        for (kind, args) in config_maps.chain(k.secrets.iter().map(|args| (Generated::Secret, args))) {
            let mut resource = generate(kind, args, &k.generator_options, &layer.root, self.sources)?;
            metadata::note_generator(&mut resource, layer, kind.name());
            all.add_generated(resource)?;
        }
        self.inflate(layer, k, all)?;
        for config in self.configs(layer, &k.generators)? {
            let made = self.made_by(&config, layer)?;
            for mut resource in made {
                self.meet(&mut resource)?;
                metadata::note_config(&mut resource, layer, &config);
                all.add_generated(resource)?;
            }
        }
        Ok(())
    }

    /// Returns what a generator config makes.
    fn made_by(&mut self, config: &Resource, layer: &Layer) -> Result<Vec<Resource>, Diagnostic> {
        let (root, sources) = (&layer.root, self.sources);
        if config_file::is_builtin(config) {
            let schema = match config.gvk().kind.as_str() {
                "HelmChartInflationGenerator" => self.schema()?,
                _ => Schema::builtin(),
            };
            return config_file::generate(config, root, sources, &self.inflation, &schema);
        }
        if ksops::is_manifest(config) && sources.decrypts() {
            return ksops::generate(config, root, sources);
        }
        if let Some(made) = self.generator.and_then(|own| own.generate(config, root, sources)) {
            return made;
        }
        Plugin::of(config, root, sources, self.plugins)?.generate(&mut self.warnings)
    }

    /// Adds what the layer's charts make.
    fn inflate(&self, layer: &Layer, k: &Kustomization, all: &mut Accumulator) -> Result<(), Diagnostic> {
        if k.charts.is_empty() {
            return Ok(());
        }
        let with_namespace = |chart: &Chart| match chart.namespace.as_str() {
            "" => Chart { namespace: layer.chart_namespace.clone(), ..chart.clone() },
            _ => chart.clone(),
        };
        let charts: Vec<Chart> = k.charts.iter().map(with_namespace).collect();
        let charts: Vec<_> = charts.iter().map(|chart| (chart, &k.chart_homes)).collect();
        let schema = self.schema()?;
        for resources in self.inflation.inflate(&charts, &layer.root, self.sources, &schema)? {
            for mut resource in resources {
                metadata::note_generator(&mut resource, layer, "HelmChartInflationGenerator");
                all.add_generated(resource)?;
            }
        }
        Ok(())
    }

    /// Returns the plugin configs that paths and inline texts lead to.
    fn configs(&mut self, layer: &Layer, texts: &[Located<String>]) -> Result<Vec<Resource>, Diagnostic> {
        let mut all = Accumulator::default();
        for text in texts.iter().filter(|text| !text.trim().is_empty()) {
            let inline = text.contains('\n') || text.contains(": ");
            if inline {
                for mut resource in hagane_resource::read_documents_at(text, self.sources.start_of(text))? {
                    metadata::note_file(&mut resource, layer, layer.file_name)?;
                    self.meet(&mut resource)?;
                    all.resources.add(resource).map_err(|d| duplicate(&d, text.span))?;
                }
            } else {
                self.resources(layer, std::slice::from_ref(text), &mut all)?;
            }
        }
        if let Some(config) = all.resources.iter().find(|config| config.tree().is_sensitive()) {
            let error = Diagnostic::error(
                config.tree().span(),
                "a file that configures the build cannot be encrypted",
            );
            return Err(error.hinted("keep secrets in resources, patches and generator files"));
        }
        Ok(all.resources.into_iter().collect())
    }
}

fn append_hashes(resources: &mut ResourceSet) -> Result<(), Diagnostic> {
    for place in 0..resources.len() {
        let resource = resources.get(place);
        if resource.needs_hash {
            let name = format!("{}-{}", resource.name(), content_hash(resource)?);
            resources.change(place, |resource| {
                resource.remember_id();
                resource.set_name(&name);
            });
        }
    }
    Ok(())
}

fn sort(resources: &mut ResourceSet, asked: Option<&Sort>, reorder: Reorder) {
    let legacy = LegacyOrder::default();
    let order = match (asked, reorder) {
        (Some(Sort::Fifo), _) | (None, Reorder::None) => return,
        (Some(Sort::Legacy(order)), _) => order,
        (None, Reorder::Legacy) => &legacy,
    };
    resources.sort_by_key(|resource| legacy_order(resource, order));
}
