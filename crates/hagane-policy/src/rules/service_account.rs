//! Whom a pod is for the API server.

use hagane_yaml::Node;

use crate::field::{switch, text};
use crate::pod::Pod;
use crate::proposal::{Nature, Proposal, Write};
use crate::scope::Scope;

/// The old name of `serviceAccountName`: the value moves, nothing of the author's is lost.
pub(crate) fn service_account_name(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let Some(old) = pod.get(&["serviceAccount"]) else { return };
    let message = "`serviceAccount` is the deprecated name of `serviceAccountName`";
    let new = pod.get(&["serviceAccountName"]);
    let own = pod.path(&["serviceAccount"]);
    if new.is_some_and(|new| new != old) {
        out.push(Proposal::new(own, format!("{message}, and says something else")));
        return;
    }
    out.push(match old.as_scalar().filter(|_| new.is_none()) {
        Some(old) => {
            let name = Proposal::new(pod.path(&["serviceAccountName"]), message);
            name.fill(Node::string(old.text.clone())).and(own, Write::Remove, None)
        }
        None => Proposal::new(own, message).remove().of_nature(Nature::Fill),
    });
}

pub(crate) fn service_account_token(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let account = text(pod.get(&["serviceAccountName"])).or_else(|| text(pod.get(&["serviceAccount"])));
    let keys = ["automountServiceAccountToken"];
    if account.unwrap_or("default") != "default" || pod.get(&keys).is_some() {
        return;
    }
    let space = scope.resource.id().effective_namespace();
    if scope.surroundings().is_some_and(|others| others.is_bound(space, "default")) {
        return;
    }
    let message = "the token of the service account `default` is mounted, which may do nothing";
    out.push(Proposal::new(pod.path(&keys), message).fill(switch(false)));
}

pub(crate) fn service_links(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let keys = ["enableServiceLinks"];
    if pod.get(&keys).is_none() {
        let message = "every Service of the namespace puts variables into the environment";
        out.push(Proposal::new(pod.path(&keys), message).fill(switch(false)));
    }
}
