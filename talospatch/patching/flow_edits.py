"""Edits of lists in brackets and mappings in braces: entry by entry where each stands on lines of its own, else all of them anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Mapping, Sequence
from talospatch.patching.places import end_of_line, properties_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Sequence as AbstractSequence

    from talospatch.patching.scalar_edit import Edit

# What may stand behind an entry that ends its line.
_REST = re.compile(r"[ \t]*(?P<comma>,?)[ \t]*(?:#[^\n]*)?\r?")
_COMMENT = re.compile(r"[\s,\[{]#")


def entries(collection: Mapping | Sequence) -> list[tuple[int, int]]:
    """Return where each element, or key with its value, begins and ends."""
    if isinstance(collection, Sequence):
        return [(item.start, item.end) for item in collection.items]
    return [(collection.keys[key].start, max(value.end, collection.keys[key].end)) for key, value in collection.values.items()]


def is_spread(text: str, collection: Mapping | Sequence) -> bool:
    """Whether each entry stands on lines of its own, with a comma behind it at least if another follows."""
    places = entries(collection)
    return bool(places) and all(
        not text[text.rfind("\n", 0, start) + 1 : start].strip(" \t")
        and (rest := _REST.fullmatch(text, end, end_of_line(text, end))) is not None
        and (bool(rest["comma"]) or number == len(places))
        for number, (start, end) in enumerate(places, start=1)
    )


def has_comments(text: str, collection: Mapping | Sequence) -> bool:
    """Whether comments may stand inside."""
    inside = text[collection.start : collection.end]
    return "\n" in inside and _COMMENT.search(inside) is not None


def cut(text: str, collection: Mapping | Sequence, indexes: Collection[int]) -> list[Edit]:
    """Cut entries of a spread collection, each with the lines that it stands on and the comments directly above it."""
    edits = []
    for index in indexes:
        start, end = entries(collection)[index]
        line = text.rfind("\n", 0, start) + 1
        while text[(above := text.rfind("\n", 0, line - 1) + 1) : line].lstrip(" \t").startswith("#") and above > collection.start:
            line = above
        edits.append((line, min(end_of_line(text, end) + 1, len(text)), ""))
    return edits


def insert(text: str, collection: Mapping | Sequence, new: AbstractSequence[str], newline: str, gone: Collection[int] = ()) -> list[Edit]:
    """Insert entries behind the last one that is not ``gone``: of a spread collection on lines of their own."""
    places = [place for index, place in enumerate(entries(collection)) if index not in gone]
    if not places:
        begin = collection.start + len(properties_of(text, collection))
        return [(begin, collection.end, f"{text[begin]}{', '.join(new)}{text[collection.end - 1]}")]
    start, end = places[-1]
    if not is_spread(text, collection):
        return [(end, end, "".join(f", {each}" for each in new))]
    line_end = end_of_line(text, end)
    rest = _REST.fullmatch(text, end, line_end)
    comma = rest["comma"] if rest is not None else ""
    margin = text[text.rfind("\n", 0, start) + 1 : start]
    lines = f",{newline}{margin}".join(new)
    behind = line_end - (text[line_end - 1] == "\r")
    return [*([] if comma else [(end, end, ",")]), (behind, behind, f"{newline}{margin}{lines}{comma}")]


def anew(text: str, collection: Mapping | Sequence, written: AbstractSequence[str]) -> list[Edit]:
    """Write all entries on one line; an anchor or tag before the collection stays."""
    begin = collection.start + len(properties_of(text, collection))
    opening, closing = text[begin], text[collection.end - 1]
    return [(begin, collection.end, f"{opening}{', '.join(written)}{closing}")]
