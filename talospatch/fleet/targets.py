"""Which nodes are meant: a value, before anything is known of the cluster."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from talospatch.errors import InputError, RefusedError
from talospatch.talos.machine_type import MachineType


@dataclass(frozen=True, slots=True)
class Targets:
    """A choice of nodes. Choices are joined by ``|`` and narrowed by :meth:`filter`.

    Attributes:
        types: every node of these types; all three are every node, those of unknown type included.
        names: addresses or host names, as given; these very nodes, whatever their type.
        pattern: regular expression that host name or address must match somewhere; empty matches all.
    """

    types: frozenset[MachineType] = frozenset()
    names: tuple[str, ...] = ()
    pattern: str = ""

    def filter(self, pattern: str) -> Targets:
        """Return the nodes of these whose host name or address matches, anywhere in it; replaces an earlier filter.

        Raises:
            InputError: the pattern is not a regular expression.
        """
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            problem = str(error)
        else:
            return replace(self, pattern=pattern)
        raise InputError(f"{pattern[:80]!r} is not a regular expression: {problem}")

    def matches(self, *texts: str) -> bool:
        """Whether any of a node's names and addresses matches the pattern."""
        return not self.pattern or any(re.search(self.pattern, text) for text in texts if text)

    @property
    def label(self) -> str:
        """What was asked for, in words, as ``workers``."""
        groups = "all nodes" if self.types == _EVERY else " and ".join(word for kind, word in _WORDS.items() if kind in self.types)
        parts = [part for part in (groups, ", ".join(self.names)) if part]
        return " and ".join(parts) + (f" matching {self.pattern}" if self.pattern else "")

    def __or__(self, other: Targets) -> Targets:
        """Join two choices.

        Raises:
            InputError: they have different filters.
        """
        if self.pattern != other.pattern:
            raise InputError("choices of nodes with different filters cannot be joined", hint="filter the joined choice")
        return Targets(self.types | other.types, tuple(dict.fromkeys((*self.names, *other.names))), self.pattern)


_WORDS = {MachineType.WORKER: "workers", MachineType.CONTROL_PLANE: "control-plane nodes"}
_EVERY = frozenset(MachineType)


def workers() -> Targets:
    """Return every worker."""
    return Targets(types=frozenset({MachineType.WORKER}))


def control_planes() -> Targets:
    """Return every control-plane node."""
    return Targets(types=frozenset({MachineType.CONTROL_PLANE}))


def all_nodes() -> Targets:
    """Return every node."""
    return Targets(types=_EVERY)


def nodes(*names: str) -> Targets:
    """Return these nodes, by address or host name.

    Raises:
        InputError: one of them is empty, or has a port.
    """
    for name in names:
        if not name.strip():
            raise InputError("a node's name is empty")
        if re.fullmatch(r"[^:]+:\d+|\[.*\].*|.*://.*|.*\s.*", name):
            raise InputError(
                f"{name[:80]!r} does not name a node", hint="give its address or host name alone, without a port; IPv6 without brackets"
            )
    return Targets(names=tuple(dict.fromkeys(names)))


def as_targets(chosen: Targets | Sequence[str] | str | None) -> Targets:
    """Return a choice in any of the forms that the cluster's verbs take.

    Raises:
        RefusedError: ``no-target``; nothing was chosen, and nothing is ever chosen by default.
        InputError: a name cannot be one.
    """
    if isinstance(chosen, str):
        chosen = nodes(chosen)
    elif chosen is not None and not isinstance(chosen, Targets):
        chosen = nodes(*chosen)
    if chosen is None or not (chosen.types or chosen.names):
        raise RefusedError("no-target", "no nodes were named: say workers, control-plane nodes, all nodes, or name them one by one")
    return chosen
