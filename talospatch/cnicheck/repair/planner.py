"""Making a repair's plan: two looks at each node, at least a minute apart, and what may be removed after both."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from talospatch.cni.advice import advice, prevention
from talospatch.cni.directories import RESULTS
from talospatch.cni.eligibility import APART, LASTING, Eligibility, Look, eligibility
from talospatch.cni.story import Source, Traces, Whose, files_by_sandbox, story
from talospatch.cni.verdict import Liveness, of_pod
from talospatch.cnicheck.disk_space import space_of
from talospatch.cnicheck.node_names import kubernetes_name
from talospatch.cnicheck.options import CheckOptions
from talospatch.cnicheck.owners import is_open, owners
from talospatch.cnicheck.repair.command import Order, command
from talospatch.cnicheck.repair.look import Looked, look_at
from talospatch.cnicheck.repair.plan import FileLeft, FileRepair, Method, NodeRepair, RepairOptions, RepairPlan
from talospatch.errors import InputError, TalosPatchError, VersionError
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.cni.space import Space
    from talospatch.cni.verdict import Judged
    from talospatch.cnicheck.options import PodsOfNodes
    from talospatch.cnicheck.repair.calls import LookCalls
    from talospatch.rollout.clock import Clock
    from talospatch.rollout.rows import NodeRow

_Seen = TypeVar("_Seen")
HOST = "/host"  # where a debug container has the node's root
MOUNT = "/results"  # where a job's pod has the cache's directory

# What a reference may be made of (distribution's reference grammar, without its structure), and a DNS label.
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+\-]{0,254}")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


async def plan_repair(
    client: LookCalls,
    rows: Iterable[NodeRow],
    options: RepairOptions,
    clock: Clock,
    *,
    say: Callable[[str], None] | None = None,
    before_wait: Callable[[frozenset[Method]], Awaitable[None] | None] | None = None,
    pods: PodsOfNodes | None = None,
) -> RepairPlan:
    """Work out which files may be removed from which node. Changes nothing. Needs os:admin.

    Nodes are looked at twice where a second look can show that a file may be removed, the others once.

    Args:
        client: the client.
        rows: the nodes.
        options: what the repair may do.
        clock: tells the time and waits.
        say: told what is waited for.
        before_wait: called before the second look with the methods by which files would be removed, as far as one look shows; may be a
            coroutine function. What it raises ends the planning, so that nobody waits a minute for a plan that cannot be carried out.
        pods: tells the pods that Kubernetes has on a node; asked where nothing else tells whose a damaged file is.

    Raises:
        InputError: the options contradict each other.
    """
    _must_make_sense(options)
    todo = list(rows)
    check = CheckOptions(deep=options.deep)
    first = await _each(todo, lambda row: look_at(client, row, check, clock), check.concurrency)
    again = [row for row, looked in zip(todo, first, strict=True) if looked.look is not None and _is_worth_another(looked.look)]
    second: dict[str, Looked] = {}
    if again:
        if before_wait is not None:
            asked = before_wait(_methods(first, options))
            if asked is not None:
                await asked
        looks = [looked.look.at for looked in first if looked.look is not None]
        wait = max(looks) + options.apart - clock.now()
        if wait > 0:
            if say is not None:
                say(f"{_nodes(len(again))} with damaged files; looking again in {wait:.0f} s, since what changes meanwhile is in use")
            await clock.sleep(wait)
        found = await _each(again, lambda row: look_at(client, row, check, clock), check.concurrency)
        second = {row.address: looked for row, looked in zip(again, found, strict=True)}
    latest = {row.address: second.get(row.address, looked) for row, looked in zip(todo, first, strict=True)}
    more = await _each(todo, lambda row: _ask_more(client, latest[row.address], pods), check.concurrency)
    made = [_planned(row, looked, second.get(row.address), options, told) for row, looked, told in zip(todo, first, more, strict=True)]
    nodes = [await _named(client, node) if node.files and node.method is not Method.DEBUG else node for node in made]
    limited, over = _limited(nodes, options.limit)
    return RepairPlan(tuple(limited), options, clock.at(), over)


def _methods(looked: Iterable[Looked], options: RepairOptions) -> frozenset[Method]:
    """Return by which methods files would be removed, were a second look to show what the first one did."""
    promising = (
        each
        for each in looked
        if each.look is not None and any(_is_promising(judged, each.look, options) for judged in _damaged(each.look))
    )
    return frozenset(options.method or _best_method(each.node.talos) for each in promising)


def _is_worth_another(look: Look) -> bool:
    """Whether a later look can show anything new: a name that is not containerd's will not become one, nor a link or a pipe a file."""
    return any(not LASTING & set(eligibility(judged.file.name, look, look).reasons) or judged.file.problem for judged in _damaged(look))


def _is_promising(judged: Judged, look: Look, options: RepairOptions) -> bool:
    return eligibility(judged.file.name, look, look, include=options.include, least_apart=0.0).eligible


def _must_make_sense(options: RepairOptions) -> None:
    if options.apart < APART:
        raise InputError(f"{options.apart:g} s between the two looks: it is at least {APART:g}")
    if options.limit < 1:
        raise InputError(f"a limit of {options.limit} files: it is 1 or more")
    if _IMAGE.fullmatch(options.image) is None:
        raise InputError(f"{options.image[:80]!r} does not name an image", hint="write it as NAME:TAG or NAME@sha256:…")
    if _NAMESPACE.fullmatch(options.namespace) is None:
        raise InputError(f"{options.namespace[:80]!r} does not name a namespace")
    if options.archive is not None and options.method is not Method.DEBUG:
        raise InputError("an image archive goes with the method debug only", hint="a job's image is pulled by the node")


