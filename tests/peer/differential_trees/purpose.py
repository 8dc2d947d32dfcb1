"""What differs on purpose. Each rule has its reason in `docs/src/compatibility.md`; what falls under one is counted, not shown."""

import re


def peer_says(pattern):
    """Returns a rule for trees on which only the peer fails, with such a message."""
    return lambda verdict, files: verdict.kind == "peer-fails" and re.search(pattern, verdict.peer.message())


def ours_says(pattern):
    """Returns a rule for trees on which only we fail, with such a message."""
    return lambda verdict, files: verdict.kind == "ours-fails" and re.search(pattern, verdict.ours.message())


def hashes(text):
    """Returns the names that end in a hash, of ConfigMaps and Secrets and of everything else."""
    known, others = [], []
    for document in text.split("\n---\n"):
        names = re.findall(r"(?m)^  name: (\S+-[a-z0-9]{10})$", document)
        (known if re.search(r"(?m)^kind: (ConfigMap|Secret)$", document) else others).extend(names)
    return known, others


def another_kind(verdict, files):
    """Returns whether nothing differs but the hashes of generated objects that a patch has given another kind."""
    if verdict.kind != "bytes":
        return False
    peer, ours = verdict.peer.out.decode(errors="replace"), verdict.ours.out.decode(errors="replace")
    bare = [re.sub(r"-[a-z0-9]{10}\b", "", text) for text in (peer, ours)]
    known, others = hashes(peer), hashes(ours)
    return bare[0] == bare[1] and known[0] == others[0] and bool(others[1])


def anchors(verdict, files):
    """Returns whether nothing differs but anchors, which the peer keeps inside of a text."""
    return verdict.kind == "bytes" and re.sub(rb"&\w+ ", b"", verdict.peer.out) == verdict.ours.out


RULES = {
    "an anchor in a text that a replacement goes into": anchors,
    "the hash of a generated object that a patch has given another kind": another_kind,
    "a control character cannot go through the peer's own text": peer_says("control characters are not allowed"),
    "a text that starts with a tab cannot go through the peer's own text": peer_says("found a tab character where an indentation space is expected"),
    "a comment after a key that is emptied, or a key of 1023 characters, cannot go through the peer's own text": peer_says("could not find expected ':'"),
    "a JSON patch in flow-style YAML": lambda verdict, files: verdict.kind == "peer-fails" and re.search(r"unable to parse SM or JSON patch from \[p[a-z]+: \"\s*\[|decoding \[", verdict.peer.message()),
    "a validator that changes nothing": peer_says("validator shouldn't modify the resource map"),
    "a var whose field is a mapping": ours_says(r"the field `[^`]*` of .* is not a single value"),
    "a schema file that is empty or has a value of the wrong type crashes the peer": peer_says("panic: invalid schema file"),
    "not there yet": ours_says(r"not supported yet|is not supported"),
}


def rule(verdict, files):
    """Returns the name of the rule by which the two may differ."""
    return next((name for name, holds in RULES.items() if holds(verdict, files)), None)
