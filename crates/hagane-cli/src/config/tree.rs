//! `cfg tree`: manifests as a tree of directories, or of owners.

use std::collections::{BTreeMap, BTreeSet};

use hagane::{Diagnostic, Failed, SourceMap, Span};
use hagane_yaml::Node;

use super::format::{field_rank, in_one_line};
use super::package::Manifest;
use super::query::{Step, follow, parse_path};

/// A line of the tree, and those below it.
#[derive(Default)]
struct Branch {
    label: String,
    branches: Vec<Branch>,
}

/// A field that is shown of each manifest.
pub(super) struct Shown {
    /// What the field stands under: its path, or that of the containers it is in.
    name: String,
    /// What it is called among the fields of a container.
    part: Option<String>,
    path: Vec<Step>,
}

const CONTAINERS: [&str; 2] = ["spec.template.spec.containers", "spec.containers"];

impl Shown {
    /// Returns the field at a path.
    pub(super) fn parse(path: &str) -> Result<Shown, Diagnostic> {
        let steps = parse_path(path)?;
        let plain = path.split('[').next().unwrap_or(path);
        let container = CONTAINERS.into_iter().find(|containers| plain.starts_with(containers));
        let part = container.and_then(|_| path.rsplit('.').next()).map(str::to_owned);
        let name = container.map_or_else(|| path.to_owned(), str::to_owned);
        Ok(Shown { name, part, path: steps })
    }

    /// Returns a field of every container.
    pub(super) fn of_containers(name: &str) -> Result<Vec<Shown>, Diagnostic> {
        CONTAINERS
            .iter()
            .rev()
            .map(|containers| Shown::parse(&format!("{containers}[name=.*].{name}")))
            .collect()
    }
}

/// Returns the tree by directories. `is_package` tells the directories that are packages of their own.
pub(super) fn by_directory(
    root: &str,
    manifests: &[Manifest],
    shown: &[Shown],
    is_package: &dyn Fn(&str) -> bool,
) -> String {
    let mut directories: BTreeMap<&str, Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests.iter().filter(|manifest| !manifest.text("kind").is_empty()) {
        let directory = manifest.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        directories.entry(directory).or_default().push(manifest);
    }
    let mut tree = Branch { label: root.to_owned(), ..Branch::default() };
    // Where the branch of each directory is.
    let mut places: Vec<(&str, Vec<usize>)> = Vec::new();
    for (directory, mut manifests) in directories {
        manifests.sort_by(|one, other| order(one).cmp(&order(other)));
        let around = places
            .iter()
            .filter(|(above, _)| {
                !above.is_empty() && directory.strip_prefix(above).is_some_and(|r| r.starts_with('/'))
            })
            .max_by_key(|(above, _)| above.len());
        let mut place = around.map(|(_, place)| place.clone()).unwrap_or_default();
        if !directory.is_empty() {
            let name = directory.rsplit('/').next().unwrap_or(directory);
            let label = if is_package(directory) { format!("Pkg: {name}") } else { name.to_owned() };
            let parent = tree.at(&place);
            parent.branches.push(Branch { label, ..Branch::default() });
            place.push(parent.branches.len() - 1);
        }
        let branch = tree.at(&place);
        branch
            .branches
            .extend(manifests.into_iter().map(|manifest| leaf(manifest, file_name(manifest), shown)));
        places.push((directory, place));
    }
    tree.text()
}

/// Returns the tree by owners.
pub(super) fn by_owner(manifests: &[Manifest], shown: &[Shown]) -> Result<String, Failed> {
    let mut children: BTreeMap<String, Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests {
        children.entry(owner(manifest)).or_default().push(manifest);
    }
    let ids: Vec<String> = manifests.iter().map(id).collect();
    if let Some(missing) = children.keys().find(|owner| !owner.is_empty() && !ids.contains(owner)) {
        let error = Diagnostic::error(
            Span::default(),
            format!("the owner `{}` is not here", missing.replace(" /", "/")),
        )
        .hinted("`--graph-structure directory` shows directories");
        return Err(Failed { diagnostics: vec![error], source_map: SourceMap::new() });
    }
    let mut tree = Branch { label: ".".to_owned(), ..Branch::default() };
    tree.grow("", &children, shown, &mut BTreeSet::new());
    Ok(tree.text())
}

impl Branch {
    /// Returns the branch at a path that is there.
    fn at(&mut self, path: &[usize]) -> &mut Branch {
        path.iter().fold(self, |branch, index| &mut branch.branches[*index])
    }

