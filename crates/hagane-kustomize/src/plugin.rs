//! Generators and transformers that are programs: KRM functions, and plugins of the old kind.

mod container;
mod environment;
mod function;
mod krm_function;
mod mark;
mod program;
mod resource_list;

use std::fmt::Display;
use std::time::Duration;

use hagane_resource::{Behavior, Diagnostic, Resource, ResourceSet};
use hagane_yaml::{Node, Span};
use zeroize::Zeroizing;

use crate::notes::{remove_annotation, take_notes};
use crate::process::Output;
use crate::sources::{Root, Sources};
use function::{Function, KUSTOMIZATION};
pub use krm_function::{KrmFunction, Ran, Runs};
use mark::restore_marks;
use program::Program;

/// What a user may ask of functions and plugins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugins {
    /// Whether functions may be programs of this machine, not only containers.
    pub exec: bool,
    /// Whether containers may use the network where they ask for it.
    pub network: bool,
    /// What containers are given of the storage here, as `type=bind,src=PATH,dst=PATH[,rw=true]`.
    pub mounts: Vec<String>,
    /// Variables: `NAME=VALUE`, or `NAME` for the value it has here.
    pub variables: Vec<String>,
    /// User and group that containers run as, as `1000:1000`; none for nobody.
    pub user: Option<String>,
    /// How long each program may take.
    pub time_limit: Duration,
}

/// One generator or transformer that is a program.
pub(crate) struct Plugin<'r, 'w> {
    config: &'r Resource,
    root: &'r Root,
    sources: &'r Sources<'w>,
    plugins: &'r Plugins,
    what: What,
}

enum What {
    /// A KRM function: a list of resources in, a list out.
    Function(Function),
    /// A program in the directory of plugins: documents in, documents out.
    Program(Program),
}

/// The annotation that says which resource is which.
const ID: &str = "kustomize.config.k8s.io/id";
/// The annotations by which a generator asks for more.
const ASKS_HASH: &str = "kustomize.config.k8s.io/needs-hash";
const ASKS_BEHAVIOR: &str = "kustomize.config.k8s.io/behavior";

impl<'r, 'w> Plugin<'r, 'w> {
    /// Returns the program that a config stands for.
    pub(crate) fn of(
        config: &'r Resource,
        root: &'r Root,
        sources: &'r Sources<'w>,
        plugins: Option<&'r Plugins>,
    ) -> Result<Plugin<'r, 'w>, Diagnostic> {
        let at = config.tree().span();
        let Some(plugins) = plugins else {
            let message = format!(
                "{} is a function or plugin, and those are run only when that is asked for",
                config.id()
            );
            return Err(Diagnostic::error(at, message).hinted(
                "`--enable-alpha-plugins` runs them; builtin generators and transformers have the apiVersion `builtin`",
            ));
        };
        let what = match Function::of(config.tree(), config.id(), KUSTOMIZATION)? {
            Some(function) => What::Function(function),
            None => What::Program(Program::find(config, root, sources)?),
        };
        Ok(Plugin { config, root, sources, plugins, what })
    }

    /// Returns the resources that it makes.
    pub(crate) fn generate(&self, warnings: &mut Vec<Diagnostic>) -> Result<Vec<Resource>, Diagnostic> {
        let mut resources = self.run(None, warnings)?;
        for resource in &mut resources {
            take_options(resource, self.config)?;
        }
        Ok(resources)
    }

    /// Lets it change resources, add and remove some.
    pub(crate) fn transform(
        &self,
        resources: &mut ResourceSet,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let new = self.run(Some(resources), warnings)?;
        let mut seen = ResourceSet::default();
        for mut resource in new {
            resource.edit(|tree| remove_annotation(tree, ID));
            take_notes(&mut resource)?;
            seen.add(resource.clone()).map_err(|duplicate| {
                self.about(format!("{} gives {} back twice", self.config.id(), duplicate.id))
                    .hinted("every resource it was given comes back once, or not at all")
            })?;
            match resources.with_current_id(resource.id()).as_slice() {
                [] => resources.add(resource).map_err(|duplicate| {
                    self.about(format!("{} makes {}, which is there", self.config.id(), duplicate.id))
                })?,
                [place] => {
                    resource.var_names = resources.get(*place).var_names.clone();
                    resources.replace(*place, resource);
                }
                _ => {
                    return Err(self.about(format!("there are several resources {}", resource.id())));
                }
            }
        }
        resources.retain(|resource| !seen.with_current_id(resource.id()).is_empty());
        Ok(())
    }

