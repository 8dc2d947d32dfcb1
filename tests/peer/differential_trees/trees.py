"""The grammar: each part makes trees around one thing that kustomize does; `tree` writes the tree of a number."""

import random
import re

from . import fields
from .generators import generators_of_maps
from .model import Documents, Inline, Link, Raw, at, places
from .patches import operation, patch_entry, patch_file, replacement, selector, strategic
from .resources import NAMESPACES, custom, distinct, metadata, name, pod_spec, present, resource, service, simple, workload
from .scalars import RAW_KEYS, TEXTS, any_key, any_scalar, any_value, in_flow_too, maybe, pick
from .writing import Writer

ROOT = "top"


def tree(seed, parts):
    """Returns the files of a number: path to text, bytes or link."""
    rng = random.Random(seed)
    part = GRAMMAR[parts[seed % len(parts)]]
    files = part(rng)
    if rng.random() < 0.12:
        spoil(rng, files)
    odd = {"scalars": 1, "merge": 0.4}.get(part.__name__, rng.choice([0, 0, 0.1, 0.3, 1]))
    writer = Writer(rng, odd)
    return {path: writer.file(file) if isinstance(file, Documents) else file for path, file in files.items()}


def spoil(rng, files):
    """Changes one value somewhere: to another one, to nothing, or to one of another kind."""
    path = rng.choice([path for path, file in files.items() if isinstance(file, Documents)] + [path for path in files if path.endswith("kustomization.yaml")])
    if not isinstance(files[path], Documents) or not files[path]:
        return
    where = [place for place in places(list(files[path])) if len(place) > 1 and place[-1] is not None]
    if not where:
        return
    place = rng.choice(where)
    parent, last = at(files[path], place[:-1]), place[-1]
    roll = rng.random()
    if roll < 0.2:
        del parent[last]
    elif roll < 0.3 and isinstance(parent, dict):
        parent[rng.choice(["unknown", "name", last.capitalize() if isinstance(last, str) else "x", any_key(rng), *RAW_KEYS])] = parent[last]
    elif roll < 0.4 and isinstance(parent, list):
        parent.append(parent[last])
    elif roll < 0.5:
        parent[last] = rng.choice([[parent[last]], {"a": parent[last]}])
    else:
        parent[last] = rng.choice([None, "", {}, [], True, 1, [None], {"a": "b"}, in_flow_too(any_scalar(rng)), any_value(rng, 1)])


# Values and texts


def scalars(rng):
    """Values of all kinds, in all styles, in resources and in a kustomization."""
    body = {any_key(rng): any_value(rng, 3) for _ in range(rng.randint(1, 4))}

    def few():
        return {any_key(rng): in_flow_too(any_scalar(rng)) for _ in range(2)}

    cr = {"apiVersion": "x.io/v1", "kind": "Foo", "metadata": {"name": "a", **maybe(rng, 0.3, {"annotations": few()}), **maybe(rng, 0.3, {"labels": few()})}, "spec": body}
    k = {"resources": ["a.yaml"], **maybe(rng, 0.3, {"commonAnnotations": {any_key(rng): rng.choice(TEXTS)}}), **maybe(rng, 0.1, {"commonLabels": {any_key(rng): rng.choice(TEXTS)}})}
    roll = rng.random()
    if roll < 0.4:
        patch = {"apiVersion": "x.io/v1", "kind": "Foo", "metadata": {"name": "a"}, "spec": {rng.choice([*body, any_key(rng)]): any_value(rng, 2) for _ in range(rng.randint(1, 3))}}
        k["patches"] = [{"patch": Inline(patch)}]
    elif roll < 0.5:
        k["patches"] = [{"patch": Inline([{"op": "add", "path": "/spec/new", "value": any_value(rng, 2)}]), "target": {"kind": "Foo"}}]
    elif roll < 0.6:
        k["configMapGenerator"] = [{"name": "g", "literals": ["k=" + rng.choice(TEXTS)], "options": {"annotations": {any_key(rng): rng.choice(TEXTS)}, "disableNameSuffixHash": rng.random() < 0.5}}]
    return {f"{ROOT}/kustomization.yaml": Documents([k]), f"{ROOT}/a.yaml": Documents([cr])}


