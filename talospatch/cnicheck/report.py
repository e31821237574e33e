"""What a check found, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.cni.addresses import KINDS, NetworkAddresses
from talospatch.cni.explain import explain, hint, sentence, shown_error
from talospatch.cni.names import shown
from talospatch.cni.rules import DEFAULT_FAIL_ON, FAIL_ON, RULES, WORST_FIRST, Verdict, worst
from talospatch.cni.telling import headline, said, told
from talospatch.cni.telling import to_dict as story_dict
from talospatch.cni.verdict import Judged, NodeState
from talospatch.errors import InputError

if TYPE_CHECKING:
    from talospatch.cni.story import Story
    from talospatch.talos.finding import Finding

SCHEMA = 1
UNKNOWN_NODE = NodeState()
EXIT_CLEAN, EXIT_PROBLEMS, EXIT_UNSEEN = 0, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCni:
    """One node's cache.

    Attributes:
        address, hostname: of the node.
        talos: its version tag; empty when it was not learned.
        state: what decided about its files; the sets of sandbox IDs are left out.
        counts: files by verdict, all of them.
        codes: files by reason, all of them.
        files: files that are not healthy, worst first; at most as many as the options allow.
        stories: what is known of each sandbox in trouble, worst first; at most as many as the options allow.
        networks: who holds the addresses of each network; empty where they were not looked at.
        findings: what there is to say about addresses and network namespaces.
        notes: what could not be seen, and why; one sentence each.
        incomplete: whether some files were not looked at at all.
        error: why the node was not checked; empty when it was.
        seen_at: when the look began, on the options' clock that never goes back.
    """

    address: str
    hostname: str = ""
    talos: str = ""
    state: NodeState = field(default_factory=NodeState)
    counts: Mapping[Verdict, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    files: tuple[Judged, ...] = ()
    stories: tuple[Story, ...] = ()
    networks: tuple[NetworkAddresses, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    incomplete: bool = False
    error: str = ""
    seen_at: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The worst of what was found; UNKNOWN when the node was not checked, or not all of it while nothing worse was found."""
        found = worst((*(verdict for verdict, count in self.counts.items() if count), *self.beyond_files))
        return worst((found, Verdict.UNKNOWN)) if self.error or self.incomplete else found

    @property
    def beyond_files(self) -> tuple[Verdict, ...]:
        """Verdicts of what is no cache file, which are sandboxes that only a log tells of, and addresses."""
        told = (story.verdict for story in self.stories if not story.files)
        return (*told, *(KINDS[finding.code].verdict for finding in self.findings))

    @property
    def total(self) -> int:
        """How many files were looked at."""
        return sum(self.counts.values())

    @property
    def unread(self) -> int:
        """How many files would have to be read to be judged, and were not."""
        return self.codes.get("content-unread", 0)

    def explain(self, judged: Judged) -> str:
        """Return the whole reasoning about one of its files, several lines."""
        return explain(judged, self.state)

    def tell(self, story: Story) -> tuple[str, ...]:
        """Return one of its stories, a sentence or two in each text."""
        return told(story, self.state)

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON and YAML."""
        runtime, conflist = self.state.runtime, self.state.conflist
        return {
            "address": self.address,
            "hostname": self.hostname,
            "talos": self.talos,
            "containerd": runtime.containerd if runtime else None,
            "libcni": runtime.libcni if runtime else None,
            "conflist": {"name": shown(conflist.name), "cniVersion": shown(conflist.cni_version), "file": shown(conflist.file)}
            if conflist
            else None,
            "verdict": self.verdict.value,
            "counts": {verdict.value: self.counts[verdict] for verdict in WORST_FIRST if self.counts.get(verdict)},
            "unread": self.unread,
            "bootTime": self.state.boot_time,
            "files": [file_dict(judged) for judged in self.files],
            "stories": [story_dict(story, self.state) for story in self.stories],
            "networks": [network.to_dict() for network in self.networks],
            "findings": [_finding(finding) for finding in self.findings],
            "notes": list(self.notes),
            "incomplete": self.incomplete,
            "error": self.error or None,
        }


@dataclass(frozen=True, slots=True)
class CniReport:
    """What a check found.

    Attributes:
        nodes: in the order in which they were given.
        unplaced: what logs from elsewhere tell of sandboxes that none of these nodes has, the worst first.
        notes: what could not be told from those logs.
    """

    nodes: tuple[NodeCni, ...]
    unplaced: tuple[Story, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """A line for each node, and one for each file, sandbox or finding that is not in order; fit to be printed."""
        lines: list[str] = []
        for node in self.nodes:
            name = shown(node.hostname or node.address)
            files = "1 file" if node.total == 1 else f"{node.total} files"
            lines.append(f"{name}: not checked: {node.error}" if node.error else f"{name}: {node.verdict.value}, {files}")
            lines += [f"  {judged.verdict.value}: {shown(judged.file.name)}: {sentence(judged)}" for judged in node.files]
            lines += [_told(story) for story in node.stories if not story.files]
            lines += [
                f"  {KINDS[finding.code].verdict.value}: {finding.path}: {finding.message}"
                for finding in node.findings
                if KINDS[finding.code].verdict is not Verdict.HEALTHY
            ]
            lines += [f"  {note}" for note in node.notes]
        return "\n".join([*lines, *map(_told, self.unplaced), *self.notes])

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """Files of all nodes by verdict."""
        total: Counter[Verdict] = Counter()
        for node in self.nodes:
            total.update(node.counts)
        return total

    @property
    def told(self) -> tuple[tuple[NodeCni | None, Story], ...]:
        """Every story with its node; None for one that no node has."""
        return (*((node, story) for node in self.nodes for story in node.stories), *((None, story) for story in self.unplaced))

    @property
    def unseen(self) -> tuple[NodeCni, ...]:
        """Nodes that were not checked, or not wholly."""
        return tuple(node for node in self.nodes if node.error or node.incomplete)

    def problems(self, fail_on: str = DEFAULT_FAIL_ON) -> int:
        """Return how many problems there are: files, sandboxes that only a log tells of, and findings about addresses.

        Raises:
            InputError: ``fail_on`` is no key of :data:`talospatch.cni.rules.FAIL_ON`.
        """
        if fail_on not in FAIL_ON:
            raise InputError(f"{fail_on[:40]!r} is not a level", source="--fail-on", hint=f"these are: {', '.join(FAIL_ON)}")
        counts = self.counts
        others = [*(verdict for node in self.nodes for verdict in node.beyond_files), *(story.verdict for story in self.unplaced)]
        return sum(counts.get(verdict, 0) + others.count(verdict) for verdict in FAIL_ON[fail_on])

    def exit_code(self, fail_on: str = DEFAULT_FAIL_ON) -> int:
        """Return 0 when nothing was found, 2 for problems, and 3 when some node was not seen, whatever was found elsewhere.

        Raises:
            InputError: ``fail_on`` is no key of :data:`talospatch.cni.rules.FAIL_ON`.
        """
        problems = self.problems(fail_on)
        return EXIT_UNSEEN if self.unseen else EXIT_PROBLEMS if problems else EXIT_CLEAN

    def to_dict(self, fail_on: str = DEFAULT_FAIL_ON) -> dict[str, object]:
        """Return plain values for JSON and YAML.

        Raises:
            InputError: ``fail_on`` is no key of :data:`talospatch.cni.rules.FAIL_ON`.
        """
        counts = self.counts
        return {
            "schema": SCHEMA,
            "failOn": fail_on,
            "problems": self.problems(fail_on),
            "counts": {verdict.value: counts[verdict] for verdict in WORST_FIRST if counts.get(verdict)},
            "nodes": [node.to_dict() for node in self.nodes],
            "unplaced": [story_dict(story, UNKNOWN_NODE) for story in self.unplaced],
            "notes": list(self.notes),
        }


def count(codes: Counter[str]) -> tuple[dict[Verdict, int], dict[str, int]]:
    """Return how many files there are by verdict and by reason, given how many there are by reason."""
    verdicts: Counter[Verdict] = Counter()
    for code, number in codes.items():
        verdicts[RULES[code].verdict] += number
    return dict(verdicts), dict(codes)


def _told(story: Story) -> str:
    return f"  {story.verdict.value}: {headline(story)}: {said(story)}"


def file_dict(judged: Judged) -> dict[str, object]:
    """Return plain values of one file for JSON and YAML."""
    parsed, entry = judged.file.parsed, judged.inspection.entry
    return {
        "name": shown(judged.file.name),
        "verdict": judged.verdict.value,
        "code": judged.code,
        "network": parsed.network if parsed else None,
        "sandbox": parsed.sandbox if parsed else None,
        "interface": shown(parsed.interface) if parsed else None,
        "size": judged.file.size,
        "modified": judged.file.modified,
        "liveness": judged.liveness.value,
        "damage": judged.inspection.damage.value,
        "error": shown_error(judged.error) or None,
        "assumed": judged.assumed,
        "logged": judged.logged,
        "steadySeconds": round(judged.steady, 1),
        "pod": {"namespace": shown(entry.namespace), "name": shown(entry.pod), "uid": shown(entry.uid)} if entry and entry.pod else None,
        "addresses": [shown(address) for address in entry.addresses] if entry else [],
        "message": sentence(judged),
        "hint": hint(judged),
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "verdict": KINDS[finding.code].verdict.value,
        "severity": finding.severity.value,
        "code": finding.code,
        "path": finding.path,
        "message": finding.message,
        "hint": finding.hint,
    }
