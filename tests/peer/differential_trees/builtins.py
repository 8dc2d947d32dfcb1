"""Configurations of built-in transformers and generators, as one writes them under `transformers` and `generators`."""

from .generators import generator
from .model import Inline
from .patches import replacement, selector, sure_patch
from .resources import NAMESPACES, identity, name, present
from .scalars import maybe, pick, some


def builtin(rng, files):
    """Returns the configuration of a transformer."""
    kind, fields = pick(
        rng,
        2, ("PrefixTransformer", {"prefix": rng.choice(["t-", ""]), **specs(rng, ["metadata/name", "spec/serviceName", "spec/ref"], 0.9)}), 2, ("SuffixTransformer", {"suffix": "-t", **specs(rng, ["metadata/name"], 0.9)}), 0.3, ("PrefixSuffixTransformer", {"prefix": "t-", **specs(rng, ["metadata/name"], 0.9)}),
        2, ("NamespaceTransformer", {"unsetOnly": rng.random() < 0.5, **specs(rng, ["metadata/namespace", "spec/ns", "metadata/name"], 0.6), **maybe(rng, 0.4, {"setRoleBindingSubjects": rng.choice(["none", "defaultOnly", "allServiceAccounts", "x", ""])})}),
        2, ("LabelTransformer", {"labels": {"t": rng.choice(["x", "1"])}, **specs(rng, ["metadata/labels", "spec/selector/matchLabels", "spec/template/metadata/labels"], 0.9)}), 2, ("AnnotationsTransformer", {"annotations": {"t": rng.choice(["x", "true"])}, **specs(rng, ["metadata/annotations", "spec/template/metadata/annotations"], 0.9)}),
        2, ("ImageTagTransformer", {"imageTag": {"name": rng.choice(["nginx", "busybox"]), "newTag": "t"}, **specs(rng, ["spec/image", "spec/template/spec/containers[]/image"], 0.4)}), 2, ("ReplicaCountTransformer", {"replica": {"name": name(rng), "count": 7}, **specs(rng, ["spec/replicas", "spec/size"], 0.9)}),
        2, ("PatchTransformer", {"patch": Inline(sure_patch(rng)), "target": selector(rng), **maybe(rng, 0.2, {"options": {"allowNameChange": True}})}), 1, ("PatchStrategicMergeTransformer", {"patches": Inline({**identity_of(rng, files), "spec": {"replicas": 8}})}),
        1, ("PatchJson6902Transformer", {"target": identity(rng, rng.choice(present(files))), "jsonOp": Inline([{"op": "add", "path": "/spec/t", "value": 1}])}), 2, ("ReplacementTransformer", {"replacements": [replacement(rng, files)]}), 1, ("HashTransformer", {}),
        2, ("ValueAddTransformer", {"value": rng.choice(["v", "a/b", ""]), "targets": value_targets(rng)}), 0.1, ("SortOrderTransformer", {"sortOptions": rng.choice([{"order": "fifo"}, {"order": "legacy"}, {"order": "legacy", "legacySortOptions": {"orderFirst": some(rng, ["Secret", "Deployment"], 2)}}])}), 0.1, ("LegacyOrderTransformer", {}), 0.1, ("UnknownTransformer", {}),
    )
    namespace = maybe(rng, 0.8 if kind == "NamespaceTransformer" else 0.1, {"namespace": rng.choice(NAMESPACES)})
    return {"apiVersion": rng.choice(["builtin"] * 20 + ["v1"]), "kind": kind, "metadata": {"name": rng.choice(["t", "u"]), **namespace}, **fields}


def identity_of(rng, files):
    """Returns what a patch without a target says about the resource it is for."""
    found = rng.choice(present(files))
    return {**{key: found[key] for key in ("apiVersion", "kind") if key in found}, "metadata": {key: found["metadata"][key] for key in ("name", "namespace") if key in found["metadata"]}}


def specs(rng, paths, p):
    """Returns field specifications."""
    if rng.random() > p:
        return {}
    return {"fieldSpecs": [{"path": path, **maybe(rng, 0.7, {"create": rng.random() < 0.8}), **maybe(rng, 0.4, {"kind": rng.choice(["Foo", "Deployment", "ConfigMap", "StatefulSet"])}), **maybe(rng, 0.1, {"group": rng.choice(["apps", "x.io"])}), **maybe(rng, 0.1, {"version": "v1"})} for path in some(rng, paths, 2)]}


def value_targets(rng):
    out = []
    for _ in range(rng.randint(1, 2)):
        path = rng.choice(["metadata/namespace", "metadata/name", "data/k", "metadata/annotations/added", "spec/serviceName"])
        out.append({**maybe(rng, 0.8, {"selector": selector(rng)}), **maybe(rng, 0.3, {"notSelector": selector(rng)}), "fieldPath": path, **maybe(rng, 0.3, {"filePathPosition": rng.choice([0, 1, 2, -1])})})
    return out


def generator_config(rng, files, folder):
    """Returns the configuration of a generator."""
    kind, field = rng.choice([("ConfigMapGenerator", "configMapGenerator"), ("SecretGenerator", "secretGenerator")])
    fields = generator(rng, files, folder, field)
    meta = {"name": fields.pop("name"), **maybe(rng, 0.2, {"namespace": rng.choice(NAMESPACES)})}
    if rng.random() < 0.1:
        return rng.choice([{"apiVersion": "builtin", "kind": "IAMPolicyGenerator", "metadata": {"name": "i"}, "cloud": "gke", "kubernetesService": {"name": "a", "namespace": "one"}, "serviceAccount": {"name": "s", "projectId": "p"}}, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": "v"}}, {"apiVersion": "builtin", "kind": "UnknownGenerator", "metadata": meta}])
    return {"apiVersion": "builtin", "kind": kind, "metadata": meta, **fields}
