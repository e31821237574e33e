"""What a repair would do to each node: pure data. Making one changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from talospatch.cni.eligibility import APART, Eligibility, Include, Look
from talospatch.cni.explain import hint, sentence, shown_error
from talospatch.cni.names import shown
from talospatch.cni.rules import BY_HAND
from talospatch.planning.outcomes import ExitCode

if TYPE_CHECKING:
    from talospatch.cni.advice import Advice
    from talospatch.cni.space import Space
    from talospatch.cni.story import Whose
    from talospatch.cni.verdict import Judged
    from talospatch.cnicheck.repair.command import Order

SCHEMA = 1
# GNU find and test are in it. A tag can be moved: the report names the digest that was run, and --image takes one.
IMAGE = "docker.io/library/debian:12-slim"
NAMESPACE = "kube-system"  # the one namespace that Talos exempts from its Pod security default


class Method(StrEnum):
    """How a file is removed."""

    DEBUG = "debug"
    JOB = "job"
    MANIFEST = "manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairOptions:
    """What a repair may do.

    Attributes:
        include: which verdicts are worth removing a file for.
        method: how; None takes DEBUG on nodes that have it and JOB on others.
        image: what runs on the node, by name or by digest.
        archive: an image as an OCI or docker tar, for nodes that reach no registry; DEBUG only.
        store: where DEBUG puts the image, by talosctl's words.
        namespace: where a JOB is made.
        limit: most files that are removed in one run.
        deep: look into every file, also where its content does no harm.
        apart: seconds between the two looks, at least a minute.
        settle: seconds that the kubelet has to stop a sandbox once its file is gone; its garbage collection runs once a minute.
        poll: seconds between two looks for that.
    """

    include: Include = Include.FATAL
    method: Method | None = None
    image: str = IMAGE
    archive: bytes | None = field(default=None, repr=False)
    store: str = "inmem"
    namespace: str = NAMESPACE
    limit: int = 10
    deep: bool = False
    apart: float = APART
    settle: float = 70.0
    poll: float = 5.0


@dataclass(frozen=True, slots=True)
class FileRepair:
    """A file to remove: what it is, and the command.

    Attributes:
        judged: the file with its verdict.
        order: what exactly is removed.
        command: the command line, as it runs on the node.
        whose: whose its sandbox is.
    """

    judged: Judged
    order: Order
    command: tuple[str, ...]
    whose: Whose

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**_about(self.judged, self.whose), "shownDead": list(self.order.shown_dead), "command": list(self.command)}


@dataclass(frozen=True, slots=True)
class FileLeft:
    """A damaged file that is left alone, and why."""

    judged: Judged
    eligibility: Eligibility
    whose: Whose

    def __str__(self) -> str:
        """The file and why it is left, in a line; fit to be printed."""
        return f"{shown(self.judged.file.name)}: {'; '.join(self.eligibility.sentences)}"

    @property
    def hint(self) -> str:
        """What to do where no later repair can remove it and nothing heals it; else empty."""
        return hint(self.judged) if self.judged.code in BY_HAND else ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        reasons, because = list(self.eligibility.reasons), list(self.eligibility.sentences)
        return {**_about(self.judged, self.whose), "reasons": reasons, "because": because, "hint": self.hint or None}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRepair:
    """What a repair would do to one node.

    Attributes:
        address, hostname: of the node.
        talos: its version tag.
        kubernetes_name: what Kubernetes calls it; empty when unknown.
        method: how files would be removed.
        files: to remove.
        left: damaged files that are left alone.
        advice: what to do first, the best first.
        prevention: what would have avoided it.
        space: how full the file system of the cache is; None where that was not asked, since nothing is damaged.
        notes: what could not be seen.
        refused: why nothing is removed here although files could be; empty otherwise.
        error: why it was not looked at; empty when it was.
        look: the second look; directly before a file is removed, a third one is compared with it.
    """

    address: str
    hostname: str = ""
    talos: str = ""
    kubernetes_name: str = ""
    method: Method = Method.JOB
    files: tuple[FileRepair, ...] = ()
    left: tuple[FileLeft, ...] = ()
    advice: tuple[Advice, ...] = ()
    prevention: tuple[Advice, ...] = ()
    space: Space | None = None
    notes: tuple[str, ...] = ()
    refused: str = ""
    error: str = ""
    look: Look | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What to call it."""
        return self.hostname or self.address

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "address": self.address,
            "hostname": self.hostname,
            "talos": self.talos,
            "kubernetesName": self.kubernetes_name or None,
            "method": self.method.value,
            "files": [file.to_dict() for file in self.files],
            "left": [file.to_dict() for file in self.left],
            "advice": [_advice(item) for item in self.advice],
            "prevention": [_advice(item) for item in self.prevention],
            "space": self.space.to_dict() if self.space is not None else None,
            "notes": list(self.notes),
            "refused": self.refused or None,
            "error": self.error or None,
        }


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What a repair would do.

    Attributes:
        nodes: in the order in which they were given.
        options: what it may do.
        made_at: seconds since 1970.
        over_limit: how many more files could be removed than one run may.
    """

    nodes: tuple[NodeRepair, ...]
    options: RepairOptions
    made_at: float
    over_limit: int = 0

    def __str__(self) -> str:
        """A line for each node, and one for each file that would be removed or is left; fit to be printed."""
        lines = [line for node in self.nodes for line in _lines(node)]
        if self.over_limit:
            lines.append(f"{counted_files(self.over_limit, 'more ')} can be removed in another run (limit {self.options.limit})")
        return "\n".join(lines)

    @property
    def to_do(self) -> tuple[NodeRepair, ...]:
        """Nodes on which something would be removed."""
        return tuple(node for node in self.nodes if node.files and not node.refused)

    @property
    def count(self) -> int:
        """How many files would be removed."""
        return sum(len(node.files) for node in self.to_do)

    @property
    def privileges(self) -> tuple[str, ...]:
        """The rights that it takes, to be told before they are used."""
        methods = dict.fromkeys(node.method for node in self.nodes if node.files)
        return tuple(dict.fromkeys(sentence for method in methods for sentence in PRIVILEGES[method]))

    def exit_code(self) -> ExitCode:
        """Return the exit code for showing the plan: the highest that applies."""
        codes = {ExitCode.DONE}
        if self.to_do:
            codes.add(ExitCode.DIFFERENCES)
        if any(node.error for node in self.nodes):
            codes.add(ExitCode.FAILED)
        if any(node.refused for node in self.nodes):
            codes.add(ExitCode.REFUSED)
        return max(codes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as for JSON and the journal."""
        options = self.options
        return {
            "schema": SCHEMA,
            "madeAt": self.made_at,
            "include": options.include.value,
            "image": options.image,
            "fromArchive": options.archive is not None,
            "namespace": options.namespace,
            "limit": options.limit,
            "files": self.count,
            "overLimit": self.over_limit,
            "privileges": list(self.privileges),
            "nodes": [node.to_dict() for node in self.nodes],
        }


