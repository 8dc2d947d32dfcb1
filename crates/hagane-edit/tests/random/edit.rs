//! Random edits, and what they mean.

use hagane_edit::{
    Existing, GeneratorArgument, GeneratorKind, ImageArgument, Kustomization, LabelScope, Missing,
    PatchArgument, ReplicaArgument,
};
use hagane_resource::Diagnostic;
use hagane_yaml::{Mapping, Node, Scalar, Sequence, Tag};

use crate::kustomization::{NAMES, PATHS, TEXTS, mapping, string};
use hagane_cases::rng::Rng;

#[derive(Debug)]
pub(crate) enum Edit {
    SetField(&'static str, String),
    AddPaths(&'static str, Vec<String>),
    RemovePaths(&'static str, String),
    SetImage(ImageArgument),
    SetReplicas(String, i64),
    SetAnnotations(Vec<(String, String)>),
    SetCommonLabels(Vec<(String, String)>),
    AddLabels(Vec<(String, String)>),
    RemoveAnnotations(Vec<String>),
    AddPatch(String),
    RemovePatch(String),
    SetBuildMetadata,
    AddLiteral(String, &'static str),
    Fix,
}

impl Edit {
    pub(crate) fn random(rng: &mut Rng, meaning: &Node) -> Edit {
        let pairs = |rng: &mut Rng| {
            let mut pairs = vec![(rng.pick(&NAMES).to_owned(), rng.pick(&TEXTS).to_owned())];
            if rng.once_in(3) {
                pairs.push(("new".to_owned(), rng.pick(&TEXTS).to_owned()));
            }
            pairs
        };
        let path = |rng: &mut Rng| rng.pick(&PATHS).to_owned();
        let list = rng.pick(&["resources", "resources", "components"]);
        match rng.up_to(17) {
            0 => Edit::SetField(
                rng.pick(&["namePrefix", "nameSuffix", "namespace"]),
                rng.pick(&TEXTS).to_owned(),
            ),
            1 => Edit::AddPaths(list, vec![path(rng), path(rng)]),
            2 => Edit::RemovePaths(list, some_path(rng, meaning, list)),
            3 | 4 => {
                let value = |rng: &mut Rng| rng.pick(&["", "*", "new", "1.1"]).to_owned();
                let name = rng.pick(&NAMES).to_owned();
                Edit::SetImage(ImageArgument {
                    name,
                    new_name: value(rng),
                    new_tag: value(rng),
                    digest: value(rng),
                })
            }
            5 => Edit::SetReplicas(rng.pick(&NAMES).to_owned(), rng.up_to(5) as i64),
            6 => Edit::SetAnnotations(pairs(rng)),
            7 => Edit::SetCommonLabels(pairs(rng)),
            8 => Edit::AddLabels(pairs(rng)),
            9 => Edit::RemoveAnnotations(vec![rng.pick(&NAMES).to_owned(), rng.pick(&NAMES).to_owned()]),
            10 => Edit::AddPatch(path(rng)),
            11 => Edit::RemovePatch(some_path(rng, meaning, "patches")),
            12 => Edit::SetBuildMetadata,
            13 => Edit::AddLiteral(rng.pick(&NAMES).to_owned(), rng.pick(&["key", "new"])),
            _ => Edit::Fix,
        }
    }

    pub(crate) fn make(&self, kustomization: &mut Kustomization) -> Result<(), Diagnostic> {
        match self {
            Edit::SetField(name, value) => kustomization.set_field(name, value),
            Edit::AddPaths(field, paths) => kustomization.add_paths(field, paths),
            Edit::RemovePaths(field, path) => kustomization.remove_paths(field, &[path.replace('[', "\\[")]),
            Edit::SetImage(image) => kustomization.set_images(std::slice::from_ref(image)),
            Edit::SetReplicas(name, count) => {
                kustomization.set_replicas(&[ReplicaArgument { name: name.clone(), count: *count }])
            }
            Edit::SetAnnotations(pairs) => kustomization.set_annotations(pairs),
            Edit::SetCommonLabels(pairs) => kustomization.set_common_labels(pairs),
            Edit::AddLabels(pairs) => {
                kustomization.add_labels(pairs, LabelScope::Metadata, Existing::Overwrite)
            }
            Edit::RemoveAnnotations(names) => kustomization.remove_annotations(names, Missing::Ignore),
            Edit::AddPatch(path) => kustomization.add_patch(&patch(path)),
            Edit::RemovePatch(path) => kustomization.remove_patch(&patch(path)),
            Edit::SetBuildMetadata => kustomization.set_build_metadata(&["managedByLabel".to_owned()]),
            Edit::AddLiteral(name, key) => {
                let argument = GeneratorArgument {
                    name: name.clone(),
                    literals: vec![format!("{key}=x: y")],
                    ..GeneratorArgument::default()
                };
                kustomization.add_generator(GeneratorKind::ConfigMap, &argument)
            }
            Edit::Fix => kustomization.fix(&|text| text.ends_with(".yaml")),
        }
    }

    /// Returns whether the edit may change a field.
    pub(crate) fn touches(&self, name: &str) -> bool {
        let touched: &[&str] = match self {
            Edit::SetField(field, _) => &[field],
            Edit::AddPaths(field, _) => &[field],
            Edit::RemovePaths(field, _) => &[field, "bases"],
            Edit::SetImage(_) => &["images", "imageTags"],
            Edit::SetReplicas(..) => &["replicas"],
            Edit::SetAnnotations(_) | Edit::RemoveAnnotations(_) => &["commonAnnotations"],
            Edit::SetCommonLabels(_) => &["commonLabels"],
            Edit::AddLabels(_) => &["labels"],
            Edit::AddPatch(_) | Edit::RemovePatch(_) => &["patches"],
            Edit::SetBuildMetadata => &["buildMetadata"],
            Edit::AddLiteral(..) => &["configMapGenerator"],
            Edit::Fix => &[
                "apiVersion",
                "kind",
                "resources",
                "bases",
                "images",
                "imageTags",
                "configMapGenerator",
                "secretGenerator",
                "helmCharts",
                "helmGlobals",
                "helmChartInflationGenerator",
                "patches",
                "patchesJson6902",
                "patchesStrategicMerge",
                "labels",
                "commonLabels",
            ],
        };
        touched.iter().any(|touched| touched.eq_ignore_ascii_case(name))
    }

    /// Returns whether to make it twice is to make it once.
    pub(crate) fn is_idempotent(&self) -> bool {
        !matches!(self, Edit::AddLiteral(..))
    }

    /// Returns whether nothing goes that a comment may belong to.
    pub(crate) fn keeps_comments(&self) -> bool {
        matches!(
            self,
            Edit::AddPaths(..)
                | Edit::SetAnnotations(_)
                | Edit::SetCommonLabels(_)
                | Edit::AddLabels(_)
                | Edit::AddPatch(_)
        )
    }

    /// Makes the edit to what the kustomization means; returns whether it may be made.
    pub(crate) fn model(&self, root: &mut Node) -> bool {
        match self {
            Edit::SetField(name, value) => set_text(root, name, value),
            Edit::AddPaths(field, paths) => {
                for path in paths {
                    let here = |name: &str| items(root, name).iter().any(|item| item.as_str() == Some(path));
                    if !(here(field) || *field == "resources" && here("bases")) {
                        list(root, field).push(string(path));
                    }
                }
            }
            Edit::RemovePaths(field, path) => {
                remove_items(root, field, |item| item.as_str() == Some(path));
                if *field == "resources" {
                    remove_items(root, "bases", |item| item.as_str() == Some(path));
                }
            }
            Edit::SetImage(image) => set_image(root, image),
            Edit::SetReplicas(name, count) => {
                let count = Node::Scalar(Scalar {
                    text: count.to_string().into(),
                    tag: Tag::Int,
                    ..Scalar::default()
                });
                if !keep_first(root, &["replicas"], name, |item| set(item, "count", count.clone())) {
                    list(root, "replicas").push(mapping(&[("name", string(name)), ("count", count)]));
                }
            }
            Edit::SetAnnotations(pairs) => set_pairs(root, "commonAnnotations", pairs),
            Edit::SetCommonLabels(pairs) => set_pairs(root, "commonLabels", pairs),
            Edit::AddLabels(pairs) => {
                let place =
                    items(root, "labels").iter().position(|label| label.get("includeSelectors").is_none());
                match place {
                    Some(index) => set_pairs(&mut list(root, "labels")[index], "pairs", pairs),
                    None => {
                        let mut label = Node::mapping();
                        set_pairs(&mut label, "pairs", pairs);
                        list(root, "labels").push(label);
                    }
                }
            }
            Edit::RemoveAnnotations(names) => {
                if let Some(Node::Mapping(pairs)) = root.get_mut("commonAnnotations") {
                    let before = pairs.entries.len();
                    pairs.entries.retain(|entry| !names.iter().any(|name| entry.key.text == name.as_str()));
                    if pairs.entries.is_empty() && before > 0 {
                        remove(root, "commonAnnotations");
                    }
                }
            }
            Edit::AddPatch(path) => {
                if !items(root, "patches").iter().any(|item| is_patch(item, path)) {
                    list(root, "patches").push(mapping(&[("path", string(path))]));
                }
            }
            Edit::RemovePatch(path) => remove_items(root, "patches", |item| is_patch(item, path)),
            Edit::SetBuildMetadata => {
                remove(root, "buildMetadata");
                list(root, "buildMetadata").push(string("managedByLabel"));
            }
            Edit::AddLiteral(name, key) => {
                let literal = string(&format!("{key}=x: y"));
                let generators = list(root, "configMapGenerator");
                let there =
                    generators.iter_mut().find(|item| item.get("name").and_then(Node::as_str) == Some(name));
                let Some(generator) = there else {
                    let mut new = mapping(&[("name", string(name))]);
                    list(&mut new, "literals").push(literal);
                    generators.push(new);
                    return true;
                };
                let has_key =
                    |item: &Node| item.as_str().is_some_and(|text| text.split('=').next() == Some(*key));
                if items(generator, "literals").iter().any(has_key) {
                    return false;
                }
                list(generator, "literals").push(literal);
            }
            Edit::Fix => return fix(root),
        }
        true
    }
}

fn patch(path: &str) -> PatchArgument {
    PatchArgument { path: path.to_owned(), ..PatchArgument::default() }
}

fn is_patch(item: &Node, path: &str) -> bool {
    item.get("path").and_then(Node::as_str) == Some(path) && item.get("patch").is_none()
}

/// Returns a path that the list has, or any.
fn some_path(rng: &mut Rng, meaning: &Node, field: &str) -> String {
    let items = items(meaning, field);
    let item = if items.is_empty() { None } else { items.get(rng.up_to(items.len())) };
    let text = item.and_then(|item| item.as_str().or_else(|| item.get("path")?.as_str()).map(str::to_owned));
    text.unwrap_or_else(|| rng.pick(&PATHS).to_owned())
}

fn items(root: &Node, name: &str) -> Vec<Node> {
    root.get(name).and_then(Node::as_sequence).map(|list| list.items.clone()).unwrap_or_default()
}

fn list<'n>(root: &'n mut Node, name: &str) -> &'n mut Vec<Node> {
    if root.get(name).is_none() {
        set(root, name, Node::Sequence(Sequence::default()));
    }
    &mut root.get_mut(name).and_then(Node::as_sequence_mut).expect("a list").items
}

fn set(node: &mut Node, key: &str, value: Node) {
    node.as_mapping_mut().expect("a mapping").set(key, value);
}

fn remove(node: &mut Node, key: &str) -> Option<Node> {
    node.as_mapping_mut().expect("a mapping").remove(key)
}

fn set_text(node: &mut Node, key: &str, value: &str) {
    match value {
        "" => _ = remove(node, key),
        value => set(node, key, string(value)),
    }
}

fn set_pairs(node: &mut Node, name: &str, pairs: &[(String, String)]) {
    if node.get(name).is_none() {
        set(node, name, Node::Mapping(Mapping::default()));
    }
    for (key, value) in pairs {
        set(node.get_mut(name).expect("it is there"), key, string(value));
    }
}

fn remove_items(root: &mut Node, name: &str, gone: impl Fn(&Node) -> bool) {
    let kept: Vec<Node> = items(root, name).into_iter().filter(|item| !gone(item)).collect();
    if root.get(name).is_some() && kept.len() < items(root, name).len() {
        match kept.is_empty() {
            true => _ = remove(root, name),
            false => *list(root, name) = kept,
        }
    }
}

/// Changes the first item of a name, removes the others; returns whether there was one.
fn keep_first(root: &mut Node, lists: &[&str], name: &str, mut change: impl FnMut(&mut Node)) -> bool {
    let mut found = false;
    for field in lists {
        let mut kept = Vec::new();
        for mut item in items(root, field) {
            if item.get("name").and_then(Node::as_str) == Some(name) {
                if found {
                    continue;
                }
                found = true;
                change(&mut item);
            }
            kept.push(item);
        }
        let had = items(root, field).len();
        match kept.is_empty() && had > 0 {
            true => _ = remove(root, field),
            false if had > 0 => *list(root, field) = kept,
            false => {}
        }
    }
    found
}

fn set_image(root: &mut Node, image: &ImageArgument) {
    let parts = [("newName", &image.new_name), ("newTag", &image.new_tag), ("digest", &image.digest)];
    let found = keep_first(root, &["images", "imageTags"], &image.name, |item| {
        parts.iter().filter(|(_, value)| *value != "*").for_each(|(key, value)| set_text(item, key, value));
    });
    if !found {
        let mut new = mapping(&[("name", string(&image.name))]);
        parts
            .iter()
            .filter(|(_, value)| *value != "*")
            .for_each(|(key, value)| set_text(&mut new, key, value));
        list(root, "images").push(new);
    }
}

fn fix(root: &mut Node) -> bool {
    let labels = remove(root, "commonLabels");
    for (old, new) in [("bases", "resources"), ("imageTags", "images"), ("patchesJson6902", "patches")] {
        if let Some(Node::Sequence(old)) = remove(root, old) {
            list(root, new).extend(old.items);
        }
    }
    if let Some(Node::Sequence(old)) = remove(root, "patchesStrategicMerge") {
        for patch in old.items {
            let is_file = patch.as_str().is_some_and(|text| text.ends_with(".yaml"));
            list(root, "patches").push(mapping(&[(if is_file { "path" } else { "patch" }, patch)]));
        }
    }
    if root.get("configMapGenerator").is_some() {
        for generator in list(root, "configMapGenerator") {
            if let Some(env) = remove(generator, "env") {
                list(generator, "envs").push(env);
            }
        }
    }
    if let Some(pairs) = labels.filter(|labels| labels.as_mapping().is_some_and(|m| !m.entries.is_empty())) {
        let keys = |node: &Node| -> Vec<String> {
            let entries = node.as_mapping().map(|mapping| &mapping.entries[..]).unwrap_or_default();
            entries.iter().map(|entry| entry.key.text.as_str().to_owned()).collect()
        };
        let taken: Vec<String> = items(root, "labels")
            .iter()
            .filter_map(|label| Some(keys(label.get("pairs")?)))
            .flatten()
            .collect();
        if keys(&pairs).iter().any(|key| taken.contains(key)) {
            return false;
        }
        let yes = Node::Scalar(Scalar { text: "true".into(), tag: Tag::Bool, ..Scalar::default() });
        list(root, "labels").push(mapping(&[("includeSelectors", yes), ("pairs", pairs)]));
    }
    set(root, "apiVersion", string("kustomize.config.k8s.io/v1beta1"));
    set(root, "kind", string("Kustomization"));
    true
}
