"""The typed merge: the right value into the left one, by the type of each.

Source: the machinery's config/merge/merge.go, the Merge methods of its types, and the vectors. What surprises users is named in the
tables: it is what the reference does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.free import merge_objects
from talospatch.machineconfig.typed.keyed import KEYED
from talospatch.machineconfig.typed.misfit import Misfit

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.dialect import Dialect
    from talospatch.machineconfig.typed.schema import Field, Type

# Their Merge copies the right side even where it is zero: a patch that does not restate them wipes them.
WIPED = frozenset({"cel.Expression", "block.ByteSize", "block.PercentageSize"})
# Without a Merge of their own the reference walks into unexported fields, and fails there whatever they hold.
UNSETTABLE = frozenset({
    "netip.Addr", "netip.Prefix", "netip.AddrPort", "network.Addr", "network.Prefix", "network.AddrPort", "v1alpha1.InstallDiskSizeMatcher",
})  # fmt: skip
_ALWAYS_SET = "bool"  # a bool that is no pointer: absent is false, and false is set
_PLAIN = frozenset({"string", "int", "uint", "float"})  # shapes whose zero changes nothing


class Merger:
    """Merges values of one minor."""

    def __init__(self, dialect: Dialect) -> None:
        self._zero_sets = dialect.zero_behind_pointer_sets

    def struct(self, type_: Type, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
        """Return ``right`` merged into ``left``, both of a struct type.

        Raises:
            Misfit: the reference cannot merge these, or crashes; the path stands before the reason.
        """
        if type_.free:
            return merge_objects(left, right)
        out = dict(left)
        for key, field in type_.fields.items():
            inner, value = field.type, right.get(key)
            if value is None and not acts_on_nothing(inner):
                continue
            try:
                merged = self.value(inner, out.get(key), value, replace=field.replace)
            except Misfit as misfit:
                raise Misfit(f"{key}: {misfit}", misfit.hint) from None
            if merged is None:
                out.pop(key, None)
            else:
                out[key] = merged
        return out

    def value(self, type_: Type, left: Any, right: Any, *, replace: bool = False) -> Any:
        """Return ``right`` merged into ``left``; None is absent.

        Raises:
            Misfit: as :meth:`struct`.
        """
        name, shape = type_.name, type_.shape
        if not type_.pointer:
            if name in WIPED or shape == _ALWAYS_SET:
                return right
            if name in UNSETTABLE:
                raise Misfit("merge not possible: the reference cannot set such a value in an existing object")
            if name in KEYED:
                return self._list_by_key(type_, left, right)
            if shape == "struct" and right is None and name not in FORMS:
                right = {}
        if right is None:
            return left
        if left is None:
            if type_.pointer or shape != "struct" or name in FORMS:
                return right
            left = {}
        if name in FORMS:
            return self._formed(type_, left, right)
        if shape == "struct":
            return (right or left) if replace else self.struct(type_, left, right)
        if shape == "list":
            return right if replace else left + right
        if shape == "map":
            return right if replace else self._map(type_, left, right)
        if shape in _PLAIN and not right and not (type_.pointer and self._zero_sets):
            return left
        return right

    def _formed(self, type_: Type, left: Any, right: Any) -> Any:
        """Merge two present values of a type with a form of its own."""
        if type_.name in UNSETTABLE:
            raise Misfit("merge not possible: both sides have a value, and the reference cannot set it")
        if type_.name in {"meta.URL", "v1alpha1.Endpoint"}:
            return merge_urls(left, right)
        if isinstance(left, dict):
            return {**left, **right}  # certificate and key, bytes and percentage: each for itself
        return right

    def _map(self, type_: Type, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
        if "M" in type_.hooks:  # arguments: each is replaced
            return {**left, **right}
        out = dict(left)
        inner = type_.inside
        for key, value in right.items():
            old = out.get(key)
            if old is None:
                out[key] = value
                continue
            try:
                out[key] = self.value(inner, old, value)
            except Misfit as misfit:
                raise Misfit(f"{key}: {misfit}", misfit.hint) from None
        return out

    def _list_by_key(self, type_: Type, left: Any, right: Any) -> Any:
        if right is None:
            return left
        inner = type_.inside
        merged = KEYED[type_.name](left or [], right, lambda old, new: self.struct(inner, old, new))
        return merged if merged or left is not None else None


def acts_on_nothing(type_: Type) -> bool:
    """Whether a merge does something to a value even where the right side has none: what acts lies in it, not behind a pointer."""
    if type_.pointer:
        return False
    if type_.shape == _ALWAYS_SET or type_.name in WIPED or type_.name in UNSETTABLE:
        return True
    return type_.shape == "struct" and type_.name not in FORMS and bool(acting(type_))


def acting(type_: Type) -> tuple[Field, ...]:
    """Return the fields of a struct that a merge does something to even where the right side has none."""
    if type_.acting is None:
        type_.acting = tuple(field for field in type_.fields.values() if acts_on_nothing(field.type))
    return type_.acting


def merge_urls(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Return a URL merged into another by component; of the flags the right side's count, set or not.

    Raises:
        Misfit: both have a user.
    """
    if "user" in left and "user" in right:
        raise Misfit("merge not possible: both URLs have a user, and the reference cannot set it")
    out = {**left, **right}
    for flag in ("forcequery", "omithost"):
        if flag not in right:
            out.pop(flag, None)
    return out
