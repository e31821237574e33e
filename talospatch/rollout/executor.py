"""Carrying out a plan: one node at a time, one action at a time, the journal first.

The world is touched in four ways only, in :meth:`_Run.perform`; what is done is decided in :mod:`talospatch.planning.steps`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from talospatch.errors import JournalError, TalosPatchError
from talospatch.planning.actions import Action, Depth, Kind, Seen
from talospatch.planning.effects import Effect
from talospatch.planning.outcomes import GOOD, Outcome
from talospatch.planning.plan import NodePlan, Plan, Strategy
from talospatch.planning.policy import within_budget
from talospatch.planning.report import NodeReport, Report
from talospatch.planning.state import Phase, State
from talospatch.planning.steps import begin, look_again, step
from talospatch.rollout.clock import Clock, RealClock
from talospatch.rollout.observe import Reading, observe
from talospatch.talos.finding import Finding, Severity

if TYPE_CHECKING:
    from talospatch.rollout.journal import Journal, JournalStore
    from talospatch.talosapi.client import Client

_READINGS = {Depth.EVERYTHING: Reading.EVERYTHING, Depth.CONFIGURATIONS: Reading.CONFIGURATIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Something that happened, for whoever watches.

    Attributes:
        kind: ``began`` (the rollout, ``detail`` is its id), ``node`` (a node's turn), ``doing`` (``detail`` says what), ``ended`` (a
            node; ``report`` is there) or ``finished`` (the rollout).
        number, total: which node of how many.
        seconds: since the node's turn began.
    """

    kind: str
    node: str = ""
    name: str = ""
    detail: str = ""
    number: int = 0
    total: int = 0
    seconds: float = 0.0
    report: NodeReport | None = None


Watcher = Callable[[Progress], None]


def nobody(_progress: Progress) -> None:
    """Watch nothing."""


async def execute(
    client: Client,
    plan: Plan,
    store: JournalStore,
    *,
    scope: str,
    clock: Clock | None = None,
    watch: Watcher = nobody,
    should_stop: Callable[[], bool] = lambda: False,
    kind: str = "apply",
    of: str = "",
) -> Report:
    """Carry out a plan and return what happened. A node's failure is in the report; it stops the nodes after it.

    Cancelling it (Ctrl-C) at any point leaves each node unchanged, or changed and journalled, or on trial with a journal entry that says
    so.

    Args:
        client: what calls are made with.
        plan: made by :func:`talospatch.rollout.planner.make_plan`, not for looking only.
        store: where it is journalled.
        scope: the cluster's name: one rollout at a time on it, on this machine.
        clock: the time; the machine's own when None.
        watch: told what happens.
        should_stop: asked before each node; True leaves the rest alone.
        kind: ``apply`` or ``undo``, for the history.
        of: with ``undo``, the id of what is undone.

    Raises:
        JournalError: the journal cannot be begun, or another rollout goes on; nothing was changed.
    """
    world = World(client, clock or RealClock(), watch, should_stop)
    plan = replace(plan, nodes=within_budget(plan.nodes, plan.options))
    turns = [Turn(node, begin(node, plan.options)) for node in plan.nodes]
    if not plan.to_do:
        return await _Run(world, plan, None).all(turns)
    with store.lock(scope):
        fields = {"kind": kind, "of": of, "scope": scope, "plan": plan.to_dict(shared=True)}
        journal = store.begin(world.clock.at(), fields, {"plan": json.dumps(plan.to_dict(secrets=True)).encode()})
        with contextlib.closing(journal):
            return await _Run(world, plan, journal).all(turns)


@dataclass(frozen=True, slots=True)
class World:
    """What a rollout touches, and who watches it."""

    client: Client
    clock: Clock
    watch: Watcher = nobody
    should_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Turn:
    """A node's turn in a rollout.

    Attributes:
        state: where its rollout begins.
        report: how it ended already; None when it is still to come.
    """

    node: NodePlan
    state: State
    report: NodeReport | None = None


async def go_on(world: World, plan: Plan, turns: Sequence[Turn], journal: Journal) -> Report:
    """Carry out what is left of a rollout, in the journal that it has."""
    return await _Run(world, plan, journal).all(turns)


