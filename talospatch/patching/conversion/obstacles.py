"""What a move must not touch: fields that no table knows, and keys that a patch would take for an instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.path import ROOT_DOCUMENT, ConfigPath, Selector
from talospatch.machineconfig.typed.schema import UNKNOWN
from talospatch.patching.conversion.rule import not_expressible, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talospatch.machineconfig.typed.documents import Document
    from talospatch.machineconfig.typed.schema import Schema, Type
    from talospatch.patching.conversion.rule import Move, Rule, Steps
    from talospatch.patching.conversion.view import View
    from talospatch.talos.finding import Finding

INSTRUCTION = "$patch"
_NULL = "holds null"


def obstacle(move: Move, view: View, documents: Sequence[Document], schema: Schema) -> str:
    """Return why a move cannot be made of these documents, or the empty text.

    Args:
        move: the move.
        view: the documents as rules see them.
        documents: as they are before.
        schema: the types of the Talos that reads them. What they lack has been passed through until now, and would be lost.
    """
    if INSTRUCTION in {step for steps in move.gone for step in steps} or any(map(_instructs, (*move.documents, move.main))):
        return f"a key is called {INSTRUCTION}, which a patch takes for an instruction"
    gone = [_found(steps, view) for steps in move.gone]
    removed = {identity.id for identity in move.removed}
    cut = {(identity.id, key) for identity, key in move.cut}
    for document in documents:
        for steps in unknown_fields(document, schema):
            if document.kind.name == ROOT_DOCUMENT:
                touched = any(steps[: len(place)] == place for place in gone)
            else:
                touched = document.id in removed or (document.id, steps[0]) in cut
            if touched:
                return f"{ConfigPath(document.id, steps)} is not known, so neither is where it would belong"
    return ""


def broken(rule: Rule, view: View) -> Finding | None:
    """Return why there is nothing that a rule could understand: a document without its name, or null in a list, as up to 1.13 it may be."""
    for kind in rule.kinds:
        if view.is_named(kind) and "" in view.names(kind):
            return not_expressible((), "has no name", "give it one", document=kind)
        for identity, document in zip(view.identities(kind), view.of_kind(kind), strict=True):
            for key, value in document.items():
                if _has_null(value):
                    return not_expressible((key,), _NULL, "take it out", document=identity.id)
    for path in rule.legacy:
        plain = path.partition("[")[0].partition(".*")[0]
        if _has_null(view.get(plain)):
            return not_expressible(place(plain), _NULL, "take it out")
    return None


def _has_null(value: Any) -> bool:
    return isinstance(value, list) and None in value


def unknown_fields(document: Document, schema: Schema) -> Iterator[Steps]:
    """Yield the places of fields that a document has and its kind lacks; nothing for a kind that is unknown as a whole."""
    known = schema.kind(document.kind.name)
    if known is not None and document.type.name != UNKNOWN:
        yield from _unknown(document.type, known.type, document.value, ())


def _unknown(read: Type, known: Type, value: Any, steps: Steps) -> Iterator[Steps]:
    """Compare the type that a value was read by with the one of the tables; it is the same one unless fields were added to it."""
    if read is known or value is None:
        return
    if read.shape == "struct":
        for key, each in value.items():
            if key in known.fields:
                yield from _unknown(read.fields[key].type, known.fields[key].type, each, (*steps, key))
            else:
                yield (*steps, key)
    elif read.shape in {"list", "map"}:
        for key, each in value.items() if read.shape == "map" else enumerate(value):
            yield from _unknown(read.inside, known.inside, each, (*steps, key))


def _found(steps: Steps, view: View) -> Steps:
    """Return a place of the main document with positions in place of selectors."""
    found: Steps = ()
    value: Any = view.main
    for step in steps:
        if isinstance(step, Selector):
            matching = (index for index, each in enumerate(value) if isinstance(each, dict) and str(each.get(step.key)) == step.value)
            step = next(matching, step)  # noqa: PLW2901 - the same step, by its position
        found = (*found, step)
        if isinstance(step, Selector):
            break  # it has no such key: there is nothing below that we would know
        value = value[step]
    return found


def _instructs(data: Any) -> bool:
    if isinstance(data, dict):
        return INSTRUCTION in data or any(map(_instructs, data.values()))
    return isinstance(data, list) and any(map(_instructs, data))
