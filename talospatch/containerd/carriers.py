"""Which part of a machine config carries a containerd fragment.

Up to 1.13 that is a ``machine.files`` entry with one exact path; from 1.14.0-beta.0 also documents of kind CRICustomizationConfig, which
such a node merges, in the order of ``20-<name>.part``, with the entry as ``20-customization.part``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.containerd.drop_in import KIND, PART_PATH
from talospatch.containerd.fragment import Fragment, read_content
from talospatch.containerd.metrics import METRICS_KEYS, Form, Keys, forms_in, live_forms, metrics_address, value_at
from talospatch.errors import FragmentError
from talospatch.machineconfig.nodes import Mapping as MappingNode
from talospatch.machineconfig.nodes import Scalar, Sequence, resolved
from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.talos.finding import Finding, Severity
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.document import Document

LEGACY_NAME = "customization"  # what 1.14 calls the entry; reserved, a document must not have it
METRICS_NAME = "talospatch-metrics"


class Target(Enum):
    """What is written."""

    NEW_ENTRY = "new entry"
    ENTRY = "entry"
    DOCUMENT = "document"
    NEW_DOCUMENT = "new document"


@dataclass(frozen=True, slots=True)
class Holder:
    """Something in a config that holds a fragment now.

    Attributes:
        name: of its part: ``customization`` for an entry, else the document's name.
        path: of what holds it, as ``machine.files[1]`` or ``CRICustomizationConfig/metrics``.
        index: of the entry in ``machine.files``; None for a document.
        document: the document it is, or stands in.
        op: an entry's ``op``, as written.
        live: whether the node obeys it: on 1.14 it does not look at a second entry.
        data: its TOML, parsed.
    """

    name: str
    path: str
    index: int | None
    document: Document
    op: str
    live: bool
    content: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)

    @property
    def content_path(self) -> str:
        """Path of its content."""
        return f"{self.path}.content" if self.index is not None else f"{self.path}:content"


class Situation(NamedTuple):
    """What a decision is made from.

    Attributes:
        documents: whether the node knows CRICustomizationConfig.
        fleet_has_older: whether some node of the fleet does not.
        entries: what ``machine.files`` holds for the path, in order.
        setting: the live holder that already sets one of the fragment's values and wins, or None.
        named: the document that has the name the fragment would be given, or None.
    """

    documents: bool
    fleet_has_older: bool
    entries: tuple[Holder, ...]
    setting: Holder | None
    named: Holder | None


class Row(NamedTuple):
    """A row of the carrier table: the first whose condition holds decides.

    Attributes:
        code: a stable word for scripts.
        when: the condition.
        target: what is written.
        finding: code, severity and sentence to say, or None.
        source: why.
    """

    code: str
    when: Callable[[Situation], bool]
    target: Target
    source: str
    finding: tuple[Severity, str, str] | None = None


_DUPLICATES = "several entries for {path}: with them the node would not have survived its next boot; they are merged into one"
_DEAD = "several entries for {path}: this node obeys the first and ignores the others, and would not boot after a rollback to 1.13"
_DEPRECATED = "machine.files is deprecated since Talos 1.14; a CRICustomizationConfig document is its successor"
_ROLLBACK = "some node of the fleet has a Talos before 1.14, which cannot read CRICustomizationConfig, so machine.files is used"

ROWS = (
    Row("new-entry", lambda at: not at.documents and not at.entries, Target.NEW_ENTRY, "up to 1.13 the entry is the only way in"),
    Row(
        "entry",
        lambda at: not at.documents and len(at.entries) == 1,
        Target.ENTRY,
        "a second entry fails writeUserFiles: the resource exists already",
    ),
    Row(
        "entries",
        lambda at: not at.documents,
        Target.ENTRY,
        "a second entry fails writeUserFiles, apply does not check it",
        (Severity.WARNING, "duplicate-file-entry", _DUPLICATES),
    ),
    Row(
        "setting-entry",
        lambda at: at.setting is not None and at.setting.index is not None,
        Target.ENTRY,
        "what sets the values already is edited, so that no part overrides another",
        (Severity.NOTE, "files-deprecated", _DEPRECATED),
    ),
    Row("setting-document", lambda at: at.setting is not None, Target.DOCUMENT, "what sets the values already is edited, in its own form"),
    Row("named-document", lambda at: at.named is not None, Target.DOCUMENT, "documents are known by kind and name"),
    Row(
        "legacy-entry",
        lambda at: bool(at.entries),
        Target.ENTRY,
        "one carrier where there is one; anything but op: create fails the next boot of 1.14",
        (Severity.NOTE, "files-deprecated", _DEPRECATED),
    ),
    Row("own-document", lambda at: not at.fleet_has_older, Target.NEW_DOCUMENT, "live without a reboot, and TRY works"),
    Row(
        "entry-for-rollback",
        lambda at: at.fleet_has_older,
        Target.NEW_ENTRY,
        "1.13 refuses unknown kinds: a rollback would not boot",
        (Severity.NOTE, "fleet-has-older", _ROLLBACK),
    ),
)


class Carrier(NamedTuple):
    """A decision.

    Attributes:
        code: the row's.
        target: what is written.
        holder: what is edited; None for something new.
        name: of the part: ``customization`` for an entry, else the document's name.
        form: how metrics are to be written there.
        entries: everything that ``machine.files`` holds for the path, in order.
        findings: what was noticed.
    """

    code: str
    target: Target
    holder: Holder | None
    name: str
    form: Form
    entries: tuple[Holder, ...] = ()
    findings: tuple[Finding, ...] = ()


def holders(config: MachineConfig, talos: TalosVersion) -> tuple[Holder, ...]:
    """Return everything in a config that holds a fragment, entries first, each in the order written.

    Raises:
        FragmentError: the content of one is broken.
    """
    found: list[Holder] = []
    for document in config.documents:
        if document.kind == ROOT_DOCUMENT:
            found += _entries(document, talos, talos.can(Fact.LIVE_CRI_CUSTOMIZATION))
    for document in config.documents:
        if document.kind == KIND and talos.can(Fact.LIVE_CRI_CUSTOMIZATION):
            content = _text(document.node, "content")
            data = read_content(content, talos=talos, source=document.id)
            found.append(Holder(document.name, document.id, None, document, "", True, content, data))
    return tuple(found)


def entry_nodes(document: Document) -> Iterator[tuple[int, MappingNode]]:
    """Yield each ``machine.files`` entry for the path, with its index."""
    files = document.find(("machine", "files"))
    items = resolved(files) if files is not None else None
    for index, item in enumerate(items.items if isinstance(items, Sequence) else ()):
        entry = resolved(item)
        if isinstance(entry, MappingNode) and _text(entry, "path") == PART_PATH:
            yield index, entry


def _entries(document: Document, talos: TalosVersion, first_only: bool) -> list[Holder]:
    found: list[Holder] = []
    for index, entry in entry_nodes(document):
        path = f"machine.files[{index}]"
        content = _text(entry, "content")
        live = not (found and first_only)
        try:
            data = read_content(content, talos=talos, source=path)
        except FragmentError:
            if live:
                raise
            data = {}
        found.append(Holder(LEGACY_NAME, path, index, document, _text(entry, "op"), live, content, data))
    return found


def _text(node: MappingNode, key: str) -> str:
    value = node.values.get(key)
    leaf = resolved(value) if value is not None else None
    return leaf.text if isinstance(leaf, Scalar) else ""


def part_order(holder: Holder) -> str:
    """Return what a node sorts parts by; a later part overrides an earlier one."""
    return f"20-{holder.name}.part"


def decide(config: MachineConfig, talos: TalosVersion, fragment: Fragment, *, fleet_has_older: bool = False, name: str = "") -> Carrier:
    """Decide what carries a fragment.

    Args:
        config: the node's config.
        talos: the node's version.
        fragment: what is to be carried.
        fleet_has_older: whether some node of the fleet is older than 1.14.0-beta.0.
        name: what to call a new document; by default after what the fragment is about.

    Raises:
        FragmentError: what carries a fragment now is broken.
    """
    found = holders(config, talos)
    name = document_name(name, fragment)
    entries = tuple(holder for holder in found if holder.index is not None)
    situation = Situation(
        documents=talos.can(Fact.LIVE_CRI_CUSTOMIZATION),
        fleet_has_older=fleet_has_older,
        entries=entries,
        setting=winning(found, fragment.values, talos),
        named=next((holder for holder in found if holder.index is None and holder.name == name), None),
    )
    row = next(row for row in ROWS if row.when(situation))
    findings = (
        [] if row.finding is None else [Finding(row.finding[0], row.finding[1], "machine.files", row.finding[2].format(path=PART_PATH))]
    )
    if row.target is Target.ENTRY and situation.documents and len(entries) > 1:
        findings.append(
            Finding(Severity.WARNING, "duplicate-file-entry", "machine.files", _DEAD.format(path=PART_PATH), "remove all but the first")
        )
    holder: Holder | None = None
    if row.target is Target.ENTRY:
        holder = entries[0]
    elif row.target is Target.DOCUMENT:
        holder = situation.setting or situation.named
    part = LEGACY_NAME if row.target in {Target.ENTRY, Target.NEW_ENTRY} else holder.name if holder else name
    return Carrier(row.code, row.target, holder, part, _form(row.target, holder, talos), entries, tuple(findings))


def winning(found: Iterable[Holder], keys: Iterable[Keys], talos: TalosVersion) -> Holder | None:
    """Return the live holder whose word counts among those that set one of the values, or None.

    For metrics both forms count, and the plugin form wins over a later part's ``[metrics]``.
    """
    wanted = set(keys)
    metrics = not METRICS_KEYS.isdisjoint(wanted)
    ordered = sorted((holder for holder in found if holder.live), key=part_order)
    if metrics:
        for form in (*live_forms(talos), *(form for form in Form if form not in live_forms(talos))):
            setting = [holder for holder in ordered if form in forms_in(holder.data)]
            if setting:
                return setting[-1]
    setting = [holder for holder in ordered if any(value_at(holder.data, key) is not None for key in wanted)]
    return setting[-1] if setting else None


def _form(target: Target, holder: Holder | None, talos: TalosVersion) -> Form:
    live = live_forms(talos)
    if holder is not None:
        there = [form for form in live if form in forms_in(holder.data)]
        if there:
            return there[0]
    return live[0] if target in {Target.DOCUMENT, Target.NEW_DOCUMENT} else live[-1]


# Source: Kubernetes's rule for the name part of a qualified name, which Talos applies to a customization's name.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def document_name(wanted: str, fragment: Fragment) -> str:
    """Return the name for a document of our own.

    A name that the user gave in a document of that kind is kept. Otherwise it is ``talospatch-metrics`` for a fragment about metrics, or
    made from the name of the change, so that it never meets a document of somebody else's.
    """
    if wanted and wanted != LEGACY_NAME and _NAME.fullmatch(wanted):
        return wanted
    if fragment.about_metrics:
        return METRICS_NAME
    return own_name(fragment.source)


def own_name(text: str) -> str:
    """Return a document name made from a change's name."""
    stem = re.sub(r"\.(?:toml|ya?ml|json)$", "", text.rsplit("/", 1)[-1].rsplit(":", 1)[-1])
    words = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-").lower()[:40].strip("-")
    return f"talospatch-{words or 'fragment'}"


