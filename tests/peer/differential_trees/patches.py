"""Patches: strategic merge, JSON 6902, what they select, and replacements."""

from .model import Documents, Inline, Raw
from .resources import NAMESPACES, container, environment, identity, leaves, name, port, present, volume
from .scalars import any_scalar, any_value, in_flow_too, maybe, pick

DIRECTIVES = ["replace", "delete", "merge", "merge", "x"]
MERGE_KEYS = ("name", "containerPort", "port", "mountPath", "ip", "key", "topologyKey", "uid", "devicePath")


def resembling(rng, value):
    """Returns a strategic merge patch that looks like the value."""
    if isinstance(value, dict):
        out = {}
        for key, item in value.items():
            roll = rng.random()
            if key in MERGE_KEYS and roll < 0.9:
                out[key] = item if roll < 0.75 else resembling(rng, item)
            elif roll < 0.5:
                out[key] = resembling(rng, item)
            elif roll < 0.56:
                out[key] = None
        out.update(maybe(rng, 0.12, {rng.choice(["new", "protocol", "image", "value"]): any_value(rng, 1)}))
        out.update(maybe(rng, 0.06, {"$patch": rng.choice(DIRECTIVES)}))
        out.update(maybe(rng, 0.01, {rng.choice(["$retainKeys", "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers"]): ["a"]}))
        return out
    if isinstance(value, list):
        out = [resembling(rng, item) for item in value if rng.random() < 0.7]
        if rng.random() < 0.3:
            rng.shuffle(out)
        if value and rng.random() < 0.3:
            fresh = rng.choice([environment, port, container, volume])(rng) if isinstance(value[0], dict) else any_value(rng, 0)
            out.insert(rng.randint(0, len(out)), fresh)
        if rng.random() < 0.06:
            out.insert(rng.randint(0, len(out)), {"$patch": rng.choice(DIRECTIVES)})
        return out
    return pick(rng, 6, value, 3, in_flow_too(any_scalar(rng)), 1, None, 1, {}, 1, [])


def strategic(rng, base):
    """Returns a patch that looks like the resource and is for it."""
    patch = resembling(rng, base)
    metadata = base.get("metadata") or {}
    patch.update({key: base[key] for key in ("apiVersion", "kind") if key in base})
    patch["metadata"] = {**(patch.get("metadata") or {}), **{key: metadata[key] for key in ("name", "namespace") if key in metadata}}
    patch["metadata"].update(maybe(rng, 0.1, {"finalizers": [rng.choice("xyz") for _ in range(rng.randint(1, 2))]}))
    return patch


# JSON 6902

POINTERS = ["/spec/replicas", "/spec/template/spec/containers/0/image", "/spec/template/spec/containers/-", "/spec/template/spec/containers/0/env/0", "/spec/template/spec/containers/-1", "/spec/template/spec/containers/1", "/spec/template/spec/containers/2/name",
            "/metadata/labels/app", "/metadata/labels", "/metadata/annotations/a~1b", "/metadata/annotations", "/metadata/name", "/metadata/namespace", "/kind", "/spec/new", "/spec/new/deep", "/spec", "/data/k", "/data", "/spec/template/spec/volumes", "/spec/ports/0/port", "/spec/ports/-", "/spec/selector/app~0x",
            "", "/", "/list/0", "/list/1/name", "/list/x", "/list/01", "/list/-", "/metadata/finalizers/0", "spec", "/spec/", "/data/a.b", "/stringData/s", "/list/-2", "/list/+1", "/list/1e0", "/spec/template/spec/containers/0/ports/-", "/metadata", "/apiVersion"]
SOURCES = ["/spec/replicas", "/metadata/labels/app", "/data/k", "/spec/template/spec/containers/0", "/metadata/name", "/spec", "/list/0", "/list", "", "/none"]


def operation(rng):
    out = {"op": rng.choice(["add", "add", "replace", "replace", "remove", "test", "copy", "move"] * 6 + ["x", "ADD"]), "path": rng.choice(POINTERS)}
    if out["op"] in ("add", "replace", "test") and rng.random() < 0.97:
        out["value"] = any_value(rng, 2)
    if out["op"] in ("copy", "move") and rng.random() < 0.97:
        out["from"] = rng.choice(SOURCES)
    return out


