"""The least edit of a config's text that makes it mean what typed values say.

The values before and after are walked together with the tree of the text; each place where they differ becomes an operation with ways to
make it, from the least to the widest (:mod:`talospatch.patching.edits`). The new text is read again as Talos would, and must mean the same
as the values; otherwise wider ways are tried: the value anew, the collection around it, the whole document
(:mod:`talospatch.patching.whole`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, resolved
from talospatch.machineconfig.nodes import Sequence as SequenceNode
from talospatch.machineconfig.reread import read_again
from talospatch.machineconfig.typed.documents import MAIN, Document, in_order
from talospatch.machineconfig.typed.equality import alike
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.load import MAIN_KEYS
from talospatch.machineconfig.typed.plaindata import plain_data
from talospatch.patching import hazards
from talospatch.patching.alias_edits import ANY, AliasPlace, alias_places, expanded
from talospatch.patching.alignment import ListChange, align, moved, unchanged
from talospatch.patching.attempts import Region, first_proven
from talospatch.patching.edits import Editor, Edits, Operation, Ways, applied
from talospatch.patching.emit import Style, block
from talospatch.patching.flow_edits import has_comments, is_spread
from talospatch.patching.places import column_inside, is_flow, is_nothing, last_leaf
from talospatch.patching.scalar_edit import close_block_at_end, replace_scalar
from talospatch.patching.tolerant import TolerantLoader

if TYPE_CHECKING:
    from talospatch.machineconfig.reader import Tree
    from talospatch.machineconfig.typed.schema import Type
    from talospatch.patching.hazards import Noticed
    from talospatch.patching.tolerant import Widened


class Rewritten(NamedTuple):
    """A new text and its trees."""

    text: str
    trees: tuple[Tree, ...]


class _Place(NamedTuple):
    """A value's place: the collection it is in, its key there, and how it is after the change."""

    node: Node
    parent: Mapping | SequenceNode | None
    key: str | int
    type: Type
    after: Any


