//! What merges how: the cases of the API, and of documents of the user's.

use super::*;
use hagane_yaml::Node;

/// Checks strategy and keys of the field at `path`, where `[]` stands for a list's items.
#[track_caller]
fn check(schema: &Schema, api_version: &str, kind: &str, path: &str, strategy: &str, keys: &[&str]) {
    let root = schema.resource(api_version, kind).unwrap_or_else(|| panic!("{api_version} {kind}"));
    let node = path.split('/').filter(|step| !step.is_empty()).try_fold(root, |node, step| match step {
        "[]" => node.elements(),
        name => node.field(name),
    });
    let node = node.unwrap_or_else(|| panic!("{kind} {path} is not known"));
    assert_eq!(node.patch_strategy(), strategy, "{kind} {path}");
    assert_eq!(node.merge_keys(), keys, "{kind} {path}");
}

#[test]
fn lists_of_the_api() {
    let schema = Schema::builtin();
    let pod = "spec/template/spec";
    for (api_version, kind, path, strategy, keys) in [
        ("apps/v1", "Deployment", format!("{pod}/containers"), "merge", &["name"][..]),
        ("apps/v1", "Deployment", format!("{pod}/initContainers"), "merge", &["name"]),
        (
            "apps/v1",
            "Deployment",
            format!("{pod}/containers/[]/ports"),
            "merge",
            &["containerPort", "protocol"],
        ),
        ("apps/v1", "Deployment", format!("{pod}/containers/[]/env"), "merge", &["name"]),
        ("apps/v1", "Deployment", format!("{pod}/containers/[]/envFrom"), "", &[]),
        ("apps/v1", "Deployment", format!("{pod}/containers/[]/args"), "", &[]),
        ("apps/v1", "Deployment", format!("{pod}/containers/[]/volumeMounts"), "merge", &["mountPath"]),
        ("apps/v1", "Deployment", format!("{pod}/volumes"), "merge,retainKeys", &["name"]),
        ("apps/v1", "Deployment", format!("{pod}/tolerations"), "", &[]),
        ("apps/v1", "Deployment", format!("{pod}/imagePullSecrets"), "merge", &["name"]),
        ("apps/v1", "Deployment", format!("{pod}/hostAliases"), "merge", &["ip"]),
        (
            "apps/v1",
            "Deployment",
            format!("{pod}/topologySpreadConstraints"),
            "merge",
            &["topologyKey", "whenUnsatisfiable"],
        ),
        // The strategy stands beside a reference, which takes its place.
        ("apps/v1", "Deployment", "spec/strategy".to_owned(), "", &[]),
        ("apps/v1", "Deployment", "spec/selector/matchLabels/anything".to_owned(), "", &[]),
        ("apps/v1", "Deployment", "metadata/finalizers".to_owned(), "merge", &[]),
        ("apps/v1", "Deployment", "metadata/ownerReferences".to_owned(), "merge", &["uid"]),
        ("v1", "Service", "spec/ports".to_owned(), "merge", &["port", "protocol"]),
        ("v1", "ServiceAccount", "secrets".to_owned(), "merge", &["name"]),
        ("batch/v1", "CronJob", format!("spec/jobTemplate/{pod}/containers"), "merge", &["name"]),
        ("apps/v1", "StatefulSet", "spec/volumeClaimTemplates".to_owned(), "", &[]),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "rules".to_owned(), "", &[]),
        (
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            "webhooks".to_owned(),
            "merge",
            &["name"],
        ),
    ] {
        check(&schema, api_version, kind, &path, strategy, keys);
    }
}

#[test]
fn what_is_not_known() {
    let schema = Schema::builtin();
    for (api_version, kind) in [
        ("example.com/v1", "Widget"),
        ("apps/v2", "Deployment"),
        ("v1", "Deployment"),
        ("", ""),
        ("kustomize.config.k8s.io/v1beta1", "Nothing"),
    ] {
        assert!(schema.resource(api_version, kind).is_none(), "{api_version} {kind}");
    }
    let deployment = schema.resource("apps/v1", "Deployment").unwrap();
    for path in
        [&["spec", "nothing"][..], &["spec", "replicas", "x"], &["metadata", "labels", "a", "b"], &[""]]
    {
        assert!(deployment.at(path).is_none(), "{path:?}");
    }
    assert!(deployment.at(&["metadata", "labels", "a"]).is_some());
    assert!(deployment.elements().is_none());
    assert!(deployment.at(&["spec", "replicas"]).unwrap().elements().is_none());
    assert!(!deployment.is_missing_or_null());
}

