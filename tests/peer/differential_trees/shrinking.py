"""Makes a tree smaller for as long as the programs differ on it in the same way."""

import re

from .model import Link
from .trees import ROOT


def smaller(files, differs):
    """Returns the tree without everything that the difference does not need."""
    changed = True
    while changed:
        changed = False
        for path in sorted(files, key=lambda path: -len(files[path])):
            rest = {p: t for p, t in files.items() if p != path}
            if path != f"{ROOT}/kustomization.yaml" and differs(rest):
                files, changed = rest, True
        for path in sorted(files, key=lambda path: -len(files[path])):
            if isinstance(files[path], (Link, bytes)):
                continue
            for text in reductions(files[path], lambda text: differs({**files, path: text})):
                files, changed = {**files, path: text}, True
    return files


def reductions(text, differs):
    """Yields shorter and shorter texts that still differ."""
    for cut in (documents, blocks, flow_entries, scalars):
        place = 0
        while place < len(pieces := cut(text)):
            start, end, instead = pieces[place]
            candidate = text[:start] + instead + text[end:]
            if candidate != text and differs(candidate):
                text = candidate
                yield text
            else:
                place += 1


def documents(text):
    marks = [0, *(m.end() for m in re.finditer(r"^---\n", text, re.M)), len(text)]
    return [(start, end, "") for start, end in zip(marks, marks[1:])] if len(marks) > 2 else []


def blocks(text):
    """Returns each line with the deeper ones below it; the large before the small, from the end."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    depth = [len(line) - len(line.lstrip(" ")) for line in lines]
    out = []
    for i in reversed(range(len(lines))):
        j = i + 1
        while j < len(lines) and (depth[j] > depth[i] or not lines[j].strip()):
            j += 1
        out.append((starts[i], starts[j], ""))
        if j > i + 1:
            out.append((starts[i], starts[i + 1], ""))
    return sorted(out, key=lambda piece: piece[0] - piece[1])


def flow_entries(text):
    """Returns the entries of flow collections with what is in them, and the collections themselves; the large before the small."""
    out, open_at, entry_at = [], [], []
    for i, c in enumerate(text):
        if c in "[{":
            open_at.append(i)
            entry_at.append(i + 1)
        elif c in "]}" and open_at:
            start, entry = open_at.pop(), entry_at.pop()
            out.append((start, i + 1, "x"))
            out.append((entry if text[entry - 1] in "[{" else entry - 1, i, ""))
        elif c == "," and open_at:
            entry = entry_at.pop()
            out.append((entry, i + 1, ""))
            entry_at.append(i + 1)
        elif c == "\n" and not open_at:
            open_at, entry_at = [], []
    return sorted(out, key=lambda piece: piece[0] - piece[1])


def scalars(text):
    """Returns plain texts of some length, to be an `x`."""
    return [(*m.span(1), "x") for m in re.finditer(r"(?:: |- )((?!x$)[^\s\[\]{}&*!|>'\"#][^\n\[\]{}]{3,}|\"[^\"\n]{2,}\"|'[^'\n]{2,}')$", text, re.M)] + [(m.start(), m.end(), "") for m in re.finditer(r"[ \t]+#.*$", text, re.M)]


def signature(verdict, files):
    """Returns a text that differences of one cause share: the fields of the kustomizations and what the programs said."""
    fields = set()
    for path, text in files.items():
        if isinstance(text, str) and re.search(r"ustomization", path):
            fields.update(re.findall(r"^([A-Za-z]\w*):", text, re.M))
    return f"{verdict.kind} [{' '.join(sorted(fields - {'resources', 'apiVersion', 'kind'}))}] {said(verdict)}"


def said(verdict):
    if verdict.kind == "bytes":
        peer, ours = (set(run.out.decode(errors="replace").splitlines()) for run in (verdict.peer, verdict.ours))
        lines = [sign + re.sub(r"\s+", " ", re.sub(r"[0-9a-z]{10}$|\d+", "N", line))[:40] for sign, side in (("-", peer - ours), ("+", ours - peer)) for line in sorted(side)]
        return " ".join(lines)[:100]
    message = (verdict.ours if verdict.kind in ("ours-fails", "crash") else verdict.peer).message()
    message = (re.search(r"error: (.*)", message, re.S | re.I) or re.search(r"(.*)", message, re.S)).group(1)
    first = message.split("\n")[0] if verdict.kind != "peer-fails" else " ".join(message.split())
    text = re.sub(r"0x[0-9a-f]+|/tmp/\S+|\d+|`[^`]*`|\"[^\"]*\"|'[^']*'", "_", first)
    return text[:110] if len(text) < 200 or verdict.kind != "peer-fails" else text[:60] + " … " + text[-60:]
