"""Lists whose elements the merge finds by a key, instead of appending. All other lists append.

Source: the Merge methods of these types; the same in every minor that has them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from talospatch.machineconfig.typed.misfit import Misfit

Element = dict[str, Any]
Merge = Callable[[Element, Element], Element]
KeyedMerge = Callable[[list[Any], list[Any], Merge], list[Any]]


def _by(key: str, zero: object) -> KeyedMerge:
    """Merge into the first element with the same key; the key's zero value is a key like others."""

    def merge(left: list[Any], right: list[Any], elements: Merge) -> list[Any]:
        out = list(left)
        for new in right:
            for index, old in enumerate(out):  # the reference looks into both, and crashes on null
                _refuse_null(old)
                _refuse_null(new)
                if old.get(key, zero) == new.get(key, zero):
                    out[index] = elements(old, new)
                    break
            else:
                out.append(new)
        return out

    return merge


def _devices(left: list[Any], right: list[Any], elements: Merge) -> list[Any]:
    """Merge network interfaces: by name, or by an equal selector where no name is given.

    Selectors are compared as Go compares structs: two that say ``physical``, a pointer, are never equal.
    """
    out = list(left)
    for new in right:
        _refuse_null(new)
        name, selector = new.get("interface"), new.get("deviceSelector")
        found = None
        if name:
            found = _first(out, "interface", name)
        elif selector is not None and "physical" not in selector:
            found = _first(out, "deviceSelector", selector)
        elif selector is not None:
            for old in out:  # the reference compares with each
                _refuse_null(old)
        if found is None:
            out.append(new)
        else:
            out[found] = elements(out[found], new)
    return out


def _first(values: list[Any], key: str, wanted: object) -> int | None:
    """Return the place of the first element with a value at a key."""
    for index, value in enumerate(values):
        _refuse_null(value)
        if value.get(key) == wanted:
            return index
    return None


def _rules(left: list[Any], right: list[Any], _: Merge) -> list[Any]:
    """Replace image verification rules by image: the last of several at the left; new ones are not found again."""
    out = list(left)
    places = {rule.get("image", ""): index for index, rule in enumerate(out)}
    for rule in right:
        index = places.get(rule.get("image", ""))
        if index is None:
            out.append(rule)
        else:
            out[index] = rule
    return out


def _refuse_null(value: Element | None) -> None:
    if value is None:
        raise Misfit("null in this list crashes the reference", "take it out")


KEYED: dict[str, KeyedMerge] = {
    "v1alpha1.NetworkDeviceList": _devices,
    "v1alpha1.VlanList": _by("vlanId", 0),
    "v1alpha1.AdmissionPluginConfigList": _by("name", ""),
    "extensions.ConfigFileList": _by("mountPath", ""),
    "security.ImageVerificationRules": _rules,
}