class Rewriter:
    """Rewrites one text.

    Args:
        text: the text.
        trees: its documents' trees, with places in that text.
        style: how it is written.
        widened: the types by which it was read; what is read again goes by the same.
        noticed: told when more than the least edit was needed.
        exact: whether what is gone from the values goes from the text even where it was empty, which Talos's own writing leaves out
            as well, but not what it looks for.
    """

    def __init__(self, text: str, trees: Sequence[Tree], style: Style, widened: Widened, noticed: Noticed, *, exact: bool = False) -> None:
        self._text, self._style, self._widened, self._noticed, self._exact = text, style, widened, noticed, exact
        self._all_trees = trees
        self._trees = [tree for tree in trees if tree.root is not None]
        self._editor = Editor(text, style)
        self._operations: list[Operation] = []
        self._removed: Edits = []  # whole documents
        self._others: Edits = []  # of whole documents, in every attempt; behind those for the same place
        self._aliases: list[AliasPlace] = []
        self._document = ""

    def rewrite(self, before: Sequence[Document], after: Sequence[Document], *, source: str | None = None) -> Rewritten | None:
        """Return the text after the change; None when nothing has to change.

        Args:
            before: the documents that the text holds, in its order.
            after: the documents that it is to hold; those that stay have the roots that they had.
            source: what the user calls the text, for errors.

        Raises:
            ConfigError: no edit could be proven right.
        """
        kept = {id(document.root): document for document in after if document.root is not None}
        changed: list[tuple[Tree, Document]] = []
        for tree, old in zip(self._trees, before, strict=True):
            new = kept.get(id(old.root))
            if new is None:
                self._removed.append((tree.start, tree.end, ""))
                continue
            assert old.root is not None
            size = len(self._operations)
            self._document = new.id
            if old.value is not new.value:
                self._differing(_Place(old.root, None, "", new.type, new.value), new.type, old.value, new.value, ())
            if "*" in self._text[tree.body : tree.end]:
                self._aliases += alias_places(old.root, new.type, old.value, new.value, new.id)
            if len(self._operations) > size:
                changed.append((tree, new))
        added = [document for document in after if document.root is None]
        if not self._operations and not self._removed and not added:
            return None
        self._others = [*self._removed, *(self._append(added) if added else [])]
        wanted = [document for document in in_order(after) if isinstance(document, Document)]

        def prove(edits: Edits, anew: list[Region]) -> tuple[Rewritten, list[Region]] | None:
            return self._proven_with_aliases([*edits, *self._others], anew, wanted)

        if (proven := first_proven(self._operations, prove)) is None:
            return self._whole(changed, wanted, source)
        rewritten, regions = proven
        for region in regions:
            self._noticed.add(hazards.WIDENED, region.document, region.steps)
        return rewritten

    # Proof

    def _proven_with_aliases(self, edits: Edits, anew: list[Region], wanted: Sequence[Document]) -> tuple[Rewritten, list[Region]] | None:
        """Return what :meth:`_proven` does, and what is written anew; where it takes that, aliases get values of their own."""
        if (found := self._proven(edits, wanted)) is not None:
            return found, anew
        more, places = expanded(self._editor, self._aliases, edits) if self._aliases else ([], [])
        if more and (found := self._proven([*edits, *more], wanted)) is not None:
            return found, [*anew, *(Region(place.document, place.steps) for place in places)]
        return None

    def _proven(self, edits: Edits, wanted: Sequence[Document]) -> Rewritten | None:
        """Return the text with these edits, and its trees, if it means what is wanted."""
        text = applied(self._text, edits)
        if text is None:
            return None
        start, end = (min(edit[0] for edit in edits), max(edit[1] for edit in edits)) if edits else (0, len(text))
        trees = read_again(self._text, self._all_trees, text, start, end) or ()
        loader = TolerantLoader(text, self._widened.apart(), None, patch=False, trees=trees)
        try:
            found = [step for step in loader.steps() if isinstance(step, Document)]
        except ConfigError:
            return None
        documents = [document for document in in_order(found) if isinstance(document, Document)]
        if len(documents) != len(wanted):
            return None
        for document, meant in zip(documents, wanted, strict=True):
            if document.id != meant.id or not alike(meant.type, document.value, meant.value):
                return None
        return Rewritten(text, loader.trees)

    def _whole(self, changed: list[tuple[Tree, Document]], wanted: Sequence[Document], source: str | None) -> Rewritten:
        """Write the changed documents anew, with their comments if that can be proven."""
        from talospatch.patching.whole import anew, round_tripped

        for write, hazard in ((round_tripped, hazards.WIDENED), (anew, hazards.COMMENTS_LOST)):
            edits: Edits = []
            for tree, document in changed:
                data = _in_order_of(tree.root, plain_data(document.type, document.value)) if tree.root is not None else {}
                written = write(self._text[tree.body : tree.end], data, self._style)
                if written is None:
                    break
                lead = self._style.newline if tree.explicit and not written.startswith(("\n", "\r")) else ""
                edits.append((tree.body, tree.end, lead + written))
            else:
                if (found := self._proven([*edits, *self._others], wanted)) is not None:
                    for _, document in changed:
                        self._noticed.add(hazard, document.id)
                    return found
        raise ConfigError(
            "an edit could not be proven right, so nothing was changed",
            source=source,
            hint="an anchor whose value is used elsewhere, or an unusual layout, may be the reason: write that part plainly",
        )

    # Documents

    def _append(self, added: Sequence[Document]) -> Edits:
        newline = self._style.newline
        bodies = [newline.join(block(_whole_data(each), 0, self._style)) + newline for each in added]
        last = self._trees[-1].root if self._trees else None
        extra = close_block_at_end(self._text, last_leaf(last)) if last is not None else None
        begin = "" if not self._text or self._text.endswith("\n") else newline
        mark = f"---{newline}" if last is not None else ""
        end = len(self._text)
        return [*([extra] if extra else []), (end, end, f"{begin}{mark}{f'---{newline}'.join(bodies)}")]

    # Differences

    def _add(self, ways: Ways, above: tuple[_Place, ...], *, alias: bool = False, wider: Ways | None = None) -> None:
        """Add an operation: these ways, and behind them wider ones, and the collections around the place anew, from the inside out."""
        operation = Operation([] if alias else ways, self._document, tuple(place.key for place in above[1:]))
        operation.widen(wider or [])
        around = [(number, place) for number, place in enumerate(above) if place.parent is not None]
        operation.widen(
            [lambda place=place: self._anew(place) for _, place in reversed(around)],  # type: ignore[misc]
            [number for number, _ in reversed(around)],
        )
        self._operations.append(operation)

    def _add_anew(self, ways: Ways, node: Mapping | SequenceNode, above: tuple[_Place, ...]) -> None:
        """Add an operation that may write a collection in brackets or braces anew: more than the least edit where that loses comments."""
        loses = node.flow and has_comments(self._text, node) and not is_spread(self._text, node)
        self._add([] if loses else ways, above, wider=ways if loses else [])

    def _anew(self, place: _Place) -> Edits | None:
        data = _in_order_of(place.node, plain_data(place.type, place.after))
        return self._editor.rewrite(place.node, place.parent, place.key, data)

    def _value(self, place: _Place, type_: Type, before: Any, after: Any, above: tuple[_Place, ...]) -> None:
        if not self._same(type_, before, after):
            self._differing(place, type_, before, after, above)

    def _differing(self, place: _Place, type_: Type, before: Any, after: Any, above: tuple[_Place, ...]) -> None:
        node, around = place.node, (*above, place)
        if isinstance(node, Alias):
            plain = not isinstance(after, dict | list)
            self._add([lambda: self._anew(place)] if plain else [], around, alias=not plain)
            return
        if type_.name in FORMS:
            before, after, type_ = plain_data(type_, before), plain_data(type_, after), ANY
        if is_nothing(node) and after and isinstance(place.parent, Mapping) and not place.parent.flow:
            self._add(self._replacing(place, type_, after), around)
        elif isinstance(node, Mapping) and isinstance(before, dict) and isinstance(after, dict):
            self._mapping(node, type_, before, after, around)
        elif isinstance(node, SequenceNode) and isinstance(before, list) and isinstance(after, list) and len(before) == len(node.items):
            self._list(node, type_, before, after, around)
        else:
            self._add(self._replacing(place, type_, after), around)

    def _same(self, type_: Type, before: Any, after: Any) -> bool:
        return alike(type_, before, after) and not (self._exact and _loses_key(before, after))

    def _replacing(self, place: _Place, type_: Type, after: Any) -> Ways:
        node, parent = place.node, place.parent
        data = plain_data(type_, after)
        if isinstance(data, dict | list):
            if data and is_nothing(node) and isinstance(parent, Mapping):
                return [*self._editor.filling(parent, str(place.key), data), lambda: self._anew(place)]
            return [lambda: self._anew(place)]
        if not isinstance(node, Scalar) or parent is None:
            return [lambda: self._anew(place)]
        column = column_inside(self._text, parent) + (self._style.step if isinstance(parent, Mapping) else 2)
        edits = replace_scalar(
            self._text,
            node,
            data,
            style=self._style,
            column=column,
            in_flow=is_flow(parent),
            read_as_text=type_.shape == "string",
        )
        return [lambda edit=edit: [edit] for edit in edits]  # type: ignore[misc]

    def _mapping(self, node: Mapping, type_: Type, before: dict[Any, Any], after: dict[Any, Any], around: tuple[_Place, ...]) -> None:
        free = type_.free or type_.shape == "any"
        if free and any(not isinstance(key, str) for key in (*before, *after)):
            self._add([], around)
            return
        added: dict[str, Any] = {}
        removed: list[str] = []
        changed: list[tuple[_Place, Any]] = []
        for key in [*before, *(key for key in after if key not in before)]:
            old, new = before.get(key), after.get(key)
            if old is new and key in before and key in after:
                continue
            if free:
                inner = ANY
                gone = key not in after
                if not gone and key in before and self._same(ANY, old, new):
                    continue
            else:
                field = type_.fields.get(key) if type_.shape == "struct" else None
                inner = field.type if field is not None else type_.inside
                kept = key in before and key in after
                if self._same(inner, old, new) and (kept or (field is not None and (not self._exact or key not in before))):
                    continue
                omitted = field is not None and field.omit_empty and not inner.pointer and inner.shape in {"list", "map"} and not new
                gone = key not in after or (field is not None and new is None) or omitted
            if gone:
                if key in node.values:
                    removed.append(key)
                else:  # it comes of a merge key
                    self._add([], around)
            elif key not in node.values:
                added[key] = plain_data(inner, new)
            else:
                changed.append((_Place(node.values[key], node, key, inner, new), old))
        if node.flow and removed and len(changed) + len(removed) + bool(added) > 1 and not is_spread(self._text, node):
            values = {str(place.key): plain_data(place.type, place.after) for place, _ in changed}
            self._add_anew([lambda: self._editor.flow_pairs_anew(node, removed, values, added)], node, around)
            return
        for place, old in changed:
            compare = self._differing if place.key in before else self._value  # what stands in both was compared above
            compare(place, place.type, old, place.after, around)
        self._keys(node, added, removed, around)

    def _keys(self, node: Mapping, added: dict[str, Any], removed: list[str], around: tuple[_Place, ...]) -> None:
        """Add keys to a mapping and take keys out of it."""
        if len(around) == 1 and (known_by := _known_by(node, added, removed)) is not None:
            removed = [key for key in removed if key != known_by]
            place = _Place(node.values[known_by], node, known_by, ANY, None)
            self._add([lambda: self._anew(place)], around)
        if removed and len(removed) == len(node.values) and not added:
            self._add([lambda: self._anew(around[-1])], around)
            return
        for key in removed:
            self._add_anew([lambda key=key: self._editor.cut_key(node, key)], node, around)  # type: ignore[misc]
        remarked = {key: value for key, value in added.items() if self._editor.has_remark(node, key)}
        for key, value in remarked.items():
            self._add(self._editor.adding(node, {key: value}, removed), around)
        if others := {key: value for key, value in added.items() if key not in remarked}:
            self._add(self._editor.adding(node, others, removed), around)

    def _list(self, node: SequenceNode, type_: Type, before: list[Any], after: list[Any], around: tuple[_Place, ...]) -> None:
        inner = ANY if type_.free or type_.shape == "any" else type_.inside
        changes = align(inner, before, after)
        removed = [change.place for change in changes if change.after is None]
        one_by_one = after and _inserts_at_end(changes, len(before)) and (not removed or is_spread(self._text, node))
        if node.flow and not one_by_one:
            self._add_anew([lambda: self._flow_list(node, inner, before, after, changes)], node, around)
            return
        if not after:
            self._add([lambda: self._anew(around[-1])], around)
            return
        for change in changes:
            if change.before is not None and change.after is not None:
                old, new = before[change.before], after[change.after]
                self._value(_Place(node.items[change.before], node, change.before, inner, new), inner, old, new, around)
        came = moved(inner, before, after, changes)
        for index, items in _insertions(changes):
            data = [plain_data(inner, after[item]) for item in items]
            along = {number: came[item] for number, item in enumerate(items) if item in came}
            self._add(self._editor.inserting(node, index, data, removed, along), around)
        if removed:
            self._add_anew([lambda: self._editor.cut_items(node, removed)], node, around)

    def _flow_list(self, node: SequenceNode, inner: Type, before: list[Any], after: list[Any], changes: list[ListChange]) -> Edits:
        """Write a list in brackets anew: elements that stay as they stand in the text."""
        kept = {change.after: change.before for change in changes if change.before is not None and change.after is not None}
        stayed = unchanged(after, changes)
        items: list[Any] = []
        for index, value in enumerate(after):
            old = stayed.get(index, kept.get(index))
            data = plain_data(inner, value)
            same = old is not None and alike(inner, before[old], value)
            items.append(node.items[old] if same else data if old is None else _in_order_of(node.items[old], data))  # type: ignore[index]
        return self._editor.flow_anew(node, items)


