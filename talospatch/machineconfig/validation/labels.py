"""Labels, annotations and taints of a node. Source: the machinery's labels/validate.go, which follows Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.validation import texts
from talospatch.machineconfig.validation.rule import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
# Annotations in which Talos remembers what it owns. Source: constants.AnnotationOwned*.
_RESERVED = frozenset(f"talos.dev/owned-{what}" for what in ("labels", "annotations", "taints"))
_LARGEST = 256 * 1024


def label_problems(labels: Place) -> Iterator[Broken]:
    """Yield what is wrong with a map of labels."""
    for key, value in labels.entries():
        yield from _key_problems(key, value)
        if problem := texts.label_value(value.text):
            yield Broken(value, f"value {value.text[:80]!r} of label {key[:80]!r} {problem}")


def annotation_problems(annotations: Place) -> Iterator[Broken]:
    """Yield what is wrong with a map of annotations."""
    size = 0
    for key, value in annotations.entries():
        yield from _key_problems(key, value)
        if key in _RESERVED:
            yield Broken(value, f"annotation {key!r} is Talos's own")
        size += len(key.encode()) + len(value.text.encode("utf-8", "surrogateescape"))
    if size > _LARGEST:
        yield Broken(annotations, f"is {size} bytes together; {_LARGEST} are allowed")


def taint_problems(taints: Place) -> Iterator[Broken]:
    """Yield what is wrong with a map of taints, whose values are ``effect`` or ``value:effect``."""
    for key, taint in taints.entries():
        yield from _key_problems(key, taint)
        value, colon, effect = taint.text.partition(":")
        if not colon:
            value, effect = "", value
        if effect not in _EFFECTS:
            yield Broken(taint, f"taint effect {effect[:40]!r} is not known", f"one of {', '.join(_EFFECTS)}")
        elif problem := texts.label_value(value):
            yield Broken(taint, f"value {value[:80]!r} of taint {key[:80]!r} {problem}")


def _key_problems(key: str, place: Place) -> Iterator[Broken]:
    if problem := texts.qualified_name(key):
        yield Broken(place, f"{key[:80]!r} {problem}")
