//! The root of containers.

use hagane_yaml::{Node, Text};

use crate::field::{boolean, items, mapping, sequence, switch, text, text_or_empty};
use crate::field_path::FieldPath;
use crate::pod::{Container, Pod};
use crate::pod_security::named;
use crate::proposal::{Nature, Proposal};
use crate::scope::Scope;

/// A read-only root stops images that write to `/tmp` and the like: what is configured as writable gets a directory of its
/// own in the same step.
pub(crate) fn read_only_root(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let keys = ["securityContext", "readOnlyRootFilesystem"];
    let mut new_volumes: Vec<(Text, Nature)> = Vec::new();
    for container in &pod.containers {
        let set = boolean(container.get(&keys));
        if set == Some(true) {
            continue;
        }
        let proposal =
            Proposal::of(container, &keys, format!("{} can write to its image's files", named(container)));
        if pod.is_windows() || !container.is_writable() {
            out.push(proposal);
            continue;
        }
        let is_filled = set.is_none();
        out.push(if is_filled { proposal.fill(switch(true)) } else { proposal.replace(switch(true)) });
        // What is opted out keeps its root, and needs nothing.
        if is_filled && scope.applies_to(container) || scope.is_enforced(container) {
            let lacking = lacking(scope, container);
            let nature = if is_filled { Nature::Fill } else { Nature::Replace };
            new_volumes.extend(lacking.iter().map(|path| (volume_name(container, path), nature)));
            out.extend(mounts(container, &lacking).map(|mount| mount.of_nature(nature)));
        }
    }
    let own = items(pod.get(&["volumes"]));
    new_volumes.retain(|(name, _)| !own.iter().any(|volume| text(volume.get("name")) == Some(name.as_str())));
    let message = "what is written beside a read-only root needs a place";
    for (index, (name, nature)) in new_volumes.into_iter().enumerate() {
        let volume = mapping([("emptyDir", Node::mapping()), ("name", Node::string(name))]);
        let proposal = place(pod.path(&["volumes"]), own.len(), index, volume, None, message);
        out.push(proposal.of_nature(nature));
    }
}

/// Returns the paths that are to be writable and that nothing is mounted at.
fn lacking(scope: &Scope, container: &Container) -> Vec<String> {
    let mounted = items(container.get(&["volumeMounts"]));
    let is_free = |path: &String| {
        let same = |mount: &Node| {
            text_or_empty(mount.get("mountPath")).trim_end_matches('/') == path.trim_end_matches('/')
        };
        path.starts_with('/') && !mounted.iter().any(same)
    };
    scope.texts("writable", Some(container)).into_iter().filter(is_free).collect()
}

fn mounts<'a>(container: &'a Container, paths: &'a [String]) -> impl Iterator<Item = Proposal> + 'a {
    let own = items(container.get(&["volumeMounts"]));
    let list = container.path(&["volumeMounts"]);
    let mount = move |(index, path): (usize, &String)| {
        let name = volume_name(container, path);
        let mount = mapping([("mountPath", Node::string(path.as_str())), ("name", Node::string(name))]);
        let message = format!("{} writes below `{path}`", named(container));
        place(list.clone(), own.len(), index, mount, Some(container.name), &message)
    };
    paths.iter().enumerate().map(mount)
}

/// Proposes an item at the end of a list; the first one makes the list.
fn place(
    list: FieldPath,
    length: usize,
    index: usize,
    item: Node,
    container: Option<&str>,
    message: &str,
) -> Proposal {
    let container = container.map(str::to_owned);
    let proposal = match length + index {
        0 => Proposal::new(list, message).fill(sequence([item])),
        end => Proposal::new(list.item(end), message).fill(item),
    };
    Proposal { container, ..proposal }
}

/// Returns a name for the volume behind a path: each container has its own.
fn volume_name(container: &Container, path: &str) -> Text {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let path = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    let full = format!("writable-{}-{path}", container.name);
    let short: String = full.chars().take(63).collect();
    let is_secret = container.node.get("name").is_some_and(Node::is_sensitive);
    Text::with_mark(short.trim_end_matches('-'), is_secret)
}
