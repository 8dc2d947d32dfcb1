"""What differs on purpose. Each rule has its reason in `docs/src/compatibility.md`; what falls under one is counted, not shown."""

import re


def peer_says(pattern):
    """Returns a rule for trees on which only the peer fails, with such a message."""
    return lambda verdict, files: verdict.kind == "peer-fails" and re.search(pattern, verdict.peer.message())


def ours_says(pattern):
    """Returns a rule for trees on which only we fail, with such a message."""
    return lambda verdict, files: verdict.kind == "ours-fails" and re.search(pattern, verdict.ours.message())


HASH = re.compile(r"-[a-z0-9]{10}$")


def another_kind(verdict, files):
    """Returns whether no lines differ but those that end in a hash on both sides."""
    if verdict.kind != "bytes":
        return False
    peer, ours = (run.out.decode(errors="replace").split("\n") for run in (verdict.peer, verdict.ours))
    pairs = [(a, b) for a, b in zip(peer, ours) if a != b]
    return len(peer) == len(ours) and all(
        HASH.search(a) and HASH.search(b) and HASH.sub("", a) == HASH.sub("", b) for a, b in pairs
    )


def flow_patch(verdict, files):
    """Returns whether only the peer fails, because of a list in brackets that is no JSON, written out or in a file."""
    refused = re.search(r'unable to parse SM or JSON patch from \[p[a-z]+: "(.*)|decoding \[', verdict.peer.message())
    if verdict.kind != "peer-fails" or not refused:
        return False
    text = refused[1]
    if text is None or text.lstrip().startswith("["):
        return True
    name = text.split('"')[0]
    of_name = {path: file for path, file in files.items() if path.endswith(name)}
    return any(file.lstrip().startswith(b"[") for file in content(of_name))


def content(files):
    """Returns the content of the files of a tree."""
    return [text if isinstance(text, bytes) else str(text).encode(errors="replace") for text in files.values()]


def comment_in_flow(verdict, files):
    """Returns whether only the peer fails, because of a comment between a key and a collection that goes into a mapping in braces."""
    refused = own_text(r"(?m)^error: map\[string\]interface.*: yaml: (invalid map key: |line \d+: did not find expected ',')")
    return refused(verdict, files) and any(re.search(rb"(:|:.*[&!]\S+)[ \t]+#", file) for file in content(files))


def another_every_time(verdict, files):
    """Returns whether nothing differs but the order of lines, and the peer has several."""
    if verdict.kind != "bytes" or sorted(verdict.peer.out.split()) != sorted(verdict.ours.out.split()):
        return False
    return any(out != verdict.peer.out for out in verdict.peer_again())


def own_text(pattern):
    """Returns a rule for trees on which only the peer fails, with such a message about a text that is not a file of the tree."""
    says = peer_says(pattern)
    return lambda verdict, files: says(verdict, files) and not re.search(
        r"MalformedYAMLError|in File:|in file ", verdict.peer.message()
    )


def comma_in_name(verdict, files):
    """Returns whether only the peer fails, because it keeps former names in a list with commas, and a name has one."""
    crashes = peer_says("panic: number of previous names, number of previous namespaces")
    return crashes(verdict, files) and re.search(rb"(?m)^  name(space)?: .*,", verdict.ours.out)


RULES = {
    "the hash of a generated object that a patch has given another kind": another_kind,
    "a control character cannot go through the peer's own text": own_text("control characters are not allowed"),
    "a text that starts with a tab cannot go through the peer's own text": own_text("found a tab character where an indentation space is expected"),
    "a comment after a key that is emptied, or a key of 1023 characters, cannot go through the peer's own text": own_text("could not find expected ':'"),
    "a comment between a key and a collection cannot go through the peer's own text, in braces": comment_in_flow,
    "keys whose order goes round have another one every time": another_every_time,
    "a label whose name is no text cannot go through the peer's own text": own_text(r"json: unsupported type: map\[interface"),
    "a label called << cannot go through the peer's own text": own_text("map merge requires map"),
    "a JSON patch in flow-style YAML": flow_patch,
    "a patch that nothing meets, with a collection for a key": ours_says("a mapping or a sequence cannot be a key here"),
    "a validator that changes nothing": peer_says("validator shouldn't modify the resource map"),
    "a var whose field is a mapping or a list": ours_says(r"the field `[^`]*` of .* is not a single value"),
    "a schema file that is empty or has a value of the wrong type crashes the peer": peer_says("panic: invalid schema file"),
    "a replacement into a note of the peer's own": ours_says(r"\[internal\.config\.kubernetes\.io/\w+\]` is missing in the target"),
    "notes of the peer's own that do not agree": ours_says("the notes about the former names"),
    "a definition in a .json file that is YAML": peer_says(r"unable to parse open API definition from '[^']*\.json': invalid character"),
    "a subject that is no mapping": ours_says("a subject of .* must be a mapping"),
    "a name with a comma crashes the peer": comma_in_name,
    "labels or annotations that are a list crash the peer": peer_says("getMapFromMeta"),
    "annotations that are a list": ours_says("`annotations` must be a mapping, and is a list"),
    "a node that an alias puts into itself": ours_says("an alias stands inside the node that its anchor names"),
    "an apiVersion that is null": peer_says("node-referrerOriginal 'APIVersion' mismatch '' != '(~|[nN]ull|NULL)'"),
    "a patch that takes the name away": ours_says("the patch leaves a resource without `metadata.name`"),
    "not there yet": ours_says(r"not supported yet"),
}


def rule(verdict, files):
    """Returns the name of the rule by which the two may differ."""
    return next((name for name, holds in RULES.items() if holds(verdict, files)), None)
