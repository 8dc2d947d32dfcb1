#!/usr/bin/env python3
"""Makes kustomize trees for timing. The same arguments give the same bytes.

    tree.py large DIR --resources N   a base of N resources in shops of eight, and an overlay   -> DIR/overlay
    tree.py small DIR                 a base of five resources and an overlay that patches one  -> DIR/overlay
    tree.py plain DIR --files N       N plain Secrets, to be encrypted by sops                   -> DIR/000.yaml ...
"""
import argparse
import pathlib

HEADER = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def workload(kind, name, shop, extra=""):
    return f"""apiVersion: apps/v1
kind: {kind}
metadata:
  name: {name}
  labels: {{shop: shop-{shop}, forge.example.com/row: r{shop % 11}}}
  annotations:
    forge.example.com/owner: team {shop % 17}
spec:
  replicas: {1 + shop % 4}
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      serviceAccountName: robot-{shop}
      containers:
        - name: main
          image: registry.example.com/{kind.lower()}-{shop % 16}:dev
          args: [--listen=:8080, --shop={shop}]
          ports: [{{name: http, containerPort: 8080}}]
          env:
            - name: LEVEL
              value: info
            - name: PASSWORD
              valueFrom: {{secretKeyRef: {{name: password-{shop % 24}, key: value}}}}
          envFrom:
            - configMapRef: {{name: settings-{shop % 24}}}
            - configMapRef: {{name: opening-hours-{shop}}}
          resources:
            requests: {{cpu: 100m, memory: 64Mi}}
        - name: proxy
          image: registry.example.com/proxy:1.0
      volumes:
        - name: settings
          configMap: {{name: settings-{(shop + 5) % 24}}}
{extra}"""


def shop(number):
    """Eight resources that refer to one another."""
    i = number
    return [
        workload("Deployment", f"counter-{i}", i),
        workload("Deployment", f"kitchen-{i}", i),
        workload("StatefulSet", f"till-{i}", i, f"  serviceName: till-{i}\n"),
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: counter-{i}\nspec:\n  selector: {{app: counter-{i}}}\n"
        "  ports: [{name: http, port: 80, targetPort: http}]\n",
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: till-{i}\nspec:\n  clusterIP: None\n  selector: {{app: till-{i}}}\n"
        "  ports: [{port: 8080}]\n",
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: opening-hours-{i}\ndata:\n  monday: 9-17\n  text: |\n"
        f"    We are shop {i}.\n    # Closed on Sunday.\n",
        f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: robot-{i}\n",
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        f"metadata:\n  name: counter-{i}\nspec:\n  rules:\n    - host: shop-{i}.example.com\n      http:\n        paths:\n"
        f"          - {{path: /, pathType: Prefix, backend: {{service: {{name: counter-{i}, port: {{name: http}}}}}}}}\n",
    ]


def large(root, resources):
    shops = range((resources + 7) // 8)
    documents = [text for number in shops for text in shop(number)][:resources]
    files = []
    for start in range(0, resources, 40):
        files.append(f"part-{start // 40}.yaml")
        write(root / "base" / files[-1], "---\n".join(documents[start : start + 40]))
    write(root / "base/kustomization.yaml", HEADER + "resources:\n" + "".join(f"  - {name}\n" for name in files))

    lines = [HEADER + "resources: [../base]\nnamespace: market\nnamePrefix: live-\nlabels:"]
    lines.append("  - pairs: {stage: live}\n    includeSelectors: true\ncommonAnnotations: {forge.example.com/stage: live}\nimages:")
    for number in range(16):
        lines.append(f"  - {{name: registry.example.com/deployment-{number}, newTag: '1.{number}'}}")
    lines.append("configMapGenerator:")
    for number in range(24):
        write(root / f"overlay/settings/{number}.conf", f"# shop {number}\ncolor = blue\n" * 4)
        lines.append(f"  - {{name: settings-{number}, files: [settings/{number}.conf], literals: [STAGE=live]}}")
    lines.append("secretGenerator:")
    lines += [f"  - {{name: password-{number}, literals: [value=made-up-{number}]}}" for number in range(24)]
    lines.append("patches:")
    for number in list(shops)[::4]:
        name = f"counter-{number}"
        if number * 8 >= resources:
            break
        if number % 8:
            patch = f"- op: replace\n  path: /spec/replicas\n  value: {2 + number % 5}\n"
            lines.append(f"  - {{path: patches/{name}.yaml, target: {{kind: Deployment, name: {name}}}}}")
        else:
            patch = (
                f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  template:\n    spec:\n"
                "      containers:\n        - name: main\n          env: [{name: LEVEL, value: warn}]\n"
            )
            lines.append(f"  - {{path: patches/{name}.yaml}}")
        write(root / f"overlay/patches/{name}.yaml", patch)
    write(root / "overlay/kustomization.yaml", "\n".join(lines) + "\n")


def small(root):
    parts = [shop(0)[index] for index in (0, 3, 5, 6, 7)]
    write(root / "base/shop.yaml", "---\n".join(parts))
    write(root / "base/kustomization.yaml", HEADER + "resources: [shop.yaml]\n")
    write(
        root / "overlay/kustomization.yaml",
        HEADER + "resources: [../base]\nnamePrefix: live-\nnamespace: market\npatches:\n  - path: patch.yaml\n",
    )
    write(
        root / "overlay/patch.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: counter-0}\nspec: {replicas: 3}\n",
    )


def plain(root, files):
    for number in range(files):
        values = "".join(f"  key-{key}: made-up-{number}-{key}\n" for key in range(8))
        write(
            root / f"{number:03}.yaml",
            f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: secret-{number}\nstringData:\n{values}",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=["large", "small", "plain"])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--files", type=int, default=100)
    arguments = parser.parse_args()
    if arguments.shape == "large":
        large(arguments.directory, arguments.resources)
    elif arguments.shape == "small":
        small(arguments.directory)
    else:
        plain(arguments.directory, arguments.files)


if __name__ == "__main__":
    main()
