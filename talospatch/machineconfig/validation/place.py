"""Values of a document with the path by which messages and users call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.path import ROOT_DOCUMENT, format_steps
from talospatch.machineconfig.quoting import shown_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.typed.schema import Type


class Place:
    """A value somewhere in a document. Absent values can be walked into: all below them is absent too.

    Attributes:
        type: its type; None inside free-form objects and below them.
        value: as :mod:`talospatch.machineconfig.typed.decode` reads it; None when absent.
        document: kind and name of its document, as ``VolumeConfig/EPHEMERAL``.
        steps: keys and indexes from the document's root.
    """

    __slots__ = ("document", "steps", "type", "value")

    def __init__(self, type_: Type | None, value: Any, document: str = ROOT_DOCUMENT, steps: tuple[str | int, ...] = ()) -> None:
        self.type, self.value, self.document, self.steps = type_, value, document, steps

    @property
    def path(self) -> str:
        """Its path in the config, as ``machine.files[0].path`` or ``VolumeConfig/EPHEMERAL:mount``."""
        inside = format_steps(shown_steps(self.steps))
        if self.document == ROOT_DOCUMENT:
            return inside
        return f"{self.document}:{inside}" if inside else self.document

    def __getitem__(self, path: str) -> Place:
        """Return the place at keys joined by dots."""
        place = self
        for key in path.split("."):
            place = place.entry(key)
        return place

    def entry(self, key: str) -> Place:
        """Return the place of one key of a struct or map, whatever characters it has."""
        field = self.type.fields.get(key) if self.type is not None and self.type.shape == "struct" else None
        if field is not None:
            type_: Type | None = field.type
        else:
            type_ = self.type.elem if self.type is not None and self.type.shape == "map" else None
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Place(type_, value, self.document, (*self.steps, key))

    @property
    def given(self) -> bool:
        """Whether it is there: not nil for what can be nil, not zero for the rest."""
        return self.value is not None

    @property
    def filled(self) -> bool:
        """Whether it is there and neither zero nor empty."""
        return bool(self.value)

    @property
    def text(self) -> str:
        """Its text; empty when absent."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int:
        """Its number; 0 when absent. Durations are nanoseconds."""
        return self.value if isinstance(self.value, int) else 0

    @property
    def is_true(self) -> bool:
        """Whether it is there and true."""
        return self.value is True

    @property
    def word(self) -> str:
        """The word of an enumeration; that of zero when absent and not behind a pointer, else empty."""
        if self.type is None or self.type.words is None or (self.value is None and self.type.pointer):
            return ""
        return self.type.words.get(self.value or 0, "")

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of a list."""
        return tuple(self.value or ())

    def items(self) -> Iterator[Place]:
        """Yield the elements of a list, nulls included."""
        inner = self.type.elem if self.type is not None else None
        for index, value in enumerate(self.value or ()):
            yield Place(inner, value, self.document, (*self.steps, index))

    def entries(self) -> Iterator[tuple[str, Place]]:
        """Yield the entries of a map by their key."""
        for key in self.value or ():
            yield str(key), self.entry(key)

    def __repr__(self) -> str:
        return f"<Place {self.path or 'root'}: {self.value!r}>"
