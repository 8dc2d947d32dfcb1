"""Scalars, keys and values of every kind that YAML and kustomize might read differently."""

import re

from .model import Raw

PLAIN = """a b c x-y web nginx v1 1.0 1 0 -1 +1 007 08 0o17 0x1F 0X1f 0b11 0B1 1_000 1_0.5 1e3 1E+3 1e-3 .5 5. -.5 +.5 -0 1.50 1e400 -1e400 12345678901234567890
9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616 -9223372036854775808 -9223372036854775809 1234567890123456789012 0.1
100000000.0 123456789.0 1e20 1e21 1e22 1.5e-7 0.000001 1e-7 3.14159265358979 0.30000000000000004 2.2250738585072014e-308 5e-324 1.0e+10 .inf -.inf +.Inf .INF .nan .NaN
true True TRUE tRUE false yes Yes No on OFF y Y N null ~ Null NULL nULL
2020-01-01 2020-1-1 2020-01-01T00:00:00Z 2020-01-01t10:00:00.5z 2020-01-01T10:00:00+02:00 2020-13-01 0001-01-01 12:30 1:60 190:20:30 1:30.5 = << 1k 5Gi 100m 0.5
a:b a#b a'b a"b http://x:80/y $(A) $(V) $$(V) ${A}
-a --flag=1 a,b (a) é 日本 😀 <a>&b a%b a@b C:\\x sha256:abc v1.2.3 0.0 00 0777 0o0 1__0 _1 0_1 0x 0b 0o8 0b2 -0x1F +0b1 -0o7 0x1_F 1e 1.e3 . .. ... - -- -: :a ?a -? a? a:""".split()
PLAIN = [Raw(text) for text in PLAIN]

TAGGED = [Raw(text) for text in """!!str 1|!!str true|!!str ""|!!int "3"|!!int 0x1F|!!float 1|!!float "1.5"|!!bool "true"|!!bool true|!!null ~|!!null ""|!!binary aGk=|!!binary "aGVsbG8="|!!timestamp 2020-01-01|!!timestamp "2020-01-01"|!foo a|!foo 1|!<tag:yaml.org,2002:str> 5|! 1|! a|!!str|2020-01-01 00:00:00|2020-01-01t00:00:00Z|2020-01-01  1:2:3|&x a|&x 1|&x !!str 1|!!str &x 1""".split("|")]

TEXTS = [
    "", " ", "  ", "a", "a b", " a", "a ", "a: b", "a:", "a #b", "- a", "# a", "yes", "1", "1.0", "null", "~", "0x10", "1e3", "012", "0o14", ".5", "+1", "1_000", "=", "<<", ".inf",
    "a\nb", "a\nb\n", "a\n\n", "a\n\n\n", "\n", "\n\n", "\na", "\n\na\n", "  a\n b\n", " a\nb", "a\n  b\n\nc\n", "a\n\tb\n", "a\n \nb", "a\n  \n", "a\nb ", "a\n b", "a\n\n b\nc\n", "a  b", "a  \n  b\n",
    "a\tb", "tab\t\nx", "\ta", "a\t", "a \nb", "'a'", '"a"', "it's", 'say "x"', "'a' \"b\"", "{a}", "[a]", "a, b", "a]", "a}", "{{ .x }}", "%a", "@a", "`a", "&a", "*a", "!a", "|", ">", "?", "? a", "?a", ":", ":a", "-", "-a", "--", "---", "...", "--- a", "... a", "a\n---\nb\n", "a\n...\nb",
    "é", "日本語", "😀 a", "a😀", "\u00a0a", "\u200b", "\u2028", "a\u2028b", "a\u2029\nb", "\u0085", "\ufeff", "a\ufeff", "e\u0301", "\ud7ff", "\ue000", "\ufffd", "\U0010fffd",
    "word " * 20, "word " * 20 + "x", "x" * 90 + " y", "x" * 200, "word " * 20 + "\n" + "long " * 25, "a: " + "word " * 20, "' " + "word " * 20, "# " + "word " * 20, "é " * 60, "日本 " * 40, "x" * 79 + " y", "x" * 80 + " y", "x" * 81 + "  y", "word  " * 20, "\"" + "word " * 20, "a\t" + "word " * 20, " " + "word " * 18,
    "\x07", "\x1b[0m", "\0", "\x1f", "a\x01\nb", "a\rb", "a\r\nb\n", "\r", "\r\n",
    '{"a": 1}', '{"a":{"b":"<x>"}}', "[1, 2]\n", "key: value\nlist:\n- 1\n- 2\n", "#!/bin/sh\nset -e\n", "\\", "a\\nb", "\\n", "\\x41", "2020-01-01", "2020-01-01T00:00:00Z", "12:30", "190:20:30", "on", "off", "n", "Y", "No", "True", "NULL", "1.", "0b1", "0777", "-1", "1e400", "123456789012345678901234567890",
]

KEYS = ["a", "b", "c", "key", "a.b", "a/b", "a-b", "a b", "a_b", "A", "B", "a1", "a01", "a10", "a9", "a2b9", "a2b10", "9", "10", "010", "y", "n", "on", "no", "null", "true", "~", "1.5", "0x1", "é", "日本", "😀", "k" * 127, "k" * 130, "word " * 30, "a: b", "-", "#a", " a", "a ", "=", "<<", "*a", "a\nb", "config.json", "UPPER_CASE", "_z", ".dockercfg", "x.y/z"]
RAW_KEYS = [Raw(text) for text in ["1", "true", "1.5", "2020-01-01", "~", "0x10", "010", "yes", "=", "!!str 1", "'a'", '"b"', "&x a", "? a", ".5", "-1"]]


def any_scalar(rng):
    roll = rng.random()
    if roll < 0.45:
        return rng.choice(PLAIN)
    return rng.choice(TAGGED) if roll < 0.5 else rng.choice(TEXTS)


def in_flow_too(scalar):
    """Returns the scalar, unless it would end a flow collection it stands in."""
    return Raw("x") if isinstance(scalar, Raw) and re.search(r"[,\[\]{}]|^[-?:.]+$|^!!str$|^-\?|^[-?:]|\t|\?$", scalar) else scalar


def any_value(rng, depth):
    kind = rng.random()
    if depth == 0 or kind < 0.6:
        return in_flow_too(any_scalar(rng)) if rng.random() < 0.9 else None
    if kind < 0.8:
        return {any_key(rng): any_value(rng, depth - 1) for _ in range(rng.randint(0, 3))}
    return [any_value(rng, depth - 1) for _ in range(rng.randint(0, 3))]


def any_key(rng):
    return rng.choice(RAW_KEYS) if rng.random() < 0.02 else rng.choice(KEYS)


def pick(rng, *weighted):
    """Returns one of the values; each stands with its weight before it."""
    return rng.choices(weighted[1::2], weighted[0::2])[0]


def maybe(rng, p, value):
    return value if rng.random() < p else {}


def some(rng, values, most):
    """Returns up to so many of the values, each at most once."""
    return rng.sample(values, rng.randint(1, min(most, len(values))))
