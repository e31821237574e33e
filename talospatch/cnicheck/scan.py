"""Checking one node: what is asked of it, in which order, and the row that comes of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from talospatch.cni import addresses, pools
from talospatch.cni import conflist as conflists
from talospatch.cni.directories import CONFLISTS
from talospatch.cni.explain import shown_error
from talospatch.cni.logreport import LogReport, joined, only
from talospatch.cni.names import shown
from talospatch.cni.predict import FileKind
from talospatch.cni.rules import WORST_FIRST, Verdict
from talospatch.cni.runtimes import runtime_of
from talospatch.cni.story import Source, Story, Traces, files_by_sandbox, stories, story
from talospatch.cni.verdict import CacheFile, Judged, Liveness, NodeState, judge, of_pod, tolerates
from talospatch.cnicheck.contents import read_contents
from talospatch.cnicheck.disk_space import space_of
from talospatch.cnicheck.listing import Listing
from talospatch.cnicheck.node_logs import read_logs
from talospatch.cnicheck.owners import with_owners
from talospatch.cnicheck.report import NodeCni, count
from talospatch.cnicheck.running import Running, UnnamedError, running
from talospatch.cnicheck.surroundings import look_around, pools_of, with_contents
from talospatch.errors import NodeError, NotAuthorized, TalosPatchError, VersionError
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.cnicheck.calls import CniCalls
    from talospatch.cnicheck.options import CheckOptions
    from talospatch.rollout.rows import NodeRow

# Bytes. Even the entry of `lo` names the sandbox's 64-digit ID twice and holds a conflist in base64: the shortest one seen on a real
# containerd has 852 bytes. A file below this is damaged or not written by containerd, whatever is in it.
SMALLEST = 300
# Bytes. Kubernetes allows 256 KiB of annotations on a pod, and nothing else in an entry grows; parsing takes many times a file's size.
LARGEST = 1 << 20
_LARGEST_CONFLIST = 256 << 10
# Seconds by which a file may seem to be ahead of our clock before that is said.
_AHEAD = 300.0
# Verdicts worth more calls to a node; what heals, or is only left behind, is not.
_TROUBLE = frozenset({Verdict.FATAL, Verdict.TIME_BOMB, Verdict.UNKNOWN})
_HARMLESS = "harmless-content"  # the code of a file that was not read because it does no harm, whatever is in it
# Reasons for UNKNOWN that no log can clear up.
_BEYOND_LOGS = frozenset({"foreign-name", "link", "entry-error", "being-written"})


async def scan(client: CniCalls, row: NodeRow, options: CheckOptions) -> NodeCni:
    """Check one node. Never fails: what went wrong with the node is in the answer."""
    if row.error:
        return NodeCni(address=row.address, hostname=row.hostname, talos=row.talos, error=row.error)
    scanner = _Scan(client, row, options, Listing(client, row.address, options.most_entries), talos=row.talos, seen_at=options.ticks())
    try:
        async with asyncio.timeout(options.node_timeout):
            return await scanner.run()
    except TimeoutError:
        reason = f"it did not answer everything within {options.node_timeout:g} s"
    except TalosPatchError as error:
        reason = str(error)
    return NodeCni(address=row.address, hostname=row.hostname, talos=shown(scanner.talos), error=shown_error(reason))


@dataclass(slots=True)
class _Scan:
    """One node's scan while it goes on."""

    client: CniCalls
    row: NodeRow
    options: CheckOptions
    listing: Listing
    talos: str
    seen_at: float
    ready_known: bool = True
    running: Running = field(default_factory=Running)
    pool: pools.Pool | None = None
    unsound: dict[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def notes(self) -> list[str]:
        return self.listing.notes

    async def run(self) -> NodeCni:
        node = self.row.address
        if not self.talos:
            self.talos = (await self.client.version(node)).tag
        self._require_known(self.talos)
        directories, files = await _together(self.listing.sandboxes(), self.listing.cache_files())
        state = NodeState(runtime=runtime_of(self.talos), directories=directories, now=self.options.now())
        logs = self._logs_from_elsewhere(directories, files)
        odd = [file for file in files if _is_odd(file, directories)] if self._goes_by_odd(state, logs) else None
        if odd is not None and not odd:
            # Nothing more to ask, nor to judge: which pods run and which network is in force decide about odd files only.
            return self._report([], state, (), plain=len(files))
        state = await self._complete(state)
        apart, plain = (files, []) if odd is None else _parted(files, odd, state)
        judged = await self._with_contents(apart, state, listed=files)
        if self._wants_logs(judged):
            logs = joined(logs, await read_logs(self.client, node, self.options, self.notes))
        if failing := logs.failing():
            state = replace(state, failing=failing)
            judged = [*(self._again(each, state) for each in judged), *(judge(file, state) for file in plain)]
            plain = []
        return await self._told(judged, state, logs, plain=len(plain))

    def _goes_by_odd(self, state: NodeState, logs: LogReport) -> bool:
        """Whether only odd files need a look: this containerd goes on without files that it cannot read, and nobody asked for more."""
        asked = self.options.deep or self.options.addresses or self.options.about is not None
        return tolerates(state) and not asked and not logs.sandboxes

    def _require_known(self, tag: str) -> None:
        if not tag:
            self.notes.append("which Talos version this is was not told: what its containerd does is not known")
            self.ready_known = False
            return
        try:
            version = TalosVersion.parse(tag)
        except VersionError:
            self.notes.append(f"{shown(tag)!r} is not a Talos version: what its containerd does is not known")
            self.ready_known = False
            return
        if not version.can(Fact.INSPECT):
            self._require_copy(version)
        self.ready_known = version.can(Fact.SANDBOX_IDS)

    def _require_copy(self, version: TalosVersion) -> None:
        """Raise unless these are copied files whose meaning is known: of a node so old it is not known what it answers."""
        from talospatch.cnicheck.copied import Copy

        known = version.can(Fact.CONTAINERD_KNOWN)
        if not isinstance(self.client, Copy):
            aside = "; a copy of its directories can be (--copy)" if known else ""
            raise VersionError(f"Talos {version} is older than 1.6, the first version that can be checked{aside}")
        if not known:
            raise VersionError(f"Talos {version} is older than 1.3, the first version of which a copy can be checked")

    def _logs_from_elsewhere(self, directories: frozenset[str] | None, files: Sequence[CacheFile]) -> LogReport:
        """Return what logs from elsewhere say of this node's sandboxes: those that are on it, and those whose log lines name this node."""
        if self.options.logs is None:
            return LogReport()
        known = {file.parsed.sandbox for file in files if file.parsed is not None} | (directories or frozenset())
        names = {self.row.address, self.row.hostname} - {""}
        logged = self.options.logs.sandboxes.values()
        return only(self.options.logs, (log.sandbox for log in logged if log.sandbox in known or log.node in names))

    async def _complete(self, state: NodeState) -> NodeState:
        (runs, boot_time), found = await _together(_together(self._what_runs(), self._boot_time()), self._conflist())
        self.running = runs
        tasks = await self.listing.tasks() if runs.ready is None else None
        return replace(
            state,
            ready=runs.ready,
            host_network=runs.host_network,
            boot_time=boot_time,
            conflist=found.conflist,
            no_conflist=found.none_there,
            tasks=tasks,
        )

    async def _what_runs(self) -> Running:
        if not self.ready_known:
            return Running()
        try:
            return running(await self.client.containers(self.row.address))
        except NodeError as error:
            self.notes.append(f"which pods run was not seen: {error}")
        except UnnamedError:
            self.notes.append("the node did not name the sandboxes that run: which they are is not known")
        return Running()

    async def _boot_time(self) -> int | None:
        try:
            return await self.client.boot_time(self.row.address)
        except NodeError as error:
            self.notes.append(f"when the node booted was not seen: {error}")
            return None

    async def _conflist(self) -> _Conflist:
        if not self.options.may_read:
            return _Conflist()
        try:
            name = await self.listing.conflist_name()
            if name is None:
                return _Conflist(none_there=True)
            content = await self.client.read_file(self.row.address, f"{CONFLISTS}/{name}", limit=_LARGEST_CONFLIST)
        except NotAuthorized:
            self.notes.append("CNI configuration: unknown (needs os:admin)")
            return _Conflist()
        except NodeError as error:
            self.notes.append(f"the CNI configuration was not read: {error}")
            return _Conflist()
        conflist = conflists.parse(content, name)
        if conflist is None:
            self.notes.append(f"{shown(name)} is not a CNI configuration that containerd could load")
        self.pool = pools.of_configuration(content, "the CNI configuration")
        return _Conflist(conflist)

    async def _with_contents(self, files: Sequence[CacheFile], state: NodeState, *, listed: Sequence[CacheFile]) -> list[Judged]:
        judged = {file.name: judge(file, state) for file in files}
        wanted = [file for file in files if self._is_wanted(judged[file.name])] if self.options.may_read else []
        large = sum(each.code == "content-unread" and each.file.size > LARGEST for each in judged.values())
        if large:
            are, were = ("file is", "was") if large == 1 else ("files are", "were")
            self.notes.append(f"{large} {are} larger than {LARGEST >> 20} MiB and {were} not read")
        if not wanted:
            if not self.options.may_read and any(each.code == "content-unread" for each in judged.values()):
                self.notes.append("contents: unknown (needs os:admin)")
            return list(judged.values())
        contents = await read_contents(self.client, self.row.address, wanted, listed, self.options)
        self.notes.extend(contents.notes)
        about = self.options.about
        for file in wanted:
            if file.name in contents.gone:
                del judged[file.name]
            elif file.name in contents.changed:
                judged[file.name] = judge(file._replace(problem=contents.changed[file.name]), state)
            elif file.name in contents.data:
                # Taken out, so that a content is not held longer than it takes to judge it; one that a log may say more of is kept.
                content = contents.data.pop(file.name)
                judged[file.name] = judge(file, state, content, pod_of_sound=about is not None)
                if judged[file.name].verdict is not Verdict.HEALTHY:
                    self.unsound[file.name] = content
        return list(judged.values())

    def _is_wanted(self, judged: Judged) -> bool:
        """Whether to read a file.

        Where damage is harmful, every file whose verdict depends on its content; elsewhere only files too short to be complete.
        """
        file, about = judged.file, self.options.about
        if file.kind is not FileKind.REGULAR or file.is_link or file.parsed is None or file.problem or not 0 < file.size <= LARGEST:
            return False
        asked = self.options.deep or (about is not None and (about.by_name or about.takes_file(judged)))
        return asked or judged.code == "content-unread" or file.size < SMALLEST

    def _wants_logs(self, judged: Sequence[Judged]) -> bool:
        """Whether the node's logs can decide something, or explain something that is wrong."""
        if not self.options.read_logs:
            return False
        return self.options.about is not None or any(map(_may_be_in_logs, judged))

    def _again(self, judged: Judged, state: NodeState) -> Judged:
        """Judge a file once more where the log, now that it was read, says something of it."""
        parsed = judged.file.parsed
        if parsed is None or parsed.sandbox not in state.failing or judged.verdict is Verdict.HEALTHY:
            return judged
        return judge(judged.file, state, self.unsound.get(judged.file.name), pod_of_sound=self.options.about is not None)

    async def _told(self, judged: list[Judged], state: NodeState, logs: LogReport, *, plain: int) -> NodeCni:
        """Look at addresses and network namespaces too, where that is worth it, and put everything together."""
        around = addresses.Surroundings()
        asked = self.options.addresses or self.options.about is not None
        if asked or any(each.verdict in _TROUBLE and each.code not in {*_BEYOND_LOGS, "content-unread"} for each in judged):
            around = await look_around(self.listing)
            if self.options.may_read:
                around = await with_contents(self.client, self.row.address, around, self.notes)
            network = state.conflist.name if state.conflist is not None else ""
            client = self.client if self.options.may_read else None
            found = await pools_of(client, self.row.address, around, configured=self.pool, network=network, judged=judged, logs=logs)
            claimed = frozenset(self.running.namespaces.values())
            around = replace(around, pools=found, claimed=claimed)
        around = replace(around, exhausted=logs.exhausted)
        traces = Traces(
            logs=logs,
            leases=around.leases,
            pods=self.running.pods,
            namespaces=self.running.namespaces,
            are_files_complete=not self.listing.incomplete,
        )
        told = self._stories(judged, state, traces)
        if self.options.about is not None and self.options.may_read:
            told = await self._with_owners(told, judged, state, traces)
            waiting = {each.sandbox for each in told if each.pod_exists is Source.KUBERNETES}
            judged = [of_pod(each) if each.file.parsed is not None and each.file.parsed.sandbox in waiting else each for each in judged]
        if self.options.about is not None and any(each.is_damaged for each in told):
            state = replace(state, space=await space_of(self.client, self.row.address))
        return self._report(judged, state, told, around, plain=plain)

    def _stories(self, judged: Sequence[Judged], state: NodeState, traces: Traces) -> tuple[Story, ...]:
        about = self.options.about
        if about is None:
            return stories(judged, traces, state)
        files, logs = files_by_sandbox(judged), traces.logs
        holders = (each.sandbox for each in traces.leases if each.sandbox)
        # Not the IDs for which a log only names the pod: most of them are of containers.
        seen = {*files, *logs.sandboxes, *traces.pods, *holders, *(state.directories or ())}
        meant = {sandbox for sandbox in seen if about.takes_sandbox(sandbox) or any(map(about.takes_file, files.get(sandbox, ())))}
        meant |= {sandbox for sandbox in seen if about.takes_pod(traces.pods.get(sandbox)) or about.takes_pod(logs.pod_of(sandbox))}
        return tuple(story(sandbox, files.get(sandbox, ()), traces, state) for sandbox in sorted(meant))

    async def _with_owners(self, told: tuple[Story, ...], judged: Sequence[Judged], state: NodeState, traces: Traces) -> tuple[Story, ...]:
        """Add owners that only Kubernetes or a hostname can tell, and damaged sandboxes that turn out to belong to the pod asked for."""
        about = self.options.about
        others = stories([each for each in judged if each.is_damaged], traces, state) if about is not None and about.by_name else ()
        told, note = await with_owners(self.client, self.row.address, told, others=others, leases=traces.leases, options=self.options)
        self.notes.extend(filter(None, (note,)))
        return told

    def _report(
        self,
        judged: list[Judged],
        state: NodeState,
        told: tuple[Story, ...],
        around: addresses.Surroundings | None = None,
        *,
        plain: int = 0,
    ) -> NodeCni:
        counts, codes = count(Counter(each.code for each in judged) + Counter({_HARMLESS: plain}))
        # Files of which only the content was not read are counted, not listed.
        rows = [each for each in judged if each.verdict is not Verdict.HEALTHY and each.code != "content-unread"]
        rows.sort(key=lambda each: (WORST_FIRST.index(each.verdict), each.file.name))
        if len(rows) > self.options.most_rows:
            more = len(rows) - self.options.most_rows
            self.notes.append(f"{'1 more file is' if more == 1 else f'{more} more files are'} counted but not listed")
        self._note_clock(judged, state)
        networks = addresses.networks(around, state) if around is not None else ()
        kept = state if self.options.keep_sandboxes else replace(state, ready=None, directories=None, tasks=None, host_network=frozenset())
        return NodeCni(
            address=self.row.address,
            hostname=self.row.hostname,
            talos=shown(self.talos),
            state=replace(kept, failing={}),
            counts=counts,
            codes=codes,
            files=tuple(rows[: self.options.most_rows]),
            stories=told[: self.options.most_rows],
            networks=networks,
            findings=addresses.findings(networks, around, state) if around is not None else (),
            # Notes quote the node: its errors, its file names.
            notes=tuple(map(shown_error, self.notes)),
            incomplete=self.listing.incomplete,
            seen_at=self.seen_at,
        )

    def _note_clock(self, judged: Sequence[Judged], state: NodeState) -> None:
        ahead = max((each.file.modified for each in judged), default=0) - (state.now or 0.0)
        if state.now is not None and ahead > _AHEAD:
            self.notes.append(f"a file is {ahead:.0f} s newer than our clock: one of the two clocks is wrong, and so are ages")


_One = TypeVar("_One")
_Two = TypeVar("_Two")


async def _together(first: Coroutine[Any, Any, _One], second: Coroutine[Any, Any, _Two]) -> tuple[_One, _Two]:
    """Wait for both; when one fails, stop the other and raise what the one raised."""
    try:
        async with asyncio.TaskGroup() as group:
            one, two = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return one.result(), two.result()


@dataclass(frozen=True, slots=True)
class _Conflist:
    conflist: conflists.Conflist | None = None
    none_there: bool = False


def _may_be_in_logs(judged: Judged) -> bool:
    """Whether a log could say more of a file.

    A file that heals goes within a minute of its pod; where the pod is gone and the file is still there, the log tells why.
    """
    if judged.code == "heals":
        return judged.liveness is Liveness.STOPPED
    if judged.code == "being-written":
        return judged.liveness is Liveness.UNSEEN  # as in a copy, whose files may have got new times
    return judged.verdict in _TROUBLE and judged.code not in _BEYOND_LOGS


def _is_odd(file: CacheFile, directories: frozenset[str] | None) -> bool:
    """Whether a file needs a second look although this containerd goes on without files it cannot read."""
    parsed = file.parsed
    if parsed is None or directories is None or parsed.sandbox not in directories:
        return True
    return file.size < SMALLEST or file.kind is not FileKind.REGULAR or file.is_link or bool(file.problem)


def _parted(files: Sequence[CacheFile], odd: Sequence[CacheFile], state: NodeState) -> tuple[list[CacheFile], list[CacheFile]]:
    """Return the files to judge one by one, and those that one of their kind stands for: harmless, whichever sandbox they are of."""
    sandboxes = {file.parsed.sandbox for file in odd if file.parsed is not None} | state.host_network
    apart: list[CacheFile] = []
    alike: dict[tuple[str, str], list[CacheFile]] = {}  # by network and interface
    for file in files:
        parsed = file.parsed
        if parsed is None or parsed.sandbox in sandboxes:
            apart.append(file)
        else:
            alike.setdefault((parsed.network, parsed.interface), []).append(file)
    plain: list[CacheFile] = []
    for group in alike.values():
        (plain if judge(group[0], state).code == _HARMLESS else apart).extend(group)
    return apart, plain