SURE_OPERATIONS = [
    lambda rng: [{"op": "add", "path": "/metadata/annotations", "value": {"patched": rng.choice(["x", "1", "true"])}}],
    lambda rng: [{"op": "replace", "path": "/metadata/name", "value": name(rng)}],
    lambda rng: [{"op": "add", "path": "/spec", "value": {"t": any_value(rng, 1)}}],
    lambda rng: [{"op": "add", "path": "/metadata/namespace", "value": rng.choice(NAMESPACES)}],
    lambda rng: [{"op": "replace", "path": "/kind", "value": rng.choice(["Foo", "Deployment", "Secret"])}],
    lambda rng: [{"op": "copy", "from": "/metadata/name", "path": "/copied"}, {"op": "test", "path": "/kind", "value": rng.choice(["ConfigMap", "Deployment"])}],
    lambda rng: [operation(rng) for _ in range(rng.randint(1, 3))],
    lambda rng: [],
]
SURE_MERGES = [
    lambda rng: {"metadata": {"name": "any", **rng.choice([{"annotations": {"patched": "x"}}, {"labels": {"app": "p"}}, {"labels": {"app": None}}, {"annotations": None}, {"labels": None}])}},
    lambda rng: {"metadata": {"name": "any"}, "data": {"k": in_flow_too(any_scalar(rng))}},
    lambda rng: {"metadata": {"name": "any"}, "$patch": "delete"},
    lambda rng: {"metadata": {"name": rng.choice(["a", "renamed"]), "namespace": rng.choice(NAMESPACES)}, "spec": {"t": any_value(rng, 1)}},
    lambda rng: {"metadata": {"name": "any"}, "spec": {"template": {"spec": {"containers": [{"name": name(rng), "image": "patched:1"}]}}}},
]


def sure_patch(rng):
    """Returns a patch that applies to anything, or to most things."""
    if rng.random() < 0.55:
        return rng.choice(SURE_OPERATIONS)(rng)
    return {"apiVersion": rng.choice(["v1", "apps/v1"]), "kind": rng.choice(["Any", "Deployment", "ConfigMap"]), **rng.choice(SURE_MERGES)(rng)}


LABEL_SELECTORS = ["app=a", "app in (a,web)", "app", "!app", "app!=a", "tier=", "app notin (a)", "app==a,tier", "app=a,", ",", "app = a , tier", "app in ()", "app>1", "app in a", "x.y/z=1", "app=a b", "a=b=c", " "]


def selector(rng):
    """Returns what a patch selects."""
    return pick(
        rng, 5, {"kind": rng.choice(["Deployment", "ConfigMap", "Service", "Foo", ".*Set", "Config.*|Secret", "^ConfigMap$", "configmap", "Config"])}, 2, {"name": rng.choice(["a", "w.b", "a|b", ".*", "(a)(b)?", "[ab]", "p-.*", ".*-s", "^a$", "A(?i)", "(?i)A"])},
        1, {"labelSelector": rng.choice(LABEL_SELECTORS)}, 1, {"annotationSelector": rng.choice(["note=x", "note", "!note", "note in (x,1)"])}, 1, {"namespace": rng.choice(["one", "default", "t.o", "", "one|two"])},
        1, {"group": rng.choice(["apps", "x.io", "", "a.*"]), "version": rng.choice(["v1", "v.", "v1|v2"])}, 1, {"kind": "Deployment", "name": name(rng)}, 0.5, {"kind": "Deployment", "labelSelector": "app=a", "annotationSelector": "!note"}, 0.3, {}, 0.1, {"name": rng.choice(["(", "*", "a{2,1}"])})


# Replacements

FIELD_PATHS = ["metadata.name", "metadata.labels.app", "metadata.annotations.note", "metadata.annotations.new", "spec.replicas", "spec.template.spec.containers.0.image", "spec.template.spec.containers.[name=web].image", "spec.template.spec.containers.*.image", "spec.template.spec.containers.-.image",
               "spec.template.spec.containers.[name=a].env.[name=A].value", "spec.template.spec.containers.[name=a].args.0", "data.k", "data.new", "spec.new.deep", "metadata.annotations.[a.b/c]", "metadata.annotations.a\\.b/c", "spec.ports.0.port", "spec.ports.*.name", "spec.selector", "spec", "spec.template.spec.containers",
               "metadata.namespace", "data.j.a.b", "data.y.l.0.n", "data.y.a.b", "data.j.l.1", "data.y.l.[n=1].n", "spec.rules.0.host", "spec.template.spec.volumes.*.name", "spec.list.[n=1].v", "spec.args.[=x]", "spec.args.1", "spec.list", "data", "metadata.labels", "kind", "spec.*.v", "spec.list.*.v", "spec.template.spec.containers.[name=new].image", "list.-1.v", ""]


