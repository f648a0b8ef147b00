"""The XML of a report while it is made: what is worked on as a tree is parsed once and written once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any


class Parts(MutableMapping[str, bytes]):
    """The parts of a package, some of them open as trees; a part's bytes are those of its tree as it is now."""

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        self._bytes = dict(parts)
        self._trees: dict[str, Any] = {}
        self._changed: set[str] = set()

    def tree(self, name: str) -> Any:
        """The tree of a part, to be read or changed."""
        if name not in self._trees:
            self._trees[name] = parsed(self._bytes[name])
        self._changed.add(name)
        return self._trees[name]

    def has_tree(self, name: str) -> bool:
        """Whether a part is open as a tree."""
        return name in self._trees

    def __getitem__(self, name: str) -> bytes:
        if name in self._changed:
            self._bytes[name] = serialised(self._trees[name])
            self._changed.discard(name)
        return self._bytes[name]

    def __setitem__(self, name: str, part: bytes) -> None:
        self._trees.pop(name, None)
        self._changed.discard(name)
        self._bytes[name] = part

    def __delitem__(self, name: str) -> None:
        del self._bytes[name]
        self._trees.pop(name, None)
        self._changed.discard(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._bytes)

    def __len__(self) -> int:
        return len(self._bytes)

    def __contains__(self, name: object) -> bool:
        return name in self._bytes


def tree_of(parts: Mapping[str, bytes], name: str) -> Any:
    """The tree of a part; where the parts are no :class:`Parts`, what is changed in it is put back by :func:`put_tree`."""
    return parts.tree(name) if isinstance(parts, Parts) else parsed(parts[name])


def put_tree(parts: MutableMapping[str, bytes], name: str, root: Any) -> None:
    """Put a changed tree back."""
    if not isinstance(parts, Parts) or parts.tree(name) is not root:
        parts[name] = serialised(root)


def has_tree(parts: Mapping[str, bytes], name: str) -> bool:
    """Whether a part is open as a tree, so that its bytes are not to be asked for in passing."""
    return isinstance(parts, Parts) and parts.has_tree(name)


def escape(text: str) -> str:
    """A text as XML has it. That of :mod:`xml.sax` is the same, but importing it imports what is needed to fetch web pages."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(text: str) -> str:
    """A text as the value of an attribute, with its quotes."""
    text = escape(text).replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
    if '"' not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else '"' + text.replace('"', "&quot;") + '"'


def parsed(xml: bytes) -> Any:
    """The tree of a part; only well-formed XML has one."""
    from lxml import etree

    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, huge_tree=True))


def serialised(root: Any) -> bytes:
    """A tree as a part."""
    from lxml import etree

    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data