LINES = ["k: v", "k: |", "k: >", "k: >-", "k: |+", "k: |2", "k: |-", "k: >+", "k: >1", "- a", "- k: v", "-", "  x", "    y", "# c", "", " ", "k:", "k: &a x", "l: *a", "k: &m", "<<: *m", "<<: [*m]", "k: [a,", "b]", "k: {a: 1,", "b: 2}", 'k: "a', 'b"', "k: 'a", "b'", "? k", ": v", "k: !!str 1", "k: !x 1", "k: a", "  b", '"k": v', "'k': v",
         "k: a # c", 'k: "x" # c', "- - a", "- [a, b]", "-   a: 1", "    b: 2", "k : v", "k:  v ", "k: [a]", "k: {}", 'k: "\\', "k: @", "k: -", "k: ?", "k: a:b", "k: - a", "k: # c", "- # c", "-\tk: v", "k:\tv", "k: a\t# c", "\tx", "k: !!seq", "k: *m", "k: [a, # c", "k: {a, b: }", "k: [a: b, {c}]", "k: |  # c", "k: | x", "k: a: b", "? - a", "k: \u2028v", "k: \ufeffv", "k: \u00a0v", "k: a\u0085b", "k: \x7f", "k: ,", "k: a,", "k: ]", "k: %a", "k: `a"]


def text(rng):
    """Lines at random depths: mostly what one may not write."""
    depth, out = 2, []
    for i in range(rng.randint(1, 8)):
        depth = max(2, depth + rng.choice([0, 0, 0, 2, -2, 1]))
        out.append(" " * depth + re.sub(r"^((?:- )*['\"]?)k", rf"\1k{i}", rng.choice(LINES)))
    body = "apiVersion: x.io/v1\nkind: Foo\nmetadata:\n  name: a\nspec:\n" + "\n".join(out) + rng.choice(["\n", "", "\n\n"])
    if rng.random() < 0.25:
        patch = "".join("    " + line + "\n" for line in body.split("\n"))
        return {f"{ROOT}/kustomization.yaml": "resources: [a.yaml]\npatches:\n- patch: |\n" + patch, f"{ROOT}/a.yaml": Documents([{"apiVersion": "x.io/v1", "kind": "Foo", "metadata": {"name": "a"}}])}
    if rng.random() < 0.2:
        return {f"{ROOT}/kustomization.yaml": "resources: [a.yaml]\ncommonAnnotations:\n" + "\n".join(out), f"{ROOT}/a.yaml": Documents([{"apiVersion": "x.io/v1", "kind": "Foo", "metadata": {"name": "a"}}])}
    return {f"{ROOT}/kustomization.yaml": "resources: [a.yaml]\n", f"{ROOT}/a.yaml": body}


CHARACTERS = list("abk:- \n\n\n  '\"[]{},#&*!|>?%@`~0123.x\\\t\r=<") + ["---\n", ": ", "- ", "\u0085", "\u2028", "\ufeff", "é", "😀", "\\n", "!!str ", "<<: ", "*a", "&a ", "# c\n", "|\n", ">-\n", "\n  ", "? "]


def characters(rng):
    """A value of random characters."""
    value = "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(1, 9)))
    head = "apiVersion: x.io/v1\nkind: Foo\nmetadata:\n  name: a\nspec:"
    body = head + rng.choice([" " + value, "\n  k: " + value, "\n  - " + value, "\n  " + value, ' "' + value + '"', " '" + value + "'", " [" + value + "]", " {" + value + "}", " |\n  " + value, "\n  k: >\n   " + value]) + "\n"
    k = "resources: [a.yaml]\n" + (f"commonAnnotations: {{a: {value}}}\n" if rng.random() < 0.15 else "")
    return {f"{ROOT}/kustomization.yaml": k, f"{ROOT}/a.yaml": body.encode("utf-8", "surrogatepass")}