    /// Runs the program over resources, or over none where it generates.
    fn run(
        &self,
        input: Option<&mut ResourceSet>,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Vec<Resource>, Diagnostic> {
        let is_secret =
            input.as_ref().is_some_and(|set| set.iter().any(|resource| resource.tree().is_sensitive()));
        let mut run = Run { plugin: self, is_secret, warnings };
        let mut made = match (&self.what, &input) {
            (What::Function(function), input) => function.run(&mut run, input.as_deref())?,
            (What::Program(program), input) => program.run(&mut run, input.as_deref())?,
        };
        if let (Some(old), true) = (input, is_secret) {
            for resource in &mut made {
                let place = old.with_current_id(resource.id()).first().copied();
                restore_marks(resource, place.map(|place| old.get(place).tree()));
            }
        }
        Ok(made)
    }

    fn about(&self, message: String) -> Diagnostic {
        Diagnostic::error(self.config.tree().span(), message)
    }
}

/// Takes what a generator asks for by annotations of a resource that it made.
pub(crate) fn take_options(resource: &mut Resource, config: &Resource) -> Result<(), Diagnostic> {
    take_notes(resource)?;
    let [behavior, hash] =
        resource.edit(|tree| [ASKS_BEHAVIOR, ASKS_HASH].map(|key| remove_annotation(tree, key)));
    resource.generated = true;
    resource.behavior = Behavior::of(&behavior.unwrap_or_default());
    resource.needs_hash = match hash {
        None => false,
        Some(text) => go_bool(&text).ok_or_else(|| {
            let message = format!("the annotation `{ASKS_HASH}` is neither true nor false: `{text}`");
            Diagnostic::error(config.tree().span(), message).hinted("write \"true\" or \"false\"")
        })?,
    };
    Ok(())
}

/// One run of a program.
struct Run<'r, 'p, 'w> {
    plugin: &'r Plugin<'p, 'w>,
    /// Whether it is given anything decrypted. Then its words are not shown: they may quote that.
    is_secret: bool,
    warnings: &'r mut Vec<Diagnostic>,
}

/// The most lines of a program's words that are shown.
const MAX_LINES: usize = 20;

impl Run<'_, '_, '_> {
    /// Returns what a program wrote; what it said besides is told as a warning.
    fn finished(&mut self, output: Output) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
        let stdout = Zeroizing::new(output.stdout);
        let words = Zeroizing::new(String::from_utf8_lossy(&output.stderr).into_owned());
        let said = |error: Diagnostic| match self.is_secret {
            true if words.trim().is_empty() => error,
            true => error.noted("its words are not shown: it was given decrypted values"),
            false => with_words(error, &words),
        };
        let (config, at) = (self.plugin.config.id(), self.plugin.config.tree().span());
        if let Some(failure) = failure(output.code, config, at) {
            return Err(said(failure));
        }
        if !words.trim().is_empty() {
            self.warnings.push(said(Diagnostic::warning(at, format!("{config} has something to say"))));
        }
        Ok(stdout)
    }

    /// Returns the text of what a program wrote, and the file that positions in it are in.
    fn text(
        &self,
        mut output: Zeroizing<Vec<u8>>,
    ) -> Result<(Zeroizing<String>, hagane_yaml::FileId), Diagnostic> {
        let text = String::from_utf8(std::mem::take(&mut *output)).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            self.plugin.about(format!("{} writes no UTF-8 text", self.plugin.config.id()))
        })?;
        let text = Zeroizing::new(text);
        // Secret text is not kept for messages to quote from.
        let kept = if self.is_secret { "" } else { &text };
        let name = format!("(output of {})", self.plugin.config.id());
        let file = self.plugin.sources.add_text(&name, kept);
        Ok((text, file))
    }

    /// Returns an error about what a program wrote, fit to be shown.
    fn unreadable(&self, error: Diagnostic) -> Diagnostic {
        let error = match self.is_secret {
            true => error.concealed(format!("what {} writes cannot be read", self.plugin.config.id())),
            false => error,
        };
        error.or_at(self.plugin.config.tree().span())
    }
}

/// Returns a message with what a program said below it.
fn with_words(message: Diagnostic, words: &str) -> Diagnostic {
    let lines = words.lines().filter(|line| !line.trim().is_empty()).take(MAX_LINES);
    lines.fold(message, |message, line| message.noted(line.trim_end()))
}

/// Returns an error about a program that ended with an exit code, or none for a signal, unless it ended well.
fn failure(code: Option<i32>, name: &dyn Display, at: Span) -> Option<Diagnostic> {
    match code {
        Some(0) => None,
        Some(code) => Some(
            Diagnostic::error(at, format!("{name} fails with exit code {code}"))
                .hinted("it sees few variables of the environment; `--env NAME` passes one on"),
        ),
        None => Some(Diagnostic::error(at, format!("{name} was ended by a signal"))),
    }
}

/// Returns the documents of resources as plugins read them, one text.
fn yaml_of(tree: &Node, at: hagane_yaml::Span) -> Result<Zeroizing<String>, Diagnostic> {
    hagane_yaml::emit::go_v2(tree)
        .map(Zeroizing::new)
        .map_err(|error| Diagnostic::error(error.span, error.message).or_at(at))
}

/// Returns the text of the annotation that says which resource is which.
fn id_text(resource: &Resource) -> String {
    let id = resource.id();
    let mut fields = hagane_yaml::Mapping::default();
    let parts = [
        ("group", id.gvk.group.as_str()),
        ("kind", id.gvk.kind.as_str()),
        ("name", id.name.as_str()),
        ("namespace", id.namespace.as_str()),
        ("version", id.gvk.version.as_str()),
    ];
    for (key, text) in parts.into_iter().filter(|(_, text)| !text.is_empty()) {
        fields.push(key, Node::string(text));
    }
    hagane_yaml::emit::go_v2(&Node::Mapping(fields)).unwrap_or_default()
}

/// Returns the boolean of a text as Go's strconv reads it.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
