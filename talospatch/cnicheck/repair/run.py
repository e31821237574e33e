"""Carrying out a repair's plan: one node at a time, every condition asked again directly before, the journal first, and then the proof."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.cni.directories import RESULTS
from talospatch.cni.eligibility import eligibility
from talospatch.cni.verdict import judge
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.cnicheck.repair.journal import KIND, outcomes, repairs_of, sealed_name
from talospatch.cnicheck.repair.look import file_info, look_at
from talospatch.cnicheck.repair.proof import FILE, LOG, before, prove
from talospatch.cnicheck.repair.remover import Removal, Removals
from talospatch.cnicheck.repair.report import FileReport, RepairReport, Undone
from talospatch.errors import InputError, JournalError, TalosPatchError
from talospatch.planning.outcomes import Outcome

if TYPE_CHECKING:
    from talospatch.cni.eligibility import Look
    from talospatch.cnicheck.repair.calls import LookCalls
    from talospatch.cnicheck.repair.look import Looked
    from talospatch.cnicheck.repair.plan import FileRepair, Method, NodeRepair, RepairPlan
    from talospatch.cnicheck.repair.proof import Before
    from talospatch.cnicheck.repair.remover import Remover
    from talospatch.planning.report import ProofItem
    from talospatch.rollout.clock import Clock
    from talospatch.rollout.journal import Journal, JournalStore
    from talospatch.talos.files import FileInfo

# After one of these, nothing more is removed anywhere: what was not expected happened.
_STOPPING = frozenset({Outcome.FAILED, Outcome.UNKNOWN})
Say = Callable[[str, str], None]  # a node's name, and what is done there


def unheard(_node: str, _doing: str) -> None:
    """Tell nobody."""


async def repair(
    client: LookCalls,
    plan: RepairPlan,
    removers: Mapping[Method, Remover],
    store: JournalStore,
    *,
    scope: str,
    clock: Clock,
    say: Say = unheard,
) -> RepairReport:
    """Carry out a plan and return what happened. A file's failure is in the report; it stops whatever would come after it.

    Args:
        client: what is asked before and afterwards.
        plan: made by :func:`talospatch.cnicheck.repair.planner.plan_repair`.
        removers: what runs the commands, by method.
        store: the journals of rollouts; repairs have a directory of their own beside them.
        scope: the cluster's name: one repair or rollout at a time on it, on this machine.
        clock: tells the time and waits.
        say: told what is done.

    Raises:
        InputError: the plan is one for a manifest, which is for somebody else to apply.
        JournalError: the journal cannot be begun, or a rollout goes on; nothing was removed.
    """
    started = clock.at()
    if not plan.to_do:
        refused = tuple(file for node in plan.nodes for file in _refused(node))
        return RepairReport(repair="", files=refused, started_at=started, ended_at=started, undone=Undone.by(plan))
    missing = {node.method for node in plan.to_do} - set(removers)
    if missing:
        raise InputError(f"nothing carries out the method {', '.join(sorted(missing))}", hint="a manifest is for you to apply")
    with store.lock(scope):
        fields = {"kind": KIND, "scope": scope, "plan": plan.to_dict()}
        journal = repairs_of(store).begin(started, fields, {})
        with contextlib.closing(journal):
            return await _Run(client, plan, removers, journal, clock, say).all()


@dataclass(slots=True)
class _Run:
    """One run over a plan's nodes."""

    client: LookCalls
    plan: RepairPlan
    removers: Mapping[Method, Remover]
    journal: Journal
    clock: Clock
    say: Say
    notes: list[str] = field(default_factory=list)
    image: str = ""
    journalled: int = 0

    async def all(self) -> RepairReport:
        started = self.clock.at()
        reports: list[FileReport] = []
        stopped = ""
        try:
            for node in self.plan.nodes:
                if node.refused:
                    reports += _refused(node)
                elif stopped:
                    reports += [_report(node, file, Outcome.NOT_ATTEMPTED, stopped) for file in node.files]
                elif node.files:
                    reports += await self._node(node)
                    bad = next(filter(_is_stopping, reports), None)
                    stopped = f"stopped after {bad.node_name}: {bad.outcome.value}" if bad is not None else ""
        except asyncio.CancelledError:
            self._note_in_journal("interrupted", {})
            raise
        report = RepairReport(
            repair=self.journal.rollout,
            files=tuple(reports),
            notes=tuple(self.notes),
            image=self.image,
            journalled=self.journalled,
            started_at=started,
            ended_at=self.clock.at(),
            undone=Undone.by(self.plan),
        )
        self._note_in_journal("end", {"outcomes": outcomes(report)})
        return report

    async def _node(self, node: NodeRepair) -> list[FileReport]:
        """Remove a node's files and prove it; whatever goes wrong is in the reports."""
        remover = self.removers[node.method]
        assert node.look is not None
        try:
            self.say(node.name, "making ready to remove")
            try:
                await remover.prepare(node, node.look.boot_id)
            except TalosPatchError as error:
                return self._end([_report(node, file, Outcome.FAILED, f"nothing was removed: {error}") for file in node.files])
            chosen, reports = await self._still_eligible(node)
            if chosen:
                reports += await self._remove(node, chosen, remover)
        finally:
            # Also when we are being cancelled: what was put there must go.
            self.notes += await asyncio.shield(asyncio.ensure_future(remover.clean_up(node)))
        order = [file.order.name for file in node.files]
        return self._end(sorted(reports, key=lambda report: order.index(report.name)))

    async def _still_eligible(self, node: NodeRepair) -> tuple[list[FileRepair], list[FileReport]]:
        """Look at the node once more and ask every condition again."""
        self.say(node.name, "looking again")
        row = NodeToCheck(node.address, node.hostname)
        looked = await look_at(self.client, row, CheckOptions(deep=self.plan.options.deep), self.clock)
        if looked.look is None:
            reason = f"nothing was removed: {looked.node.error}"
            return [], [_report(node, file, Outcome.FAILED, reason) for file in node.files]
        chosen: list[FileRepair] = []
        reports: list[FileReport] = []
        for file in node.files:
            because = self._objections(file, node, looked)
            if because:
                reports.append(_report(node, file, Outcome.REFUSED, f"left alone: {'; '.join(because)}"))
            else:
                chosen.append(file)
        return chosen, reports

    def _objections(self, file: FileRepair, node: NodeRepair, looked: Looked) -> tuple[str, ...]:
        """Why a file must be left alone now, in sentences."""
        assert node.look is not None
        assert looked.look is not None
        if looked.node.talos != node.talos:
            return (f"the node has Talos {looked.node.talos} now",)
        if file.order.name not in looked.look.files:
            return ("it is not there any more, or in order by now",)
        # The plan's own two looks were far enough apart; this one may follow at any time.
        found = eligibility(file.order.name, node.look, looked.look, include=self.plan.options.include, least_apart=0.0)
        if found.eligible and not set(file.order.shown_dead) <= set(found.shown_dead):
            return ("what showed that its sandbox is dead is not seen any more",)
        return found.sentences

    async def _remove(self, node: NodeRepair, files: Sequence[FileRepair], remover: Remover) -> list[FileReport]:
        assert node.look is not None
        sandboxes = [file.order.sandbox for file in files]
        was = await before(self.client, node.address, sandboxes, node.look.state.directories or frozenset())
        reports: list[FileReport] = []
        ready: list[FileRepair] = []
        for file in files:
            problem = await self._write_down(node, file, node.look)
            if problem is None:
                ready.append(file)
            else:
                reports.append(_report(node, file, *problem))
        if not ready:
            return reports
        self.say(node.name, f"removing {len(ready)} {'file' if len(ready) == 1 else 'files'}")
        try:
            removals = await remover.remove(node, ready)
        except TalosPatchError as error:
            removals = Removals({file.order.name: Removal(None, removed=False, said=str(error), ran=False) for file in ready})
        self.image = removals.image or self.image
        self.notes += removals.notes
        for name, removal in removals.files.items():
            fields = {"node": node.address, "name": name, "exitCode": removal.exit_code, "removed": removal.removed, "said": removal.said}
            self._note_in_journal("removal", {**fields, "image": removals.image})
        gone: list[tuple[FileRepair, str]] = []
        for file in ready:
            found = await self._outcome(node, file, removals.files.get(file.order.name))
            if isinstance(found, FileReport):
                reports.append(found)
            else:
                gone.append((file, found))
        return reports + await self._proven(node, gone, was)

    async def _write_down(self, node: NodeRepair, file: FileRepair, look: Look) -> tuple[Outcome, str] | None:
        """Journal a file's bytes and metadata; return why it is left alone instead, or None."""
        name = file.order.name
        try:
            info = await file_info(self.client, node.address, name)
            if info is None:
                return Outcome.REFUSED, "left alone: it is not there any more"
            if not _is_the_same(info, file):
                return Outcome.REFUSED, "left alone: it is not any more what it was"
            path = f"{RESULTS}/{name}"
            content = await self.client.read_file(node.address, path, limit=info.size, expected_size=info.size)
        except TalosPatchError as error:
            return Outcome.FAILED, f"nothing was removed: {error}"
        if judge(file.judged.file, look.state, content).inspection.damage is not file.judged.inspection.damage:
            return Outcome.REFUSED, "left alone: its content is not any more what it was"
        fields = {
            "node": node.address,
            "hostname": node.hostname,
            "name": name,
            "path": path,
            "size": info.size,
            "modified": info.modified,
            "mode": info.mode,
            "uid": info.uid,
            "gid": info.gid,
            "sandbox": file.order.sandbox,
            "method": node.method.value,
            "command": list(file.command),
        }
        try:
            self.journal.write("intend", fields, at=self.clock.at(), sealed={sealed_name(name): content})
        except JournalError as error:
            return Outcome.FAILED, f"nothing was removed, since it could not be journalled: {error}"
        self.journalled += 1
        return None

    async def _outcome(self, node: NodeRepair, file: FileRepair, removal: Removal | None) -> FileReport | str:
        """Return the report of a file that is still there; of one that is gone, how that came about."""
        if removal is None:
            return _report(node, file, Outcome.NOT_ATTEMPTED, "not tried, since the one before it did not end as expected")
        try:
            info = await file_info(self.client, node.address, file.order.name)
        except TalosPatchError as error:
            return _report(node, file, Outcome.UNKNOWN, f"whether it was removed could not be seen: {error}")
        said = f": {removal.said}" if removal.said else ""
        if info is None:
            if removal.removed:
                return "removed"
            return "gone, but not seen to be removed by this run" if removal.ran else f"gone, though nothing was run{said}"
        if removal.removed:
            return _report(node, file, Outcome.FAILED, f"the command says that it removed it, and the node still lists it{said}")
        if removal.exit_code is None:
            text = "the command was not run" if not removal.ran else "the command did not end as expected, and the file is still there"
            return _report(node, file, Outcome.FAILED, f"{text}{said}")
        if removal.exit_code == 0:
            return _report(node, file, Outcome.REFUSED, f"left alone: on the node, at that moment, it was not any more what it was{said}")
        return _report(node, file, Outcome.FAILED, f"the command failed with {removal.exit_code}{said}; the file is still there")

    async def _proven(self, node: NodeRepair, gone: Sequence[tuple[FileRepair, str]], was: Before) -> list[FileReport]:
        if not gone:
            return []
        files = [file for file, _ in gone]
        proofs = await prove(
            self.client, node.address, files, was, options=self.plan.options, clock=self.clock, say=lambda doing: self.say(node.name, doing)
        )
        reports = []
        for file, how in gone:
            proof = proofs[file.order.name]
            open_items = [item for item in proof if item.ok is not True]
            outcome = Outcome.NOT_PROVEN if open_items else Outcome.PROVEN
            reason = f"{how}; not proven: {_unproven(open_items)}" if open_items else how
            reports.append(_report(node, file, outcome, reason, proof))
        return reports

    def _end(self, reports: list[FileReport]) -> list[FileReport]:
        for report in reports:
            self._note_in_journal("ended", {"node": report.node, "name": report.name, "report": report.to_dict()})
        return reports

    def _note_in_journal(self, event: str, fields: Mapping[str, object]) -> None:
        """Write what has been done; a full disk now must not hide it from the report."""
        try:
            self.journal.write(event, fields, at=self.clock.at())
        except JournalError as error:
            note = f"the journal is not complete: {error}"
            if note not in self.notes:
                self.notes.append(note)


