//! References by name: what refers to a renamed resource gets its new name.

mod subject;

use std::collections::{BTreeSet, HashMap};

use compact_str::CompactString;
use hagane_resource::{CLUSTER, Create, Diagnostic, FieldSpec, Gvk, GvkPattern, Resource, ResourceSet};
use hagane_yaml::{Mapping, Node, Scalar, Tag, Text};

use crate::config::{Config, NameReference};
use subject::refuse_odd_subjects;

/// A resource that others may refer to, as far as that matters.
struct Candidate {
    place: usize,
    name: CompactString,
    namespace: CompactString,
    effective_namespace: CompactString,
    original_namespace: CompactString,
    cluster_scoped: bool,
    gvk: Gvk,
    former_kinds: Vec<(CompactString, CompactString)>,
    prefixes: Vec<CompactString>,
    suffixes: Vec<CompactString>,
    shown: String,
    decrypted: bool,
}

/// The resource that refers, as far as that matters.
struct Referrer {
    effective_namespace: CompactString,
    cluster_scoped: bool,
    prefixes: Vec<CompactString>,
    suffixes: Vec<CompactString>,
    /// Group and kind of its `roleRef`.
    role: Option<(CompactString, CompactString)>,
    /// Namespaces of the service accounts that a RoleBinding names.
    account_namespaces: Vec<CompactString>,
    shown: String,
}

/// Updates every field that holds the former name of a resource.
pub(crate) fn fix_references(resources: &mut ResourceSet, config: &Config) -> Result<(), Diagnostic> {
    refuse_odd_subjects(resources)?;
    let index = index(resources);
    let moves = moves(resources);
    let mut referred: Vec<usize> = Vec::new();
    let mut by_gvk: HashMap<Gvk, Vec<(&NameReference, &FieldSpec)>> = HashMap::new();
    for place in 0..resources.len() {
        let original = resources.get(place).original_id().gvk;
        let specs = by_gvk.entry(original).or_insert_with_key(|gvk| {
            let rows = config
                .name_reference
                .iter()
                .flat_map(|row| row.referrers.iter().map(move |spec| (row, spec)));
            rows.filter(|(_, spec)| gvk.matches(&spec.gvk)).collect()
        });
        let mut referrer: Option<Referrer> = None;
        for (row, spec) in specs.iter() {
            if !spec.reaches(resources.get(place).tree()) {
                continue;
            }
            let referrer = &*referrer.get_or_insert_with(|| Referrer::new(resources.get(place)));
            let search = Search {
                referrer,
                index: &index,
                moves: &moves,
                target: &row.target,
                by_role: spec.path.ends_with("roleRef/name"),
            };
            // Most references point at nothing that was renamed: the tree is written only when one does.
            if !search.finds_any(resources.get(place).tree(), spec)? {
                continue;
            }
            let found = &mut referred;
            let resource = resources.get_mut_keeping_name(place);
            resource.edit(|tree| spec.apply(tree, Create::Nothing, &mut |node| search.set(node, found)))?;
        }
    }
    for place in referred {
        resources.get_mut_keeping_name(place).referred = true;
    }
    Ok(())
}

/// The resources that had a name, also by their namespaces: a name may be in use in each of them.
#[derive(Default)]
struct Named {
    all: Vec<Candidate>,
    by_namespace: HashMap<CompactString, Vec<usize>>,
}

impl Named {
    fn push(&mut self, candidate: Candidate) {
        self.by_namespace.entry(candidate.effective_namespace.clone()).or_default().push(self.all.len());
        self.all.push(candidate);
    }

    /// Returns at least the candidates that a referrer reaches, in order.
    fn near(&self, referrer: &Referrer) -> Vec<&Candidate> {
        if referrer.cluster_scoped {
            return self.all.iter().collect();
        }
        let accounts = referrer.account_namespaces.iter().map(CompactString::as_str);
        let namespaces = [CLUSTER, referrer.effective_namespace.as_str()].into_iter().chain(accounts);
        let mut places: Vec<usize> =
            namespaces.filter_map(|n| self.by_namespace.get(n)).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| &self.all[place]).collect()
    }
}