def documents(rng):
    """Several documents, lists, and kustomization files that are written in unusual ways."""
    files = {f"{ROOT}/a.yaml": Documents([resource(rng) for _ in range(rng.randint(0, 4))]), f"{ROOT}/b.yaml": Documents([fields.builtin(rng, {})] if rng.random() < 0.05 else distinct(rng, 2))}
    k = fields.layer(rng, files, ROOT, ["a.yaml", *rng.choice([[], ["b.yaml"], ["./b.yaml"], ["a.yaml"], ["b.yaml", "b.yaml"]])], 0.2)
    k = {(rng.choice([key.lower(), key.upper(), key.capitalize()]) if rng.random() < 0.05 else key): value for key, value in k.items()}
    k.update(maybe(rng, 0.1, {rng.choice(["resources", "components", "patches", "images", "namePrefix", "configMapGenerator", "vars", "crds", "transformers", "replacements", "labels", "commonLabels", "openapi", "generatorOptions", "sortOptions", "buildMetadata"]): rng.choice([None, [], {}, "", [None], [{}], [""]])}))
    k.update(maybe(rng, 0.05, {rng.choice(["x-foo", "unknown", "spec", "helmCharts", "helmGlobals", "Resources", "nameprefix", "vars", "bases"]): rng.choice(["a", [], ["a.yaml"], {}])}))
    files[f"{ROOT}/{pick(rng, 12, 'kustomization.yaml', 1, 'kustomization.yml', 1, 'Kustomization', 0.2, 'kustomize.yaml')}"] = Documents([k] if rng.random() < 0.97 else [k, k])
    files.update(maybe(rng, 0.02, {f"{ROOT}/kustomization.yml": Documents([{"resources": []}])}))
    return files


# Patches


def merge(rng):
    """A resource and strategic merge patches that look like it."""
    base = rng.choice([lambda: workload(rng, rng.choice(["Deployment", "StatefulSet"])), lambda: service(rng), lambda: simple(rng, "v1", "Pod", spec=pod_spec(rng)), lambda: workload(rng, "Foo", "x.io/v1"), lambda: custom(rng), lambda: resource(rng)])()
    if not isinstance(base, dict):
        base = service(rng)
    base.setdefault("metadata", {"name": "a"})
    files, entries = {f"{ROOT}/a.yaml": Documents([base])}, []
    for _ in range(rng.randint(1, 3)):
        entry = patch_entry(rng, strategic(rng, base), files, ROOT, False)
        if rng.random() < 0.3:
            entry["target"] = {"kind": base.get("kind", "")}
        entries.append(entry)
    k = {"resources": ["a.yaml"], "patches": entries, **maybe(rng, 0.1, {"namePrefix": "p-"}), **maybe(rng, 0.1, {"buildMetadata": ["transformerAnnotations"]}), **maybe(rng, 0.03, fields.openapi(rng, files, ROOT))}
    files[f"{ROOT}/kustomization.yaml"] = Documents([k])
    return files


def json(rng):
    """JSON 6902 patches."""
    files = {f"{ROOT}/a.yaml": Documents(distinct(rng, 3))}
    patch = [operation(rng) for _ in range(rng.randint(1, 3))]
    entry = {"patch": Inline(patch)}
    if rng.random() < 0.3:
        files[f"{ROOT}/p.yaml"] = patch_file(rng, patch)
        entry = {"path": "p.yaml"}
    field, entry["target"] = "patches", selector(rng)
    if rng.random() < 0.2:
        field, entry["target"] = "patchesJson6902", {"version": "v1", "kind": "ConfigMap", "name": name(rng)}
    files[f"{ROOT}/kustomization.yaml"] = Documents([{"resources": ["a.yaml"], field: [entry], **maybe(rng, 0.15, {"buildMetadata": ["originAnnotations", "transformerAnnotations"]}), **maybe(rng, 0.15, {"nameSuffix": "-s"})}])
    return files


