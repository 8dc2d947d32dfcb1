//! The function that the command line names, and its configuration.

use hagane::{Diagnostic, Fault, Node, Span};
use hagane_yaml::emit::v3;
use hagane_yaml::{Mapping, Scalar, Style, Tag};

use super::declared::{Declared, Scope};

/// A function that the command line names: its configuration, which declares it, and how messages name it.
pub(super) struct Given {
    config: Node,
    name: String,
}

impl Given {
    /// Returns a function that is a container.
    pub(super) fn container(image: &str, network: bool, data: &[String]) -> Result<Given, Diagnostic> {
        let mut container = Mapping { flow: true, ..Mapping::default() };
        container.push("image", Node::string(image));
        if network {
            container.push("network", Node::Scalar(Scalar::bare("true")));
        }
        Given::of(image, "container", container, data)
    }

    /// Returns a function that is a program.
    pub(super) fn program(path: &str, data: &[String]) -> Result<Given, Diagnostic> {
        let mut exec = Mapping { flow: true, ..Mapping::default() };
        exec.push("path", Node::string(path));
        Given::of(path, "exec", exec, data)
    }

    /// Returns the function as one that is given all manifests.
    pub(super) fn declared(self) -> Result<Option<Declared>, Diagnostic> {
        Declared::of(&self.config, &self.name, Scope::Everything)
    }

    fn of(name: &str, runs: &str, what: Mapping, data: &[String]) -> Result<Given, Diagnostic> {
        let (kind, data) = configuration(data)?;
        let mut function = Mapping::default();
        function.push(runs, Node::Mapping(what));
        let text = v3::kyaml(&Node::Mapping(function));
        let annotation = Scalar { style: Style::Literal, ..Scalar::string(text.as_str()) };
        let mut annotations = Mapping::default();
        annotations.push("config.kubernetes.io/function", Node::Scalar(annotation));
        let mut metadata = Mapping::default();
        metadata.push("name", Node::string("function-input"));
        metadata.push("annotations", Node::Mapping(annotations));
        let mut config = Mapping::default();
        config.push("metadata", Node::Mapping(metadata));
        config.push("data", Node::Mapping(data));
        config.push("kind", Node::string(kind));
        config.push("apiVersion", Node::string("v1"));
        Ok(Given { config: Node::Mapping(config), name: format!("`{name}`") })
    }
}

/// Returns the kind and the data of a configuration: the first argument may be the kind.
fn configuration(arguments: &[String]) -> Result<(&str, Mapping), Diagnostic> {
    let (kind, arguments) = match arguments {
        [kind, rest @ ..] if !kind.contains('=') => (kind.as_str(), rest),
        all => ("ConfigMap", all),
    };
    let mut data = Mapping { flow: true, ..Mapping::default() };
    for argument in arguments {
        let Some((key, value)) = argument.split_once('=') else {
            let message = format!("`{argument}` is no pair of key and value");
            return Err(Diagnostic::error(Span::default(), message)
                .with_fault(Fault::Usage)
                .hinted("data is written `KEY=VALUE`; only the first argument may be a kind"));
        };
        data.set(key, Node::Scalar(value_of(value)));
    }
    Ok((kind, data))
}

/// Returns a value whose type its text decides, as kustomize leaves it to functions.
fn value_of(text: &str) -> Scalar {
    let scalar = Scalar::bare(text);
    match scalar.resolved_tag() {
        // Nothing was meant to be a text, and no null.
        Tag::Null if text.is_empty() => Scalar { style: Style::SingleQuoted, ..Scalar::string(text) },
        Tag::Str => Scalar::string(text),
        _ => scalar,
    }
}