_READS = "Talos: os:admin, to read contents and the CNI configuration"
_KEEPS = f"{_READS}; the exact bytes are journalled here before anything is removed"
# Sources: DebugService's PRIVILEGED profile in Talos's internal/app/debug (v1.13.9); Kubernetes' Pod Security Standards for hostPath.
PRIVILEGES: Mapping[Method, tuple[str, ...]] = {
    Method.DEBUG: (
        _KEEPS,
        (
            "on the node: one short-lived container a file by Talos's DebugService, which has no lesser profile than this: root, every "
            "capability, the host's network, processes and IPC, and its whole root file system below /host. Kubernetes does not see it, "
            "nor do its admission rules. It runs one find command without a shell"
        ),
    ),
    Method.JOB: (
        _KEEPS,
        (
            "Kubernetes: get nodes and namespaces; create, get and delete jobs, create pods (a dry run, to ask admission), get and list "
            "pods, get pods/log in the job's namespace"
        ),
        (
            "on the node: one pod, uid 0 without any capability, read-only root, no service account token, not privileged. It mounts "
            "/var/lib/cni/results and nothing else, in the host's network, because a node that is out of pod addresses could not start it "
            "otherwise. A hostPath needs a namespace whose Pod security level is privileged. A node with DiskPressure or PIDPressure takes "
            "critical pods only: there it is of the class system-node-critical, for which the kubelet ends another pod if the node has as "
            "many as it may"
        ),
    ),
    Method.MANIFEST: (
        _READS,
        (
            "nothing is run: whoever applies the manifest needs the right to create jobs in its namespace, whose Pod security level has "
            "to be privileged. A node with DiskPressure or PIDPressure takes critical pods only: there give the pod the priorityClassName "
            "system-node-critical. What it does is neither journalled nor proven here"
        ),
    ),
}


def counted_files(number: int, which: str = "") -> str:
    """Return a number of files in words, as ``1 more file``."""
    return f"{number} {which}{'file' if number == 1 else 'files'}"


def _lines(node: NodeRepair) -> Iterator[str]:
    name = shown(node.name)
    if node.error:
        yield f"{name}: not looked at: {shown_error(node.error)}"
        return
    yield f"{name}: remove {counted_files(len(node.files))}, leave {len(node.left)}"
    if node.refused:
        yield f"  refused: {shown_error(node.refused)}"
    for file in node.files:
        yield f"  remove, {_in_words(file.judged)}; its sandbox is dead: {'; '.join(file.order.shown_dead)}"
    for left in node.left:
        yield f"  leave, {_in_words(left.judged)}; left alone: {'; '.join(left.eligibility.sentences)}"
    yield from (f"  {shown_error(note)}" for note in node.notes)


def _in_words(judged: Judged) -> str:
    return f"{judged.verdict.value}: {shown(judged.file.name)}: {sentence(judged)}"


def _about(judged: Judged, whose: Whose) -> dict[str, Any]:
    file = judged.file
    return {
        "name": shown(file.name),
        "sandbox": file.parsed.sandbox if file.parsed else None,
        "network": file.parsed.network if file.parsed else None,
        "size": file.size,
        "modified": file.modified,
        "verdict": judged.verdict.value,
        "code": judged.code,
        "damage": judged.inspection.damage.value,
        "message": sentence(judged),
        "pod": whose.to_dict(),
        "hostname": whose.hostname or None,
    }


def _advice(item: Advice) -> dict[str, str]:
    return {"code": item.code, "text": item.text, "source": item.source}