def patches(rng):
    """Patches of all forms on several resources, with targets and options, in several layers."""
    files = {"base/a.yaml": Documents(distinct(rng, rng.randint(2, 5)))}
    for folder, below in (("base", "a.yaml"), (ROOT, "../base")):
        k = {"resources": [below], **maybe(rng, 0.4, {"namePrefix": rng.choice(["p-", "q-"])}), **maybe(rng, 0.2, {"namespace": rng.choice(NAMESPACES)})}
        for make in (fields.patches, fields.patches, fields.patches_json, fields.patches_strategic):
            if rng.random() < 0.4:
                for key, value in make(rng, files, folder).items():
                    k[key] = k.get(key, []) + value
        if rng.random() < 0.5:
            k["patches"] = k.get("patches", []) + [patch_entry(rng, strategic(rng, rng.choice(present(files))), files, folder, rng.random() < 0.3)]
        files[f"{folder}/kustomization.yaml"] = Documents([k])
    return files


# Layers


def compose(rng):
    """Layers over layers: bases, components, and some of every field in each."""
    files = {"base/a.yaml": Documents(distinct(rng, rng.randint(1, 5)))}
    put(rng, files, "base", ["a.yaml"])
    above = ["../base"]
    if rng.random() < 0.3:
        put(rng, files, "mid", ["../base"])
        above = ["../mid"]
    if rng.random() < 0.4:
        files[f"{ROOT}/b.yaml"] = Documents(distinct(rng, rng.randint(1, 2)))
        above.insert(rng.randint(0, 1), "b.yaml")
    put(rng, files, ROOT, above)
    if rng.random() < 0.3:
        put(rng, files, "component", [])
        files["component/kustomization.yaml"][0].update({"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"})
        files[rng.choice([ROOT, ROOT, "base"]) + "/kustomization.yaml"][0]["components"] = ["../component"]
    return files


def beside(rng):
    """Two bases with the same names side by side."""
    resources = distinct(rng, rng.randint(2, 4))
    files = {}
    for folder, mark in (("one", "a-"), ("two", "b-")):
        files[f"{folder}/r.yaml"] = Documents(resources)
        files[f"{folder}/kustomization.yaml"] = Documents([{"resources": ["r.yaml"], **maybe(rng, 0.6, {"namePrefix": mark}), **maybe(rng, 0.4, {"namespace": folder}), **maybe(rng, 0.5, generators_of_maps(rng, files, folder)), **maybe(rng, 0.3, fields.labels(rng, files, folder))}])
    put(rng, files, ROOT, ["../one", "../two"], 0.5)
    return files


def put(rng, files, folder, resources, busy=1.0):
    files[f"{folder}/kustomization.yaml"] = Documents([fields.layer(rng, files, folder, resources, busy)])


def generators(rng):
    """Generators, alone and merged into those of a base."""
    files = {"base/a.yaml": Documents(distinct(rng, rng.randint(1, 3)))}
    base = {**generators_of_maps(rng, files, "base"), "resources": ["a.yaml"], **maybe(rng, 0.2, {"namePrefix": "b-"}), **maybe(rng, 0.15, fields.configured_generators(rng, files, "base"))}
    top = {"resources": ["../base"], **generators_of_maps(rng, files, ROOT), **maybe(rng, 0.3, {"namePrefix": "p-"}), **maybe(rng, 0.2, {"namespace": "one"}), **maybe(rng, 0.2, {"commonLabels": {"x": "y"}}), **maybe(rng, 0.2, fields.configured_generators(rng, files, ROOT)), **maybe(rng, 0.15, fields.metadata_of_builds(rng, files, ROOT))}
    files.update({"base/kustomization.yaml": Documents([base]), f"{ROOT}/kustomization.yaml": Documents([top])})
    return files