    /// Adds what an owner owns. Of several manifests with one id the first is the owner, so nothing is shown twice.
    fn grow(
        &mut self,
        owner: &str,
        children: &BTreeMap<String, Vec<&Manifest>>,
        shown: &[Shown],
        grown: &mut BTreeSet<String>,
    ) {
        let mut owned = children.get(owner).cloned().unwrap_or_default();
        owned.sort_by(|one, other| order(one).cmp(&order(other)));
        for manifest in owned {
            let id = id(manifest);
            let mut branch = leaf(manifest, "Resource", shown);
            if grown.insert(id.clone()) {
                branch.grow(&id, children, shown, grown);
            }
            self.branches.push(branch);
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.label);
        self.write("", &mut text);
        text
    }

    fn write(&self, indent: &str, text: &mut String) {
        for (index, branch) in self.branches.iter().enumerate() {
            let (edge, below) = if index + 1 == self.branches.len() {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            text.push_str(&format!("{indent}{edge}{}\n", branch.label));
            branch.write(&format!("{indent}{below}"), text);
        }
    }
}

fn file_name(manifest: &Manifest) -> &str {
    match manifest.path.rsplit('/').next() {
        Some(name) if !name.is_empty() => name,
        _ => ".",
    }
}

fn order(manifest: &Manifest) -> [&str; 5] {
    let metadata = |name| manifest.metadata(name);
    [
        file_name(manifest),
        metadata("namespace"),
        metadata("name"),
        manifest.text("kind"),
        manifest.text("apiVersion"),
    ]
}

fn id(manifest: &Manifest) -> String {
    format!("{} {}/{}", manifest.text("kind"), manifest.metadata("namespace"), manifest.metadata("name"))
}

fn owner(manifest: &Manifest) -> String {
    let owners = manifest.tree.at(&["metadata", "ownerReferences"]).and_then(Node::as_sequence);
    let Some(first) = owners.and_then(|owners| owners.items.first()) else { return String::new() };
    let text = |name| first.get(name).and_then(Node::as_str).unwrap_or("");
    format!("{} {}/{}", text("kind"), manifest.metadata("namespace"), text("name"))
}

/// Returns whether a manifest says who owns it.
pub(super) fn has_owner(manifest: &Manifest) -> bool {
    manifest.tree.at(&["metadata", "ownerReferences"]).is_some()
}

/// Returns the branch of a manifest, with the fields that are shown of it.
fn leaf(manifest: &Manifest, word: &str, shown: &[Shown]) -> Branch {
    let (kind, name, namespace) =
        (manifest.text("kind"), manifest.metadata("name"), manifest.metadata("namespace"));
    let name = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
    Branch { label: format!("[{word}]  {kind} {name}"), branches: fields(manifest, shown) }
}

/// What is shown of a field.
#[derive(Default)]
struct Value<'a> {
    /// The field itself.
    own: String,
    /// What is shown of each container, by the container's name.
    parts: BTreeMap<String, Vec<(&'a str, String)>>,
}

/// Returns the fields that are shown of a manifest, those of containers under the container they are in.
fn fields(manifest: &Manifest, shown: &[Shown]) -> Vec<Branch> {
    let mut values: BTreeMap<(usize, &str), Value> = BTreeMap::new();
    for field in shown {
        let mut found = Vec::new();
        follow(&manifest.tree, &field.path, &mut Vec::new(), &mut found);
        for (names, node) in found {
            let value = values.entry((field_rank(&field.name), &field.name)).or_default();
            match &field.part {
                None if value.own.is_empty() => value.own = in_one_line(node),
                None => {}
                Some(part) => value.parts.entry(names.join("/")).or_default().push((part, in_one_line(node))),
            }
        }
    }
    let branches = values.into_iter().map(|((_, name), value)| match value.parts.is_empty() {
        true => line(name, &value.own),
        false => Branch { label: name.to_owned(), branches: containers(value.parts) },
    });
    branches.collect()
}

/// Returns the branches of containers, which have numbers there.
fn containers(parts: BTreeMap<String, Vec<(&str, String)>>) -> Vec<Branch> {
    let container = |(index, mut parts): (usize, Vec<(&str, String)>)| {
        parts.sort_by_key(|(name, _)| (field_rank(name), *name));
        let branches = parts.iter().map(|(name, value)| line(name, value)).collect();
        Branch { label: index.to_string(), branches }
    };
    parts.into_values().enumerate().map(container).collect()
}

fn line(name: &str, value: &str) -> Branch {
    Branch { label: format!("{name}: {value}"), ..Branch::default() }
}
