"""Conversions of mappings of texts, whose documents win key by key: kernel parameters and the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.patching.conversion.nested import nest
from talospatch.patching.conversion.rule import DOCUMENT_COUNTS, NOTHING, Move, Rule, both_set, not_expressible, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from talospatch.patching.conversion.view import View
    from talospatch.talos.finding import Finding


def _forward(path: str, kind: str, key: str) -> Callable[[View], Move]:
    def move(view: View) -> Move:
        there = (view.the(kind) or {}).get(key) or {}
        parts: list[Move] = []
        findings: list[Finding] = []
        for name, value in view.mapping(path).items():
            where = (*place(path), name)
            if name not in there:
                parts.append(Move((where,), ({"kind": kind, key: {name: value}},)))
            elif there[name] == value:
                parts.append(Move((where,)))
            else:
                findings.append(both_set(where, kind, effective=DOCUMENT_COUNTS))
        return Move.of(parts, findings)

    return move


def _back(path: str, kind: str, key: str) -> Callable[[View], Move]:
    def move(view: View) -> Move:
        document = view.the(kind)
        if document is None:
            return NOTHING
        values, legacy = document.get(key) or {}, view.mapping(path)
        emptied = [name for name, value in values.items() if not value and legacy.get(name)]
        if emptied:
            why = f"is empty and overrides {path}, which no patch can set to nothing"
            hint = f"take the key out of {path}, then convert"
            return Move(findings=tuple(not_expressible((key, name), why, hint, document=kind) for name in emptied))
        return Move(main=nest(path, values) if values else None, removed=view.identities(kind))

    return move


_CLASH = "a key that the document has too, with another value: the document's is in effect, and the other is dead"
_MERGED = "Talos merges both mappings, the document's keys last; with no key in both it makes no difference where one stands"
_SYSCTLS, _SYSFS, _ENV = "machine.sysctls", "machine.sysfs", "machine.env"
RULES = (
    Rule(
        "sysctls",
        "kernel parameters (sysctl)",
        (_SYSCTLS,),
        ("SysctlConfig",),
        "1.14.0-alpha.2",
        _forward(_SYSCTLS, "SysctlConfig", "params"),
        _back(_SYSCTLS, "SysctlConfig", "params"),
        _MERGED,
        "container.SysctlConfig, config.WrapSysctlConfigList, runtime/kernel_param_config.go",
        _CLASH,
    ),
    Rule(
        "sysfs",
        "kernel parameters (sysfs)",
        (_SYSFS,),
        ("SysfsConfig",),
        "1.14.0-alpha.2",
        _forward(_SYSFS, "SysfsConfig", "params"),
        _back(_SYSFS, "SysfsConfig", "params"),
        _MERGED,
        "container.SysfsConfig, config.WrapSysfsConfigList, runtime/kernel_param_config.go",
        _CLASH,
    ),
    Rule(
        "environment",
        "environment of Talos's services",
        (_ENV,),
        ("EnvironmentConfig",),
        "1.13.0-alpha.1",
        _forward(_ENV, "EnvironmentConfig", "variables"),
        _back(_ENV, "EnvironmentConfig", "variables"),
        "every service gets the variables of both, the document's last; at boot machined takes both as well",
        "internal/pkg/environment/environment.go, the sequencer's task that sets the environment, runtime/environment.go",
        f"{_CLASH}; what is no name of a variable, which the document refuses",
        "machined itself takes a change of the document at once, one of the field at its next boot",
    ),
)
