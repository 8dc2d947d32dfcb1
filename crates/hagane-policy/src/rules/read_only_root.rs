//! The root of containers.

use std::collections::BTreeSet;

use hagane_yaml::{Node, Text};

use crate::field::{boolean, items, mapping, switch, text_or_empty, texts_of};
use crate::pod::{Container, Pod};
use crate::pod_security::named;
use crate::proposal::{Proposal, Write};
use crate::scope::Scope;

/// A read-only root stops images that write to `/tmp` and the like: what is configured as writable gets a
/// directory of its own in the same step.
pub(crate) fn read_only_root(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let keys = ["securityContext", "readOnlyRootFilesystem"];
    let mut taken: BTreeSet<String> = texts_of(pod.get(&["volumes"]), "name").map(str::to_owned).collect();
    for container in &pod.containers {
        let set = boolean(container.get(&keys));
        if set == Some(true) {
            continue;
        }
        let mut proposal =
            Proposal::of(container, &keys, format!("{} can write to its image's files", named(container)));
        if pod.is_windows() || !container.is_writable() {
            out.push(proposal);
            continue;
        }
        let is_given = container.get(&keys).is_some();
        proposal = if is_given { proposal.replace(switch(true)) } else { proposal.fill(switch(true)) };
        for path in lacking(scope, container) {
            let name = volume_name(container, &path, &mut taken);
            let message = format!("{} writes below `{path}`", named(container));
            let mount = mapping([("mountPath", Node::string(path)), ("name", Node::string(name.clone()))]);
            let volume = mapping([("emptyDir", Node::mapping()), ("name", Node::string(name))]);
            let needed = "what is written beside a read-only root needs a place";
            proposal = proposal
                .and(container.path(&["volumeMounts"]), Write::Append(mount), Some(message.into()))
                .and(pod.path(&["volumes"]), Write::Append(volume), Some(needed.into()));
        }
        out.push(proposal);
    }
}

/// Returns the paths that are to be writable and that nothing is mounted at.
fn lacking(scope: &Scope, container: &Container) -> Vec<String> {
    let plain = |path: &str| path.trim_end_matches('/').to_owned();
    let mounts = items(container.get(&["volumeMounts"]));
    let mut mounted: BTreeSet<String> =
        mounts.iter().map(|mount| plain(text_or_empty(mount.get("mountPath")))).collect();
    let is_free = |path: &String| path.starts_with('/') && mounted.insert(plain(path));
    scope.texts("writable", Some(container)).into_iter().filter(is_free).collect()
}

/// Characters that the name of a volume may have.
const MAX_NAME: usize = 63;

/// Returns a name for the volume behind a path that no other volume has: each container has its own.
fn volume_name(container: &Container, path: &str, taken: &mut BTreeSet<String>) -> Text {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let path = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    let full = format!("writable-{}-{path}", container.name);
    let with = |end: &str| {
        let short: String = full.chars().take(MAX_NAME - end.len()).collect();
        format!("{}{end}", short.trim_end_matches('-'))
    };
    let mut name = with("");
    for number in 2.. {
        if taken.insert(name.clone()) {
            break;
        }
        name = with(&format!("-{number}"));
    }
    Text::with_mark(name, container.node.get("name").is_some_and(Node::is_sensitive))
}