def references(rng):
    """Names that refer to what is renamed."""
    files = {"base/a.yaml": Documents(distinct(rng, rng.randint(4, 9)))}
    base = {"resources": ["a.yaml"], **maybe(rng, 0.6, {"namePrefix": "p-"}), **maybe(rng, 0.3, {"nameSuffix": "-s"}), **maybe(rng, 0.4, {"namespace": rng.choice(NAMESPACES)}), **maybe(rng, 0.5, generators_of_maps(rng, files, "base"))}
    top = {"resources": ["../base"], **maybe(rng, 0.5, {"nameSuffix": "-t"}), **maybe(rng, 0.4, {"namespace": rng.choice(NAMESPACES)}), **maybe(rng, 0.2, {"namePrefix": "q-"}), **maybe(rng, 0.2, fields.configurations(rng, files, ROOT)), **maybe(rng, 0.1, fields.crds(rng, files, ROOT))}
    if rng.random() < 0.3:
        files[f"{ROOT}/b.yaml"] = Documents(distinct(rng, rng.randint(1, 3)))
        top["resources"].append("b.yaml")
    files.update({"base/kustomization.yaml": Documents([base]), f"{ROOT}/kustomization.yaml": Documents([top])})
    return files


def configured(rng):
    """Transformers, generators, validators, configurations and schemas that are files of their own."""
    files = {f"{ROOT}/a.yaml": Documents([*distinct(rng, rng.randint(1, 4)), *([custom(rng)] if rng.random() < 0.5 else [])])}
    k = {"resources": ["a.yaml"], **maybe(rng, 0.8, fields.transformers(rng, files, ROOT))}
    for p, field in ((0.2, fields.configured_generators), (0.1, fields.validators), (0.4, fields.configurations), (0.15, fields.crds), (0.1, fields.openapi), (0.2, fields.metadata_of_builds), (0.3, fields.prefix), (0.2, fields.namespace), (0.2, fields.common_labels), (0.2, fields.labels), (0.2, fields.images), (0.1, fields.replicas), (0.1, fields.variables)):
        k.update(maybe(rng, p, field(rng, files, ROOT)))
    files[f"{ROOT}/kustomization.yaml"] = Documents([k])
    return files


# Texts that are copied