/// The namespace that a resource had at first, and the one it has; both may be one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Move {
    from: CompactString,
    to: CompactString,
}

/// Returns from where to where resources have gone. Whether a namespace in a reference is meant as it was or as it is,
/// kustomize decides by whether anything was there, whatever it is.
fn moves(resources: &ResourceSet) -> BTreeSet<Move> {
    let namespaced = resources.iter().filter(|resource| !resource.id().cluster_scoped);
    let of = |resource: &Resource| {
        let to = CompactString::from(resource.id().effective_namespace());
        let from = resource.formers.first().map_or_else(|| to.clone(), |former| former.namespace.clone());
        Move { from, to }
    };
    namespaced.map(of).collect()
}

/// Returns the renamed resources by every name they had.
fn index(resources: &ResourceSet) -> HashMap<CompactString, Named> {
    let mut index: HashMap<CompactString, Named> = HashMap::new();
    for (place, resource) in resources.iter().enumerate() {
        let mut names: Vec<&CompactString> = Vec::new();
        for former in &resource.formers {
            if !names.contains(&&former.name) {
                names.push(&former.name);
                index.entry(former.name.clone()).or_default().push(Candidate::new(place, resource));
            }
        }
    }
    index
}

impl Candidate {
    fn new(place: usize, resource: &Resource) -> Candidate {
        let id = resource.id();
        Candidate {
            place,
            name: id.name.clone(),
            namespace: id.namespace.clone(),
            effective_namespace: id.effective_namespace().into(),
            original_namespace: resource.formers.first().map(|f| f.namespace.clone()).unwrap_or_default(),
            cluster_scoped: id.cluster_scoped,
            gvk: id.gvk.clone(),
            former_kinds: resource.formers.iter().map(|f| (f.kind.clone(), f.name.clone())).collect(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            shown: id.to_string(),
            decrypted: id.decrypted,
        }
    }

    /// Returns one of the candidate's own texts with the mark that its name has.
    fn marked(&self, text: &CompactString) -> Text {
        Text::with_mark(text.as_str(), self.decrypted)
    }

    fn had_gvk(&self, group: &str, version: &str, kind: &str) -> bool {
        let part = |pattern: &str, own: &str| pattern.is_empty() || pattern == own;
        part(group, &self.gvk.group)
            && part(version, &self.gvk.version)
            && self.former_kinds.iter().any(|(former, _)| part(kind, former))
    }
}

impl Referrer {
    fn new(resource: &Resource) -> Referrer {
        let tree = resource.tree();
        let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(CompactString::from);
        let role = tree.get("roleRef").and_then(|role| Some((text(role, "apiGroup")?, text(role, "kind")?)));
        let mut account_namespaces = Vec::new();
        if resource.gvk().kind == "RoleBinding"
            && let Some(Node::Sequence(subjects)) = tree.get("subjects")
        {
            let accounts =
                subjects.items.iter().filter(|s| text(s, "kind").is_some_and(|k| k == "ServiceAccount"));
            account_namespaces.extend(accounts.filter_map(|s| text(s, "namespace")));
        }
        Referrer {
            effective_namespace: resource.id().effective_namespace().into(),
            cluster_scoped: resource.id().cluster_scoped,
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            role,
            account_namespaces,
            shown: resource.id().to_string(),
        }
    }
}

/// The search for what one field refers to.
struct Search<'a> {
    referrer: &'a Referrer,
    index: &'a HashMap<CompactString, Named>,
    moves: &'a BTreeSet<Move>,
    target: &'a GvkPattern,
    by_role: bool,
}

