"""Aliases whose anchor changes: each is replaced by the value that it has to keep.

Changing or taking out what an anchor names changes every place that names it too. Those places are written out, each for itself, and only
they; the anchor stays where its value does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.machineconfig.nodes import Alias, Mapping, Node, resolved
from talospatch.machineconfig.nodes import Sequence as SequenceNode
from talospatch.machineconfig.typed.equality import alike
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.free import AnyKeys
from talospatch.machineconfig.typed.plaindata import plain_data
from talospatch.machineconfig.typed.schema import Type
from talospatch.machineconfig.values import MERGE_KEY, is_merge_key
from talospatch.patching.alignment import align, unchanged
from talospatch.patching.emit import block, flow
from talospatch.patching.places import behind_line, key_column, key_start, last_leaf

if TYPE_CHECKING:
    from talospatch.machineconfig.path import Step
    from talospatch.patching.edits import Editor, Edits

ANY = Type("any", "any")


class AliasPlace(NamedTuple):
    """An alias that stands for a value of its own.

    Attributes:
        node: the alias; what a merge key names may be a list of them.
        parent: the collection that it is in.
        key: its key or index there.
        data: what stands there after the change; of a merge key what the mapping has of it.
        document: id of the document.
        steps: the way to it.
    """

    node: Node
    parent: Mapping | SequenceNode
    key: str | int
    data: Any
    document: str
    steps: tuple[Step, ...]


def alias_places(root: Mapping, type_: Type, before: Any, after: Any, document: str) -> list[AliasPlace]:
    """Return every alias of a document that is still there after a change."""
    return list(_places(root, type_, before, after, document, ()))


def expanded(editor: Editor, places: Sequence[AliasPlace], edits: Edits) -> tuple[Edits, list[AliasPlace]]:
    """Return the edits for aliases whose target other edits touch, and those aliases."""
    made: Edits = []
    touched: list[AliasPlace] = []
    for place in places:
        targets = [resolved(each) for each in (place.node.items if isinstance(place.node, SequenceNode) else (place.node,))]
        if any(_touches(editor.text, target, edits) for target in targets) and not _inside(place.node, edits):
            edit = _merged(editor, place) if place.key == MERGE_KEY else editor.rewrite(place.node, place.parent, place.key, place.data)
            if edit is not None:
                made += edit
                touched.append(place)
    return made, touched


def _touches(text: str, target: Node, edits: Edits) -> bool:
    end = behind_line(text, last_leaf(target).end)
    return any(start <= end and target.start <= stop for start, stop, _ in edits)


def _inside(node: Node, edits: Edits) -> bool:
    return any(start <= node.start and node.end <= stop for start, stop, _ in edits)


def _merged(editor: Editor, place: AliasPlace) -> Edits | None:
    """Write what a merge key brings as keys of the mapping's own."""
    mapping = place.parent
    assert isinstance(mapping, Mapping), "a merge key is in one"
    if not place.data:
        return None
    start = key_start(editor.text, mapping.keys[MERGE_KEY])
    if mapping.flow:
        return [(start, place.node.end, flow(place.data, editor.style.quote)[1:-1])]
    lines = block(place.data, key_column(editor.text, mapping), editor.style)
    new = editor.style.newline.join(lines).lstrip(" ")
    return [(start, place.node.end, new)]


def _places(  # noqa: PLR0917 - as those of _place
    node: Node, type_: Type, before: Any, after: Any, document: str, steps: tuple[Step, ...]
) -> Iterator[AliasPlace]:
    """Yield the places of aliases below a node that is no alias itself."""
    if type_.name in FORMS:
        before, after, type_ = plain_data(type_, before), plain_data(type_, after), ANY
    if isinstance(after, AnyKeys):
        before, after = plain_data(ANY, before), plain_data(ANY, after)
    if isinstance(node, Mapping) and isinstance(after, dict):
        for key, child in node.values.items():
            if key == MERGE_KEY and is_merge_key(node.keys[key]):
                brought = {name: each for name, each in after.items() if isinstance(name, str) and name not in node.values}
                data = {name: plain_data(_inner(type_, name), each) for name, each in brought.items()}
                yield AliasPlace(child, node, key, data, document, (*steps, key))
            elif key in after or not _is_free(type_):
                old = before.get(key) if isinstance(before, dict) else None
                yield from _place(child, node, key, _inner(type_, key), old, after.get(key), document, (*steps, key))
    elif isinstance(node, SequenceNode) and isinstance(after, list) and isinstance(before, list) and len(before) == len(node.items):
        inner = ANY if _is_free(type_) else type_.inside
        same = {old: new for new, old in unchanged(after, align(inner, before, after)).items()}
        for index, child in enumerate(node.items):
            if index in same:
                yield from _place(child, node, index, inner, before[index], after[same[index]], document, (*steps, index))


def _place(  # noqa: PLR0917 - one level of a walk, of which all this is the state
    child: Node,
    parent: Mapping | SequenceNode,
    key: str | int,
    type_: Type,
    before: Any,
    after: Any,
    document: str,
    steps: tuple[Step, ...],
) -> Iterator[AliasPlace]:
    if not isinstance(child, Alias):
        yield from _places(child, type_, before, after, document, steps)
    elif alike(type_, before, after):  # otherwise it is a change of its own
        yield AliasPlace(child, parent, key, plain_data(type_, after), document, steps)


def _inner(type_: Type, key: str) -> Type:
    if _is_free(type_):
        return ANY
    if type_.shape == "struct":
        return type_.fields[key].type if key in type_.fields else ANY
    return type_.inside


def _is_free(type_: Type) -> bool:
    return type_.free or type_.shape == "any"