def replacement(rng, files):
    found = rng.choice(present(files))
    source = identity(rng, found) if rng.random() < 0.9 else {"kind": rng.choice(["ConfigMap", "Service", "Deployment", "Secret", "Foo"]), **maybe(rng, 0.7, {"name": name(rng)}), **maybe(rng, 0.1, {"namespace": rng.choice(NAMESPACES)})}
    source.update(maybe(rng, 0.8, {"fieldPath": field_path(rng, found)}))
    if rng.random() < 0.25:
        source["options"] = {**maybe(rng, 0.9, {"delimiter": rng.choice(["/", ":", "-", ".", ""])}), **maybe(rng, 0.7, {"index": rng.choice([0, 0, 0, 1, 2, -1])}), **maybe(rng, 0.05, {"encoding": "base64"}), **maybe(rng, 0.05, {"create": True})}
    out = {"source": source, "targets": [target(rng, files) for _ in range(rng.randint(1, 2))]}
    if rng.random() < 0.08:
        out.pop("source")
        out["sourceValue"] = rng.choice(["x", Raw("1"), "", "a/b"])
    return out


def field_path(rng, found):
    """Returns a path that most likely is in the resource."""
    return rng.choice(list(leaves(rng, found))) if rng.random() < 0.75 else rng.choice(FIELD_PATHS)


def target(rng, files):
    found = rng.choice(present(files))
    select = {"kind": found["kind"], **maybe(rng, 0.6, {"name": found["metadata"]["name"]})} if rng.random() < 0.75 else selector_of_replacement(rng)
    out = {"select": select, **maybe(rng, 0.97, {"fieldPaths": [field_path(rng, found) for _ in range(rng.randint(1, 2))]})}
    out.update(maybe(rng, 0.2, {"reject": [rng.choice([{"name": name(rng)}, {"kind": "Service"}, {"namespace": "one"}, {"kind": "Deployment", "name": name(rng)}])]}))
    if rng.random() < 0.6:
        out["options"] = {**maybe(rng, 0.7, {"create": True}), **maybe(rng, 0.4, {"delimiter": rng.choice(["/", ":", "-", ","]), **maybe(rng, 0.8, {"index": rng.choice([0, 1, 2, 5, -1])})})}
    return out


def selector_of_replacement(rng):
    return pick(rng, 5, {"kind": rng.choice(["Deployment", "ConfigMap", "Service", "Foo", ".*", "StatefulSet"])}, 2, {"name": rng.choice(["a", "b", "web", "a|b", ".*"])}, 1, {"kind": "Deployment", "name": name(rng)}, 1, {"namespace": rng.choice([*NAMESPACES, "t.*"])}, 0.5, {"group": "apps"}, 0.3, {"labelSelector": "app=a"}, 0.2, {})


def sure_replacement(rng, files):
    """Returns a replacement whose targets are there if the resource is."""
    return {"source": {**identity(rng, rng.choice(present(files))), **maybe(rng, 0.3, {"fieldPath": "metadata.name"})},
            "targets": [{"select": selector_of_replacement(rng), "fieldPaths": [rng.choice(["metadata.name", "metadata.namespace", "metadata.annotations.from", "metadata.labels.from", "data.k"])], "options": {"create": True}}]}


def patch_entry(rng, patch, files, folder, with_target):
    """Returns an entry of `patches`: the patch within it or in a file, with a target or without."""
    out = {"patch": Inline(patch)}
    if rng.random() < 0.3:
        path = rng.choice(["p.yaml", "q.yaml", "sub/p.yaml"])
        files[f"{folder}/{path}"] = patch_file(rng, patch)
        out = {"path": path}
    if with_target:
        out["target"] = selector(rng)
    out.update(maybe(rng, 0.15, {"options": {**maybe(rng, 0.7, {"allowNameChange": rng.random() < 0.8}), **maybe(rng, 0.5, {"allowKindChange": rng.random() < 0.8})}}))
    return out


def patch_file(rng, patch):
    return Documents([patch, patch] if rng.random() < 0.02 else [patch])
