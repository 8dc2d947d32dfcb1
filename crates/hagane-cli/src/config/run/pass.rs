//! One function, run over the manifests that it is given.

use std::path::Path;

use hagane::{Diagnostic, Node, Plugins};
use hagane_kustomize::Ran;
use hagane_resource::strict::refuse_repeated_keys;
use hagane_yaml::{Mapping, Sequence};
use zeroize::Zeroizing;

use super::super::format;
use super::super::package::{Package, Stray};
use super::declared::Declared;
use super::restored::{Missing, restore};
use super::results::Results;
use super::tracked::{self, ID};
use crate::Surroundings;
use crate::message::{self, MessageFormat};

/// How functions are run.
pub(super) struct Pass<'a> {
    pub(super) plugins: &'a Plugins,
    /// The directory for what they found.
    pub(super) results: Option<&'a Path>,
}

/// What a function made of manifests.
pub(super) struct Passed {
    pub(super) list: Vec<Node>,
    /// Its failure, where that keeps nobody from running.
    pub(super) deferred: Option<Diagnostic>,
}

/// What a function wrote.
struct Output {
    items: Vec<Node>,
    results: Option<Results>,
}

impl Pass<'_> {
    /// Runs a function over those of the manifests that it is given.
    pub(super) fn run(
        &self,
        declared: &Declared,
        number: usize,
        mut list: Vec<Node>,
        package: &mut Package,
        surroundings: &mut Surroundings,
    ) -> Result<Passed, Diagnostic> {
        let function = &declared.function;
        let before = tracked::before(&mut list)?;
        let (mut taken, others): (Vec<Node>, Vec<Node>) =
            list.into_iter().partition(|manifest| declared.takes(manifest));
        for (place, manifest) in taken.iter_mut().enumerate() {
            format::settle(manifest);
            ID.into_iter().for_each(|name| tracked::set(manifest, name, &(place + 1).to_string()));
        }
        let mut config = declared.config.clone();
        format::settle(&mut config);
        let is_given_some = !taken.is_empty();
        let (text, taken) = wrapped(taken, config);
        let Some(processes) = surroundings.processes else {
            return Err(Diagnostic::error(function.at(), "no other programs are started here"));
        };
        let Ran { stdout, end } = function.run(self.plugins, &surroundings.directory, processes, text)?;
        if is_given_some && end.is_ok() && stdout.trim_ascii().is_empty() {
            let message = format!("{} writes nothing", function.name());
            return Err(Diagnostic::error(function.at(), message)
                .hinted("a function writes the list that takes the place of what it was given: `items: []` takes all away"));
        }
        let output = match (Output::read(&stdout, function.name(), package), &end) {
            (Ok(output), _) => output,
            // Why it failed says more than what it wrote before.
            (Err(_), Err(failure)) => return Err(failure.clone()),
            (Err(error), Ok(_)) => return Err(error.or_at(function.at())),
        };
        let end = self.told(end, output.results, declared, number, surroundings)?;
        let deferred = match end {
            Ok(said) => {
                message::tell(said.as_slice(), package.source_map(), MessageFormat::Human, surroundings);
                None
            }
            Err(failure) if function.defers_failure() => Some(failure),
            Err(failure) => return Err(failure),
        };
        let mut list = output.items;
        let mut missing = Missing::new();
        for manifest in &mut list {
            refuse_repeated_keys(manifest).map_err(|error| {
                error.noted("nothing is written of a manifest that may be read in two ways")
            })?;
            let number = tracked::first(manifest, ID).and_then(|text| text.parse::<usize>().ok());
            if let Some(given) = number.and_then(|number| taken.get(number.checked_sub(1)?)) {
                missing = restore(given, manifest, missing);
            }
            tracked::default_path(manifest, &declared.directory)?;
        }
        list.extend(others);
        tracked::after(&mut list, &before)?;
        Ok(Passed { list, deferred })
    }

    /// Writes what a function found into its file, or adds it to what there is to say about the function.
    fn told(
        &self,
        end: Result<Option<Diagnostic>, Diagnostic>,
        results: Option<Results>,
        declared: &Declared,
        number: usize,
        surroundings: &Surroundings,
    ) -> Result<Result<Option<Diagnostic>, Diagnostic>, Diagnostic> {
        let Some(results) = results else { return Ok(end) };
        if let Some(directory) = self.results {
            results.write(&surroundings.directory.join(directory), number, surroundings)?;
            return Ok(end);
        }
        let function = &declared.function;
        Ok(match end {
            Ok(said) => Ok(results.added_to(said, function.name(), function.at())),
            Err(failure) => Err(results.noted(failure)),
        })
    }
}

/// Returns manifests as the text of the list that a function reads, and gives them back.
fn wrapped(items: Vec<Node>, config: Node) -> (Zeroizing<Vec<u8>>, Vec<Node>) {
    let mut list = Mapping::default();
    list.push("apiVersion", Node::string("config.kubernetes.io/v1"));
    list.push("kind", Node::string("ResourceList"));
    list.push("items", Node::Sequence(Sequence { items, ..Sequence::default() }));
    list.push("functionConfig", config);
    let mut list = [Node::Mapping(list)];
    let text = format::stream(&list);
    let items = match list[0].get_mut("items") {
        Some(Node::Sequence(items)) => std::mem::take(&mut items.items),
        _ => Vec::new(),
    };
    (Zeroizing::new(text.into_bytes()), items)
}

impl Output {
    /// Reads what a function wrote: a list, or manifests one after the other.
    fn read(text: &[u8], name: &str, package: &mut Package) -> Result<Output, Diagnostic> {
        let mut documents = package.documents(text, &format!("(output of {name})"), Stray::Dropped)?;
        if let [Node::Mapping(list)] = &mut documents[..]
            && is_list(list)
        {
            let results = list.remove("results").and_then(Results::of);
            let items = match list.remove("items") {
                Some(Node::Sequence(items)) => items.items,
                Some(node) if !node.is_null() => {
                    return Err(Diagnostic::error(node.span(), "`items` must be a list"));
                }
                _ => Vec::new(),
            };
            if let Some(odd) = items.iter().find(|item| item.as_mapping().is_none()) {
                return Err(Diagnostic::error(odd.span(), "an item of the list must be a mapping"));
            }
            return Ok(Output { items, results });
        }
        if let Some(odd) = documents.iter().find(|document| document.get("kind").is_none()) {
            let message = format!("what {name} writes is no list of manifests");
            return Err(Diagnostic::error(odd.span(), message).hinted(
                "a function writes a `ResourceList` to standard output, its words to standard error",
            ));
        }
        Ok(Output { items: documents, results: None })
    }
}

fn is_list(mapping: &Mapping) -> bool {
    matches!(mapping.get("kind").and_then(Node::as_str), Some("ResourceList" | "List"))
        && (mapping.get("items").is_some() || mapping.get("functionConfig").is_some())
}
