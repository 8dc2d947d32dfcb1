"""Writes values as YAML, each in one of the many ways in which one may write it."""

import json
import re

from .model import Inline, Raw

WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
SAFE = re.compile(r"[A-Za-z/$(][A-Za-z0-9_./$()=%-]*(:[A-Za-z0-9_./$()=%-]+)*( [A-Za-z0-9_./$-]+)*")
PRINTABLE = re.compile(r"[ -~\u00a0-\u2027\u202a-\ud7ff]*")
UNFIT_FOR_BLOCKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029]")


class Writer:
    """Writes with a given share of oddities: 0 is what most people write, 1 what hardly anybody does."""

    def __init__(self, rng, odd):
        self.rng, self.odd, self.anchors = rng, odd, []

    def chance(self, p):
        return self.rng.random() < p * self.odd

    def file(self, documents):
        """Writes the documents of a file."""
        rng = self.rng
        out = "---\n" if rng.random() < 0.1 else ""
        if self.chance(0.02):
            out = rng.choice(["# c\n", "\n", "# c\n---\n", "\ufeff", "---\n---\n", "--- # c\n", " \n", "%YAML 1.1\n---\n", "\n---\n"])
        for i, value in enumerate(documents):
            if i:
                out += rng.choice(["---\n"] * 8 + ["--- \n", "--- # c\n", "---\n---\n", "---\n# c\n---\n"]) if not self.chance(0.03) else rng.choice(["---\t\n", "...\n---\n", "---\nnull\n---\n", "---\n{}\n---\n", "---\n[]\n---\n", "---   # c\n", "----\n"])
            text = self.document(value)
            out += text if text.endswith("\n") else text + "\n"
        out += rng.choice([""] * 9 + ["---\n"])
        if self.chance(0.05):
            out = rng.choice([out + "# c\n", out + "\n\n", out.rstrip("\n"), out + "...\n", out + "---\n# c\n", out.replace("\n", "\r\n"), out + "---", out.replace("\n", " \n", 2)])
        return out

    def document(self, value):
        """Writes one document."""
        self.anchors = []
        if self.chance(0.03) and not holds_raw(value):
            return json.dumps(value, ensure_ascii=self.rng.random() < 0.5, indent=self.rng.choice([None, 2]), sort_keys=self.rng.random() < 0.5) + "\n"
        return self.block(value, 0)

    # Block style

    def block(self, value, indent):
        pad = " " * indent
        if isinstance(value, dict) and value:
            return self.mapping(value, pad, indent)
        if isinstance(value, list) and value:
            return "".join(self.comment(pad) + pad + "-" + self.below(v, indent, True) for v in value)
        return pad + self.flow(value) + "\n"

    def mapping(self, value, pad, indent):
        out = []
        items = list(value.items())
        if len(items) > 1 and self.chance(0.02):
            merged = dict([items.pop()])
            mark = self.reference(merged)
            text = mark or self.flow(merged)
            out.append(pad + "<<: " + (text if self.rng.random() < 0.7 else "[" + text + "]") + "\n")
        for key, item in items:
            written = self.key(key)
            if self.chance(0.01):
                out.append(pad + "? " + written + "\n" + pad + ":" + self.below(item, indent, False))
            else:
                out.append(self.comment(pad) + pad + written + (" :" if self.chance(0.01) else ":") + self.below(item, indent, False))
        return "".join(out)

    def comment(self, pad):
        if not self.chance(0.03):
            return ""
        return self.rng.choice([pad + "# c\n", pad + "# a: b\n", pad + "# - x\n", "\n", "# c\n", pad + "  # c\n", pad + "# c\n\n", pad + "#\n"])

    def below(self, value, indent, in_list):
        """Writes what comes after a key's colon or a dash, its line break included."""
        alias = self.reference(value)
        if alias:
            return " " + alias + "\n"
        anchor = self.anchor(value)
        if isinstance(value, (dict, list)) and value:
            if self.chance(0.12):
                return anchor + " " + self.flow(value) + "\n"
            if self.chance(0.01):
                anchor += " !!map" if isinstance(value, dict) else " !!seq"
            step = 2 if isinstance(value, dict) or in_list else self.rng.choice([0, 2])
            if self.chance(0.03) and step:
                step = self.rng.choice([1, 3, 4, 8])
            text = self.block(value, indent + step)
            if in_list and step == 2 and not anchor and not re.match(r" *#|\n|#", text):
                return " " + text[indent + step :]
            return anchor + (" # c" if self.chance(0.02) else "") + "\n" + text
        text = self.text_of(value)
        if text is not None and "\n" in text and (isinstance(value, Inline) or self.rng.random() < 0.6):
            literal = self.literal(text, indent + 2)
            if literal:
                return anchor + literal
        if text is not None and " " in text and self.chance(0.04):
            folded = self.folded(text, indent + 2)
            if folded:
                return anchor + folded
        return anchor + " " + self.flow(value, indent + 1) + self.rng.choice(["", "", " # c", "\t# c", " "] if self.chance(0.06) else [""]) + "\n"

    def text_of(self, value):
        """Returns the text of what is a text, else nothing."""
        if isinstance(value, Inline):
            return Writer(self.rng, self.odd).document(value.value).replace("\r", "")
        return value if isinstance(value, str) and not isinstance(value, Raw) else None

    def literal(self, text, indent):
        if UNFIT_FOR_BLOCKS.search(text) or not text.strip("\n"):
            return None
        body = text.rstrip("\n")
        ends = len(text) - len(body)
        depth = indent - 2 + self.rng.choice([1, 2, 4]) if self.chance(0.1) else indent
        digit = str(depth - indent + 2) if text[0] in " \n\t" or self.chance(0.05) else ""
        strip = "-" if ends == 0 else "" if ends == 1 else "+"
        mark = "|" + (strip + digit if self.chance(0.1) else digit + strip)
        lines = (body + "\n" * max(ends, 1)).split("\n")[:-1]
        return " " + mark + (" # c" if self.chance(0.05) else "") + "\n" + "".join((" " * depth + line if line else "") + "\n" for line in lines)

    def folded(self, text, indent):
        """Writes a text of one line as a folded one."""
        if UNFIT_FOR_BLOCKS.search(text) or "\n" in text or text != text.strip():
            return None
        lines = re.sub(r"(?<=[^ ]) (?=[^ ])", lambda space: self.rng.choice([" ", " ", "\n" + " " * indent]), text)
        return " >-\n" + " " * indent + lines + "\n"

    # Anchors

    def anchor(self, value):
        if isinstance(value, (Raw, Inline)) or value is None or not self.chance(0.04):
            return ""
        label = self.rng.choice(["a", "x1", "a-b", "_"] if self.rng.random() < 0.99 else ["é", "a.b"]) + str(len(self.anchors))
        self.anchors.append((label, value))
        return " &" + label

    def reference(self, value):
        """Returns an alias for a value that was anchored before, at times."""
        if self.anchors and not isinstance(value, (Raw, Inline)) and self.rng.random() < 0.7:
            for label, anchored in self.anchors:
                if type(anchored) is type(value) and anchored == value:
                    return "*" + label
        return None

    # Flow style and scalars

    def key(self, key):
        return key if isinstance(key, Raw) else self.scalar(key, is_key=True)

    def flow(self, value, indent=None):
        if isinstance(value, dict):
            absent = lambda v: v is None and self.chance(0.3)
            return self.brackets("{}", [f"{self.key(k)}: {'' if absent(v) else self.flow(v)}" for k, v in value.items()], indent)
        if isinstance(value, list):
            return self.brackets("[]", [self.flow(v) for v in value], indent)
        if isinstance(value, Inline):
            return self.scalar(self.text_of(value))
        if value is None:
            return self.rng.choice(["null", "~", "null"])
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            return str(value)
        return str(value) if isinstance(value, Raw) else self.scalar(value, indent)

    def brackets(self, pair, parts, indent):
        comma = ",\n" + " " * (indent + 2) if indent is not None and self.chance(0.1) else ", "
        inner = comma.join(parts) + ("," if parts and self.chance(0.05) else "")
        return pair[0] + (" " + inner + " " if self.chance(0.1) else inner) + pair[1]

    def scalar(self, text, indent=None, is_key=False):
        """Writes a string so that it stays this string."""
        if SAFE.fullmatch(text) and text.lower() not in WORDS and not self.chance(0.08):
            if indent is not None and " " in text and self.chance(0.1):
                return text.replace(" ", "\n" + " " * (indent + 1), 1)
            return text
        tag = "!!str " if self.chance(0.02) else ""
        if self.rng.random() < 0.5 and PRINTABLE.fullmatch(text):
            quoted = "'" + text.replace("'", "''") + "'"
        else:
            quoted = self.double_quoted(text)
        if indent is not None and not is_key and self.chance(0.1):
            quoted = re.sub(r"(?<=[^ \\]) (?=[^ \\])", "\n" + " " * (indent + 1), quoted, count=1)
        return tag + quoted

    def double_quoted(self, text):
        out = []
        for c in text:
            if c in '"\\':
                out.append("\\" + c)
            elif c in "\n\t\r\0\x07\x1b\u0085\u00a0\u2028\u2029":
                out.append("\\" + "ntr0aeN_LP"["\n\t\r\0\x07\x1b\u0085\u00a0\u2028\u2029".index(c)])
            elif ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c == "\ufeff" or 0xD800 <= ord(c) < 0xE000 or self.chance(0.02):
                code = ord(c)
                out.append(f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08x}")
            else:
                out.append(c)
        return '"' + "".join(out) + '"'


def holds_raw(value):
    if isinstance(value, dict):
        return any(isinstance(k, Raw) or holds_raw(v) for k, v in value.items())
    return any(map(holds_raw, value)) if isinstance(value, list) else isinstance(value, (Raw, Inline))
