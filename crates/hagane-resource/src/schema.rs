//! What is known of the fields of resources: which lists merge, by which keys, and which kinds have no namespace.
//!
//! kustomize 5.8.1 merges with the API of Kubernetes 1.21.2, whatever the cluster's version; those facts are in
//! the program as constant tables, so that a program's start costs nothing. `openapi.path` in a kustomization
//! replaces them by a document of the user's, which [`Schema::from_openapi`] reads. Kinds that a schema does not
//! know (every custom resource, unless the user's document tells) merge maps and replace lists.
//!
//! ```
//! use hagane_resource::Schema;
//!
//! let schema = Schema::builtin();
//! let pod = schema.resource("v1", "Pod").unwrap();
//! let containers = pod.at(&["spec", "containers"]).unwrap();
//! assert!(containers.merges());
//! assert_eq!(containers.merge_keys(), ["name"]);
//! ```

mod builtin;
mod openapi;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;

pub use openapi::SchemaError;
use table::{Shape, Table};

use crate::Gvk;

/// The definitions that a merge goes by. Cheap to clone.
#[derive(Clone)]
pub struct Schema(Source);

#[derive(Clone)]
enum Source {
    Builtin,
    Custom(Arc<Custom>),
}

/// What a document of the user's holds.
struct Custom {
    table: Table,
    /// apiVersion, kind and whether it is namespaced, sorted.
    scopes: Vec<(CompactString, CompactString, bool)>,
}

/// What a merge knows about a field.
#[derive(Clone, Copy)]
pub struct SchemaNode<'s> {
    table: &'s Table,
    shape: &'s Shape,
}

impl Default for Schema {
    /// Returns the builtin schema.
    fn default() -> Schema {
        Schema::builtin()
    }
}

fn builtin_scope(api_version: &str, kind: &str) -> Option<bool> {
    builtin_scope_of(&[api_version], kind)
}

/// Returns the same for an `apiVersion` in pieces.
fn builtin_scope_of(api_version: &[&str], kind: &str) -> Option<bool> {
    let bytes = || api_version.iter().flat_map(|piece| piece.bytes());
    let row =
        builtin::SCOPES.binary_search_by(|row| row.0.bytes().cmp(bytes()).then_with(|| row.1.cmp(kind)));
    builtin::SCOPES.get(row.ok()?).map(|row| row.2)
}

impl Schema {
    /// Returns the schema that kustomize has built in.
    pub const fn builtin() -> Schema {
        Schema(Source::Builtin)
    }

    fn table(&self) -> &Table {
        match &self.0 {
            Source::Builtin => &builtin::TABLE,
            Source::Custom(custom) => &custom.table,
        }
    }

    /// Returns what is known of a kind of resource.
    pub fn resource(&self, api_version: &str, kind: &str) -> Option<SchemaNode<'_>> {
        let table = self.table();
        Some(SchemaNode { table, shape: table.kind(api_version, kind)? })
    }

    /// Returns what is known of the one field that [`Schema::of_field`] read.
    pub fn field(&self) -> Option<SchemaNode<'_>> {
        let table = self.table();
        Some(SchemaNode { table, shape: table.shape(0)? })
    }

    /// Returns whether kustomize's own table says that the kind has no namespace. Kinds it does not know, every
    /// custom resource among them, count as namespaced.
    pub fn is_cluster_scoped(gvk: &Gvk) -> bool {
        let scope = match gvk.group.as_str() {
            "" => builtin_scope(&gvk.version, &gvk.kind),
            group => builtin_scope_of(&[group, "/", &gvk.version], &gvk.kind),
        };
        scope == Some(false)
    }

    /// Returns whether kustomize's own table tells if the kind has a namespace.
    pub fn knows_scope(api_version: &str, kind: &str) -> bool {
        builtin_scope(api_version, kind).is_some()
    }

    /// Returns whether the schema tells the scope of kinds that kustomize's own table does not know.
    pub fn has_scopes(&self) -> bool {
        matches!(&self.0, Source::Custom(custom) if !custom.scopes.is_empty())
    }

    /// Returns the same under this schema: the builtin table speaks first, and for the kinds that a document of
    /// the user's adds, the document's paths.
    pub fn has_cluster_scope(&self, api_version: &str, kind: &str) -> bool {
        let namespaced = builtin_scope(api_version, kind).or_else(|| match &self.0 {
            Source::Builtin => None,
            Source::Custom(custom) => custom.namespaced(api_version, kind),
        });
        namespaced == Some(false)
    }
}

impl Custom {
    fn namespaced(&self, api_version: &str, kind: &str) -> Option<bool> {
        let compare = |row: &(CompactString, CompactString, bool)| {
            (row.0.as_str(), row.1.as_str()).cmp(&(api_version, kind))
        };
        let row = self.scopes.binary_search_by(compare).ok()?;
        self.scopes.get(row).map(|row| row.2)
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Builtin => "Schema::builtin",
            Source::Custom(_) => "Schema::from_openapi",
        })
    }
}

impl<'s> SchemaNode<'s> {
    /// Returns what is known of a field: a property, else what all values of the map are like. References are
    /// followed, and what stands beside one does not count (a Deployment's `strategy` keeps no `retainKeys`).
    pub fn field(self, name: &str) -> Option<SchemaNode<'s>> {
        let shape = match self.table.property(self.shape, name) {
            Some(property) => property,
            None => self.shape.values,
        };
        self.node(shape)
    }

    /// Returns what is known of the items of a list.
    pub fn elements(self) -> Option<SchemaNode<'s>> {
        self.node(self.shape.items)
    }

    /// Returns what is known of the field under a chain of names.
    pub fn at(self, names: &[&str]) -> Option<SchemaNode<'s>> {
        names.iter().try_fold(self, |node, name| node.field(name))
    }

    /// Returns `x-kubernetes-patch-strategy`: `merge`, `replace`, `retainKeys`, `merge,retainKeys`, or nothing.
    pub fn patch_strategy(self) -> &'s str {
        self.table.merge(self.shape).map_or("", |merge| &merge.strategy)
    }

    /// Returns whether the items of the list are merged into those that are there.
    pub fn merges(self) -> bool {
        self.patch_strategy().split(',').any(|strategy| strategy == "merge")
    }

    /// Returns the fields that tell the items of the list apart: `x-kubernetes-list-map-keys` where there are
    /// any, else `x-kubernetes-patch-merge-key`; none without a strategy, and none for a list of scalars
    /// (`finalizers`).
    pub fn merge_keys(self) -> &'s [CompactString] {
        self.table.merge(self.shape).map_or(&[], |merge| &merge.keys)
    }

    /// Returns whether the schema is there but says nothing at all (`{}` in a document of the user's).
    pub fn is_missing_or_null(self) -> bool {
        self.shape.says_nothing
    }

    fn node(self, shape: u32) -> Option<SchemaNode<'s>> {
        Some(SchemaNode { table: self.table, shape: self.table.shape(shape)? })
    }
}

impl fmt::Debug for SchemaNode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaNode")
            .field("patch_strategy", &self.patch_strategy())
            .field("merge_keys", &self.merge_keys())
            .finish_non_exhaustive()
    }
}
