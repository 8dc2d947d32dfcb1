"""Resources of every kind that kustomize treats in a way of its own, and of kinds it does not know."""

from .model import Documents, Raw
from .scalars import any_key, any_scalar, any_value, in_flow_too, maybe, pick

NAMES = ["a", "b", "web", "api"]
NAMESPACES = ["default", "one", "two", "one", "default", "12"]
IMAGES = ["nginx", "nginx:1", "gcr.io/a/b:v1", "busybox@sha256:" + "0" * 64, "localhost:5000/x", "a/b:1@sha256:" + "1" * 64, "nginx:1.0-alpine", "docker.io/nginx", "nginx:", "", "web"]


def name(rng):
    return rng.choice(NAMES)


def metadata(rng, namespaced=True):
    out = {"name": name(rng)}
    if namespaced:
        out.update(maybe(rng, 0.3, {"namespace": rng.choice(NAMESPACES)}))
    out.update(maybe(rng, 0.4, {"labels": {"app": name(rng), **maybe(rng, 0.3, {"tier": rng.choice(["x", "y", Raw("1"), ""])})}}))
    out.update(maybe(rng, 0.2, {"annotations": {"note": rng.choice(["x", "a b", Raw("1"), Raw("true"), "long " * 20])}}))
    out.update(maybe(rng, 0.02, {"annotations": annotations_of_kustomize(rng)}))
    out.update(maybe(rng, 0.05, {"finalizers": [rng.choice("xyz") for _ in range(rng.randint(1, 3))]}))
    out.update(maybe(rng, 0.02, {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": name(rng), "uid": rng.choice("12")}]}))
    out.update(maybe(rng, 0.01, {rng.choice(["creationTimestamp", "generateName", "labels", "annotations"]): None}))
    return out


def annotations_of_kustomize(rng):
    return rng.choice([
        {"config.kubernetes.io/local-config": rng.choice(["true", "false", "", "x"])},
        {"kustomize.config.k8s.io/needs-hash": rng.choice(["true", "false"])},
        {"kustomize.config.k8s.io/behavior": rng.choice(["merge", "replace", "create", "x"])},
        {"config.kubernetes.io/origin": "path: x\n"},
        {"config.kubernetes.io/index": "0"},
        {"config.kubernetes.io/path": "a.yaml", "internal.config.kubernetes.io/path": "a.yaml"},
        {"internal.config.kubernetes.io/previousNames": "z", "internal.config.kubernetes.io/previousNamespaces": "default", "internal.config.kubernetes.io/previousKinds": "ConfigMap"},
        {"internal.config.kubernetes.io/prefixes": "x-"},
        {"alpha.config.kubernetes.io/transformations": "x"},
    ])


# Pods


def container(rng):
    out = {"name": name(rng), "image": rng.choice(IMAGES)}
    out.update(maybe(rng, 0.3, {rng.choice(["args", "command"]): [rng.choice(["a", "--b", "$(V)", "$$(V)", "x-$(W)-$(V)", Raw("1")]) for _ in range(rng.randint(0, 2))]}))
    out.update(maybe(rng, 0.4, {"env": [environment(rng) for _ in range(rng.randint(0, 3))]}))
    out.update(maybe(rng, 0.2, {"envFrom": [rng.choice([{"configMapRef": {"name": name(rng)}}, {"secretRef": {"name": name(rng)}}]) for _ in range(rng.randint(1, 2))]}))
    out.update(maybe(rng, 0.4, {"ports": [port(rng) for _ in range(rng.randint(0, 3))]}))
    out.update(maybe(rng, 0.3, {"volumeMounts": [{"name": name(rng), "mountPath": rng.choice(["/a", "/b"])} for _ in range(rng.randint(1, 2))]}))
    out.update(maybe(rng, 0.05, {"volumeDevices": [{"name": name(rng), "devicePath": rng.choice(["/a", "/b"])}]}))
    out.update(maybe(rng, 0.2, {"resources": {"limits": {"cpu": rng.choice([Raw("1"), "500m", Raw("0.5")])}}}))
    out.update(maybe(rng, 0.1, {"livenessProbe": {"httpGet": {"path": "/", "port": rng.choice([80, "http"])}}}))
    return out


def environment(rng):
    if rng.random() < 0.6:
        return {"name": rng.choice("ABC"), "value": rng.choice(["x", "1", "true", "$(V)", "", "a b"])}
    kind, field = rng.choice([("configMapKeyRef", "name"), ("secretKeyRef", "name")])
    return {"name": rng.choice("ABC"), "valueFrom": {kind: {field: name(rng), "key": "k"}}}


def port(rng):
    out = {"containerPort": rng.choice([80, 81])}
    out.update(maybe(rng, 0.5, {"protocol": rng.choice(["TCP", "UDP"])}))
    out.update(maybe(rng, 0.4, {"name": rng.choice(["http", "dns"])}))
    return out


def volume(rng):
    source = rng.choice([
        {"emptyDir": {}}, {"configMap": {"name": name(rng)}}, {"secret": {"secretName": name(rng)}}, {"persistentVolumeClaim": {"claimName": name(rng)}},
        {"projected": {"sources": [{"configMap": {"name": name(rng)}}, {"secret": {"name": name(rng)}}]}}, {"image": {"reference": rng.choice(IMAGES)}},
        {"csi": {"driver": "x", "nodePublishSecretRef": {"name": name(rng)}}}, {"ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {"app": "a"}}, "spec": {"storageClassName": name(rng)}}}},
        {"nfs": {"path": "/x", "server": "$(V)"}},
    ])
    return {"name": name(rng), **source}


def pod_spec(rng):
    labels = {"matchLabels": {"app": name(rng)}}
    out = {"containers": [container(rng) for _ in range(rng.randint(1, 2))]}
    out.update(maybe(rng, 0.2, {"initContainers": [container(rng)]}))
    out.update(maybe(rng, 0.04, {"ephemeralContainers": [container(rng)]}))
    out.update(maybe(rng, 0.4, {"volumes": [volume(rng) for _ in range(rng.randint(0, 2))]}))
    out.update(maybe(rng, 0.3, {rng.choice(["serviceAccountName", "serviceAccountName", "serviceAccount"]): name(rng)}))
    out.update(maybe(rng, 0.1, {"priorityClassName": name(rng)}))
    out.update(maybe(rng, 0.2, {"tolerations": [{"key": rng.choice("ab"), "operator": "Exists"} for _ in range(rng.randint(1, 2))]}))
    out.update(maybe(rng, 0.2, {"imagePullSecrets": [{"name": name(rng)} for _ in range(rng.randint(1, 2))]}))
    out.update(maybe(rng, 0.15, {"hostAliases": [{"ip": rng.choice(["1.1.1.1", "2.2.2.2"]), "hostnames": [name(rng)]} for _ in range(rng.randint(1, 2))]}))
    out.update(maybe(rng, 0.15, {"topologySpreadConstraints": [spread(rng) for _ in range(rng.randint(1, 2))]}))
    out.update(maybe(rng, 0.2, {"nodeSelector": {rng.choice("ab"): "x"}}))
    out.update(maybe(rng, 0.1, {"securityContext": rng.choice([{}, {"runAsUser": 1}, {"fsGroup": 1, "sysctls": [{"name": "a", "value": "1"}]}])}))
    term = {"topologyKey": "z", "labelSelector": labels}
    out.update(maybe(rng, 0.1, {"affinity": {rng.choice(["podAffinity", "podAntiAffinity"]): rng.choice([{"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]}, {"requiredDuringSchedulingIgnoredDuringExecution": [term]}])}}))
    out.update(maybe(rng, 0.05, {"readinessGates": [{"conditionType": "x"}], "dnsConfig": {"nameservers": ["1.1.1.1"], "options": [{"name": "ndots", "value": "1"}]}}))
    return out


def spread(rng):
    return {"maxSkew": 1, "topologyKey": rng.choice(["zone", "host"]), "whenUnsatisfiable": rng.choice(["DoNotSchedule", "ScheduleAnyway"]), **maybe(rng, 0.5, {"labelSelector": {"matchLabels": {"app": name(rng)}}})}


def template(rng):
    return {"metadata": maybe(rng, 0.7, {"labels": {"app": name(rng)}, **maybe(rng, 0.2, {"annotations": {"note": Raw("1")}})}), "spec": pod_spec(rng)}


# Kinds


def workload(rng, kind, version="apps/v1"):
    spec = {"selector": {"matchLabels": {"app": name(rng)}}, "template": template(rng), **maybe(rng, 0.5, {"replicas": rng.randint(0, 3)})}
    if kind == "StatefulSet":
        spec["serviceName"] = name(rng)
        spec.update(maybe(rng, 0.4, {"volumeClaimTemplates": [{"metadata": {"name": name(rng)}, "spec": {"storageClassName": name(rng)}}]}))
    if kind == "ReplicationController":
        spec["selector"] = {"app": name(rng)}
    spec.update(maybe(rng, 0.03, {"selector": None}))
    return {"apiVersion": version, "kind": kind, "metadata": metadata(rng), "spec": spec}


def job(rng, kind):
    spec = {"template": template(rng), **maybe(rng, 0.2, {"selector": {"matchLabels": {"app": name(rng)}}})}
    if kind == "CronJob":
        spec = {"schedule": "* * * * *", "jobTemplate": {**maybe(rng, 0.4, {"metadata": {"labels": {"app": name(rng)}}}), "spec": spec}}
    return {"apiVersion": rng.choice(["batch/v1", "batch/v1", "batch/v1beta1"]), "kind": kind, "metadata": metadata(rng), "spec": spec}


def subject(rng):
    return {"kind": rng.choice(["ServiceAccount", "ServiceAccount", "User", "Group"]), "name": rng.choice([*NAMES, "default"]), **maybe(rng, 0.5, {"namespace": rng.choice(NAMESPACES)}), **maybe(rng, 0.1, {"apiGroup": ""})}


def role_binding(rng):
    kind = rng.choice(["RoleBinding", "ClusterRoleBinding"])
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": rng.choice(["Role", "ClusterRole"]), "name": name(rng)}
    return {"apiVersion": rng.choice(["rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1"]), "kind": kind, "metadata": metadata(rng), "roleRef": role,
            **maybe(rng, 0.9, {"subjects": [subject(rng) for _ in range(rng.randint(0, 2))]})}


def service(rng):
    ports = [{"port": rng.choice([80, 81]), **maybe(rng, 0.4, {"protocol": rng.choice(["TCP", "UDP"])}), **maybe(rng, 0.5, {"name": rng.choice(["http", "dns"])}), **maybe(rng, 0.3, {"targetPort": rng.choice([8080, "http"])})} for _ in range(rng.randint(0, 3))]
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(rng), "spec": {**maybe(rng, 0.7, {"selector": {"app": name(rng)}}), "ports": ports}}


def ingress(rng):
    if rng.random() < 0.3:
        backend = {"serviceName": name(rng), "servicePort": 80}
        return {"apiVersion": rng.choice(["extensions/v1beta1", "networking.k8s.io/v1beta1"]), "kind": "Ingress", "metadata": metadata(rng), "spec": {**maybe(rng, 0.3, {"backend": backend}), "rules": [{"http": {"paths": [{"backend": backend}]}}]}}
    backend = {"service": {"name": name(rng), "port": {"number": 80}}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata(rng),
            "spec": {**maybe(rng, 0.2, {"ingressClassName": name(rng)}), **maybe(rng, 0.3, {"defaultBackend": backend}), **maybe(rng, 0.3, {"tls": [{"secretName": name(rng), "hosts": ["a.b"]}]}), "rules": [{"host": rng.choice(["a.b", "*.c"]), "http": {"paths": [{"path": "/", "backend": backend}]}}]}}


def webhook(rng):
    kind = rng.choice(["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"])
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": metadata(rng, False), "webhooks": [{"name": "w.x.io", "clientConfig": {"service": {"name": name(rng), "namespace": rng.choice(NAMESPACES)}}}]}


def network_policy(rng):
    peer = {"podSelector": {"matchLabels": {"app": name(rng)}}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata(rng), "spec": {**peer, **maybe(rng, 0.5, {"ingress": [{"from": [peer]}]}), **maybe(rng, 0.3, {"egress": [{"to": [peer, {"namespaceSelector": {"matchLabels": {"app": "x"}}}]}]})}}


def config_map(rng):
    data = {rng.choice("kln"): in_flow_too(any_scalar(rng)) for _ in range(rng.randint(0, 3))}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(rng), **maybe(rng, 0.9, {"data": data}), **maybe(rng, 0.1, {"binaryData": {"b": "aGk="}}), **maybe(rng, 0.05, {"immutable": True})}


def custom(rng):
    kind, version = rng.choice(["Foo", "Foo", "Bar"]), rng.choice(["x.io/v1", "x.io/v1", "x.io/v2", "y.io/v1", "v1"])
    spec = any_value(rng, 2) if rng.random() < 0.5 else {**maybe(rng, 0.5, {"ref": rng.choice([name(rng), {"name": name(rng), "kind": "ConfigMap"}])}), **maybe(rng, 0.3, {"sel": {"app": "a"}}), **maybe(rng, 0.3, {"image": rng.choice(IMAGES)}), **maybe(rng, 0.3, {"v": "$(V)"}),
                                                           **maybe(rng, 0.3, {"refs": [{"name": name(rng)} for _ in range(2)]}), **maybe(rng, 0.2, {"containers": [container(rng)]}), **maybe(rng, 0.2, {"template": template(rng)}), **maybe(rng, 0.2, {"size": 1})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata(rng), "spec": spec, **maybe(rng, 0.3, {"list": [{"name": name(rng), "v": any_value(rng, 1)} for _ in range(2)]})}


def odd(rng):
    """Returns what is not quite a resource."""
    return rng.choice([
        {"kind": "Foo", "metadata": {"name": name(rng)}}, {"apiVersion": "v1", "metadata": {"name": name(rng)}}, {"apiVersion": "v1", "kind": "ConfigMap"}, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": None},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": ""}}, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": Raw("1")}}, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-"}},
        {"apiVersion": "v1", "kind": "", "metadata": {"name": "a"}}, {"apiVersion": "", "kind": "Foo", "metadata": {"name": "a"}}, {"apiVersion": Raw("1"), "kind": "Foo", "metadata": {"name": "a"}}, {"apiVersion": "a/b/c", "kind": "Foo", "metadata": {"name": "a"}},
        {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": []}, {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata(rng), "spec": {"path": "./x"}}, {}, [], None, Raw("a"), {"a": 1},
    ])


def listed(rng):
    kind = rng.choice(["List", "List", "ConfigMapList", "FooList"])
    return {"apiVersion": "v1", "kind": kind, **maybe(rng, 0.95, {"items": [resource(rng) for _ in range(rng.randint(0, 2))]}), **maybe(rng, 0.2, {"metadata": {}})}


def simple(rng, version, kind, namespaced=True, **fields):
    return {"apiVersion": version, "kind": kind, "metadata": metadata(rng, namespaced), **fields}


def resource(rng):
    rbac, kind = "rbac.authorization.k8s.io/v1", rng.choice
    scale = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind(["Deployment", "StatefulSet"]), "name": name(rng)}}
    return pick(
        rng,
        6, lambda: workload(rng, kind(["Deployment", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]), kind(["apps/v1"] * 8 + ["apps/v1beta2", "extensions/v1beta1"])),
        4, lambda: config_map(rng),
        3, lambda: simple(rng, "v1", "Secret", **maybe(rng, 0.5, {"type": "Opaque"}), **maybe(rng, 0.8, {"data": {"k": "dg=="}}), **maybe(rng, 0.2, {"stringData": {"s": any_scalar(rng)}})),
        3, lambda: service(rng), 2, lambda: role_binding(rng), 2, lambda: ingress(rng), 2, lambda: job(rng, kind(["Job", "CronJob"])), 2, lambda: custom(rng),
        1, lambda: simple(rng, "v1", "ServiceAccount", **maybe(rng, 0.4, {"imagePullSecrets": [{"name": name(rng)}]}), **maybe(rng, 0.3, {"secrets": [{"name": name(rng)}]})),
        1, lambda: simple(rng, rbac, kind(["Role", "ClusterRole"]), rules=[{"resources": [kind(["configmaps", "secrets", "pods"])], "resourceNames": [name(rng)]}], **maybe(rng, 0.2, {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"app": "a"}}]}})),
        1, lambda: simple(rng, "v1", "Pod", spec=pod_spec(rng)), 0.5, lambda: simple(rng, "v1", "PodTemplate", template=template(rng)), 0.5, lambda: workload(rng, "ReplicationController", "v1"),
        1, lambda: simple(rng, kind(["autoscaling/v2", "autoscaling/v1"]), "HorizontalPodAutoscaler", spec=scale),
        1, lambda: simple(rng, "v1", "PersistentVolumeClaim", spec={"storageClassName": name(rng), "volumeName": name(rng)}),
        0.5, lambda: simple(rng, "v1", "PersistentVolume", False, spec={"storageClassName": name(rng), "claimRef": {"name": name(rng), "namespace": "one"}, "csi": {"nodeStageSecretRef": {"name": name(rng), "namespace": "one"}}}),
        0.5, lambda: simple(rng, "storage.k8s.io/v1", "StorageClass", False, provisioner="x"), 0.3, lambda: simple(rng, "scheduling.k8s.io/v1", "PriorityClass", False, value=1), 0.3, lambda: simple(rng, "networking.k8s.io/v1", "IngressClass", False),
        1, lambda: {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": kind(NAMESPACES)}},
        1, lambda: {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "foos.x.io"}, "spec": {"group": "x.io", "names": {"kind": "Foo"}, "scope": kind(["Cluster", "Namespaced"])}},
        1, lambda: network_policy(rng), 1, lambda: simple(rng, "policy/v1", "PodDisruptionBudget", spec={"minAvailable": 1, "selector": {"matchLabels": {"app": name(rng)}}}), 1, lambda: webhook(rng),
        0.3, lambda: {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.x.io"}, "spec": {"service": {"name": name(rng), "namespace": "one"}}},
        0.3, lambda: simple(rng, "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", False), 0.3, lambda: simple(rng, "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", False, spec={"policyName": name(rng)}),
        0.5, lambda: simple(rng, "v1", kind(["LimitRange", "ResourceQuota", "Endpoints"])), 0.3, lambda: simple(rng, "gateway.networking.k8s.io/v1", "HTTPRoute", spec={"rules": [{"backendRefs": [{"name": name(rng)}]}]}),
        0.3, lambda: simple(rng, "cert-manager.io/v1", "Certificate", spec={"secretName": name(rng), "issuerRef": {"name": name(rng)}}), 1, lambda: listed(rng), 0.15, lambda: odd(rng),
    )()


def distinct(rng, count):
    """Returns resources of which no two have one id, most of the time."""
    seen, out = set(), []
    for _ in range(count):
        r = resource(rng)
        meta = (r.get("metadata") or {}) if isinstance(r, dict) else {}
        ident = (r.get("apiVersion"), r.get("kind"), str(meta.get("name")), str(meta.get("namespace", "default"))) if isinstance(r, dict) else id(r)
        if ident in seen and rng.random() < 0.97:
            continue
        seen.add(ident)
        out.append(r)
    return out


def present(files):
    """Returns the resources in the files of a tree that somebody may refer to."""
    out = [r for path, file in files.items() if isinstance(file, Documents) and path.endswith(("/a.yaml", "/b.yaml", "/r.yaml")) for r in file]
    out = [r for r in out if isinstance(r, dict) and isinstance(r.get("metadata"), dict) and r["metadata"].get("name") and "kind" in r]
    return out or [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}]


def identity(rng, found):
    """Returns a selector that finds the resource."""
    group, _, version = found.get("apiVersion", "v1").rpartition("/")
    names = {key: found["metadata"][key] for key in ("name", "namespace") if found["metadata"].get(key)}
    return {"kind": found["kind"], **names, **maybe(rng, 0.1, {"version": version}), **(maybe(rng, 0.1, {"group": group}) if group else {})}


def leaves(rng, value, path=()):
    """Yields the dotted paths of single values."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                step = key.replace(".", "\\.") if "/" not in key else "[" + key + "]"
                yield from leaves(rng, item, (*path, step))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            label = item.get("name") if isinstance(item, dict) else None
            step = f"[name={label}]" if isinstance(label, str) and rng.random() < 0.5 else rng.choice([str(index), "*"]) if path else str(index)
            yield from leaves(rng, item, (*path, step))
    else:
        yield ".".join(path)
