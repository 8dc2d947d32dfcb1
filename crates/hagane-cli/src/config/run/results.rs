//! What functions found: the results in the list that they write.

use std::path::Path;

use hagane::{Diagnostic, Fault, Node, Span};
use hagane_host::write_tree;

use super::super::format;

/// The results of one function.
pub(super) struct Results(Node);

/// The most results that are shown.
const MAX_SHOWN: usize = 20;

impl Results {
    /// Returns the results of a list that has some.
    pub(super) fn of(node: Node) -> Option<Results> {
        (!node.is_null()).then_some(Results(node))
    }

    /// Writes the results into a file of their own.
    pub(super) fn write(
        &self,
        directory: &Path,
        number: usize,
        surroundings: &crate::Surroundings,
    ) -> Result<(), Diagnostic> {
        let mut found = self.0.clone();
        format::settle(&mut found);
        let text = format::stream(&[found]);
        let path = directory.join(format!("results-{number}.yaml"));
        write_tree(directory, [(path.as_path(), text.as_bytes())]).map_err(|(path, error)| {
            let path = hagane::relative(&path, &surroundings.directory);
            let message = format!("cannot write `{}`: {}", path.display(), hagane_host::words(&error));
            Diagnostic::error(Span::default(), message).with_fault(Fault::Access)
        })
    }

    /// Returns what there is to say about a function, the results with it.
    pub(super) fn added_to(&self, said: Option<Diagnostic>, name: &str, at: Span) -> Option<Diagnostic> {
        if self.items().is_empty() {
            return said;
        }
        let message = || Diagnostic::warning(at, format!("{name} has something to say"));
        Some(self.noted(said.unwrap_or_else(message)))
    }

    /// Returns a message with the results below it.
    pub(super) fn noted(&self, message: Diagnostic) -> Diagnostic {
        let items = self.items();
        let message =
            items.iter().take(MAX_SHOWN).fold(message, |message, item| message.noted(in_words(item)));
        match items.len().saturating_sub(MAX_SHOWN) {
            0 => message,
            more => message.noted(format!("and {more} more")).hinted("`--results-dir` writes all of them"),
        }
    }

    /// Returns the results one by one: they come as a list, or in lists of a list.
    fn items(&self) -> Vec<&Node> {
        let all = self.0.as_sequence().map_or(std::slice::from_ref(&self.0), |list| &list.items);
        all.iter()
            .flat_map(|node| match node.get("items").and_then(Node::as_sequence) {
                Some(list) => &list.items[..],
                None => std::slice::from_ref(node),
            })
            .filter(|node| node.as_mapping().is_some())
            .collect()
    }
}

/// Returns a result in one line.
fn in_words(item: &Node) -> String {
    let text = |keys: &[&str]| item.at(keys).and_then(Node::as_str).filter(|text| !text.is_empty());
    let severity = text(&["severity"]).or(text(&["type"])).unwrap_or("info");
    let mut words = format!("{severity}: {}", text(&["message"]).unwrap_or("(without a message)"));
    let resource = [text(&["resourceRef", "kind"]), text(&["resourceRef", "name"])];
    let places = [
        resource.iter().copied().flatten().collect::<Vec<_>>().join("/"),
        text(&["field", "path"]).unwrap_or("").to_owned(),
        text(&["file", "path"]).unwrap_or("").to_owned(),
    ];
    let places: Vec<String> = places.into_iter().filter(|place| !place.is_empty()).collect();
    if !places.is_empty() {
        words.push_str(&format!(" ({})", places.join(", ")));
    }
    words
}
