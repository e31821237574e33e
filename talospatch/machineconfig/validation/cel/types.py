"""Types of CEL and how they unify: type variables are bound while a call looks for the signature that fits its arguments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CelType:
    """A type.

    Attributes:
        name: such as ``int``, ``list`` or the full name of a message; of a variable its number.
        inside: types of the parts: one of a list, two of a map, one of an optional.
        variable: whether it stands for a type that is not known yet.
        message: whether it is a message or a wrapped value, which may be null.
    """

    name: str
    inside: tuple[CelType, ...] = ()
    variable: bool = False
    message: bool = False

    def __str__(self) -> str:
        if self.variable:
            return "dyn"
        return f"{self.name}({', '.join(map(str, self.inside))})" if self.inside else self.name


DYN, ERROR, NULL, BOOL, INT, UINT, DOUBLE, STRING, BYTES = (
    CelType(name) for name in ("dyn", "error", "null_type", "bool", "int", "uint", "double", "string", "bytes")
)
DURATION, TIMESTAMP = (CelType(name, message=True) for name in ("duration", "timestamp"))
OPTIONAL = "optional_type"
_NULLABLE = frozenset({OPTIONAL})


def list_of(inner: CelType) -> CelType:
    """Return the type of a list."""
    return CelType("list", (inner,))


def map_of(key: CelType, value: CelType) -> CelType:
    """Return the type of a map."""
    return CelType("map", (key, value))


def optional_of(inner: CelType) -> CelType:
    """Return the type of an optional value."""
    return CelType(OPTIONAL, (inner,))


def is_open(type_: CelType) -> bool:
    """Whether anything may stand here: dyn, or a type that was an error already."""
    return type_ in {DYN, ERROR}


class Bindings:
    """What type variables stand for. Copied before a try, so that a try that fails leaves nothing behind."""

    __slots__ = ("_bound", "_next")

    def __init__(self) -> None:
        self._bound: dict[CelType, CelType] = {}
        self._next = 0

    def fresh(self) -> CelType:
        """Return a new variable."""
        self._next += 1
        return CelType(f"_{self._next}", variable=True)

    def resolved(self, type_: CelType) -> CelType:
        """Return a type with every variable that is bound replaced."""
        while type_.variable and type_ in self._bound:
            type_ = self._bound[type_]
        if not type_.inside:
            return type_
        return CelType(type_.name, tuple(map(self.resolved, type_.inside)), message=type_.message)

    def fits_all(self, given: list[CelType], wanted: tuple[CelType, ...]) -> bool:
        """Whether each type may stand where another is wanted; binds variables only if all of them may."""
        before = dict(self._bound)
        if len(given) == len(wanted) and all(self._fits(one, two) for one, two in zip(given, wanted, strict=True)):
            return True
        self._bound = before
        return False

    def fits(self, given: CelType, wanted: CelType) -> bool:
        """Whether a type may stand where another is wanted; binds variables if it may."""
        return self.fits_all([given], (wanted,))

    def _fits(self, given: CelType, wanted: CelType) -> bool:
        given, wanted = self.resolved(given), self.resolved(wanted)
        if given == wanted:
            return True
        if wanted.variable:
            return self._bind(wanted, given)
        if given.variable:
            return self._bind(given, wanted)
        if is_open(given) or is_open(wanted):
            return True
        if NULL in {given, wanted}:
            other = wanted if given == NULL else given
            return other.message or other.name in _NULLABLE
        if given.name == "type" == wanted.name:
            return True
        if given.name != wanted.name or len(given.inside) != len(wanted.inside):
            return False
        return all(self._fits(one, two) for one, two in zip(given.inside, wanted.inside, strict=True))

    def _bind(self, variable: CelType, type_: CelType) -> bool:
        if self._occurs(variable, type_):
            return False
        self._bound[variable] = type_
        return True

    def _occurs(self, variable: CelType, type_: CelType) -> bool:
        return type_ == variable or any(self._occurs(variable, inner) for inner in type_.inside)