class _Run:
    """One run over the nodes of a plan."""

    def __init__(self, world: World, plan: Plan, journal: Journal | None) -> None:
        self._client, self._clock, self._watch, self._should_stop = world.client, world.clock, world.watch, world.should_stop
        self._plan, self._journal = plan, journal
        self._findings: list[Finding] = []
        self._total = 0

    async def all(self, turns: Sequence[Turn]) -> Report:
        """Take the nodes one after another until one fails."""
        started = self._clock.at()
        rollout = self._journal.rollout if self._journal else ""
        self._total = sum(1 for turn in turns if turn.report is None and turn.node.may_go_ahead)
        self._watch(Progress(kind="began", detail=rollout, total=self._total))
        reports: list[NodeReport] = []
        committed: list[tuple[int, State]] = []
        stopped, number = "", 0
        for turn in turns:
            if turn.report is not None:
                reports.append(turn.report)
                continue
            if not turn.node.may_go_ahead:
                reports.append(_left_alone(turn.node))
                continue
            if not stopped and self._should_stop():
                stopped = "the rollout was stopped before its turn"
            if stopped and turn.node.strategy is not Strategy.NOTHING:
                reports.append(_report(turn.node, Outcome.NOT_ATTEMPTED, stopped))
                continue
            number += 1
            state, report = await self._node(turn, number)
            reports.append(report)
            if report.outcome is Outcome.PROVEN and state.phase is Phase.DONE and turn.node.strategy is Strategy.TRY:
                committed.append((len(reports) - 1, state))
            if _stops(turn.node, report):
                stopped = f"the rollout stopped at {report.name}, which ended as {report.outcome.value}"
        await self._sweep(committed, reports)
        self._write("end", {"outcomes": {report.node: report.outcome.value for report in reports}})
        final = Report(
            rollout=rollout,
            nodes=tuple(reports),
            changes=self._plan.changes,
            started_at=started,
            ended_at=self._clock.at(),
            findings=tuple(self._findings),
        )
        self._watch(Progress(kind="finished", detail=rollout, total=self._total))
        return final

    async def _node(self, turn: Turn, number: int) -> tuple[State, NodeReport]:
        node, start = turn.node, self._clock.now()

        def tell(kind: str, detail: str = "", report: NodeReport | None = None) -> None:
            spent = self._clock.now() - start
            told = Progress(
                kind=kind, node=node.node, name=node.name, detail=detail, number=number, total=self._total, seconds=spent, report=report
            )
            self._watch(told)

        tell("node")
        try:
            now = Seen(now=self._clock.now(), at=self._clock.at())
            state, end = await self._steps(turn.state, now, lambda says: tell("doing", says))
        except BaseException as interruption:
            # What the node has now is decided by what was journalled before it was done; this only makes the history readable.
            with contextlib.suppress(JournalError):
                self._write("interrupted", {"node": node.node, "by": type(interruption).__name__}, strict=True)
            raise
        assert end.outcome is not None
        report = _report(node, end.outcome, end.reason, end, self._clock.now() - start)
        if node.changes:
            self._write("ended", {"node": node.node, "report": report.to_dict()})
        tell("ended", report=report)
        return state, report

    async def _steps(self, state: State, seen: Seen, tell: Callable[[str], None]) -> tuple[State, Action]:
        while True:
            state, action = step(state, seen)
            if action.kind is Kind.FINISH:
                return state, action
            if action.says:
                tell(action.says)
            seen = await self.perform(state.plan, action)

    async def perform(self, node: NodePlan, action: Action) -> Seen:
        """Do one action and say what came of it. A failure of ours or of the node is an answer, not an exception."""
        facts = reply = error = None
        try:
            if action.kind is Kind.LOOK:
                facts = await observe(self._client, node.node, _READINGS[action.depth], machine_type=node.machine_type)
            elif action.kind is Kind.APPLY:
                assert action.mode is not None
                reply = await self._client.apply_configuration(
                    node.node, action.data, mode=action.mode, try_timeout=action.window, timeout=action.timeout
                )
            elif action.kind is Kind.JOURNAL:
                assert self._journal is not None
                self._journal.write(action.event, action.fields, at=self._clock.at(), sealed=action.sealed)
            elif action.kind is Kind.SLEEP:
                await self._clock.sleep(action.seconds)
        except TalosPatchError as problem:
            error = problem
        return Seen(now=self._clock.now(), at=self._clock.at(), facts=facts, reply=reply, error=error)

    async def _sweep(self, committed: Sequence[tuple[int, State]], reports: list[NodeReport]) -> None:
        """Read every committed node once more: a rollback that landed late is repaired, or reported."""
        for index, state in committed:
            plan = state.plan
            seen = await self.perform(plan, Action(kind=Kind.LOOK, depth=Depth.CONFIGURATIONS))
            facts = seen.facts
            if facts is None or facts.active is None or (facts.active.data == plan.after and facts.persistent is not None):
                continue
            seen = await self.perform(plan, Action(kind=Kind.LOOK))
            _state, end = await self._steps(look_again(state, seen.now), seen, lambda _says: None)
            assert end.outcome is not None
            findings = (Finding(Severity.WARNING, "late-rollback", "", "the trial's rollback landed after the commit"),)
            reports[index] = replace(reports[index], outcome=end.outcome, reason=end.reason, proof=end.proof, findings=findings)
            self._write("ended", {"node": plan.node, "report": reports[index].to_dict()})

    def _write(self, event: str, fields: dict[str, Any], *, strict: bool = False) -> None:
        """Note what has been done; that this could not be written is said, and undoes nothing."""
        if self._journal is None:
            return
        try:
            self._journal.write(event, fields, at=self._clock.at())
        except JournalError as error:
            if strict:
                raise
            self._findings.append(Finding(Severity.WARNING, "journal", "", f"what was done is not in the journal: {error}"))


def _stops(node: NodePlan, report: NodeReport) -> bool:
    """Whether the nodes after this one are left alone. A node on which nothing was changed by us stops nobody."""
    if report.outcome in GOOD or report.outcome is Outcome.REFUSED or not node.changes:
        return False
    return not (report.outcome is Outcome.NOT_PROVEN and node.effect is Effect.NEXT_BOOT)


def _left_alone(node: NodePlan) -> NodeReport:
    if node.error:
        return _report(node, Outcome.FAILED, f"it could not be looked at, and nothing was changed: {node.error}")
    return _report(node, Outcome.REFUSED, "; ".join(refusal.sentence for refusal in node.refusals))


def _report(node: NodePlan, outcome: Outcome, reason: str, end: Action | None = None, seconds: float = 0.0) -> NodeReport:
    return NodeReport(
        node=node.node,
        hostname=node.hostname,
        outcome=outcome,
        reason=reason,
        proof=end.proof if end else (),
        findings=node.findings,
        seconds=seconds,
    )
