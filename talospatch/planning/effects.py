"""What applying a difference does to a node of a given version and role, by the rows of :mod:`talospatch.planning.effect_table`.

It stands in ``planning`` and not beside the difference, because it is about a node, not about two texts: the same difference reboots one
version and restarts containerd on another. It is pure, so that offline commands ask it, too.

Up to 1.13 it is known of every field whether it reboots the node: Talos compares the main documents, a list of fields left out. From
v1.14.0-alpha.2 on nothing that is applied reboots. What a field does beside that is said where Talos's sources say it; else it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.errors import ConfigError
from talospatch.machineconfig.path import ROOT_DOCUMENT, ConfigPath, Selector, Step
from talospatch.planning.effect_table.row import DROPIN_PATH, WILDCARD, Effect, Row
from talospatch.talos.machine_type import MachineType
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.difference import Difference, Entry

__all__ = [
    "EFFECT_SENTENCES",
    "Consequence",
    "Effect",
    "consequences",
    "effects_between",
    "gravest",
    "sentences",
]

EFFECT_SENTENCES: dict[Effect, str] = {
    Effect.NOTHING: "nothing to change",
    Effect.AT_INSTALL: "read only when Talos is installed",
    Effect.LIVE: "applied while running",
    Effect.NO_REBOOT: "no reboot; what else it does is unknown",
    Effect.CRI_RESTART: "containerd restarts, pods keep running, no reboot",
    Effect.NEXT_BOOT: "accepted now, in effect only after the next reboot",
    Effect.REBOOT: "the node reboots, without a drain",
    Effect.UNKNOWN: "unknown until the node is asked",
}
WITHOUT_EFFECT = "changes nothing on the node"
ON_CONTROL_PLANES = "only control-plane nodes use it"
_MOST_PATHS = 3
_DROPIN = Selector("path", DROPIN_PATH)
_IDENTITY = frozenset({"apiVersion", "kind", "name"})


class Consequence(NamedTuple):
    """One thing that happens on a node, and what makes it happen.

    Attributes:
        effect: what happens. LIVE with ``restarts`` means that these restart and nothing else.
        restarts: services and static pods that restart, by Talos's names.
        paths: what does it, as the table names it: ``machine.kubelet``, ``LinkConfig``; where no row speaks for it, its first two keys.
        note: what else there is to say; may be empty.
        sources: the files of Talos that say so.
    """

    effect: Effect
    restarts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    note: str = ""
    sources: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What happens, in one sentence without its paths, as ``kubelet restarts``."""
        if self.effect is Effect.LIVE and self.restarts:
            said = f"{_listed(self.restarts)} restart{'s' if len(self.restarts) == 1 else ''}"
        else:
            said = WITHOUT_EFFECT if self.effect is Effect.NOTHING else EFFECT_SENTENCES[self.effect]
        return f"{said}; {self.note}" if self.note else said

    @property
    def full_sentence(self) -> str:
        """What happens and what does it, as ``kubelet restarts (machine.kubelet)``."""
        shown = self.paths if len(self.paths) <= _MOST_PATHS + 1 else (*self.paths[:_MOST_PATHS], f"{len(self.paths) - _MOST_PATHS} more")
        said, separator, note = self.sentence.partition("; ") if self.note else (self.sentence, "", "")
        return f"{said} ({', '.join(shown)}){separator}{note}" if shown else self.sentence

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as for JSON."""
        return {
            "effect": self.effect.value,
            "restarts": list(self.restarts),
            "paths": list(self.paths),
            "note": self.note,
            "sources": list(self.sources),
            "sentence": self.sentence,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Consequence:
        """Read what :meth:`to_dict` gave."""
        return cls(Effect(data["effect"]), tuple(data["restarts"]), tuple(data["paths"]), data["note"], tuple(data["sources"]))


def effects_between(before: MachineConfig, after: MachineConfig, difference: Difference, talos: TalosVersion) -> tuple[Consequence, ...]:
    """Return what going from one config to another does to a node, the gravest first; empty when both mean the same.

    Args:
        before: the config that the node has.
        after: the config that it gets; it says whether the node is a worker.
        difference: between the two.
        talos: the node's version.
    """
    only_dropin = _other_files(before) == _other_files(after)
    changed = [_Changed(_parsed(entry.path, only_dropin=only_dropin), _came_or_went(entry)) for entry in difference.entries]
    return _merged(_found(changed, talos, MachineType.parse(str(after.get("machine.type", "")))))


def consequences(
    paths: Iterable[str], talos: TalosVersion, *, machine_type: MachineType = MachineType.UNKNOWN, only_dropin: bool = False
) -> tuple[Consequence, ...]:
    """Return what a change at some paths does to a node, the gravest first.

    Args:
        paths: as ``machine.files[1].content`` in the main document and ``CRICustomizationConfig/name:content`` in others.
        talos: the node's version.
        machine_type: the node's role; UNKNOWN takes everything that may happen.
        only_dropin: whether every changed path below ``machine.files`` belongs to the containerd drop-in's own entry.
    """
    return _merged(_found([_Changed(_parsed(path, only_dropin=only_dropin), None) for path in paths], talos, machine_type))


def gravest(found: Iterable[Consequence]) -> Effect:
    """Return the gravest effect; NOTHING when there is none."""
    return max((each.effect for each in found), key=list(Effect).index, default=Effect.NOTHING)


def sentences(found: tuple[Consequence, ...], effect: Effect = Effect.UNKNOWN) -> list[str]:
    """Return what to say of a difference, a sentence each; where there is one, everything in the difference does it and needs no naming.

    Args:
        found: its consequences.
        effect: what is said where they are not known.
    """
    if not found:
        return [EFFECT_SENTENCES[effect]]
    return [found[0].sentence] if len(found) == 1 else [each.full_sentence for each in found]


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


class _Place(NamedTuple):
    """A path as the table knows it: a kind, empty for the main document, and keys; where elements of lists stand does not count."""

    text: str
    kind: str
    steps: tuple[Step, ...]


class _Changed(NamedTuple):
    """A place, and the data that came or went there; None where it is not known, an empty text where it was null."""

    place: _Place
    data: Any


class _Branch(NamedTuple):
    """Rows that speak for a path, and the branches below it."""

    rows: list[Row]
    below: dict[Step, _Branch]

    def child(self, step: Step) -> _Branch | None:
        """Return the branch of a key."""
        return self.below.get(step) or self.below.get(WILDCARD)


@lru_cache(maxsize=16)
def _table(talos: TalosVersion) -> _Branch:
    """Return the rows that hold for a version, by their paths."""
    from talospatch.planning.effect_table import documents, main_document

    root = _Branch([], {})
    for row in (*main_document.ROWS, *documents.ROWS):
        if (row.since is None or talos.can(row.since)) and not (row.until is not None and talos.can(row.until)):
            place = _parsed(row.path)
            branch = root
            for step in (place.kind, *place.steps):
                branch = branch.below.setdefault(step, _Branch([], {}))
            branch.rows.append(row)
    return root


@lru_cache(maxsize=1)
def _immediate() -> frozenset[tuple[Step, ...]]:
    from talospatch.planning.effect_table.main_document import IMMEDIATE

    return frozenset(_parsed(path).steps for path in IMMEDIATE)


def _parsed(text: str, *, only_dropin: bool = False) -> _Place:
    """Read a path: kinds of documents begin with a capital, keys of the main one do not."""
    kind, steps = "", tuple[Step, ...]()
    if text[:1].isupper():
        kind = text.partition(":")[0].partition("/")[0]
    try:
        steps = ConfigPath.parse(text).steps if not kind or ":" in text else ()
    except ConfigError:  # the id of a document that no path can name
        steps = ()
    if steps[:2] == ("machine", "files") and only_dropin:
        steps = ("machine", "files", _DROPIN)
    kept = tuple(step for step in steps if isinstance(step, str) or step == _DROPIN)
    return _Place(text, kind, () if kept == (ROOT_DOCUMENT,) else kept)


def _came_or_went(entry: Entry) -> Any:
    """Return the data that came or went where nothing was or is on the other side, an empty text standing for null; else None."""
    before, after = ("" if side is None else side for side in (entry.before, entry.after))
    if before not in ("", []) and after not in ("", []):
        return None
    return after if before in ("", []) else before


def _found(changed: Iterable[_Changed], talos: TalosVersion, machine_type: MachineType) -> Iterator[Consequence]:
    table = _table(talos)
    for each in changed:
        place = each.place
        live = bool(place.kind) or talos.can(Fact.NO_REBOOT_MODE) or _taken_live(place.steps)
        # To Talos an empty text is as good as none; no field for a text is a pointer. An empty list is none too, but compares as another.
        if (each.data == "" or (live and each.data == [])) and _at(place, table) is not None:
            continue
        if not live:
            yield _reboot(place)
            continue
        for rows in _rows(each, table):
            if not rows:
                yield Consequence(Effect.NO_REBOOT, paths=(_short(place),))
                continue
            for row in rows:
                if not row.control_plane or machine_type is not MachineType.WORKER:
                    yield Consequence(row.effect, row.restarts, (row.path,), row.note, (row.source,))
            if all(row.control_plane for row in rows) and machine_type is MachineType.WORKER:
                yield Consequence(Effect.NOTHING, (), (rows[0].path,), ON_CONTROL_PLANES, (rows[0].source,))


def _taken_live(steps: tuple[Step, ...]) -> bool:
    """Whether Talos up to 1.13 takes a difference at this place of the main document without a reboot."""
    return any(steps[:length] in _immediate() for length in range(1, len(steps) + 1))


def _reboot(place: _Place) -> Consequence:
    from talospatch.planning.effect_table.main_document import IMMEDIATE_SOURCE

    return Consequence(Effect.REBOOT, (), (_short(place),), "", (IMMEDIATE_SOURCE,))


def _short(place: _Place) -> str:
    """Return what to call a place of which no row speaks."""
    if place.kind:
        return f"{place.kind}:{place.steps[0]}" if place.steps and isinstance(place.steps[0], str) else place.kind
    return ".".join(step for step in place.steps[:2] if isinstance(step, str)) or ROOT_DOCUMENT


def _at(place: _Place, table: _Branch) -> _Branch | None:
    """Return the branch of a place that the table knows itself, not only something above it."""
    branch = table.below.get(place.kind)
    for step in place.steps:
        branch = branch.child(step) if branch is not None else None
    return branch


def _rows(changed: _Changed, table: _Branch) -> Iterator[tuple[Row, ...]]:
    """Yield the rows that speak for each part of what changed; none where none does."""
    place, branch = changed.place, table.below.get(changed.place.kind)
    found: tuple[Row, ...] = ()
    for step in place.steps:
        if branch is None:
            break
        found = _changing(branch) or found
        branch = branch.child(step)
    if branch is None:
        yield found
        return
    whole = tuple(row for row in branch.rows if row.whole) if place.kind and not place.steps else ()
    yield from [whole] if whole else dict.fromkeys(_inside(branch, changed.data, found))


def _inside(branch: _Branch, data: Any, found: tuple[Row, ...]) -> Iterator[tuple[Row, ...]]:
    """Yield the rows for each part of the data at a branch; never deeper than the table."""
    found = _changing(branch) or found
    parts = _parts(branch, data)
    if parts:
        for child, value in parts:
            if child is None:
                yield found
            else:
                yield from _inside(child, value, found)
    elif found:
        yield found
    else:  # above the rows, and what is below is not known
        below = [rows for child in branch.below.values() for rows in _inside(child, None, ())]
        yield from below or [()]


def _parts(branch: _Branch, data: Any) -> list[tuple[_Branch | None, Any]]:
    if not branch.below:
        return []
    if isinstance(data, dict):
        return [(branch.child(key), value) for key, value in data.items() if key not in _IDENTITY]
    if isinstance(data, list):
        selectors = [step for step in branch.below if isinstance(step, Selector)]
        if selectors:
            return [(_element(branch, selectors, item), None) for item in data]
    return []


def _element(branch: _Branch, selectors: list[Selector], item: Any) -> _Branch | None:
    chosen = (step for step in selectors if isinstance(item, dict) and item.get(step.key) == step.value)
    return next((branch.below[step] for step in chosen), None)


def _changing(branch: _Branch) -> tuple[Row, ...]:
    return tuple(row for row in branch.rows if not row.whole)


def _merged(found: Iterable[Consequence]) -> tuple[Consequence, ...]:
    """Return each thing that happens once, the gravest first. A reboot brings everything into effect, so beside it nothing is said."""
    merged: dict[tuple[Effect, tuple[str, ...], str], Consequence] = {}
    for each in found:
        key = (each.effect, each.restarts, each.note)
        known = merged.get(key, Consequence(each.effect, each.restarts, note=each.note))
        paths, sources = dict.fromkeys((*known.paths, *each.paths)), dict.fromkeys((*known.sources, *each.sources))
        merged[key] = known._replace(paths=tuple(paths), sources=tuple(sources))
    reboots = [each for each in merged.values() if each.effect is Effect.REBOOT]
    gravity = list(Effect)
    return tuple(reboots or sorted(merged.values(), key=lambda each: -gravity.index(each.effect)))


def _other_files(config: MachineConfig) -> list[Any]:
    """Return the entries of ``machine.files`` beside the drop-in's."""
    document = config.document(ROOT_DOCUMENT)
    machine = document.value.get("machine") if document is not None else None
    files = machine.get("files", []) if isinstance(machine, dict) else []
    if not isinstance(files, list):
        return [files]
    return [entry for entry in files if not (isinstance(entry, dict) and entry.get("path") == DROPIN_PATH)]
