//! The default field specs: which fields each transformer of kustomize 5.8.1 writes, and where names are
//! referred to.

#[rustfmt::skip]
mod rows;

pub use rows::*;

/// A default field spec. An empty group, version or kind stands for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpecRow {
    /// The API group.
    pub group: &'static str,
    /// The API version.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The path: names between `/`, `[]` behind that of a list.
    pub path: &'static str,
    /// Whether the field is made where it is not there.
    pub create: bool,
}

/// A kind that others refer to by name, and the fields they do it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameReferenceRow {
    /// The API group of the kind referred to.
    pub group: &'static str,
    /// Its API version.
    pub version: &'static str,
    /// The kind referred to.
    pub kind: &'static str,
    /// The fields that refer to it.
    pub referrers: &'static [FieldSpecRow],
}

/// Shortens the rows of the table.
const fn row(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    path: &'static str,
    create: bool,
) -> FieldSpecRow {
    FieldSpecRow { group, version, kind, path, create }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let lengths = [
            (COMMON_LABELS, 22),
            (METADATA_LABELS, 10),
            (TEMPLATE_LABELS, 10),
            (COMMON_ANNOTATIONS, 9),
            (NAMESPACE, 3),
            (NAME_PREFIX, 1),
            (NAME_SUFFIX, 1),
            (IMAGES, 6),
            (REPLICAS, 4),
            (VAR_REFERENCE, 72),
        ];
        for (rows, length) in lengths {
            assert_eq!(rows.len(), length, "{rows:?}");
        }
        let referrers: Vec<_> = NAME_REFERENCE.iter().map(|row| (row.kind, row.referrers.len())).collect();
        assert!(referrers.contains(&("ConfigMap", 52)), "{referrers:?}");
        assert!(referrers.contains(&("Secret", 70)), "{referrers:?}");
        assert_eq!(referrers.len(), 16, "{referrers:?}");
    }

    #[test]
    fn rows_keep_their_order_and_create() {
        assert_eq!(IMAGES[0], row("", "", "", "spec/containers[]/image", true));
        assert_eq!(REPLICAS[3], row("", "", "StatefulSet", "spec/replicas", true));
        assert_eq!(NAME_PREFIX, [row("", "", "", "metadata/name", false)]);
        assert_eq!(
            NAMESPACE[1],
            row("apiregistration.k8s.io", "", "APIService", "spec/service/namespace", true)
        );
        assert_eq!(COMMON_LABELS[0], row("", "v1", "Service", "spec/selector", true));
    }
}
