"""From moves to one patch: a strategic merge patch that talosctl takes as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.path import Selector
from talospatch.patching.conversion.nested import merged
from talospatch.patching.conversion.rule import Identity
from talospatch.patching.emit import Style, block

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from talospatch.patching.conversion.rule import Move, Steps
    from talospatch.patching.conversion.view import View

Data = Any
DELETE = {"$patch": "delete"}
API_VERSION = "v1alpha1"
_KEPT = 1  # machine: and cluster: themselves stay, even with nothing in them


def patch_of(moves: Sequence[Move], view: View) -> str:
    """Return the text of the patch that makes all moves at once.

    Args:
        moves: in the order of making them.
        view: the config before the first of them.
    """
    added: dict[str, Data] = {}
    for move in moves:
        if move.main is not None:
            added = merged(added, move.main)
    gone = _pruned(dict.fromkeys(steps for move in moves for steps in move.gone), view, added)
    main = merged(_deletes(gone), added)
    documents: dict[Identity, dict[str, Data]] = {}
    for move in moves:
        for identity, key in move.cut:
            documents[identity] = merged(documents.get(identity, {}), {key: DELETE})
        for identity in move.removed:
            documents[identity] = DELETE
        for document in move.documents:
            identity = Identity.of(document)
            values = {key: value for key, value in document.items() if key not in {"kind", "name"}}
            documents[identity] = merged(documents.get(identity, {}), values)
    parts = [main] if main else []
    parts += [_headed(identity, values) for identity, values in documents.items()]
    return "---\n".join("\n".join(block(part, 0, Style())) + "\n" for part in parts)


def _headed(identity: Identity, values: dict[str, Data]) -> dict[str, Data]:
    name = {"name": identity.name} if identity.name else {}
    return {"apiVersion": API_VERSION, "kind": identity.kind, **name, **values}


def _deletes(places: Iterable[Steps]) -> dict[str, Data]:
    """Return the mapping that deletes what stands at some places of the main document."""
    root: dict[str, Data] = {}
    for steps in places:
        value: Data = DELETE
        for step in reversed(steps):
            value = [{step.key: step.value, **DELETE}] if isinstance(step, Selector) else {str(step): value}
        root = merged(root, value)
    return root


def _pruned(places: Iterable[Steps], view: View, added: dict[str, Data]) -> list[Steps]:
    """Return the places to delete: where nothing else is left of a mapping or list, and nothing comes, that one instead of all in it."""
    found = list(places)
    while True:
        parents: dict[Steps, int] = {}
        for steps in found:
            parents[steps[:-1]] = parents.get(steps[:-1], 0) + 1
        emptied = {
            parent
            for parent, count in parents.items()
            if len(parent) > _KEPT and count == _size(_at(view.main, parent)) and _at(added, parent) is None
        }
        if not emptied:
            return [steps for steps in found if not any(steps[:length] in found for length in range(1, len(steps)))]
        found = list(dict.fromkeys(steps[:-1] if steps[:-1] in emptied else steps for steps in found))


def _at(value: Data, steps: Steps) -> Data:
    for step in steps:
        if isinstance(step, Selector):
            matching = (each for each in value or () if isinstance(each, dict) and str(each.get(step.key)) == step.value)
            value = next(matching, None)
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _size(value: Data) -> int:
    return len(value) if isinstance(value, dict | list) else 0
