"""Putting a containerd fragment into a config, and taking it out again."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.containerd.carriers import Carrier, Holder, Target, decide, effective_metrics, holders
from talospatch.containerd.drop_in import KIND, PART_PATH
from talospatch.containerd.file_entries import entry_findings
from talospatch.containerd.fragment import Fragment, merge, read_content, remove, same
from talospatch.containerd.lint import content_findings
from talospatch.containerd.metrics import METRICS_KEYS, PLACES, Form, Keys, live_forms, to_form, value_at
from talospatch.containerd.proof import CUSTOMIZATION_HEADER, LEGACY_HEADER, ExpectedPart, FragmentProof
from talospatch.containerd.toml_read import leaves
from talospatch.containerd.toml_write import write_tables
from talospatch.errors import ChangeError, FragmentError
from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.patching.patched import Patched
from talospatch.patching.splice import Splicer
from talospatch.talos.finding import Finding, Severity
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.document import Document
    from talospatch.patching.workpiece import Workpiece

FILES = ("machine", "files")
CREATE = "create"  # the one op that every version accepts for this path, at apply and at boot
REMOVAL = "removal"  # carrier code of a proof that something is gone


class FragmentStep(NamedTuple):
    """Set a fragment's values.

    Attributes:
        fragment: the values.
        document: name for a new document, where the user gave one.
        permissions: of a new entry, where the user gave some; Talos ignores them on this path.
    """

    fragment: Fragment
    document: str = ""
    permissions: int | None = None

    def apply(self, piece: Workpiece) -> None:
        """Apply it."""
        piece.replace(self.patched(piece.config, talos=piece.talos, fleet_has_older=piece.fleet_has_older))

    def patched(self, config: MachineConfig, *, talos: TalosVersion, fleet_has_older: bool) -> Patched:
        """Return what it makes of a config."""
        if self.fragment.newer and not talos.can(Fact.TOML_1_1):
            problem = f"uses syntax of TOML 1.1, which Talos {talos} does not read"
            raise FragmentError(problem, source=self.fragment.source, hint="write it as TOML 1.0")
        carrier = decide(config, talos, self.fragment, fleet_has_older=fleet_has_older, name=self.document)
        values = to_form(self.fragment.values, carrier.form)
        content = self._content(carrier, values, talos)
        splicer = Splicer(config)
        entry: dict[str, Any] = {"content": content, "path": PART_PATH, "op": CREATE}
        if self.permissions is not None:
            entry["permissions"] = self.permissions
        findings = [*carrier.findings, *_write(splicer, config, carrier, entry, talos), *entry_findings(config, talos)]
        spliced = splicer.finish()
        path = (
            carrier.holder.content_path
            if carrier.holder
            else f"{KIND}/{carrier.name}:content"
            if carrier.target is Target.NEW_DOCUMENT
            else "machine.files"
        )
        held = holders(spliced.config, talos)
        findings += [
            finding
            for holder in held
            if holder.live and holder.name == carrier.name
            for finding in _content_findings(holder.content, talos, path)
        ]
        if spliced.widened:
            findings.append(_widened(path))
        part = ExpectedPart(part_header(carrier.name, talos), content.encode())
        proof = FragmentProof(carrier.code, (part,), effective_metrics(held, talos), self.fragment.about_metrics, live_forms(talos))
        return Patched(spliced.config, tuple(dict.fromkeys(findings)), proof)

    def _content(self, carrier: Carrier, values: Mapping[Keys, Any], talos: TalosVersion) -> str:
        source = carrier.holder.path if carrier.holder else "new drop-in"
        content = carrier.holder.content if carrier.holder else ""
        if carrier.holder is not None and not talos.can(Fact.LIVE_CRI_CUSTOMIZATION):
            for other in carrier.entries[1:]:
                content = merge(content, leaves(other.data), talos=talos, source=source)
        if carrier.holder is not None and Form.TABLE not in live_forms(talos):
            dead = [PLACES[Form.TABLE][name] for name, keys in PLACES[carrier.form].items() if keys in values]
            content = remove(content, dead, talos=talos, source=source)
        fresh = self.fragment.text if values == self.fragment.values else write_tables(values)
        return merge(content, values, talos=talos, source=source, fresh=fresh)


class FragmentRemoval(NamedTuple):
    """Take a fragment's values out, wherever they are set; what holds nothing afterwards goes as a whole.

    Attributes:
        fragment: the values; what they are on the node does not matter, but another value is said.
    """

    fragment: Fragment

    def apply(self, piece: Workpiece) -> None:
        """Apply it."""
        piece.replace(self.patched(piece.config, talos=piece.talos, fleet_has_older=piece.fleet_has_older))

    def patched(self, config: MachineConfig, *, talos: TalosVersion, fleet_has_older: bool) -> Patched:
        """Return what it makes of a config."""
        gone = self._keys()
        found = holders(config, talos)
        after = {id(holder): remove(holder.content, gone, talos=talos, source=holder.path) for holder in found}
        changed = [holder for holder in found if after[id(holder)] != holder.content]
        findings = [*entry_findings(config, talos), *(finding for holder in changed for finding in self._other_values(holder))]
        if not changed:
            findings.append(Finding(Severity.NOTE, "nothing-to-remove", "", "the configuration sets none of these values"))
        splicer = Splicer(config)
        _write_removal(splicer, changed, found, after, talos)
        spliced = splicer.finish()
        if spliced.widened:
            findings.append(_widened("machine.files"))
        names = dict.fromkeys(holder.name for holder in changed)
        held = holders(spliced.config, talos)
        parts = tuple(ExpectedPart(part_header(name, talos), _live_content(held, name)) for name in names)
        proof = FragmentProof(REMOVAL, parts, effective_metrics(held, talos), self.fragment.about_metrics, live_forms(talos))
        return Patched(spliced.config, tuple(findings), proof)

    def _keys(self) -> tuple[Keys, ...]:
        """The fragment's paths, those about metrics in both forms."""
        keys = dict.fromkeys(self.fragment.values)
        for form in Form:
            keys |= dict.fromkeys(to_form(dict.fromkeys(self.fragment.values), form))
        return tuple(keys)

    def _other_values(self, holder: Holder) -> list[Finding]:
        findings = []
        for form in Form:
            for keys, value in to_form(self.fragment.values, form).items():
                there = value_at(holder.data, keys)
                if there is not None and not same(there, value) and (keys in METRICS_KEYS or form is Form.TABLE):
                    message = f"{'.'.join(keys)} had another value than the change gives it; it is removed all the same"
                    findings.append(Finding(Severity.NOTE, "removed-other-value", holder.content_path, message))
        return list(dict.fromkeys(findings))