class DropIn(NamedTuple):
    """What a config says about containerd's drop-in, for an inventory.

    Attributes:
        carrier: ``none``, ``entry``, ``entries``, ``document``, ``documents``, ``entry+documents`` or ``broken``.
        metrics_address: where containerd would listen for metrics, or None.
        entries: number of ``machine.files`` entries for the path.
        documents: names of the CRICustomizationConfig documents.
    """

    carrier: str
    metrics_address: str | None
    entries: int
    documents: tuple[str, ...]


def describe(config: MachineConfig, talos: TalosVersion) -> DropIn:
    """Return what a config says about the drop-in; broken content is a state here, not an error."""
    entries = sum(1 for document in config.documents if document.kind == ROOT_DOCUMENT for _ in entry_nodes(document))
    names = tuple(document.name for document in config.documents if document.kind == KIND)
    try:
        found = holders(config, talos)
    except FragmentError:
        return DropIn("broken", None, entries, names)
    kinds = ("entry" if entries == 1 else "entries" if entries else "", "document" if len(names) == 1 else "documents" if names else "")
    carrier = "entry+documents" if all(kinds) else "".join(kinds) or "none"
    return DropIn(carrier, effective_metrics(found, talos), entries, names)


def effective_metrics(found: Iterable[Holder], talos: TalosVersion) -> str | None:
    """Return the metrics address that the node's containerd obeys, or None."""
    ordered = sorted((holder for holder in found if holder.live), key=part_order)
    for form in live_forms(talos):
        addresses = [address for holder in ordered if (address := metrics_address(holder.data, (form,))) is not None]
        if addresses:
            return addresses[-1]
    return None