def _is_stopping(report: FileReport) -> bool:
    """Whether nothing more may be removed: it went wrong, or it was not seen that removing the file ended the failures.

    Where the log shows that it did, what is not seen yet keeps nobody waiting: a kubelet that is slow, or a lease that could not be read.
    """
    if report.outcome is not Outcome.NOT_PROVEN:
        return report.outcome in _STOPPING
    return not all(item.ok for item in report.proof if item.what in (FILE, LOG))


def _is_the_same(info: FileInfo, file: FileRepair) -> bool:
    plain = info.is_regular and not info.link
    return plain and (info.size, info.modified) == (file.order.size, file.order.modified)


def _report(node: NodeRepair, file: FileRepair, outcome: Outcome, reason: str, proof: tuple[ProofItem, ...] = ()) -> FileReport:
    return FileReport(
        node=node.address,
        hostname=node.hostname,
        name=file.order.name,
        sandbox=file.order.sandbox,
        outcome=outcome,
        reason=reason,
        proof=proof,
    )


def _refused(node: NodeRepair) -> list[FileReport]:
    return [_report(node, file, Outcome.REFUSED, node.refused) for file in node.files]


def _unproven(items: Iterable[ProofItem]) -> str:
    return ", ".join(f"{item.what} ({item.seen})" for item in items)
