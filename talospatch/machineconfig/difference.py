"""How two configs differ: by meaning, as entries, and by text, as a unified diff. Secrets are marked from the start."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.machineconfig.path import ROOT_DOCUMENT, ConfigPath, Selector, Step
from talospatch.machineconfig.secrets import is_secret_place
from talospatch.machineconfig.showing import Redaction
from talospatch.machineconfig.unified import CONTEXT, unified
from talospatch.machineconfig.values import Data, same
from talospatch.redaction import RUN, Marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.document import Document

# Lists whose elements are known by a key, by the last key of the list's path: what is known of them without their type. A test holds them
# to talospatch.patching.list_keys, which knows the types and has the source. Other lists are compared by position.
LIST_KEYS: dict[str, str] = {
    "files": "path",
    "interfaces": "interface",
    "vlans": "vlanId",
    "extraHostEntries": "ip",
    "modules": "name",
    "inlineManifests": "name",
    "admissionControl": "name",
    "configFiles": "mountPath",
    "rules": "image",
    "disks": "device",
    "partitions": "mountpoint",
    "destinations": "endpoint",
    "extraMounts": "destination",
    "extraVolumes": "mountPath",
    "keys": "slot",
    "peers": "publicKey",
    "seccompProfiles": "name",
}


class EntryKind(StrEnum):
    """What happened at a path."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Entry(NamedTuple):
    """One difference.

    Attributes:
        path: as ``machine.files[path=/etc/x].content`` or ``Kind/name:key``; of a document ``Kind/name:``. Secrets in it are marked.
        kind: what happened there.
        before: the data before, secrets marked; None when added.
        after: the data after, secrets marked; None when removed.
    """

    path: str
    kind: EntryKind
    before: Data
    after: Data

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {"path": self.path, "kind": self.kind.value, "before": self.before, "after": self.after}


class Difference:
    """What differs between two configs.

    Attributes:
        before: the config before.
        after: the config after.
    """

    def __init__(self, before: MachineConfig, after: MachineConfig, *, marks: Marks | None = None) -> None:
        self.before, self.after = before, after
        self._marks = marks or RUN
        self._unified: dict[tuple[tuple[str, str], int], str] = {}

    @property
    def is_empty(self) -> bool:
        """Whether the texts are the same, byte for byte."""
        return self.before.text == self.after.text

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Differences in meaning, in the order of the config after; none when only comments or layout differ."""
        return () if self.is_empty else tuple(_entries(*self._redactions))

    @cached_property
    def key(self) -> str:
        """Equal for differences that say the same, whatever else the configs hold; only within one run of the program."""
        if not self.entries:
            return "\n".join(line for line in self.unified().split("\n") if line.startswith(("+", "-")))
        try:
            return repr([(entry.path, entry.kind.value, _sorted(entry.before), _sorted(entry.after)) for entry in self.entries])
        except RecursionError:
            return self.unified()

    def unified(self, *, redacted: bool = True, names: tuple[str, str] = ("before", "after"), context: int = CONTEXT) -> str:
        """Return a unified diff of the texts; empty when they are the same.

        Args:
            redacted: False shows secrets; for use where no person sees it.
            names: what to call the two in its head.
            context: lines to show around a change.
        """
        if self.is_empty:
            return ""
        if not redacted:
            return unified(self.before.text, self.after.text, names=names, context=context)
        form = (names, context)
        if form not in self._unified:
            shown = (self._redactions[0].text, self._redactions[1].text)
            self._unified[form] = unified(self.before.text, self.after.text, names=names, context=context, shown=shown)
        return self._unified[form]

    @cached_property
    def _redactions(self) -> tuple[Redaction, Redaction]:
        return Redaction(self.before, self._marks), Redaction(self.after, self._marks)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON, secrets marked."""
        return {"entries": [entry.to_dict() for entry in self.entries], "unified": self.unified()}

    def __repr__(self) -> str:
        return f"<Difference of {len(self.entries)} entries>"


def _sorted(data: Data) -> Data:
    """Return data with the keys of its mappings in order.

    Raises:
        RecursionError: it is nested too deep.
    """
    if isinstance(data, dict):
        return {key: _sorted(data[key]) for key in sorted(data)}
    return [_sorted(item) for item in data] if isinstance(data, list) else data


def _entries(before: Redaction, after: Redaction) -> Iterator[Entry]:
    old, new = _by_id(before.config), _by_id(after.config)
    for identity, document in new.items():
        if identity not in old:
            yield Entry(f"{after.said(identity)}:", EntryKind.ADDED, None, after.data(document, ()))
            continue
        was = old[identity]
        sides = _Sides(identity, partial(before.data, was), partial(after.data, document), (before, after))
        yield from _compare(sides, _Pair((), (), (), was.value, document.value))
    for identity, document in old.items():
        if identity not in new:
            yield Entry(f"{before.said(identity)}:", EntryKind.REMOVED, before.data(document, ()), None)


def _by_id(config: MachineConfig) -> dict[str, Document]:
    """Return documents by id; a second one of the same id, which Talos refuses, gets a number."""
    found: dict[str, Document] = {}
    for document in config.documents:
        identity, number = document.id, 2
        while identity in found:
            identity, number = f"{document.id}#{number}", number + 1
        found[identity] = document
    return found


Places = tuple[str | int, ...]