def _loses_key(before: Any, after: Any) -> bool:
    """Whether somewhere inside a key is gone."""
    if before is after:
        return False
    if isinstance(before, dict) and isinstance(after, dict):
        return any(key not in after or _loses_key(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return any(_loses_key(one, other) for one, other in zip(before, after, strict=False))
    return False


def _in_order_of(node: Node, data: Any) -> Any:
    """Return data with the keys of its mappings in the order of a tree's, new ones behind them."""
    node = resolved(node)
    if isinstance(node, Mapping) and isinstance(data, dict):
        own = {key: key for key in data}  # a key that is no text looks like one, and is written as it looks
        order = [*(own[key] for key in node.values if key in data), *(key for key in data if key not in node.values)]
        return {key: _in_order_of(node.values[key], data[key]) if key in node.values else data[key] for key in order}
    if isinstance(node, SequenceNode) and isinstance(data, list) and len(data) == len(node.items):
        return [_in_order_of(item, each) for item, each in zip(node.items, data, strict=True)]
    return data


def _whole_data(document: Document) -> dict[str, Any]:
    """Return a new document as data; a main one that holds nothing has the key that it is known by."""
    data: dict[str, Any] = plain_data(document.type, document.value)
    return data if document.kind.name != MAIN or MAIN_KEYS & data.keys() else {**data, "machine": None}


def _known_by(root: Mapping, added: dict[str, Any], removed: list[str]) -> str | None:
    """Return the key that has to stay, as null, for a main document to be known for one; None where another one stays."""
    if "kind" in root.values or MAIN_KEYS & ({*root.values, *added} - set(removed)):
        return None
    return next((key for key in removed if key in MAIN_KEYS), None)


def _inserts_at_end(changes: list[ListChange], length: int) -> bool:
    """Whether no element comes in but at the end."""
    return all(change.before is not None or change.place == length for change in changes)


def _insertions(changes: list[ListChange]) -> list[tuple[int, list[int]]]:
    """Return where elements are inserted, and which, those for one place together."""
    places: dict[int, list[int]] = {}
    for change in changes:
        if change.before is None and change.after is not None:
            places.setdefault(change.place, []).append(change.after)
    return list(places.items())
