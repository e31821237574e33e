"""Deletes inside of an element of a list: cut out of a patch with the elements that they stand in.

talosctl has no such thing. Declaratively the element is found by its key (:mod:`talospatch.patching.list_keys`), as one of a patch is that
is merged; an element that holds nothing but its key and deletes says where, and is not merged itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Mapping, Node
from talospatch.machineconfig.typed.decode import Decoder
from talospatch.machineconfig.typed.deletes import Cut
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.patching.list_keys import DEVICE, key_fields, key_of, replaces

if TYPE_CHECKING:
    from talospatch.machineconfig.nodes import Sequence
    from talospatch.machineconfig.typed.dialect import Dialect
    from talospatch.machineconfig.typed.schema import Type

IsOnlyAPlace = Callable[[tuple[str, ...], Node, set[str]], bool]


class InnerCut(Cut):
    """Cuts the deletes out of a document of a patch, those inside of elements too.

    Args:
        document: the document.
        is_only_a_place: given a path, what is left of the element there and the keys in or below which something was cut, whether it says
            no more than which element it is; raises where nothing says it.
    """

    __slots__ = ("_around", "_is_only_a_place")

    def __init__(self, document: Mapping, is_only_a_place: IsOnlyAPlace) -> None:
        self._is_only_a_place = is_only_a_place
        self._around: dict[int, Node] = {}
        super().__init__(document)

    def _check_key(self, path: tuple[str, ...], node: Mapping) -> None:
        """Let paths through elements pass, which are checked where these end; a key that looks like an element or is empty is refused."""
        super()._check_key(tuple(step for place, step in enumerate(path) if place not in self._around), node)

    def _cut_element(self, parent: Sequence, element: Node, path: tuple[str, ...]) -> bool:
        place, count = len(path) - 1, len(self.selectors)
        self._around[place] = element
        deleted = self._cut(parent, element, path)
        del self._around[place]
        inside = {selector.path[len(path)] for selector in self.selectors[count:] if len(selector.path) > len(path)}
        return (bool(inside) and self._is_only_a_place(path, element, inside)) or deleted

    def _select(self, parent: Node | None, node: Mapping, path: tuple[str, ...]) -> None:
        super()._select(parent, node, path)
        self.selectors[-1].around = {place: element for place, element in self._around.items() if place < len(path) - 1}


def is_only_a_place(root: Type, path: tuple[str, ...], element: Node, cut: set[str], dialect: Dialect) -> bool:
    """Whether an element of a patch's document, at a path, says no more than which element of the list it is.

    Args:
        root: the type of the document.
        path: keys, and ``[0]`` for an element.
        element: what the patch has there, without its deletes.
        cut: its keys in or below which something is deleted.
        dialect: how it is read.

    Raises:
        Misfit: nothing tells the elements of that list apart, or this one does not say which it is.
    """
    inner = _type_at(root, path)
    where = ".".join(step for step in path if not step.startswith("["))
    if inner is None or inner.free or inner.shape != "struct" or replaces(inner.name):
        raise Misfit(f"{where}: only whole elements of this list can be deleted", "delete the element and give it again")
    if not isinstance(element, Mapping) or cut & key_fields(inner.name) or named_by(inner, element, dialect) is None:
        raise Misfit(
            f"{where}: what is to be deleted stands inside of an element, and nothing says of which",
            "give the element's key beside it, or delete the element and give it again",
        )
    given = element.values.keys()
    return given <= key_fields(inner.name) and (inner.name != DEVICE or len(given) == 1)  # a name and a selector: that is to be set


def named_by(inner: Type, element: Node, dialect: Dialect) -> dict[str, object] | None:
    """Return an element of a patch as a value; None where that has no key by which another one is found.

    Raises:
        Misfit: it does not fit its type.
    """
    decoder = Decoder(dialect)
    value = decoder.value(inner, element)
    for problem in decoder.problems:
        if problem.unknown is None:
            raise Misfit(problem.text, problem.hint)
    return value if isinstance(value, dict) and key_of(inner.name, value) is not None else None


def _type_at(type_: Type, path: tuple[str, ...]) -> Type | None:
    for step in path:
        if type_.shape == "struct" and step in type_.fields:
            type_ = type_.fields[step].type
        elif type_.shape in {"list", "map"} and (type_.shape == "list") == step.startswith("["):
            type_ = type_.inside
        else:
            return None
    return type_