class _Sides(NamedTuple):
    """A document's id, what to show of each side at a place, and what is secret in the two."""

    document: str
    before: Callable[[Places], Data]
    after: Callable[[Places], Data]
    redactions: tuple[Redaction, Redaction]

    def said(self, text: str) -> str:
        """Return a key or a name as it is to be shown: secret where it is so in one of the two."""
        before, after = self.redactions
        return after.said(before.said(text))

    def path(self, steps: tuple[Step, ...]) -> str:
        """Return the path as it is to be shown: what tells an element may be a secret, such as the password in an endpoint."""
        shown = [
            self.said(step) if isinstance(step, str) else step._replace(value=self.said(step.value)) if isinstance(step, Selector) else step
            for step in steps
        ]
        return str(ConfigPath(self.said(self.document), tuple(shown)))

    def is_secret(self, steps: tuple[Step, ...]) -> bool:
        """Whether what stands at a path is secret as a whole: of a type that does not belong there, its keys are too."""
        return is_secret_place(self.document.partition("/")[0].partition("#")[0], steps)

    def entry(self, steps: tuple[Step, ...], old: Places | None, new: Places | None) -> Entry:
        """Return the entry for what stands at a place before, after, or both."""
        kind = EntryKind.ADDED if old is None else EntryKind.REMOVED if new is None else EntryKind.CHANGED
        path = self.path(steps) if steps or self.document != ROOT_DOCUMENT else self.document
        return Entry(path, kind, None if old is None else self.before(old), None if new is None else self.after(new))


class _Pair(NamedTuple):
    """Data before and after at one path, and the place of each: an element may stand at different indexes in the two."""

    steps: tuple[Step, ...]
    old: Places
    new: Places
    before: Data
    after: Data

    def below(self, step: Step, old: str | int, new: str | int) -> _Pair:
        """Return the pair one level down."""
        return _Pair((*self.steps, step), (*self.old, old), (*self.new, new), self.before[old], self.after[new])

    def added(self, sides: _Sides, step: Step, at: str | int) -> Entry:
        """Return the entry for something that only the data after has."""
        return sides.entry((*self.steps, step), None, (*self.new, at))

    def removed(self, sides: _Sides, step: Step, at: str | int) -> Entry:
        """Return the entry for something that only the data before had."""
        return sides.entry((*self.steps, step), (*self.old, at), None)


def _compare(sides: _Sides, whole: _Pair) -> Iterator[Entry]:
    """Walk two data in parallel; never recurses."""
    stack: list[_Pair | Entry] = [whole]
    while stack:
        pair = stack.pop()
        if isinstance(pair, Entry):
            yield pair
            continue
        one, two = pair.before, pair.after
        if one is two or (not isinstance(one, dict | list) and same(one, two)):
            continue
        if isinstance(one, dict | list) and sides.is_secret(pair.steps):
            if not same(one, two):
                yield sides.entry(pair.steps, pair.old, pair.new)
        elif isinstance(one, dict) and isinstance(two, dict):
            stack += reversed(_mappings(sides, pair))
        elif isinstance(one, list) and isinstance(two, list):
            key = _identity(pair.steps, one, two)
            stack += reversed(_positions(sides, pair) if key is None else _keyed(sides, pair, key))
        else:
            yield sides.entry(pair.steps, pair.old, pair.new)


def _mappings(sides: _Sides, pair: _Pair) -> list[_Pair | Entry]:
    before, after = pair.before, pair.after
    found: list[_Pair | Entry] = []
    for key, value in after.items():
        if key not in before:
            found.append(pair.added(sides, key, key))
        elif before[key] is not value:
            found.append(pair.below(key, key, key))
    return found + [pair.removed(sides, key, key) for key in before if key not in after]


def _positions(sides: _Sides, pair: _Pair) -> list[_Pair | Entry]:
    """Compare by position what lies between the equal elements at both ends."""
    one, two = pair.before, pair.after
    if len(one) == len(two):
        return [pair.below(index, index, index) for index in range(len(one))]
    head, shortest = 0, min(len(one), len(two))
    while head < shortest and same(one[head], two[head]):
        head += 1
    tail = 0
    while tail < shortest - head and same(one[-1 - tail], two[-1 - tail]):
        tail += 1
    old, new = range(head, len(one) - tail), range(head, len(two) - tail)
    found: list[_Pair | Entry] = [pair.below(right, left, right) for left, right in zip(old, new, strict=False)]
    found += [pair.added(sides, index, index) for index in new[len(old) :]]
    return found + [pair.removed(sides, index, index) for index in old[len(new) :]]


def _keyed(sides: _Sides, pair: _Pair, key: str) -> list[_Pair | Entry]:
    old = {str(item[key]): index for index, item in enumerate(pair.before)}
    new = {str(item[key]): index for index, item in enumerate(pair.after)}
    found: list[_Pair | Entry] = []
    for value, index in new.items():
        step = Selector(key, value)
        found.append(pair.below(step, old[value], index) if value in old else pair.added(sides, step, index))
    found += [pair.removed(sides, Selector(key, value), index) for value, index in old.items() if value not in new]
    before, after = [value for value in old if value in new], [value for value in new if value in old]
    if before != after:
        orders = (f"order: {', '.join(map(sides.said, order))}" for order in (before, after))
        found.append(Entry(sides.path(pair.steps), EntryKind.CHANGED, *orders))
    return found


def _identity(steps: tuple[Step, ...], one: list[Data], two: list[Data]) -> str | None:
    """Return the key by which the elements of a list are known, or None; it must tell the elements of both apart."""
    name = next((step for step in reversed(steps) if isinstance(step, str)), "")
    for key in (LIST_KEYS.get(name), "name"):
        if key is None:
            continue
        if all(
            all(isinstance(item, dict) and isinstance(item.get(key), str | int) for item in items)
            and len({str(item[key]) for item in items}) == len(items)
            for items in (one, two)
        ):
            return key
    return None
