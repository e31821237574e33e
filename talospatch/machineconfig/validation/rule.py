"""What a rule is: a row of a table that says for which kinds and minors it holds, and how a value breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from talospatch.machineconfig.typed.dialect import dialect_of
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.documents import Document
    from talospatch.machineconfig.validation.place import Place

LATER = "99.0"


class Broken(NamedTuple):
    """One way in which a value breaks a rule: where, why, and what to do about it."""

    place: Place
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """What a rule may look at.

    Attributes:
        minor: the Talos minor, as ``1.13``.
        mode: where Talos runs: ``metal``, ``cloud`` or ``container``.
        main: the root of the main document; None when there is none.
        documents: all documents with the place of their root, the main one left out.
    """

    minor: str
    mode: str
    main: Place | None
    documents: tuple[tuple[Document, Place], ...]

    def of_kind(self, kind: str) -> Iterator[Place]:
        """Yield the roots of all documents of a kind."""
        return (place for document, place in self.documents if document.kind.name == kind)

    @property
    def machine_type(self) -> str:
        """``init``, ``controlplane``, ``worker`` or ``unknown``; without a main document ``unknown``."""
        return MACHINE_TYPES.get(self.main["machine.type"].text, "unknown") if self.main is not None else "unknown"

    @property
    def loose_url_ports(self) -> bool:
        """How strictly a URL's host is read; see :class:`talospatch.machineconfig.typed.dialect.Dialect`."""
        return dialect_of(self.minor).loose_url_ports

    @property
    def is_control_plane(self) -> bool:
        """Whether the node runs the control plane."""
        return self.machine_type in {"init", "controlplane"}


# Source: machine.ParseType; join is the old name of a worker.
MACHINE_TYPES = {"init": "init", "controlplane": "controlplane", "worker": "worker", "join": "worker", "": "worker"}

Check = Callable[["Place", Config], Iterable[Broken]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A row.

    Attributes:
        code: the stable word of its findings.
        kinds: kinds of documents whose root it looks at; ``v1alpha1`` is the main one.
        check: yields how the rule is broken.
        since: the first minor that has it.
        before: the first minor that has it no longer.
        severity: of its findings; a WARNING is what Talos says and accepts.
    """

    code: str
    kinds: tuple[str, ...]
    check: Check = field(repr=False)
    since: str = "1.11"
    before: str = LATER
    severity: Severity = Severity.ERROR

    def holds_for(self, minor: str) -> bool:
        """Whether a minor has the rule."""
        return _key(self.since) <= _key(minor) < _key(self.before)


def _key(minor: str) -> tuple[int, ...]:
    return tuple(int(part) for part in minor.split("."))


def at_least(minor: str, other: str) -> bool:
    """Whether a minor is another one or a later one."""
    return _key(minor) >= _key(other)


def required(path: str, what: str) -> Check:
    """Return the check that something is there and not empty."""

    def check(root: Place, _: Config) -> Iterator[Broken]:
        if not root[path].filled:
            yield Broken(root[path], f"{what} is required")

    return check


def not_negative(*paths: str) -> Check:
    """Return the check that numbers and durations are not below zero."""

    def check(root: Place, _: Config) -> Iterator[Broken]:
        for path in paths:
            if root[path].number < 0:
                yield Broken(root[path], "cannot be negative")

    return check


def within(path: str, low: int, high: int) -> Check:
    """Return the check that a number, 0 when absent, lies between two others, both included."""

    def check(root: Place, _: Config) -> Iterator[Broken]:
        if not low <= root[path].number <= high:
            yield Broken(root[path], f"{root[path].number} is not between {low} and {high}")

    return check


def one_of(path: str, words: Iterable[str]) -> Check:
    """Return the check that a text is one of some words."""
    allowed = tuple(words)

    def check(root: Place, _: Config) -> Iterator[Broken]:
        if root[path].text not in allowed:
            known = ", ".join(word for word in allowed if word)
            yield Broken(root[path], f"{root[path].text[:60]!r} may not stand here", f"one of {known}")

    return check


def duration_at_least(path: str, seconds: int) -> Check:
    """Return the check that a duration is absent, 0 or long enough."""

    def check(root: Place, _: Config) -> Iterator[Broken]:
        if root[path].number and root[path].number < seconds * 10**9:
            yield Broken(root[path], f"is shorter than {seconds}s, the least that is allowed")

    return check
