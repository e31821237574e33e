"""The fields of machine-config documents, by Talos minor: what may be written, and in which order it is printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

MINORS = ("1.11", "1.12", "1.13", "1.14")


@dataclass(slots=True)
class Field:
    """One field.

    Attributes:
        kind: ``struct``, ``list``, ``map``, ``any``, ``string``, ``bool``, ``int``, ``float``, ``bytes``, ``text`` or ``own``.
        go_type: as Go names it.
        pointer: None and zero differ.
        omitempty: left out when zero.
        fields: of a struct, in printing order.
        item: of a list's items or a map's values.
    """

    kind: str
    go_type: str
    pointer: bool = False
    omitempty: bool = False
    fields: dict[str, Field] = field(default_factory=dict)
    item: Field | None = None


@lru_cache(maxsize=len(MINORS))
def documents(minor: str) -> dict[str, Field]:
    """Every kind of document that this minor knows; the main one is ``v1alpha1``. Older and newer minors get the nearest table."""
    table = nearest(minor)
    root = Field("struct", "")
    path: list[Field | None] = [root]
    text = (files("talospatch.simulator") / "data" / "fields.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        depth = len(line) - len(line.lstrip(" "))
        del path[depth + 1 :]
        parent = path[-1]
        name, kind, *rest = line.split()
        minors = rest.pop() if rest and rest[-1][0].isdigit() and "." in rest[-1] else ""
        if parent is None or not covers(minors, table):
            path.append(None)
            continue
        bare = kind.rstrip("*?")
        made = Field(bare, rest[0] if rest else bare, "*" in kind, "?" in kind)
        if name in {"[]", "{}"}:
            parent.item = made
        else:
            parent.fields[name] = made
        path.append(made)
    return root.fields


def nearest(minor: str) -> str:
    """The minor itself, or for one that is older or newer than all the first or the last."""
    return minor if minor in MINORS else MINORS[0] if _key(minor) < _key(MINORS[0]) else MINORS[-1]


def _key(minor: str) -> tuple[int, int]:
    major, _, rest = minor.partition(".")
    return int(major), int(rest)


def covers(minors: str, table: str) -> bool:
    """Whether ``1.12``, ``1.12-1.13`` or nothing, which is all, has a minor in it."""
    if not minors:
        return True
    first, dash, last = minors.partition("-")
    return _key(first) <= _key(table) <= _key(last) if dash else table in minors.split(",")
