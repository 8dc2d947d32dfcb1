"""The fields of a kustomization. Each function returns fields and adds the files they name."""

import re

from .builtins import builtin, generator_config
from .generators import generators_of_maps
from .model import Documents, Inline
from .patches import patch_entry, strategic, sure_patch, sure_replacement
from .resources import NAMESPACES, distinct, identity, leaves, name, present
from .scalars import TEXTS, maybe, some


def layer(rng, files, folder, resources, busy=1.0):
    """Returns a kustomization with some of all fields."""
    k = {"resources": list(resources)}
    for p, field in FIELDS:
        if rng.random() < p * busy:
            k.update(field(rng, files, folder))
    items = list(k.items())
    rng.shuffle(items)
    return dict(items)


def kinds(rng, files, folder):
    return rng.choice([{"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}, {"kind": "Kustomization"}, {"apiVersion": "kustomize.config.k8s.io/v1beta1"}, {"metadata": {"name": "k", "labels": {"a": "b"}}}, {"apiVersion": "v1"}, {"kind": "Foo"}])


def prefix(rng, files, folder):
    return {"namePrefix": rng.choice(["p-", "q-", "p-", "q-", "", "-", "P.", "1"])}


def suffix(rng, files, folder):
    return {"nameSuffix": rng.choice(["-s", "-t", "-s", "-t", "", "-1"])}


def namespace(rng, files, folder):
    return {"namespace": rng.choice(NAMESPACES)}


def common_labels(rng, files, folder):
    return {"commonLabels": {rng.choice(["app", "env", "a/b"]): rng.choice(["x", "1", "yes", ""])}}


def common_annotations(rng, files, folder):
    return {"commonAnnotations": {rng.choice(["note", "z", "a.b/c"]): rng.choice(["x", "1", "a b", "true", "", *TEXTS])}}


LABEL_FIELDS = ["spec/labels", "spec/template/metadata/labels", "metadata/labels", "spec/selector", "spec/template/spec/containers[]/labels", "spec\\/x/labels", "spec/volumeClaimTemplates[]/metadata/labels", "spec/template/spec/containers/labels"]


def labels(rng, files, folder):
    def entry():
        fields = [{"path": rng.choice(LABEL_FIELDS), **maybe(rng, 0.8, {"create": rng.random() < 0.6}), **maybe(rng, 0.5, {"kind": rng.choice(["Foo", "Deployment", "StatefulSet"])}), **maybe(rng, 0.1, {"group": "apps"}), **maybe(rng, 0.1, {"version": "v1"})} for _ in range(rng.randint(1, 2))]
        return {"pairs": {rng.choice(["app", "env"]): rng.choice(["x", "1", "true"]) for _ in range(rng.randint(1, 2))}, **maybe(rng, 0.4, {"includeSelectors": rng.random() < 0.7}), **maybe(rng, 0.3, {"includeTemplates": rng.random() < 0.7}), **maybe(rng, 0.25, {"fields": fields})}

    return {"labels": [entry() for _ in range(rng.randint(1, 2))]}


def images(rng, files, folder):
    def entry():
        return {"name": rng.choice(["nginx", "gcr.io/a/b", "busybox", "localhost:5000/x", "n.*", "a/b", "docker.io/nginx", "web", "nginx:1", "(nginx|busybox)", ".*"]), **maybe(rng, 0.6, {"newTag": rng.choice(["2", "v3", "", "1.0"])}), **maybe(rng, 0.3, {"newName": rng.choice(["q", "r/s:t", "localhost:1/z", "", "$1", "13", "true"])}),
                **maybe(rng, 0.2, {"digest": rng.choice(["sha256:" + "f" * 64, "x", ""])}), **maybe(rng, 0.15, {"tagSuffix": rng.choice(["-x", ""])})}

    return {rng.choice(["images"] * 12 + ["imageTags"]): [entry() for _ in range(rng.randint(1, 2))]}


def replicas(rng, files, folder):
    return {"replicas": [{"name": name(rng), "count": rng.choice([0, 1, 5, -1, 2147483648])} for _ in range(rng.randint(1, 2))]}


# Patches


def patches(rng, files, folder):
    return {"patches": [patch_entry(rng, sure_patch(rng), files, folder, True) if rng.random() < 0.7 else patch_entry(rng, strategic(rng, rng.choice(present(files))), files, folder, False) for _ in range(rng.randint(1, 2))]}


def patches_json(rng, files, folder):
    entry = patch_entry(rng, [{"op": "add", "path": "/metadata/annotations", "value": {"json": "x"}}], files, folder, False)
    entry.pop("options", None)
    entry["target"] = identity(rng, rng.choice(present(files)))
    return {"patchesJson6902": [entry]}


def patches_strategic(rng, files, folder):
    patch = strategic(rng, rng.choice(present(files)))
    if rng.random() < 0.5:
        return {"patchesStrategicMerge": [Inline(patch)]}
    files[f"{folder}/s.yaml"] = Documents([patch])
    return {"patchesStrategicMerge": ["s.yaml"]}


# Generators and transformers


def configured_generators(rng, files, folder):
    return configs(rng, files, folder, "generators", "generator", lambda: generator_config(rng, files, folder))


def transformers(rng, files, folder):
    return configs(rng, files, folder, "transformers", "transformer", lambda: builtin(rng, files))


def validators(rng, files, folder):
    return configs(rng, files, folder, "validators", "validator", lambda: builtin(rng, files))


def configs(rng, files, folder, field, noun, make):
    """Returns a field that lists configurations: as files, within the kustomization, or as another kustomization."""
    documents = [make() for _ in range(rng.choice([1, 1, 1, 2]))]
    roll = rng.random()
    if roll < 0.45:
        files[f"{folder}/{noun}.yaml"] = Documents(documents)
        return {field: [noun + ".yaml"]}
    if roll < 0.8:
        return {field: [Inline(document) for document in documents]}
    nested = f"{folder}-{noun}"
    files[f"{nested}/{noun}.yaml"] = Documents(documents)
    files[f"{nested}/kustomization.yaml"] = Documents([{"resources": [noun + ".yaml"], **maybe(rng, 0.3, prefix(rng, files, folder)), **maybe(rng, 0.2, {"patches": [{"target": {}, "patch": Inline([{"op": "add", "path": "/extra", "value": "x"}])}]}), **maybe(rng, 0.1, {"namespace": "one"})}])
    return {field: [f"../{nested.rsplit('/', 1)[-1]}"]}


# What the rest reads


def replacements(rng, files, folder):
    if rng.random() < 0.3:
        files[f"{folder}/r.yaml"] = Documents([rng.choice([sure_replacement(rng, files), [sure_replacement(rng, files)], [sure_replacement(rng, files), sure_replacement(rng, files)]])])
        return {"replacements": [{"path": "r.yaml"}]}
    return {"replacements": [sure_replacement(rng, files)]}


def variables(rng, files, folder):
    def entry(label):
        found = rng.choice(present(files))
        path = rng.choice(list(leaves(rng, found))) if rng.random() < 0.7 else rng.choice(["metadata.name", "spec.replicas", "data.k", "metadata.namespace", "spec.template.spec.containers[0].image", "metadata.labels.app", "metadata.labels", "spec.ports[0].port", "data"])
        names = {key: found["metadata"][key] for key in ("name", "namespace") if found["metadata"].get(key)}
        target = {**{key: found[key] for key in ("apiVersion", "kind") if key in found}, **names}
        return {"name": label, "objref": target, **maybe(rng, 0.5, {"fieldref": {"fieldpath": re.sub(r"\.(\d+|\*|\[name=\w+\])", "[0]", path)}})}

    labels_of_folder = ["V", "W"] if folder == "top" else ["V2", "W2", "V"]
    return {"vars": [entry(label) for label in some(rng, labels_of_folder, 2)]}


def metadata_of_builds(rng, files, folder):
    return {"buildMetadata": some(rng, ["originAnnotations", "transformerAnnotations", "managedByLabel"], 3)}


def sort_options(rng, files, folder):
    orders = {"orderFirst": some(rng, ["Secret", "Deployment", "Foo", "Namespace"], 2), "orderLast": some(rng, ["ConfigMap", "Service", "Secret", "MutatingWebhookConfiguration"], 2)}
    return {"sortOptions": rng.choice([{"order": "fifo"}, {"order": "legacy"}, {"order": "legacy", "legacySortOptions": orders}, {"order": "legacy", "legacySortOptions": dict([orders.popitem()])}, {}, {"order": "x"}, {"order": "fifo", "legacySortOptions": orders}, {"legacySortOptions": {}}])}


FIELD_SPECS = [
    ("nameReference", {"kind": "ConfigMap", "version": "v1", "fieldSpecs": [{"path": "spec/ref", "kind": "Foo"}, {"path": "spec/ref/name", "kind": "Bar"}]}), ("nameReference", {"kind": "Foo", "group": "x.io", "fieldSpecs": [{"path": "spec/refs/name", "kind": "Foo"}, {"path": "metadata/annotations/note"}]}),
    ("commonLabels", {"path": "spec/sel", "create": True, "kind": "Foo"}), ("commonLabels", {"path": "spec/selector", "create": True}), ("images", {"path": "spec/image", "kind": "Foo"}), ("images", {"path": "spec/containers[]/image", "kind": "Foo"}), ("namespace", {"path": "spec/ns", "create": True, "kind": "Foo"}),
    ("namePrefix", {"path": "spec/n", "kind": "Foo"}), ("namePrefix", {"path": "spec/serviceName"}), ("nameSuffix", {"path": "spec/ref"}), ("replicas", {"path": "spec/size", "create": True, "kind": "Foo"}), ("varReference", {"path": "spec/v", "kind": "Foo"}), ("varReference", {"path": "metadata/annotations"}),
    ("commonAnnotations", {"path": "spec/an", "create": True}), ("labels", {"path": "spec/labels", "create": True, "kind": "Foo"}), ("templateLabels", {"path": "spec/labels", "create": True}), ("namespace", {"path": "metadata/namespace", "create": False, "group": "x.io"}), ("unknown", {"path": "x"}),
]


def configurations(rng, files, folder):
    config = {}
    for field, spec in some(rng, FIELD_SPECS, 2):
        config.setdefault(field, []).append(spec)
    files[f"{folder}/config.yaml"] = Documents([config])
    return {"configurations": ["config.yaml"]}


def crds(rng, files, folder):
    def reference(kind):
        return {**maybe(rng, 0.9, {"x-kubernetes-object-ref-api-version": "v1"}), "x-kubernetes-object-ref-kind": kind, **maybe(rng, 0.3, {"x-kubernetes-object-ref-name-key": "name"}), "type": "object"}

    spec = {"type": "object", "properties": {"ref": reference("ConfigMap"), "refs": {"type": "array", "items": reference("Secret")}, "sel": {"x-kubernetes-label-selector": "", "type": "object"}, "labels": {"x-kubernetes-label-selector": ""}, "an": {"x-kubernetes-annotation": ""}, "v": {"x-kubernetes-identity": ""}}}
    spec["properties"] = {key: spec["properties"][key] for key in some(rng, list(spec["properties"]), 4)}
    kind = rng.choice(["Foo", "Bar"])
    fields = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": "k8s.io/apimachinery/pkg/apis/meta/v1.ObjectMeta"}}
    definitions = {f"io.x.v1.{kind}": {"Schema": {"properties": {**fields, "spec": rng.choice([{"$ref": f"io.x.v1.{kind}Spec"}, spec])}}, "Dependencies": []}, f"io.x.v1.{kind}Spec": {"Schema": spec, "Dependencies": []}}
    if rng.random() < 0.2:
        definitions = {key: value["Schema"] for key, value in definitions.items()}
    files[f"{folder}/crd.json"] = Documents([definitions])
    return {"crds": ["crd.json"]}


def openapi(rng, files, folder):
    if rng.random() < 0.15:
        return {"openapi": rng.choice([{"version": "v1.21.2"}, {"version": "v1.20.4"}, {}, {"path": "none.json"}])}
    items = {"type": "array", "items": {"properties": {"name": {}, "v": {}}, "type": "object"}, **maybe(rng, 0.8, {"x-kubernetes-patch-merge-key": rng.choice(["name", "v"])}), **maybe(rng, 0.8, {"x-kubernetes-patch-strategy": rng.choice(["merge", "merge", "replace", "merge,retainKeys"])}), **maybe(rng, 0.2, {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]})}
    identity = [{"group": "x.io", "kind": "Foo", "version": "v1"}]
    definitions = {"io.x.v1.Foo": {"type": "object", "properties": {"list": items, "spec": {"$ref": "#/definitions/io.x.v1.Spec"}}, "x-kubernetes-group-version-kind": identity}, "io.x.v1.Spec": {"properties": {"containers": items, "refs": items}}}
    files[f"{folder}/schema.json"] = Documents([{"definitions": definitions}])
    return {"openapi": {"path": "schema.json"}}


def more_resources(rng, files, folder):
    files[f"{folder}/more.yaml"] = Documents(distinct(rng, 1))
    return {"bases": ["more.yaml"]} if rng.random() < 0.1 else {}


FIELDS = [
    (0.03, kinds), (0.25, prefix), (0.2, suffix), (0.25, namespace), (0.12, common_labels), (0.12, common_annotations), (0.2, labels), (0.22, images), (0.03, replicas), (0.2, patches), (0.04, patches_json), (0.04, patches_strategic),
    (0.35, generators_of_maps), (0.05, configured_generators), (0.1, transformers), (0.02, validators), (0.1, replacements), (0.04, variables), (0.1, metadata_of_builds), (0.1, sort_options), (0.1, configurations), (0.04, crds), (0.03, openapi), (0.02, more_resources),
]
