//! How images are pulled.

use hagane_yaml::Node;

use crate::pod::Pod;
use crate::pod_security::named;
use crate::proposal::Proposal;
use crate::scope::Scope;

pub(crate) fn image_pull_policy(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for container in &pod.containers {
        let policy = scope.text("value", Some(container));
        // A moving tag that is pulled once stays as it was on each node.
        let moves = policy == "IfNotPresent" && is_moving(container.image());
        if container.get(&["imagePullPolicy"]).is_none() && !container.image().is_empty() && !moves {
            let message = format!("{} leaves it to the tag when its image is pulled", named(container));
            let proposal = Proposal::of(container, &["imagePullPolicy"], message);
            out.push(proposal.fill(Node::string(policy)).unless_ephemeral(container));
        }
    }
}

/// Returns whether an image has no tag, or `latest`, and no digest.
fn is_moving(image: &str) -> bool {
    matches!(tag(image), None | Some("latest")) && !image.contains('@')
}

/// Returns the tag of an image; the port of a registry is none.
pub(crate) fn tag(image: &str) -> Option<&str> {
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    let name = image.rsplit_once('/').map_or(image, |(_, name)| name);
    name.split_once(':').map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(tag("host:5000/image"), None);
        assert_eq!(tag("host:5000/a/image:1.2@sha256:00"), Some("1.2"));
        assert_eq!(tag("image@sha256:00"), None);
        assert_eq!(tag("image:latest"), Some("latest"));
    }
}
