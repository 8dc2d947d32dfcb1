"""Generators of ConfigMaps and Secrets, and the files they read."""

from .resources import NAMESPACES, name
from .scalars import TEXTS, maybe


def generators_of_maps(rng, files, folder):
    out = {}
    for field in ("configMapGenerator", "secretGenerator"):
        if rng.random() < 0.6:
            out[field] = [generator(rng, files, folder, field) for _ in range(rng.randint(1, 2))]
    out.update(maybe(rng, 0.3, {"generatorOptions": generator_options(rng)}))
    return out


def generator_options(rng):
    return {**maybe(rng, 0.4, {"disableNameSuffixHash": rng.random() < 0.7}), **maybe(rng, 0.3, {"labels": {"g": rng.choice(["x", "1"])}}), **maybe(rng, 0.3, {"annotations": {"g": "1"}}), **maybe(rng, 0.3, {"immutable": rng.random() < 0.7})}


LITERALS = ["v", "", "a b", "'q'", '"q"', "x=y", "1", "true", "é", "a\\nb", " a ", "<&>", "'a", "''", "'", "\"a'", "a\nb", "a\nb\n", "word " * 20, "\ta", "\u2028", "😀", "'a\nb'"]
ENVS = ["A=1\nB=2\n", "# c\n\nA=b c \n  B='x'\n", "A\nB=\n", "A=1\r\nB=2\r\n", "\ufeffA=1\n", "A=b=c", "export A=1\n", "A = 1\n", "1A=2\n", 'A="q"\n', "=x\n", "A=\ta\t\n", "", "\n", "  # c\nA=1", "A=1\nA=2\n", "A.b-c=1\n", "A=é\n", "A b=1\n", "A=1 # c\n"]
CONTENTS = [text.encode() for text in TEXTS if not text.startswith("\t")] + [b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n" * 20, b"\xef\xbb\xbfa", b"a\x80"]


def generator(rng, files, folder, field):
    out = {"name": name(rng)}
    out.update(maybe(rng, 0.2, {"namespace": rng.choice(NAMESPACES)}))
    out.update(maybe(rng, 0.5, {"literals": [key + "=" + rng.choice(LITERALS) for key in (rng.sample("klm", rng.randint(0, 2)) if rng.random() < 0.97 else "kk")]}))
    if rng.random() < 0.3:
        path = f"f{rng.randint(1, 3)}.txt"
        files[f"{folder}/{path}"] = rng.choice(CONTENTS)
        out["files"] = [rng.choice([path, "key=" + path, path, "./" + path, "a b=" + path])]
    if rng.random() < 0.2:
        files[f"{folder}/e.env"] = rng.choice(ENVS).encode()
        out.update(rng.choice([{"envs": ["e.env"]}] * 5 + [{"env": "e.env"}]))
    out.update(maybe(rng, 0.12, {"behavior": rng.choice(["create", "merge", "replace", "unspecified", "x"] if rng.random() < 0.1 else ["create", "merge", "replace"])}))
    out.update(maybe(rng, 0.2, {"options": generator_options(rng)}))
    if field == "secretGenerator":
        out.update(maybe(rng, 0.2, {"type": rng.choice(["Opaque", "kubernetes.io/tls", "x"])}))
    return out
