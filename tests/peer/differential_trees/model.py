"""What a tree is made of before it is text.

A tree maps paths to files. A file is a text, bytes, a `Link`, or `Documents`, whose values are dicts, lists, scalars and:

- `Raw`: a scalar that stands in the output as it is written here, whatever YAML makes of it.
- `Inline`: a text that holds a document itself, such as a patch within a kustomization.
"""


class Raw(str):
    """A text that stands in the output as it is."""


class Inline:
    """A document within a text."""

    def __init__(self, value):
        self.value = value


class Documents(list):
    """The documents of a file."""


class Link(str):
    """A symbolic link; the text is its target."""


def places(value, path=()):
    """Yields the path of every value below a value, itself included."""
    yield path
    if isinstance(value, Inline):
        yield from places(value.value, (*path, None))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def at(value, path):
    """Returns the value at a path."""
    for step in path:
        value = value.value if step is None else value[step]
    return value
