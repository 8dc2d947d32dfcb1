//! The id of a resource: group, version, kind, name and namespace.

use std::fmt;

use compact_str::CompactString;

use crate::{Gvk, Schema};

/// What tells a resource from every other.
#[derive(Clone, Default)]
pub struct ResId {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// The name.
    pub name: CompactString,
    /// The namespace as written; empty when there is none.
    pub namespace: CompactString,
    /// Whether the kind is known to belong to the whole cluster, by kustomize's table or the user's schema. Other kinds,
    /// most custom resources among them, count as namespaced.
    pub cluster_scoped: bool,
    /// Whether name or namespace came out of decryption, or a kind that is none of Kubernetes' own, so that no message shows them.
    pub decrypted: bool,
}

/// The namespace of resources that have none because they belong to the whole cluster.
pub const CLUSTER: &str = "_non_namespaceable_";

impl ResId {
    /// Returns an id of a kind that the table alone knows the scope of.
    pub fn new(gvk: Gvk, name: CompactString, namespace: CompactString) -> ResId {
        let cluster_scoped = Schema::is_cluster_scoped(&gvk);
        ResId { gvk, name, namespace, cluster_scoped, decrypted: false }
    }

    /// Returns the namespace that counts: `default` where none is written, and one name for all resources of
    /// the cluster.
    pub fn effective_namespace(&self) -> &str {
        if self.cluster_scoped {
            CLUSTER
        } else if self.namespace.is_empty() {
            "default"
        } else {
            &self.namespace
        }
    }

    /// Returns whether both name the same resource: `default` and no namespace are the same. A kind has one scope, though
    /// an id that was just read may not have it from the user's schema yet.
    pub fn same_as(&self, other: &ResId) -> bool {
        self.name == other.name
            && self.gvk == other.gvk
            && (self.cluster_scoped
                || other.cluster_scoped
                || self.effective_namespace() == other.effective_namespace())
    }
}

impl PartialEq for ResId {
    fn eq(&self, other: &ResId) -> bool {
        self.gvk == other.gvk && self.name == other.name && self.namespace == other.namespace
    }
}

impl Eq for ResId {}

impl fmt::Debug for ResId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For people: `Deployment/web`, and the namespace behind the name where one is written.
impl fmt::Display for ResId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.decrypted {
            // A word that everybody knows gives nothing away.
            let is_known = Schema::knows_scope(&self.gvk.api_version(), &self.gvk.kind);
            let kind = if is_known { self.gvk.kind.as_str() } else { "«decrypted»" };
            return write!(f, "{kind}/«decrypted»");
        }
        write!(f, "{}/{}", self.gvk.kind, self.name)?;
        if !self.namespace.is_empty() {
            write!(f, " in namespace {}", self.namespace)?;
        }
        Ok(())
    }
}
