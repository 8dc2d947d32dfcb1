//! Changes as patches: what a person would write to have by hand what the stages did.

mod json_patch;
mod strategic;

use std::collections::BTreeMap;

use hagane_resource::{Resource, ResourceSet};
use hagane_yaml::{Entry, Node};

use strategic::Lists;

/// What turns the resources of a composed layer into those that the stages made of them.
#[derive(Default)]
pub struct Ejected {
    /// A patch for each resource that was changed, in their order.
    pub patches: Vec<EjectedPatch>,
    /// The resources that were added.
    pub added: Vec<Resource>,
}

/// The patch for one resource.
pub struct EjectedPatch {
    /// The resource as it was composed.
    pub resource: Resource,
    /// The patches: one, or a strategic merge patch and operations.
    pub contents: Vec<Node>,
    /// Whether what is written comes of something that was decrypted, or takes its place.
    pub is_secret: bool,
}

/// How patches are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchFormat {
    /// The fields that change, lists of things with names merged by these.
    Merge,
    /// What is new in mappings as fields; what changes in lists, or goes away, as operations,
    /// by place. A merge would put new items before old ones, and an operation needs around it
    /// what a layer's labels may bring only later.
    Split,
}

/// Returns what leads from `before` to `after`. `format` chooses for each resource.
pub fn eject(
    before: &ResourceSet,
    after: &ResourceSet,
    format: impl Fn(&Resource) -> PatchFormat,
) -> Ejected {
    let mut ejected = Ejected::default();
    // A stage may write another version of the API; nothing else of an id.
    let name = |resource: &Resource| {
        let id = resource.id();
        [id.gvk.kind.to_string(), id.name.to_string(), id.namespace.to_string()]
    };
    let mut namesakes: BTreeMap<[String; 3], Vec<&Resource>> = BTreeMap::new();
    for old in before {
        namesakes.entry(name(old)).or_default().push(old);
    }
    for new in after {
        let old = namesakes.get(&name(new)).map_or(&[][..], Vec::as_slice);
        let Some(&old) = old.iter().find(|old| old.id() == new.id()).or(old.first()) else {
            ejected.added.push(new.clone());
            continue;
        };
        if old.tree() == new.tree() {
            continue;
        }
        let contents: Vec<Node> = match format(old) {
            PatchFormat::Merge => strategic::patch(old, new, Lists::Merged).into_iter().collect(),
            PatchFormat::Split => {
                let fields = strategic::patch(old, new, Lists::Left);
                fields.into_iter().chain(json_patch::patch(old.tree(), new.tree())).collect()
            }
        };
        let is_secret = contents.iter().any(Node::is_sensitive) || is_secret_changed(old.tree(), new.tree());
        ejected.patches.push(EjectedPatch { resource: old.clone(), contents, is_secret });
    }
    ejected
}

/// Returns whether two trees differ in something that was decrypted.
fn is_secret_changed(old: &Node, new: &Node) -> bool {
    match (old, new) {
        (Node::Mapping(old), Node::Mapping(new)) => {
            let is_changed = |entry: &Entry| match new.get(entry.key.text.as_str()) {
                Some(value) => is_secret_changed(&entry.value, value),
                None => entry.key.text.is_sensitive() || entry.value.is_sensitive(),
            };
            let is_new = |entry: &&Entry| old.get(entry.key.text.as_str()).is_none();
            let is_secret = |entry: &Entry| entry.key.text.is_sensitive() || entry.value.is_sensitive();
            old.entries.iter().any(is_changed) || new.entries.iter().filter(is_new).any(is_secret)
        }
        (Node::Sequence(old), Node::Sequence(new)) => {
            let both = old.items.len().min(new.items.len());
            old.items.iter().zip(&new.items).any(|(old, new)| is_secret_changed(old, new))
                || old.items[both..].iter().chain(&new.items[both..]).any(Node::is_sensitive)
        }
        _ => old != new && (old.is_sensitive() || new.is_sensitive()),
    }
}

#[cfg(test)]
mod tests {
    use hagane_resource::read_documents;
    use hagane_yaml::emit;

    use super::*;

    fn read(text: &str) -> ResourceSet {
        read_documents(text, Default::default()).unwrap().into_iter().collect()
    }

    fn pod(spec: &str) -> String {
        format!("{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {spec}}}")
    }

    #[track_caller]
    fn check(before: &str, after: &str, merged: &str, split: &[&str]) {
        let (before, after) = (read(&pod(before)), read(&pod(after)));
        let patches = |format| {
            let ejected = eject(&before, &after, |_| format);
            let text = |content| emit::json(content).unwrap().trim_end().to_owned();
            ejected.patches[0].contents.iter().map(text).collect::<Vec<_>>()
        };
        let head = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"},\"spec\":";
        assert_eq!(patches(PatchFormat::Merge), [format!("{head}{merged}}}")]);
        let whole =
            |text: &&str| if text.starts_with('{') { format!("{head}{text}}}") } else { (*text).to_owned() };
        assert_eq!(patches(PatchFormat::Split), split.iter().map(whole).collect::<Vec<_>>());
    }

    #[test]
    fn a_patch_says_only_what_changes() {
        check(
            "{hostPID: true, containers: [{name: a, image: i}, {name: b}]}",
            "{hostUsers: false, containers: [{name: a, image: i}, {name: b, securityContext: {privileged: false}}]}",
            "{\"containers\":[{\"name\":\"b\",\"securityContext\":{\"privileged\":false}}],\"hostPID\":null,\"hostUsers\":false}",
            &[
                "{\"hostUsers\":false}",
                "[{\"op\":\"remove\",\"path\":\"/spec/hostPID\"},\
                 {\"op\":\"test\",\"path\":\"/spec/containers/1/name\",\"value\":\"b\"},\
                 {\"op\":\"add\",\"path\":\"/spec/containers/1/securityContext\",\"value\":{\"privileged\":false}}]",
            ],
        );
    }

    #[test]
    fn lists_without_names_are_written_whole() {
        check(
            "{dnsConfig: {options: [{name: a}]}, containers: [{name: a, command: [x]}]}",
            "{dnsConfig: {options: [{name: a}, {name: b}]}, containers: [{name: a, command: [y]}]}",
            "{\"containers\":[{\"command\":[\"y\"],\"name\":\"a\"}],\"dnsConfig\":{\"options\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}",
            &["[{\"op\":\"add\",\"path\":\"/spec/dnsConfig/options/-\",\"value\":{\"name\":\"b\"}},\
               {\"op\":\"test\",\"path\":\"/spec/containers/0/name\",\"value\":\"a\"},\
               {\"op\":\"replace\",\"path\":\"/spec/containers/0/command/0\",\"value\":\"y\"}]"],
        );
    }

    #[test]
    fn an_item_that_is_gone_leaves_a_list_to_write() {
        check(
            "{volumes: [{name: a}, {name: b}]}",
            "{volumes: [{name: b}]}",
            "{\"volumes\":[{\"$patch\":\"delete\",\"name\":\"a\"}]}",
            &["[{\"op\":\"replace\",\"path\":\"/spec/volumes\",\"value\":[{\"name\":\"b\"}]}]"],
        );
    }
}