def replacements(rng):
    """Replacements, into fields and into texts that hold YAML or JSON."""
    data = {"k": rng.choice(["v", "8080", "a/b/c", "yes", "a-b", Raw("1"), "", "a\nb", "null", "a: b"]), "j": rng.choice(['{"a": {"b": 1.0, "c": "<x>"}}', '{"a":{"b":"x"},"l":[1,2]}', '{\n  "a": {\n    "b": "x"\n  }\n}\n', "a:\n  b: x # c\nl: [1, 2]\n", '{"a":{"b":null},"z":1e3,"é":"\\u00e9"}', '[{"a": 1}]', '{"a": ']),
            "y": rng.choice(["l:\n- n: 1\n- n: 2\n", "a:\n  b: 'q'\nl:\n  - n: x\n", "plain", "[1, 2]", "# head\na: {b: 1}\n---\nc: 1\n", "a:\n  b: |\n    x\n    y\n  c: 0x10\n", "a: &x {b: 1}\nl: [*x]\n"])}
    sources = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(rng), "data": data}, {"apiVersion": "x.io/v1", "kind": "Foo", "metadata": metadata(rng), "spec": {"list": [{"n": 1, "v": "x"}, {"n": 2, "v": "y"}], "args": ["x", "y"], "n": any_value(rng, 1)}}, *distinct(rng, rng.randint(1, 3))]
    files = {f"{ROOT}/a.yaml": Documents(sources)}
    entries = [replacement(rng, files) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.15:
        files[f"{ROOT}/r.yaml"] = Documents([entries])
        entries = [{"path": "r.yaml"}]
    files[f"{ROOT}/kustomization.yaml"] = Documents([{"resources": ["a.yaml"], "replacements": entries, **maybe(rng, 0.2, {"namePrefix": "p-"}), **maybe(rng, 0.1, {"buildMetadata": ["transformerAnnotations"]})}])
    return files


def variables(rng):
    """Variables, in all places where they are replaced."""
    files = {"base/a.yaml": Documents([*distinct(rng, 3), {**simple(rng, "v1", "Pod", spec=pod_spec(rng)), "metadata": {"name": "uses"}}])}
    base = {"resources": ["a.yaml"], **maybe(rng, 0.7, fields.variables(rng, files, "base")), **maybe(rng, 0.4, {"namePrefix": "p-"}), **maybe(rng, 0.3, generators_of_maps(rng, files, "base"))}
    top = {"resources": ["../base"], **maybe(rng, 0.6, fields.variables(rng, files, ROOT)), **maybe(rng, 0.3, {"nameSuffix": "-s"}), **maybe(rng, 0.3, {"namespace": "one"}), **maybe(rng, 0.3, fields.configurations(rng, files, ROOT))}
    files.update({"base/kustomization.yaml": Documents([base]), f"{ROOT}/kustomization.yaml": Documents([top])})
    return files


# Files


def loading(rng):
    """Links, files outside, cycles, and what is not there."""
    files = {f"{ROOT}/a.yaml": Documents(distinct(rng, 1)), "base/b.yaml": Documents(distinct(rng, 1)), "base/kustomization.yaml": Documents([{"resources": ["b.yaml"]}])}
    k = {"resources": ["a.yaml"]}
    add = rng.choice(["../base", "../base/", "../base/.", "./../top/../base", "../base/kustomization.yaml", "../base/b.yaml", "none.yaml", "../none", ".", "..", "../top", "link.yaml", "link", "../linked", "sub", "sub/c.yaml", "/none", "", " ", "a.yaml/", "./a.yaml", "sub/../a.yaml", "empty.yaml", "a*.yaml", "dir.yaml", "broken"])
    files.update({
        f"{ROOT}/link.yaml": Link(rng.choice(["a.yaml", "../base/b.yaml", "sub/c.yaml", "none.yaml", "link.yaml"])), f"{ROOT}/link": Link(rng.choice(["../base", "sub", ".", "none"])), "linked": Link("base"), f"{ROOT}/sub/c.yaml": Documents(distinct(rng, 1)),
        f"{ROOT}/sub/kustomization.yaml": Documents([{"resources": [rng.choice(["c.yaml", "../a.yaml", "../../base", "..", "c.yaml"])]}]), f"{ROOT}/empty.yaml": rng.choice(["", "\n", "# c\n", "---\n"]), f"{ROOT}/dir.yaml/kustomization.yaml": Documents([{"namePrefix": "x-"}]), f"{ROOT}/broken": "a: [\n",
    })
    where = pick(rng, 5, "resources", 1, "components", 1, "patches", 1, "configurations", 1, "transformers", 1, "generators", 1, "crds", 1, "openapi", 1, "files", 1, "envs", 1, "replacements", 1, "validators", 0.5, "patchesStrategicMerge", 0.5, "bases")
    k.update({"patches": {"patches": [{"path": add, **maybe(rng, 0.5, {"target": {"kind": ".*"}})}]}, "openapi": {"openapi": {"path": add}}, "files": {"configMapGenerator": [{"name": "g", "files": [add, *rng.choice([[], ["x=" + add]])]}]}, "envs": {"secretGenerator": [{"name": "g", "envs": [add]}]}, "replacements": {"replacements": [{"path": add}]}}.get(where, {where: [add]}))
    if where == "resources":
        k["resources"] = ["a.yaml", add]
    if where == "components":
        files["base/kustomization.yaml"][0].update({"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": rng.choice(["Component", "Kustomization"])})
    if rng.random() < 0.1:
        files["base/kustomization.yaml"] = rng.choice(["", "# c\n", "{}\n", "[]\n", "null\n", "a\n", "resources: []\n", "kind: Kustomization\n", "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n", "resources: [../top]\n", "resources: [b.yaml]\nresources: []\n", "resources:\n- b.yaml\n---\nresources: []\n"])
    files[f"{ROOT}/kustomization.yaml"] = Documents([k])
    return files


GRAMMAR = {part.__name__: part for part in (scalars, text, characters, documents, merge, json, patches, compose, beside, generators, references, configured, replacements, variables, loading)}
