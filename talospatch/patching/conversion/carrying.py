"""Comments follow what was moved: each goes to the one place of the new form that says what its own place said.

Whose a comment is follows the rule of every edit. The new place is looked for among what the same move made, and taken only where it is
the only one; any other comment is left behind, and told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence
from talospatch.machineconfig.path import ROOT_DOCUMENT, Selector
from talospatch.patching.conversion.rule import Identity, plain_steps
from talospatch.patching.edits import Editor
from talospatch.patching.emit import Style
from talospatch.patching.remarks import lost_remarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from talospatch.machineconfig.document import Document
    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.path import Step
    from talospatch.patching.conversion.rule import Move, Rule
    from talospatch.patching.remarks import Remark


_COMMENT_LINE = re.compile(r"[ \t]*#[^\n]*\n")
_HEAD = frozenset({"apiVersion", "kind"})  # of a document: they say nothing that another form says
_MARGIN = re.compile(" *")


class _Entry(NamedTuple):
    """A key with its value, or an element of a list, on a line of its own.

    Attributes:
        document: id of its document.
        steps: path in there.
        start: where it begins.
        end: where a comment behind it goes, if nothing else stands there.
        key: empty for an element.
        text: what it says, when that is one value; else empty.
    """

    document: str
    steps: tuple[Step, ...]
    start: int
    end: int
    key: str
    text: str

    @property
    def is_telling(self) -> bool:
        """Whether its value alone says what it is about, as no number and no truth value does."""
        return bool(self.text) and self.text not in {"true", "false"} and not self.text.isdigit()


# Whether a new place says what an old one said, from the strictest to the most lenient. A name may have been a key before, or become one.
_ALIKE: tuple[Callable[[_Entry, _Entry], bool], ...] = (
    lambda old, new: bool(old.text) and (old.key, old.text) == (new.key, new.text),
    lambda old, new: old.is_telling and old.text == new.text,
    lambda old, new: bool(old.key) and old.key == new.key,
    lambda old, new: bool(old.key) and old.key == new.text,
    lambda old, new: old.is_telling and old.text == new.key,
)


def carried(before: MachineConfig, after: MachineConfig, made: Iterable[tuple[Rule, Move]]) -> MachineConfig:
    """Return the converted config with the comments of what was moved, as far as each has one place to go to.

    Args:
        before: the config.
        after: the converted one.
        made: the rules that were applied, and what each moved.
    """
    lost = lost_remarks(before, after)
    if not lost:
        return after
    moves = [(rule, part) for rule, move in made for part in (move.parts or (move,))]
    old, new = _by_line(before), {document.id: list(_entries(document)) for document in after}
    above: dict[int, list[str]] = {}
    behind: dict[int, str] = {}
    owners: dict[int, _Entry] = {}
    for remark in lost:
        owner = _owner(before.text, remark, old)
        place = _place(owner, moves, new) if owner is not None else None
        if owner is None or place is None or owners.setdefault(place.start, owner) is not owner:
            continue
        if not remark.trails:
            above.setdefault(place.start, []).append(remark.text)
        elif (end := _line_end(after.text, place)) is not None:
            behind.setdefault(end, remark.text)
    written = _written(after.text, above, behind)
    config = MachineConfig.parse(written, source=after.source) if written != after.text else after
    return config if config.equivalent(after) else after


def _entries(document: Document) -> Iterator[_Entry]:
    """Yield what stands on lines of its own, outer before inner; what is inside brackets and braces does not."""
    stack: list[tuple[tuple[Step, ...], Node]] = [((), document.node)]
    while stack:
        steps, node = stack.pop()
        inside: list[tuple[tuple[Step, ...], Node]] = []
        if isinstance(node, Mapping) and not node.flow:
            for key, value in node.values.items():
                if not steps and key in _HEAD and document.id != ROOT_DOCUMENT:
                    continue
                yield _entry(document.id, (*steps, key), node.keys[key], key, value)
                inside.append(((*steps, key), value))
        elif isinstance(node, Sequence) and not node.flow:
            for index, value in enumerate(node.items):
                yield _entry(document.id, (*steps, index), value, "", value)
                inside.append(((*steps, index), value))
        stack += inside


def _entry(document: str, steps: tuple[Step, ...], first: Node, key: str, value: Node) -> _Entry:
    is_block = isinstance(value, Mapping | Sequence) and not value.flow
    end = first.end + len(":") if is_block else value.end
    return _Entry(document, steps, first.start, end, key, value.text if isinstance(value, Scalar) else "")


def _by_line(config: MachineConfig) -> dict[int, _Entry]:
    """Return the innermost entry that begins on each line that has one."""
    entries = sorted((entry for document in config for entry in _entries(document)), key=lambda entry: (entry.start, len(entry.steps)))
    found: dict[int, _Entry] = {}
    line, at = 1, 0
    for entry in entries:
        line += config.text.count("\n", at, entry.start)
        at = entry.start
        found[line] = entry
    return found


def _owner(text: str, remark: Remark, entries: dict[int, _Entry]) -> _Entry | None:
    """Return the entry that a comment belongs to, or None: the one on its line, or the one directly below in its column."""
    if remark.trails:
        return entries.get(remark.line)
    line, start = remark.line, text.rfind("\n", 0, remark.start) + 1
    while match := _COMMENT_LINE.match(text, start):
        line, start = line + 1, match.end()
    margin = len(_margin(text, start))
    return entries.get(line) if Editor(text, Style()).owned_from(start, margin) <= remark.start else None


def _place(old: _Entry, moves: Iterable[tuple[Rule, Move]], new: dict[str, list[_Entry]]) -> _Entry | None:
    """Return the one place that says what an old one said, among what the moves that took it have made."""
    there = {entry: None for rule, move in moves if _takes(move, old) for entry in _made(rule, move, new)}
    for alike in _ALIKE:
        if found := [entry for entry in there if alike(old, entry)]:
            return found[0] if len(found) == 1 else None
    return None


def _takes(move: Move, entry: _Entry) -> bool:
    """Whether a move took what stands at an entry, or something inside it."""
    if any(identity.id == entry.document for identity in move.removed):
        return True
    if any((identity.id, key) == (entry.document, entry.steps[0]) for identity, key in move.cut):
        return True
    return entry.document == ROOT_DOCUMENT and any(_on_one_way(steps, entry.steps) for steps in move.gone)


def _on_one_way(one: tuple[Step, ...], other: tuple[Step, ...]) -> bool:
    return all(left == right or isinstance(left, Selector) for left, right in zip(one, other, strict=False))


def _made(rule: Rule, move: Move, new: dict[str, list[_Entry]]) -> Iterator[_Entry]:
    """Yield the entries of what a move made or added to."""
    for document in move.documents:
        yield from new.get(Identity.of(document).id, ())
    if move.main is not None:
        places = [plain_steps(path) for path in rule.legacy]
        yield from (entry for entry in new.get(ROOT_DOCUMENT, ()) if any(_on_one_way(place, entry.steps) for place in places))


def _line_end(text: str, entry: _Entry) -> int | None:
    """Return where a comment behind an entry goes, or None where none can: behind another one, or a value of several lines."""
    end = text.find("\n", entry.start)
    end = len(text) if end < 0 else end
    return entry.end if entry.end <= end and not text[entry.end : end].strip() else None


def _written(text: str, above: dict[int, list[str]], behind: dict[int, str]) -> str:
    """Return a text with comments above the lines of some places and behind others."""
    ending = "\r\n" if "\r\n" in text else "\n"
    edits: list[tuple[int, str]] = [(end, f" {remark}") for end, remark in behind.items()]
    for start, remarks in above.items():
        line = text.rfind("\n", 0, start) + 1
        edits.append((line, "".join(f"{_margin(text, line)}{remark}{ending}" for remark in remarks)))
    parts: list[str] = []
    at = 0
    for index, new in sorted(edits):
        parts += (text[at:index], new)
        at = index
    return "".join((*parts, text[at:]))


def _margin(text: str, line: int) -> str:
    """Return the spaces that a line begins with."""
    match = _MARGIN.match(text, line)
    return match[0] if match else ""
