"""Reads YAML so that each value knows its line, for error messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class YamlError(Exception):
    """A text is no YAML, or YAML that nobody means.

    Args:
        line: Counted from 1.
        reason: What is wrong.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed text."""

    data: Any
    _root: yaml.Node | None

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of the value at a path of keys and indexes, or of what comes nearest to it."""
        node, line = self._root, 1
        for step in path:
            if node is None:
                break
            line = node.start_mark.line + 1
            found = _child(node, step)
            if found is None:
                return line
            line, node = found
        return line


def parse(text: str) -> Document:
    """Read one YAML document.

    Raises:
        YamlError: it is none; or a key comes twice, of which YAML would silently take the last.
    """
    try:
        root = _compose(text)
        if root is None:
            return Document(None, None)
        for node in _mappings(root, set()):
            _refuse_repeated_keys(node)
        # The class is untyped: https://github.com/python/typeshed/blob/main/stubs/PyYAML/yaml/constructor.pyi
        data = yaml.SafeLoader("").construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 1, error.problem or "this is no YAML") from None
    except yaml.reader.ReaderError as error:
        raise YamlError(text.count("\n", 0, error.position) + 1, f"the character {error.character!r}") from None
    except (ValueError, RecursionError) as error:  # a date such as 2026-13-45; brackets within brackets
        raise YamlError(1, f"a value cannot be read: {type(error).__name__}") from None
    return Document(data, root)


def _compose(text: str) -> yaml.Node | None:
    """Read with libyaml, which takes a tenth of the time; PyYAML's own parser says better what is wrong and where."""
    if yaml.__with_libyaml__:
        try:
            return yaml.compose(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            pass
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child = node.value[step]
        return child.start_mark.line + 1, child
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    return None


def _mappings(node: yaml.Node, seen: set[int]) -> Iterator[yaml.MappingNode]:
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield node
        for _key, value in node.value:
            yield from _mappings(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value, seen)


def _refuse_repeated_keys(node: yaml.MappingNode) -> None:
    keys: set[str] = set()
    for key, _value in node.value:
        if isinstance(key.value, str):
            if key.value in keys:
                raise YamlError(key.start_mark.line + 1, f"the key {key.value!r} comes twice")
            keys.add(key.value)
