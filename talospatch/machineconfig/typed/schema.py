"""The types behind every document kind of one minor, read from its table and only as far as they are used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from talospatch.machineconfig.tables.find import table
from talospatch.machineconfig.typed.dialect import Dialect, dialect_of

if TYPE_CHECKING:
    from collections.abc import Sequence

Shape = Literal["struct", "list", "map", "bytes", "string", "bool", "int", "uint", "float", "any"]

_SCALARS: dict[str, tuple[Shape, int]] = {
    "string": ("string", 0),
    "bool": ("bool", 0),
    "any": ("any", 0),
    "[]uint8": ("bytes", 0),
    "float32": ("float", 32),
    "float64": ("float", 64),
    **{f"int{bits or ''}": ("int", bits or 64) for bits in (0, 8, 16, 32, 64)},
    **{f"uint{bits or ''}": ("uint", bits or 64) for bits in (0, 8, 16, 32, 64)},
}
UNKNOWN = "unknown"  # name of the type of a document of a kind that is in no table: free-form, its keys in the order of the text
ZEROS: dict[Shape, object] = {"string": "", "bool": False, "int": 0, "uint": 0, "float": 0.0}


class Type:
    """One Go type as it is used somewhere: with or without a pointer before it.

    Attributes:
        name: as in the table, such as ``v1alpha1.MachineConfig``; of an unnamed type its text, such as ``[]string``.
        shape: what it is without its name and its pointer.
        pointer: whether it is a pointer: then absent and zero differ.
        elem: of a list or map, the type inside.
        bits: of a number, its size.
        fields: of a struct, by key in the order of writing; those of embedded structs are among them.
        free: of a struct, whether it keeps any other keys, as they are.
        words: of an enumeration, the word of each number.
        exact: of an enumeration, whether upper and lower case differ.
        hooks: the letters of the methods that replace the ordinary treatment; see ``tools/typetables/main.go``.
        acting: of a struct, its fields that a merge changes even where the right side says nothing; filled in by the merge.
    """

    __slots__ = (
        *("_free_keys", "_holds_free", "acting", "bits", "elem", "exact"),
        *("fields", "free", "hooks", "name", "pointer", "shape", "words"),
    )

    def __init__(self, shape: Shape, name: str) -> None:
        self.shape, self.name = shape, name
        self.pointer = self.free = self.exact = False
        self.elem: Type | None = None
        self.fields: dict[str, Field] = {}
        self.bits = 64
        self.words: dict[int, str] | None = None
        self.hooks = ""
        self.acting: tuple[Field, ...] | None = None
        self._holds_free: bool | None = None
        self._free_keys: tuple[str, ...] | None = None

    @property
    def holds_free(self) -> bool:
        """Whether a free-form object can be somewhere inside."""
        if self._holds_free is None:
            self._holds_free = False  # for types that hold themselves
            inner = [field.type for field in self.fields.values()] + ([self.elem] if self.elem else [])
            self._holds_free = self.free or self.shape == "any" or any(type_.holds_free for type_ in inner)
        return self._holds_free

    @property
    def free_keys(self) -> tuple[str, ...]:
        """The keys of a struct behind which a free-form object can be."""
        if self._free_keys is None:
            self._free_keys = tuple(key for key, field in self.fields.items() if field.type.holds_free)
        return self._free_keys

    @property
    def inside(self) -> Type:
        """The type of what a list or map holds."""
        assert self.elem is not None, f"{self.name} holds nothing"
        return self.elem

    @property
    def zero(self) -> object:
        """What stands for the zero value where one must be held: None for pointers, lists and maps."""
        return None if self.pointer else {} if self.shape == "struct" else ZEROS.get(self.shape)

    def copy(self) -> Type:
        """Return the same type as another object."""
        made = Type(self.shape, self.name)
        made.elem, made.fields, made.free, made.words, made.hooks, made.bits = (
            self.elem,
            self.fields,
            self.free,
            self.words,
            self.hooks,
            self.bits,
        )
        made.exact, made.pointer = self.exact, self.pointer
        return made

    def behind_pointer(self) -> Type:
        """Return the same type with a pointer before it."""
        made = self.copy()
        made.pointer = True
        return made


class Field:
    """One field of a struct.

    Attributes:
        key: its key in YAML.
        type: its type.
        omit_empty: whether it is left out when it is zero or empty.
        replace: whether a merge replaces it as a whole.
        embedded: whether it belongs to an embedded struct.
        tagged: whether it has a YAML tag; delete paths find no others.
    """

    __slots__ = ("embedded", "key", "omit_empty", "replace", "tagged", "type")

    def __init__(self, key: str, type_: Type, flags: str) -> None:
        self.key, self.type = key, type_
        self.omit_empty, self.replace, self.tagged = "o" in flags, "r" in flags, "a" not in flags
        self.embedded = False


class Kind:
    """One kind of document.

    Attributes:
        name: as ``LinkConfig``; ``v1alpha1`` for the main document.
        type: the struct that it is read into.
        named: whether each document has a name that tells it from others of its kind.
    """

    __slots__ = ("flags", "name", "type")

    def __init__(self, name: str, flags: str, type_: Type) -> None:
        self.name, self.flags, self.type = name, flags, type_

    @property
    def named(self) -> bool:
        """Whether documents of this kind are told apart by their name."""
        return "n" in self.flags


class Schema:
    """All kinds and types of one minor. Types are made when they are first asked for."""

    def __init__(self, dialect: Dialect, text: str) -> None:
        self.dialect = dialect
        self._types: dict[str, str] = {}
        self._words: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        sections = {"T": self._types, "E": self._words, "K": self._kinds}
        for line in text.splitlines():
            letter, name, rest = line.split("\t", 2)
            sections[letter][name] = rest
        self._made: dict[str, Type] = {}
        self._made_kinds: dict[str, Kind] = {}

    @property
    def kinds(self) -> Sequence[str]:
        """Names of all kinds, the main document's ``v1alpha1`` included."""
        return tuple(self._kinds)

    def kind(self, name: str) -> Kind | None:
        """Return a kind, or None when this minor has no such."""
        made = self._made_kinds.get(name)
        if made is None and name in self._kinds:
            flags, type_ = self._kinds[name].split("\t")
            made = self._made_kinds[name] = Kind(name, flags, self.type(type_))
        return made

    def type(self, text: str) -> Type:
        """Return the type that is written so, such as ``*bool``, ``[]*v1alpha1.Device`` or ``map[string]string``."""
        made = self._made.get(text)
        if made is None:
            if text.startswith("*"):
                made = self.type(text[1:]).behind_pointer()
            elif text in _SCALARS:
                made = Type(_SCALARS[text][0], text)
                made.bits = _SCALARS[text][1]
            elif text.startswith("[]"):
                made = Type("list", text)
                made.elem = self.type(text[2:])
            elif text.startswith("map["):
                made = Type("map", text)
                made.elem = self.type(text[text.index("]") + 1 :])
            else:
                return self._named(text)
            self._made[text] = made
        return made

    def _named(self, text: str) -> Type:
        shape, hooks, *columns = self._types[text].split("\t")
        if shape == "struct":
            made = self._made[text] = Type("struct", text)
            for column in columns:
                self._field(made, column)
        elif shape in {"interface", "func"}:
            made = self._made[text] = Type("any", text)
        else:
            underlying = self.type(shape)
            made = self._made[text] = Type(underlying.shape, text)
            made.elem, made.bits = underlying.elem, underlying.bits
        made.hooks = "" if hooks == "-" else hooks
        if text in self._words:
            case, *entries = self._words[text].split("\t")
            made.exact = case == "exact"
            made.words = {int(number): word for number, _, word in (entry.partition("=") for entry in entries)}
        return made

    def _field(self, made: Type, column: str) -> None:
        key, rest = column.split(":", 1)
        type_text, _, flags = rest.rpartition(":")
        if "x" in flags:
            return
        inner = self.type(type_text)
        if "i" not in flags:
            made.fields[key] = Field(key, inner, flags)
        elif inner.shape == "map":
            made.free = True
        else:
            made.free |= inner.free
            for field in inner.fields.values():
                embedded = made.fields[field.key] = Field(field.key, field.type, "")
                embedded.omit_empty, embedded.replace, embedded.tagged, embedded.embedded = (
                    field.omit_empty,
                    field.replace,
                    field.tagged,
                    True,
                )


@cache
def schema_of(minor: str) -> Schema:
    """Return the types of a minor, read once.

    Raises:
        VersionError: we have no table for it.
    """
    return Schema(dialect_of(minor), table(minor))