#[test]
fn only_merging_lists_merge() {
    let schema = Schema::builtin();
    let pod = schema.resource("v1", "Pod").unwrap();
    for (field, merges) in
        [("containers", true), ("volumes", true), ("tolerations", false), ("nodeName", false)]
    {
        assert_eq!(pod.at(&["spec", field]).unwrap().merges(), merges, "{field}");
    }
}

#[test]
fn recursive_definitions_have_no_end() {
    let schema = Schema::builtin();
    let crd = schema.resource("apiextensions.k8s.io/v1", "CustomResourceDefinition").unwrap();
    let versions = crd.at(&["spec", "versions"]).unwrap().elements().unwrap();
    let mut node = versions.at(&["schema", "openAPIV3Schema"]).unwrap();
    for _ in 0..100 {
        node = node.at(&["properties", "name", "not"]).unwrap();
    }
}

#[test]
fn the_table_holds_together() {
    let table = &builtin::TABLE;
    let names: Vec<&str> = table.names.split_terminator(' ').collect();
    assert_eq!(names.len(), table.starts.len());
    assert!(names.is_sorted() && names.iter().all(|name| !name.is_empty()));
    assert!(builtin::SCOPES.is_sorted_by_key(|row| (row.0, row.1)));
    let known = |shape: u32| shape == table::NONE || table.shape(shape).is_some();
    for shape in table.shapes.iter() {
        let rows = &table.properties[shape.first as usize..][..shape.count as usize];
        assert!(rows.is_sorted_by_key(|row| names[row.0 as usize]));
        assert!(rows.iter().all(|row| known(row.1)) && known(shape.items) && known(shape.values));
        assert!(shape.merge == table::NONE || (shape.merge as usize) < table.merges.len());
    }
    for (api_version, kind, _) in table.kinds.iter() {
        let (api_version, kind) = (names[*api_version as usize], names[*kind as usize]);
        assert!(Schema::builtin().resource(api_version, kind).is_some(), "{api_version} {kind}");
    }
}

#[test]
fn cluster_scope_is_said_by_the_table_alone() {
    for (api_version, kind, cluster_scoped) in [
        ("v1", "Namespace", true),
        ("v1", "Node", true),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", true),
        ("rbac.authorization.k8s.io/v1", "Role", false),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", true),
        ("storage.k8s.io/v1", "StorageClass", true),
        ("apps/v1", "Deployment", false),
        ("example.com/v1", "ClusterWidget", false),
        ("v2", "Namespace", false),
    ] {
        let gvk = Gvk::new(api_version, kind);
        assert_eq!(Schema::is_cluster_scoped(&gvk), cluster_scoped, "{gvk:?}");
        assert_eq!(
            Schema::builtin().has_cluster_scope(api_version, kind),
            cluster_scoped,
            "{api_version} {kind}"
        );
    }
}

const DOCUMENT: &str = r##"
definitions:
  com.example.v1.Widget:
    type: object
    x-kubernetes-group-version-kind:
    - {group: example.com, version: v1, kind: Widget}
    - {group: "", version: v9, kind: Widget}
    properties:
      spec: {$ref: "#/definitions/com.example.v1.Spec", x-kubernetes-patch-strategy: merge}
      lost: {$ref: "#/definitions/nowhere"}
      round: {$ref: "#/definitions/Round"}
      nothing: {}
  com.example.v1.Spec:
    properties:
      rules:
        type: array
        items: {$ref: "#/definitions/com.example.v1.Widget/properties/spec"}
        x-kubernetes-patch-strategy: merge
        x-kubernetes-patch-merge-key: id
      ports:
        type: [array]
        items: {type: object, properties: {a: {type: string}}}
        x-kubernetes-patch-strategy: merge
        x-kubernetes-patch-merge-key: port
        x-kubernetes-list-map-keys: [port, protocol]
      keyed: {type: array, items: {}, x-kubernetes-list-map-keys: [name]}
      either: {type: [array, string], items: {type: string}}
      byName: {additionalProperties: {$ref: "#/definitions/com.example.v1.Spec"}, properties: {fixed: {type: string}}}
      open: {additionalProperties: true}
  Round: {$ref: "#/definitions/Round"}