impl Search<'_> {
    /// Returns whether setting the field would find anything.
    fn finds_any(&self, tree: &Node, spec: &FieldSpec) -> Result<bool, Diagnostic> {
        let mut any = false;
        self.walk(tree, spec.steps(), &mut any);
        Ok(any)
    }

    fn walk(&self, node: &Node, steps: &[hagane_resource::PathStep], any: &mut bool) {
        match (steps.split_first(), node) {
            (None, Node::Scalar(scalar)) => *any |= self.index.contains_key(scalar.text.as_str()),
            // A mapping at the end is looked at closely, its errors are the walk's that writes.
            (None, Node::Mapping(mapping)) => {
                *any |= mapping
                    .get("name")
                    .and_then(Node::as_str)
                    .is_none_or(|name| self.index.contains_key(name));
            }
            // So is a list in a list at the end.
            (None, Node::Sequence(sequence))
                if sequence.items.iter().any(|item| item.as_sequence().is_some()) =>
            {
                *any = true
            }
            (_, Node::Sequence(sequence)) => {
                sequence.items.iter().for_each(|item| self.walk(item, steps, any))
            }
            // An empty part, or one that stands for an item, is an error that the walk that writes reports.
            (Some((step, _)), Node::Mapping(_)) if !step.is_key() => *any = true,
            (Some((step, rest)), Node::Mapping(mapping)) => {
                if let Some(field) = mapping.get(&step.key) {
                    self.walk(field, rest, any);
                }
            }
            // A single value on the way is an error that the walk that writes reports.
            (Some(_), Node::Scalar(scalar)) => *any |= !scalar.is_null(),
        }
    }

    fn set(&self, node: &mut Node, referred: &mut Vec<usize>) -> Result<(), Diagnostic> {
        match node {
            Node::Scalar(scalar) if scalar.is_null() => Ok(()),
            Node::Scalar(scalar) => self.set_scalar(scalar, referred),
            Node::Mapping(mapping) => self.set_mapping(mapping, referred),
            Node::Sequence(sequence) => sequence.items.iter_mut().try_for_each(|item| match item {
                Node::Scalar(scalar) => self.set_scalar(scalar, referred),
                Node::Mapping(mapping) => self.set_mapping(mapping, referred),
                Node::Sequence(s) => {
                    Err(Diagnostic::error(s.span, "a name or a mapping with a name is expected here")
                        .hinted("drop the inner dash or brackets"))
                }
            }),
        }
    }

    fn set_scalar(&self, scalar: &mut Scalar, referred: &mut Vec<usize>) -> Result<(), Diagnostic> {
        let found = self.candidates(scalar.text.as_str(), None);
        if let Some(candidate) = self.select(found, |a, b| a.name == b.name, scalar)? {
            referred.push(candidate.place);
            if scalar.text != candidate.name.as_str() {
                // Without quotes the text decides what it is, as kustomize writes it.
                scalar.text = candidate.marked(&candidate.name);
                scalar.tag = Tag::Unresolved;
                scalar.style = scalar.written().style;
            }
        }
        Ok(())
    }

    /// Sets name and namespace of a mapping that names a resource.
    fn set_mapping(&self, mapping: &mut Mapping, referred: &mut Vec<usize>) -> Result<(), Diagnostic> {
        let Some(name) = mapping.get("name") else {
            return Err(Diagnostic::error(mapping.span, "a mapping with a field `name` is expected here")
                .hinted("for example `{name: settings}`"));
        };
        // What is no text names nothing.
        let Node::Scalar(name) = name else { return Ok(()) };
        let namespace = mapping.get("namespace").and_then(Node::as_str);
        let found = self.candidates(name.text.as_str(), namespace);
        let same = |a: &Candidate, b: &Candidate| a.name == b.name && a.namespace == b.namespace;
        let Some(candidate) = self.select(found, same, name)? else { return Ok(()) };
        referred.push(candidate.place);
        if name.text == candidate.name.as_str() && candidate.namespace.is_empty() {
            return Ok(());
        }
        for (field, text) in [("name", &candidate.name), ("namespace", &candidate.namespace)] {
            if !text.is_empty() {
                let text = candidate.marked(text);
                // What stands there keeps its style, and without quotes the text decides what it is.
                let value = match mapping.get(field).and_then(Node::as_scalar) {
                    Some(old) => Node::Scalar(old.with_text(text)),
                    None => Node::string(text),
                };
                mapping.set(field, value);
            }
        }
        Ok(())
    }

    /// Returns the resources that had the name and are within reach of the referrer. A namespace in the reference
    /// is an original one if anything was there, else a current one.
    fn candidates(&self, name: &str, namespace: Option<&str>) -> Vec<&Candidate> {
        let reachable = self.index.get(name).map(|named| named.near(self.referrer)).unwrap_or_default();
        let reachable = reachable.into_iter().filter(|c| self.reaches(c));
        let Some(namespace) = namespace else { return reachable.collect() };
        let reachable: Vec<&Candidate> = reachable.filter(|c| !c.cluster_scoped).collect();
        let of = |get: fn(&Candidate) -> &CompactString| -> Vec<&Candidate> {
            reachable.iter().copied().filter(|c| get(c) == namespace).collect()
        };
        let was_reachable = |moved: &Move| moved.from == namespace && self.reaches_namespace(&moved.to);
        match self.moves.iter().any(was_reachable) {
            true => of(|c| &c.original_namespace),
            false => of(|c| &c.effective_namespace),
        }
    }

    fn reaches(&self, candidate: &Candidate) -> bool {
        let referrer = self.referrer;
        referrer.cluster_scoped
            || candidate.cluster_scoped
            || candidate.effective_namespace == referrer.effective_namespace
            // The namespaces of accounts are compared as they are written: `default` is not the one of who has none.
            || referrer.account_namespaces.contains(&candidate.namespace)
    }

    fn reaches_namespace(&self, namespace: &CompactString) -> bool {
        let referrer = self.referrer;
        referrer.cluster_scoped
            || *namespace == referrer.effective_namespace
            || referrer.account_namespaces.contains(namespace)
    }

    fn select<'c>(
        &self,
        candidates: Vec<&'c Candidate>,
        identical: fn(&Candidate, &Candidate) -> bool,
        scalar: &Scalar,
    ) -> Result<Option<&'c Candidate>, Diagnostic> {
        let referrer = self.referrer;
        let in_role = |c: &Candidate| match (&referrer.role, self.by_role) {
            (Some((group, kind)), true) => c.had_gvk(group, "", kind),
            _ => true,
        };
        let near = |c: &Candidate| {
            referrer.cluster_scoped
                || c.cluster_scoped
                || c.gvk.kind == "ServiceAccount"
                || c.effective_namespace == referrer.effective_namespace
        };
        let mut left: Vec<&Candidate> = candidates
            .into_iter()
            .filter(|c| {
                c.had_gvk(&self.target.group, &self.target.version, &self.target.kind)
                    && in_role(c)
                    && near(c)
            })
            .collect();
        for strict in [false, true] {
            if left.len() > 1 {
                left.retain(|c| {
                    fits(&c.prefixes, &referrer.prefixes, strict)
                        && fits(&c.suffixes, &referrer.suffixes, strict)
                });
            }
        }
        match left[..] {
            [] => Ok(None),
            [first, ref rest @ ..] if rest.iter().all(|other| identical(first, other)) => Ok(Some(first)),
            _ => {
                let names: Vec<&str> = left.iter().map(|c| c.shown.as_str()).collect();
                let name = if scalar.text.is_sensitive() { "a decrypted name" } else { scalar.text.as_str() };
                let message = format!("`{name}` in {} may mean {}", referrer.shown, names.join(" or "));
                Err(Diagnostic::error(scalar.span, message)
                    .hinted("give the resources different names before prefixes and suffixes are put on"))
            }
        }
    }
}

/// Returns whether two lists of affixes end alike; an empty one fits any where that is not strict.
fn fits(a: &[CompactString], b: &[CompactString], strict: bool) -> bool {
    if !strict && (a.is_empty() || b.is_empty()) {
        return true;
    }
    let shorter = a.len().min(b.len());
    if shorter == 0 {
        return a.len() == b.len();
    }
    a[a.len() - shorter..] == b[b.len() - shorter..]
}
