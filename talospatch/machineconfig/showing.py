"""Showing a config without its secrets.

What is secret is decided by position: the scalar that stands at a secret's place, and the part of a content that is one. Only comments,
and texts that repeat such a value, are searched for it, and only for what cannot be a word of the language.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from talospatch.machineconfig.contents import content_spans, ends_line, mapped
from talospatch.machineconfig.nodes import Mapping, Node, Scalar, Sequence
from talospatch.machineconfig.quoting import secrets_in_key
from talospatch.machineconfig.secrets import all_nodes, secret_scalars, secret_scalars_of
from talospatch.machineconfig.values import Data, plain
from talospatch.redaction import Marks, apart, replaced
from talospatch.secrecy.forms import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.document import Document

SHORTEST_SOUGHT = 8  # characters; a shorter value is marked at its own place only
_WORDS = re.compile(r"[A-Za-z]?[a-z]*(?:[-_./ :][a-z]+)*")  # what may be a word, a name or a path as well as a secret
_LONGEST_WORDS = 20  # characters
_WORD = re.compile(r"[^\s\"'\[\](){},;]+")
_MANY = 100  # values; so many are looked up word by word, which takes linear time
_REMARK = re.compile(r"#[^\n]*")


class Redaction:
    """A config and what in it is secret, for showing it with marks.

    Attributes:
        config: the config.
        marks: equal secrets get equal marks from the same object.
        also: values that are secret elsewhere, such as in the config that a patch was made of.
    """

    __slots__ = ("_found", "_sought", "also", "config", "marks")

    def __init__(self, config: MachineConfig, marks: Marks, *, also: Iterable[str] = ()) -> None:
        self.config, self.marks, self.also = config, marks, frozenset(also)
        self._found: dict[int, Scalar] | None = None
        self._sought: tuple[str, ...] | None = None

    def text(self, start: int = 0, end: int | None = None) -> str:
        """Return the text, or the part between two indexes, with marks in place of secrets; all else stands as it stood.

        A secret is replaced where it stands: keys, directives such as ``$patch: delete`` and words that happen to be equal to a secret
        are not. Comments and other values are searched for a secret of eight characters and more that is no ordinary word.
        """
        text = self.config.text
        stop = len(text) if end is None else end
        cuts = apart(self._cuts(start, stop))
        parts: list[str] = []
        position = start
        for begin, last, value in cuts:
            if last <= start or begin >= stop:
                continue
            parts += (text[position : max(begin, start)], self.marks.mark(value))
            position = min(last, stop)
        parts.append(text[position:stop])
        return "".join(parts)

    def data(self, document: Document, place: tuple[str | int, ...]) -> Data:
        """Return the data at a place of a document of the config, with marks in place of secrets."""
        node = document.find(place)
        if node is not None:
            return plain(node, self._marked(node, self._secret_below(document, place)))
        data = plain(document.node, self._marked(document.node, self._secret))  # it came by a merge key, so no node stands at this place
        for step in place:
            data = data[self.said(step) if isinstance(step, str) and step not in data else step]
        return data

    def said(self, text: str) -> str:
        """Return a key, a name or another short text of the config, as it is to be shown in a path or a message."""
        return replaced(text, apart([*secrets_in_key(text), *self._repeated(text)]), self.marks.mark)

    @property
    def _secret(self) -> dict[int, Scalar]:
        """All scalars that are secret as a whole, by ``id``."""
        if self._found is None:
            self._found = {id(node): node for node in secret_scalars(self.config)}
        return self._found

    def _secret_below(self, document: Document, place: tuple[str | int, ...]) -> dict[int, Scalar]:
        """Return those that stand at a place; with aliases, which may make a leaf secret from elsewhere, all."""
        if self._found is not None or "*" in self.config.text:
            return self._secret
        return {id(node): node for node in secret_scalars_of(document, place)}

    def _marked(self, root: Node, secret: dict[int, Scalar]) -> dict[int, Data]:
        """Return what to show for each node below a node that holds a secret, by ``id`` of the node."""
        shown: dict[int, Data] = {}
        named: list[Mapping] = []
        for node in all_nodes(root):
            if isinstance(node, Scalar):
                if id(node) in secret:
                    if node.text:
                        shown[id(node)] = self.marks.mark(node.text)
                elif spans := self._inside(node.text):
                    shown[id(node)] = replaced(node.text, spans, self.marks.mark)
            elif isinstance(node, Mapping):
                if any(id(key) in secret for key in node.keys.values()):
                    shown[id(node)] = self.marks.mark(repr(plain(node)))
                elif any(self.said(key) != key for key in node.values):
                    named.append(node)
        for node in reversed(named):  # what lies deeper comes first
            data = plain(node, shown)
            shown[id(node)] = {self.said(key): value for key, value in data.items()}
        return shown

    def _inside(self, text: str) -> list[Span]:
        """Return the secrets in a text that is none as a whole."""
        spans = content_spans(text)
        return apart([*spans, *repeated]) if (repeated := list(self._repeated(text))) else spans

    def _cuts(self, start: int, stop: int) -> Iterator[Span]:
        """Yield what is secret in a part of the text; each thing with a beginning or an end in that part."""
        text, secret = self.config.text, self._secret
        position = start
        for node, is_key in self._in_order(start, stop):
            yield from self._in_remarks(position, node.start)
            position = node.end
            whole = Span(node.start, node.end - ends_line(text, node), node.text)
            if id(node) in secret:
                if node.text:
                    yield whole
                continue
            spans = apart(secrets_in_key(node.text)) if is_key else self._inside(node.text)
            if spans:
                inside = mapped(text, node, spans)
                yield from [whole] if inside is None else inside
        yield from self._in_remarks(position, stop)

    def _in_remarks(self, start: int, stop: int) -> Iterator[Span]:
        """Yield the secrets in comments; what is no comment between two scalars are signs of YAML, and anchors."""
        text = self.config.text
        if start >= stop or text.find("#", start, stop) < 0:
            return
        for remark in _REMARK.finditer(text, start, stop):
            begin = remark.start() + 1
            for span in self._inside(text[begin : remark.end()]):
                yield Span(begin + span.start, begin + span.end, span.value)

    def _in_order(self, start: int, stop: int) -> Iterator[tuple[Scalar, bool]]:
        """Yield the scalars of a part of the text in its order, and whether each is a key."""
        for document in self.config.documents:
            stack: list[tuple[Node, bool]] = [(document.node, False)]
            while stack:
                node, is_key = stack.pop()
                if node.end <= start or node.start >= stop:
                    continue
                if isinstance(node, Scalar):
                    yield node, is_key
                elif isinstance(node, Mapping):
                    for name in reversed(node.values):
                        stack += ((node.values[name], False), (node.keys[name], True))
                elif isinstance(node, Sequence):
                    stack.extend((item, False) for item in reversed(node.items))

    def _repeated(self, text: str) -> Iterator[Span]:
        """Yield where a text repeats a secret of the config, as a word of its own."""
        values = self._values
        if len(values) > _MANY:
            known = frozenset(values)
            yield from (Span(*word.span(), word[0]) for word in _WORD.finditer(text) if word[0] in known)
            return
        for value in values:
            at = text.find(value)
            while at >= 0:
                end = at + len(value)
                inside_before = text[max(at - 1, 0) : at].isalnum() and value[0].isalnum()
                if not inside_before and not (text[end : end + 1].isalnum() and value[-1].isalnum()):
                    yield Span(at, end, value)
                at = text.find(value, end)

    @property
    def _values(self) -> tuple[str, ...]:
        """Secrets that stand in the text more often than at their own places, and can be told from words; the longest first."""
        if self._sought is None:
            places = Counter(node.text for node in self._secret.values())
            sought = {value for value in (*places, *self.also) if is_sought(value)}
            text = self.config.text
            if len(sought) > _MANY:
                words = Counter(word[0] for word in _WORD.finditer(text))
                found = [value for value in sought if words[value] > places[value]]
            else:
                found = [value for value in sought if _count(text, value) > (places[value] if value in text else 0)]
            self._sought = tuple(sorted(found, key=len, reverse=True))
        return self._sought


def is_sought(value: str) -> bool:
    """Whether a secret is searched for outside of its place: long enough, and nothing that may be a word, a name or a path as well."""
    return len(value) >= SHORTEST_SOUGHT and (len(value) > _LONGEST_WORDS or not _WORDS.fullmatch(value))


def redact_config_text(config: MachineConfig, marks: Marks) -> str:
    """Return the text of a config with marks in place of its secrets; all else stands as it stood."""
    return Redaction(config, marks).text()


def _count(text: str, value: str) -> int:
    """Return how often a value stands in a text, as it is and as JSON writes it."""
    import json

    written = json.dumps(value, ensure_ascii=False)[1:-1]
    return text.count(value) + (text.count(written) if written != value else 0)