paths:
  /apis/example.com/v1/namespaces/{namespace}/widgets:
    get: {x-kubernetes-group-version-kind: {group: example.com, version: v1, kind: Widget}}
  /apis/example.com/v1/widgets:
    get: {x-kubernetes-group-version-kind: {group: example.com, version: v1, kind: Widget}}
  /apis/example.com/v1/planets:
    get: {x-kubernetes-group-version-kind: {group: example.com, version: v1, kind: Planet}}
  /apis/example.com/v1/namespaces:
    get: {x-kubernetes-group-version-kind: {version: v1, kind: Deployment}}
    post: {}
"##;

fn read(text: &str) -> Result<Schema, SchemaError> {
    let file = hagane_yaml::FileId::default();
    let documents: Vec<Node> = hagane_yaml::parse(text, file, &Default::default()).unwrap();
    Schema::from_openapi(&documents[0])
}

#[test]
fn a_document_of_the_users() {
    let schema = read(DOCUMENT).unwrap();
    for (path, strategy, keys) in [
        ("spec", "", &[][..]),
        ("spec/rules", "merge", &["id"]),
        ("spec/rules/[]/rules/[]/ports", "merge", &["port", "protocol"]),
        ("spec/ports/[]/a", "", &[]),
        ("spec/keyed", "", &[]),
        ("spec/byName/fixed", "", &[]),
        ("spec/byName/x/byName/y/rules", "merge", &["id"]),
    ] {
        check(&schema, "example.com/v1", "Widget", path, strategy, keys);
        check(&schema, "v9", "Widget", path, strategy, keys);
    }
    let widget = schema.resource("example.com/v1", "Widget").unwrap();
    for path in [&["lost"][..], &["round"], &["spec", "open", "x"], &["spec", "byName", "fixed", "x"]] {
        assert!(widget.at(path).is_none(), "{path:?}");
    }
    assert!(widget.at(&["spec", "either"]).unwrap().elements().is_none());
    assert!(widget.field("nothing").unwrap().is_missing_or_null());
    assert!(schema.resource("apps/v1", "Deployment").is_none(), "the builtin schema is replaced");
}

#[test]
fn scopes_of_a_document_of_the_users() {
    let schema = read(DOCUMENT).unwrap();
    for (api_version, kind, cluster_scoped) in [
        ("example.com/v1", "Widget", false),
        ("example.com/v1", "Planet", true),
        ("v1", "Deployment", true),
        ("v1", "Namespace", true),
        ("v1", "Secret", false),
        ("example.com/v1", "Other", false),
    ] {
        assert_eq!(schema.has_cluster_scope(api_version, kind), cluster_scoped, "{api_version} {kind}");
    }
}

#[test]
fn documents_that_are_no_schema() {
    for (text, message) in [
        ("- a", "an OpenAPI document must be a mapping"),
        ("definitions: []", "`definitions` must be a mapping"),
        ("definitions: {A: 1}", "a definition must be a mapping"),
        (
            "definitions: {A: {x-kubernetes-group-version-kind: [{version: v1}]}}",
            "an item of `x-kubernetes-group-version-kind` has no `kind`",
        ),
        (
            "definitions: {A: {x-kubernetes-group-version-kind: [{version: v1, kind: K}], properties: {a: 1}}}",
            "a schema must be a mapping",
        ),
        (
            "definitions: {A: {x-kubernetes-group-version-kind: [{version: v1, kind: K}], \
             properties: {a: {x-kubernetes-patch-strategy: {}}}}}",
            "`x-kubernetes-patch-strategy` must hold text",
        ),
        (
            "definitions: {A: {x-kubernetes-group-version-kind: [{version: v1, kind: K}], \
             properties: {a: {x-kubernetes-patch-strategy: merge, x-kubernetes-list-map-keys: a}}}}",
            "`x-kubernetes-list-map-keys` must be a list",
        ),
    ] {
        assert_eq!(read(text).map(|_| ()).unwrap_err().message, message, "{text}");
    }
    assert!(read("{}").unwrap().resource("v1", "Pod").is_none());
}