async def _each(rows: Sequence[NodeRow], look: Callable[[NodeRow], Awaitable[_Seen]], most: int) -> list[_Seen]:
    """Look at nodes, some at a time; the answers in the order of the nodes."""
    gate = asyncio.Semaphore(most)

    async def one(row: NodeRow) -> _Seen:
        async with gate:
            return await look(row)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(row)) for row in rows]
    return [task.result() for task in tasks]


def _damaged(look: Look) -> tuple[Judged, ...]:
    """The files about which there is something to say: damaged, or not to be judged at all."""
    return tuple(
        judged
        for judged in look.files.values()
        if judged.error is not None or judged.is_damaged or judged.file.parsed is None or judged.file.is_link
    )


@dataclass(frozen=True, slots=True)
class _More:
    """What is told and decides nothing: how full the disk is, and of the sandboxes whose they are and whether their pods wait for them.

    Asked of nodes with damaged files.
    """

    space: Space | None = None
    whose: Mapping[str, Whose] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def of(self, judged: Judged) -> Whose:
        """Whose a file is."""
        return self.whose.get(judged.file.parsed.sandbox, Whose()) if judged.file.parsed is not None else Whose()

    def seen(self, judged: Judged) -> Judged:
        """The file, as it is where Kubernetes has told that its pod still exists and waits for its sandbox to stop."""
        return of_pod(judged) if judged.file.parsed is not None and judged.file.parsed.sandbox in self.waiting else judged


async def _ask_more(client: LookCalls, looked: Looked, pods: PodsOfNodes | None) -> _More:
    if looked.look is None or not _damaged(looked.look):
        return _More()
    address = looked.node.address
    files = files_by_sandbox(_damaged(looked.look))
    traces = Traces(leases=[each.lease for network in looked.node.networks for each in network.held])
    told = {each.sandbox: each for each in looked.node.stories}
    # What is worth no story of its own, as an orphan, still has an owner.
    found = {sandbox: told.get(sandbox) or story(sandbox, judged, traces, looked.look.state) for sandbox, judged in files.items()}
    owned, note = await owners(client, address, list(filter(is_open, found.values())), traces.leases, pods)
    known = found | owned
    whose = {sandbox: each.whose for sandbox, each in known.items()}
    waiting = frozenset(sandbox for sandbox, each in known.items() if each.pod_exists is Source.KUBERNETES)
    return _More(await space_of(client, address), whose, waiting, (note,) if note else ())


def _planned(row: NodeRow, first: Looked, second: Looked | None, options: RepairOptions, more: _More) -> NodeRepair:
    latest = second or first
    node = latest.node
    base = NodeRepair(address=row.address, hostname=row.hostname, talos=node.talos, notes=(*node.notes, *more.notes), error=node.error)
    if first.look is None or latest.look is None:
        return replace(base, error=node.error or "it could not be looked at")
    damaged = _damaged(latest.look)
    base = replace(
        base,
        method=options.method or _best_method(node.talos),
        advice=advice(node.talos, latest.look.state, damaged),
        prevention=prevention(replace(latest.look.state, space=more.space), damaged),
        space=more.space,
        look=latest.look,
    )
    # Where one look was enough to see that nothing can be removed, the lack of a second one is not among the reasons.
    apart = 0.0 if second is None else APART
    judged = [(each, eligibility(each.file.name, first.look, latest.look, include=options.include, least_apart=apart)) for each in damaged]
    files = tuple(_file(each, found, base.method, more) for each, found in judged if found.eligible)
    left = tuple(FileLeft(more.seen(each), found, more.of(each)) for each, found in judged if not found.eligible)
    refused = _refusal(node.talos, base.method) if files else ""
    return replace(base, files=files, left=left, refused=refused)


def _file(judged: Judged, found: Eligibility, method: Method, more: _More) -> FileRepair:
    file = judged.file
    assert file.parsed is not None
    if judged.code == "stop-fails-or-will":
        judged = replace(judged, code="stop-fails", liveness=Liveness.STOPPED)  # the looks have shown what a check alone could not tell
    order = Order(name=file.name, sandbox=file.parsed.sandbox, size=file.size, modified=file.modified, shown_dead=found.shown_dead)
    judged = more.seen(judged)
    line = command(order, f"{HOST}{RESULTS}", host=HOST) if method is Method.DEBUG else command(order, MOUNT)
    return FileRepair(judged, order, line, more.of(judged))


def _has_debug(talos: str) -> bool:
    try:
        return TalosVersion.parse(talos).can(Fact.DEBUG_CONTAINERS)
    except VersionError:
        return False


def _best_method(talos: str) -> Method:
    return Method.DEBUG if _has_debug(talos) else Method.JOB


def _refusal(talos: str, method: Method) -> str:
    if method is Method.DEBUG and not _has_debug(talos):
        return f"Talos {talos} has no DebugService, which came with 1.13; use the method job or manifest"
    return ""


async def _named(client: LookCalls, node: NodeRepair) -> NodeRepair:
    """Ask the node what Kubernetes calls it: a job is pinned to exactly that name."""
    try:
        return replace(node, kubernetes_name=await kubernetes_name(client, node.address))
    except TalosPatchError as error:
        return replace(node, refused=node.refused or str(error))


def _limited(nodes: Sequence[NodeRepair], limit: int) -> tuple[list[NodeRepair], int]:
    """Keep the first files over all nodes, up to the limit; return also how many are over it."""
    room, over, kept = limit, 0, []
    for node in nodes:
        if node.refused:
            kept.append(node)
            continue
        taken = node.files[:room]
        over += len(node.files) - len(taken)
        room -= len(taken)
        kept.append(replace(node, files=taken))
    return kept, over


def _nodes(number: int) -> str:
    return "one node" if number == 1 else f"{number} nodes"