@lru_cache(maxsize=64)
def _content_findings(content: str, talos: TalosVersion, path: str) -> tuple[Finding, ...]:
    """Return what is wrong with a content that was read before; most nodes of a fleet get the same one."""
    return content_findings(read_content(content, talos=talos), talos, path)


def part_header(name: str, talos: TalosVersion) -> str:
    """Return the line above ``cri.toml`` for a part, without its checksum."""
    return CUSTOMIZATION_HEADER.format(name) if talos.can(Fact.LIVE_CRI_CUSTOMIZATION) else LEGACY_HEADER


def _live_content(held: tuple[Holder, ...], name: str) -> bytes | None:
    return next((holder.content.encode() for holder in held if holder.live and holder.name == name), None)


def _write(splicer: Splicer, config: MachineConfig, carrier: Carrier, entry: Mapping[str, Any], talos: TalosVersion) -> list[Finding]:
    """Collect the edits that make the carrier hold the content of ``entry``, which is also what a new entry is to be."""
    holder, content = carrier.holder, entry["content"]
    if carrier.target is Target.NEW_DOCUMENT:
        splicer.append_document({"apiVersion": "v1alpha1", "kind": KIND, "name": carrier.name, "content": content})
    elif carrier.target is Target.NEW_ENTRY:
        splicer.append(_root(config), FILES, entry)
    else:
        assert holder is not None
        if content != holder.content:
            splicer.set(holder.document, (*_steps(holder), "content"), content)
        if carrier.target is Target.ENTRY:
            return _tidy_entries(splicer, holder, carrier.entries, talos)
    return []


def _tidy_entries(splicer: Splicer, holder: Holder, entries: tuple[Holder, ...], talos: TalosVersion) -> list[Finding]:
    """Collect the edits that leave the entry one that survives the next boot, and no second one where that would not."""
    kept, findings = entries, list[Finding]()
    if not talos.can(Fact.LIVE_CRI_CUSTOMIZATION):
        kept = tuple(each for each in entries if each.index == holder.index)
        duplicates = [_index(each) for each in entries if each.index != holder.index]
        if duplicates:
            splicer.remove_items(holder.document, FILES, duplicates)
    for each in kept:
        if each.op != CREATE:
            splicer.set(each.document, (*_steps(each), "op"), CREATE)
            was = f"op {each.op[:40]!r}" if each.op else "the missing op"
            message = f"{was} is written as create: anything else fails the next boot from Talos 1.14 on"
            findings.append(Finding(Severity.NOTE, "op-normalised", f"{each.path}.op", message))
    return findings


def _write_removal(
    splicer: Splicer, changed: list[Holder], found: tuple[Holder, ...], after: Mapping[int, str], talos: TalosVersion
) -> None:
    empty = [holder for holder in changed if not after[id(holder)]]
    for holder in empty:
        if holder.index is None:
            splicer.remove_document(holder.document)
    indexes = [holder.index for holder in empty if holder.index is not None]
    kept = [holder for holder in found if holder.index is not None and holder not in empty]
    content = {id(holder): after[id(holder)] for holder in changed if after[id(holder)]}
    if changed and not talos.can(Fact.LIVE_CRI_CUSTOMIZATION) and len(kept) > 1:
        first, *others = kept
        merged = after[id(first)]
        for other in others:
            merged = merge(merged, leaves(read_content(after[id(other)], talos=talos)), talos=talos, source=first.path)
            indexes.append(_index(other))
            content.pop(id(other), None)
        content[id(first)] = merged
    content |= {id(holder): after[id(holder)] for holder in changed if holder.index is None and after[id(holder)]}
    for holder in found:
        if content.get(id(holder), holder.content) != holder.content:
            splicer.set(holder.document, (*_steps(holder), "content"), content[id(holder)])
    if indexes:
        document = next(holder.document for holder in found if holder.index is not None)
        splicer.remove_items(document, FILES, sorted(indexes))


def _steps(holder: Holder) -> tuple[str | int, ...]:
    """Return the way to what holds the fragment, inside its document."""
    return () if holder.index is None else (*FILES, holder.index)


def _index(holder: Holder) -> int:
    assert holder.index is not None
    return holder.index


def _root(config: MachineConfig) -> Document:
    document = config.document(ROOT_DOCUMENT)
    if document is None:
        raise ChangeError("there is no document with machine: in it, so machine.files cannot be written", source=config.source)
    return document


def _widened(path: str) -> Finding:
    message = "the part around the change had to be written anew; comments inside it may be lost"
    return Finding(Severity.NOTE, "edit-widened", path, message)
