"""``$patch: delete``: cut out of a patch's tree as selectors, and applied to values.

Source: the machinery's configloader/internal/decoder/delete.go and selector.go, and the vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.free import delete_in
from talospatch.machineconfig.typed.misfit import Misfit

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.dialect import Dialect
    from talospatch.machineconfig.typed.schema import Field, Type

MARK, WORD = "$patch", "delete"
MAIN = "v1alpha1"
_IGNORED = frozenset({"version", "kind", "name"})  # a document of nothing else is as good as empty


class Selector:
    """What to delete.

    Attributes:
        kind: kind of the document; ``v1alpha1`` for the main one.
        api_version: its API version; empty for the main one.
        name: its name, or empty.
        path: keys, and ``[0]`` for an element of a list; empty for the whole document.
        key: for an element the key by which it is found.
        value: and the text of that key's value.
        node: that value, or None.
        place: index in the patch's text at which the mapping stands that says to delete.
        around: the elements of lists that the path leads through, by their places in the path; none, for the reference has no such paths.
    """

    __slots__ = ("api_version", "around", "key", "kind", "name", "node", "path", "place", "value")

    def __init__(
        self, root: Mapping, path: tuple[str, ...], key: str = "", value: str = "", node: Node | None = None, *, place: int = 0
    ) -> None:
        self.api_version, self.kind, self.name = scalar_at(root, "apiVersion"), scalar_at(root, "kind"), scalar_at(root, "name")
        self.path, self.key, self.value, self.node, self.place = path, key, value, node, place
        self.around: dict[int, Node] = {}
        if not path:
            for what, found in (("apiVersion", self.api_version), ("kind", self.kind)):
                if what not in root.values:
                    raise Misfit(f"missing {what} in a document to delete", "the main document cannot be deleted")
                assert isinstance(found, str), "a text"
        if not self.kind and not self.api_version:
            self.kind = MAIN
        elif not self.kind or not self.api_version:
            raise Misfit("kind and apiVersion must both be given where something is deleted")

    @property
    def id(self) -> str:
        """The document that it is for, as :attr:`talospatch.machineconfig.typed.documents.Document.id` writes it."""
        return "/".join(filter(None, ("" if self.api_version == MAIN else self.api_version, self.kind, self.name)))

    def __str__(self) -> str:
        return ".".join(self.path)


def scalar_at(root: Mapping, key: str) -> str:
    """Return the text at a key of a document, or "", as the reference has it before it reads the document."""
    return _node_text(root.values.get(key))


def _node_text(node: Node | None) -> str:
    """Return what go-yaml keeps as the text of a node: of an alias it is the name that it gives, of a collection nothing."""
    if isinstance(node, Alias):
        assert node.target.anchor is not None, "by which the alias names it"
        return node.target.anchor
    return node.text if isinstance(node, Scalar) else ""


class Cut:
    """Cuts the deletes out of a document of a patch, in its tree: an alias of what is cut sees what is left, as for the reference.

    Attributes:
        root: what is left, or None when the document is empty now.
        selectors: what was cut, in order.
    """

    __slots__ = ("_document", "root", "selectors")

    def __init__(self, document: Mapping) -> None:
        self._document = document
        self.selectors: list[Selector] = []
        deleted = self._cut(None, document, ())
        self.root = None if deleted or _is_empty(document) else document

    def _cut(self, parent: Node | None, node: Node, path: tuple[str, ...]) -> bool:
        """Cut in a node, and return whether the node is to be deleted itself: because it says so, or because nothing is left of it."""
        if isinstance(node, Mapping):
            for key, child in list(node.values.items()):
                if key == MARK and isinstance(child, Scalar) and child.text == WORD:
                    self._select(parent, node, path)
                    return True
                if self._cut(node, child, (*path, str(key))):
                    del node.values[key], node.keys[key]
                    if not node.values:
                        return True
        elif isinstance(node, Sequence):
            kept: list[Node] = []
            for child in node.items:
                if not self._cut_element(node, child, (*path, f"[{len(kept)}]")):
                    kept.append(child)
            deleted = len(kept) < len(node.items)
            node.items[:] = kept
            return deleted and not kept
        return False

    def _cut_element(self, parent: Sequence, element: Node, path: tuple[str, ...]) -> bool:
        return self._cut(parent, element, path)

    def _check_key(self, path: tuple[str, ...], node: Mapping) -> None:
        if any(not step or step.startswith("[") for step in path):
            raise Misfit("cannot delete a key inside an element of a list", node=node)

    def _select(self, parent: Node | None, node: Mapping, path: tuple[str, ...]) -> None:
        if not isinstance(parent, Sequence):
            self._check_key(path, node)
            self.selectors.append(Selector(self._document, path, place=node.start))
            return
        for key, child in node.values.items():
            if key == MARK:
                continue
            self.selectors.append(Selector(self._document, path, str(key), _node_text(child), child, place=node.start))
            return
        hint = "give one beside it, such as path: /etc/a; a list of texts can be deleted as a whole only"
        raise Misfit("an element to delete needs a key by which it is found", hint, node)


def _is_empty(root: Mapping) -> bool:
    return all(str(key) in _IGNORED and isinstance(value, Scalar) for key, value in root.values.items())


def delete_path(type_: Type, value: Any, selector: Selector, dialect: Dialect) -> Any:
    """Return a document's value without what a selector names; for the whole document that is None.

    Raises:
        Misfit: it is not there, or cannot be addressed; the reference crashes in some of these cases.
    """
    if not selector.path:
        return None
    return _Deletion(selector, dialect).at(type_, value, selector.path, settable=True)


class _Deletion:
    def __init__(self, selector: Selector, dialect: Dialect) -> None:
        self._selector, self._dialect = selector, dialect

    def _missing(self) -> Misfit:
        return Misfit(f"there is nothing to delete at {self._selector}", "deleting what is absent is an error; take it out of the patch")

    def at(self, type_: Type, value: Any, path: tuple[str, ...], *, settable: bool) -> Any:
        """Return ``value`` without what stands at ``path``. What lies in a map of structs cannot be set, and the reference crashes."""
        if value is None and type_.pointer:
            raise self._missing()
        if type_.shape == "list":
            return self._element(type_, value, path)
        step, rest = path[0], path[1:]
        if type_.free or type_.shape == "any":
            return self._free(type_, value, path)
        if type_.shape == "struct":
            field = type_.fields.get(step)
            if field is None or not field.tagged or (field.embedded and not self._dialect.embedded_deletes):
                raise self._missing()
            return self._field(field, dict(value or {}), rest, settable=settable or type_.pointer)
        if type_.shape == "map" and value is not None and step in value:
            out = dict(value)
            if not rest:
                del out[step]
            else:
                out[step] = self.at(type_.inside, out[step], rest, settable=False)
            return out
        raise self._missing()

    def _field(self, field: Field, out: dict[str, Any], rest: tuple[str, ...], *, settable: bool) -> dict[str, Any]:
        if rest:
            held = self.at(field.type, out.get(field.key), rest, settable=settable)
            if held is not None:
                out[field.key] = held
            return out
        if not settable:
            raise Misfit(f"{self._selector} crashes the reference: a field of a struct in a map")
        out.pop(field.key, None)
        return out

    def _free(self, type_: Type, value: Any, path: tuple[str, ...]) -> Any:
        if type_.free and not self._dialect.embedded_deletes:
            raise self._missing()
        try:
            return delete_in(value, path)
        except KeyError:
            raise self._missing() from None

    def _element(self, type_: Type, values: list[Any] | None, path: tuple[str, ...]) -> list[Any]:
        step, rest = path[0], path[1:]
        if rest or not step.startswith("["):
            raise Misfit(f"{self._selector}: only whole elements of a list can be deleted, found by a key of theirs")
        inner, wanted = type_.inside, self._selector.value
        field = inner.fields.get(self._selector.key)
        for index, each in enumerate(values or ()):
            if (
                field is not None
                and field.tagged
                and not field.embedded
                and each is not None
                and self._text(field.type, each.get(field.key)) == wanted
            ):
                assert values is not None, "it has an element"
                return values[:index] + values[index + 1 :]
        raise self._missing()

    def _text(self, type_: Type, value: Any) -> str:
        """Return the text by which the reference compares a field: Stringer's, a string's own, and of other types a text nobody writes."""
        if "S" in type_.hooks and self._dialect.embedded_deletes:
            if value is None and (type_.pointer or type_.name == "meta.URL"):
                raise Misfit(f"{self._selector} crashes the reference: {type_.name} is absent in an element")
            return _stringer_text(type_, value)
        if type_.shape == "string" and not type_.pointer:
            return value or ""
        return f"<{'*' if type_.pointer else ''}{type_.name} Value>"


def _stringer_text(type_: Type, value: Any) -> str:
    form = FORMS.get(type_.name)
    if form is not None:
        assert form.text is not None, "a type with such a method has a text"
        return _ZERO_TEXTS.get(type_.name, "") if value is None else form.text(value)
    if type_.words is not None:
        number = value or 0
        return type_.words.get(number) or f"{type_.name.rpartition('.')[2]}({number})"
    return f"0o{value or 0:o}"  # the file modes: all other types with such a method have a form or words


# What String returns of a zero value. Sources: net/netip, time, net/url.
_ZERO_TEXTS = {
    **dict.fromkeys(("netip.Addr", "meta.Addr", "network.Addr"), "invalid IP"),
    **dict.fromkeys(("netip.Prefix", "meta.Prefix", "network.Prefix"), "invalid Prefix"),
    **dict.fromkeys(("netip.AddrPort", "meta.AddrPort", "network.AddrPort"), "invalid AddrPort"),
    "time.Duration": "0s",
    "network.PortRange": "0-0",
}
