"""Replay recorded exchanges with Talos against the simulated cluster: ``python tests/conformance.py DIR``.

Every ``*.jsonl`` of the directory is replayed against a cluster made from what the recording itself shows; the file's name is its
Talos minor. Prints the differences and ``N of M exchanges as recorded``, and exits 0 only if all agree.

A recording does not say when its requests were made, nor where its harness applied the first configuration again between two groups
(which moves resource versions by one). Both are worked out: a TRY is always waited out before the last look at its node, and where the
answers still leave a choice, all choices are followed and the one with the fewest differences is kept, then the one with the least that
was not recorded. ``--steps`` lists them. Where a whole group before is missing, versions count from the first that is seen in a group.

Texts in which Go's YAML library speaks (an error of its scanner, unknown keys, a diff of two encoded configurations) may differ behind that
point; the ids where they do are printed, and count as recorded. There are none in our own recordings.

What a simulated node cannot imitate is in one list, ``BEYOND`` in ``recorded_containerd.py``; those exchanges are printed with the reason,
do not count as recorded, and are no failure. One that is answered as recorded all the same is: the list must not hide anything.

With ``--over-tls`` the same requests at the same simulated times go through gRPC and TLS instead of straight to the model.
"""

from __future__ import annotations

import argparse
import asyncio
import pickle
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from recorded_cluster import cluster_of, node_names
from recorded_containerd import beyond, completed, containerd_runs, made_again
from recorded_exchanges import Answer, Record, Versions, fixed_parts_agree, load

from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.exchange import Exchange, StreamBroken
from talospatch.wire.methods import APPLY_CONFIGURATION
from talospatch.wire.proto import machine_pb2

if TYPE_CHECKING:
    from talospatch.simulator.spec import ClusterSpec, FileSpec

# When the recordings' scrubbed clock stands.
START = 1_767_323_045.0

# Seconds between two requests of a script that waits for nothing.
STEP = 0.02

# Seconds after a TRY's end by which it has been taken back.
MARGIN = 1.0

# How many readings of a recording are followed at once, and how many timers one of them may wait for before a single request.
READINGS, TIMERS = 6, 4

# How long a stream that the client left open is waited for, in simulated seconds.
PATIENCE = 30.0


@dataclass(frozen=True)
class Step:
    """What is done before one record is replayed, as far as the recording does not say it.

    Attributes:
        at: the simulated time of the request.
        again: nodes to which the first configuration is applied again before.
        raced: nodes on which a TRY of zero seconds ends otherwise than the model has it; it is a race in Talos, with both ends recorded.
        made: a file that is made again before: node, path, what it is.
    """

    at: float
    again: tuple[str, ...] = ()
    raced: tuple[str, ...] = ()
    made: tuple[str, str, FileSpec] | None = None


@dataclass(frozen=True)
class Choice:
    """What may have happened before a record: timers waited for, and as in :class:`Step`."""

    timers: int = 0
    again: tuple[str, ...] = ()
    raced: tuple[str, ...] = ()
    made: tuple[str, str, FileSpec] | None = None


@dataclass
class Reading:
    """One way to read a recording so far: the cluster as it then is, and what did not agree, or only in its fixed parts."""

    cluster: SimulatedCluster
    now: float
    steps: list[Step] = field(default_factory=list)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    loosely: set[str] = field(default_factory=set)
    versions: Versions = field(default_factory=Versions)
    unrecorded: int = 0

    def compare(self, record: Record, answer: Answer) -> None:
        """Take note of whether the answer is as recorded."""
        if wrong := self.versions.differences(record, answer):
            if fixed_parts_agree(record, answer):
                self.loosely.add(record.id)
            else:
                self.wrong[record.id] = wrong

    def fork(self) -> Reading:
        """Return the same reading, to be continued in another way."""
        cluster = pickle.loads(pickle.dumps(self.cluster))  # three times as fast as a deep copy
        versions = Versions(dict(self.versions.shifts))
        return Reading(cluster, self.now, list(self.steps), dict(self.wrong), set(self.loosely), versions, self.unrecorded)

    @property
    def cost(self) -> tuple[int, int, int]:
        """What the reading is judged by, least first."""
        return len(self.wrong), len(self.loosely), self.unrecorded + len(self.versions.shifted)


class Replay:
    """Replays one file.

    Args:
        records: of the file.
        minor: its Talos minor.
    """

    def __init__(self, records: Sequence[Record], minor: str) -> None:
        self.records = records
        self.spec = cluster_of(records, minor)
        self._names = node_names(self.spec)

    def read(self) -> Reading:
        """Return the best reading of the recording, replayed in memory."""
        readings = [Reading(SimulatedCluster(self.spec, START), START)]
        for index, record in enumerate(self.records):
            branches = [branch for reading in readings for branch in self._branches(index, record, reading)]
            readings = sorted(branches, key=lambda reading: reading.cost)[:READINGS]
        return readings[0]

    def _branches(self, index: int, record: Record, reading: Reading) -> list[Reading]:
        """Return the reading continued by one record, once for each thing that may have happened before it."""
        choices = [Choice(timers=timers) for timers in range(self._timers(reading) + 1)]
        if again := self._may_begin_anew(index, record):
            choices.append(Choice(again=again))
        if record.applies and record.request.get("try_mode_timeout") == "0s":
            choices += [replace(choice, raced=self._target_names(record)) for choice in choices]
        if (made := made_again(record)) is not None and len(names := self._target_names(record)) == 1:
            choices.append(Choice(made=(names[0], *made)))
        branches = []
        for number, choice in enumerate(choices):
            branch = reading.fork() if number + 1 < len(choices) else reading
            branches.append(self._continued(index, record, branch, choice))
        return branches

    def _continued(self, index: int, record: Record, reading: Reading, choice: Choice) -> Reading:
        now = max(reading.now + STEP, self._waited_until(index, record, reading))
        for _ in range(choice.timers):
            due = reading.cluster.next_due()
            if due is not None and due > now:
                now = due + STEP
                reading.cluster.advance(now)
        prepare(reading.cluster, self.spec, choice, now)
        self.stop_or_start_containerd(reading.cluster, record)
        answer, reading.now = ask(reading.cluster, record, now)
        reading.steps.append(Step(now, choice.again, choice.raced, choice.made))
        reading.unrecorded += choice.timers + len(choice.again) + len(choice.raced) + (choice.made is not None)
        reading.compare(record, answer)
        return reading

    def stop_or_start_containerd(self, cluster: SimulatedCluster, record: Record) -> None:
        """Do to the containerds of the nodes that are asked what was done to them before this record."""
        running = containerd_runs(record)
        if running is not None:
            for name in self._target_names(record):
                runtime = cluster.node(name).runtime
                runtime.up = runtime.system_up = running

    def _timers(self, reading: Reading) -> int:
        return TIMERS if reading.cluster.next_due() is not None else 0

    def _target_names(self, record: Record) -> tuple[str, ...]:
        return tuple(self._names[target] for target in record.targets if target in self._names)

    def _may_begin_anew(self, index: int, record: Record) -> tuple[str, ...]:
        """Return the node to which the harness may have applied its first configuration before this record.

        That is where something was applied to it since, and now either a new group begins or something is applied after something else.
        """
        names = self._target_names(record)
        if len(names) != 1:
            return ()
        earlier = [other for other in self.records[:index] if names[0] in self._target_names(other)]
        if not any(other.applies for other in earlier):
            return ()
        begins_group = all(other.group != record.group for other in earlier)
        follows_a_look = record.name == "ApplyConfiguration" and not record.request.get("dry_run") and not earlier[-1].applies
        return names if begins_group or follows_a_look else ()

    def _waited_until(self, index: int, record: Record, reading: Reading) -> float:
        """Return when this request was made at the earliest: after a TRY's end, if it is the last look before the next apply."""
        names = self._target_names(record)
        if record.applies or re.search(r"\b(while|during|cancels)\b", record.note):
            return 0.0
        for earlier in range(index - 1, -1, -1):
            tried = self.records[earlier]
            if not tried.applies or not set(self._target_names(tried)) & set(names):
                continue
            timeout = tried.request.get("try_mode_timeout")
            if tried.request.get("mode") != "TRY" or timeout is None or self._looked_at_again(index, record, names):
                return 0.0
            return reading.steps[earlier].at + float(timeout.removesuffix("s")) + MARGIN
        return 0.0

    def _looked_at_again(self, index: int, record: Record, names: tuple[str, ...]) -> bool:
        """Whether a later record looks at the same node before anything is applied to it."""
        for later in self.records[index + 1 :]:
            if not set(self._target_names(later)) & set(names):
                continue
            if later.applies:
                return False
            if later.number != record.number:
                return True
        return False


def ask(cluster: SimulatedCluster, record: Record, now: float) -> tuple[Answer, float]:
    """Make the recorded call in memory; return the answer and when it was there."""
    exchange = cluster.call(record.node, record.metadata, (record.role,), record.method, record.messages, now)
    if record.code == "DEADLINE_EXCEEDED" and exchange.answers_at > now + PATIENCE:
        return Answer([], "DEADLINE_EXCEEDED", "Deadline Exceeded"), now + PATIENCE  # the recording's client waited no longer either
    now = max(now, exchange.answers_at)
    messages = [message.SerializeToString() for message in exchange.messages]
    if record.cut_after is not None:
        return _cut(exchange, messages, record.cut_after, now)
    code, details = exchange.code, exchange.details
    if exchange.follow is not None:
        code, details = "DEADLINE_EXCEEDED", "the stream stays open"
    return Answer(messages, code, details), now


def _cut(exchange: Exchange, messages: list[bytes], count: int, now: float) -> tuple[Answer, float]:
    """Read as many messages as the recording's client did before it left."""
    until = now + PATIENCE
    try:
        while exchange.follow is not None and len(messages) < count and now < until:
            now += 0.1
            messages.extend(message.SerializeToString() for message in exchange.follow(now))
    except StreamBroken as broken:
        return Answer(messages[:count], broken.code, broken.details), now
    if exchange.follow is None:
        return Answer(messages[:count], exchange.code, exchange.details or "the stream ended by itself"), now
    return Answer(messages[:count]), now


def prepare(cluster: SimulatedCluster, spec: ClusterSpec, choice: Choice | Step, now: float) -> None:
    """Do what the recording does not show before a request."""
    for name in choice.again:
        apply_again(cluster, spec, name, now)
    if choice.made is not None:
        target, path, made = choice.made
        cluster.node(target).tree.put(path, made)
    for name in choice.raced:
        node = cluster.node(name)
        node.profile = replace(node.profile, zero_try_reverts=not node.profile.zero_try_reverts)


def apply_again(cluster: SimulatedCluster, spec: ClusterSpec, name: str, now: float) -> None:
    """Apply a node's first configuration to it, as the recording's harness did between groups."""
    node = next(node for node in spec.nodes if node.name == name)
    request = machine_pb2.ApplyConfigurationRequest(data=(node.config or "").encode(), mode=machine_pb2.ApplyConfigurationRequest.NO_REBOOT)
    exchange = cluster.call(name, {}, ("os:admin",), APPLY_CONFIGURATION.path, [request.SerializeToString()], now)
    if exchange.code == "OK":
        cluster.advance(now)


async def read_over_tls(replay: Replay, steps: Sequence[Step]) -> Reading:
    """Replay the records over the network, at the times and with the steps of a reading."""
    from recorded_over_tls import TlsClients

    from talospatch.simulator.clock import VirtualClock
    from talospatch.simulator.launch import running
    from talospatch.simulator.pki import Authority, KeyKind

    clock = VirtualClock(START)
    # gRPC's own TLS cannot do Ed25519; the tests of the server and of the transport do.
    authority = Authority(kind=KeyKind.ECDSA)
    async with running(replay.spec, clock=clock, authority=authority, workers_too=True, metrics=False) as cluster:
        reading = Reading(cluster.model, START)
        async with TlsClients(cluster) as clients:
            for record, step in zip(replay.records, steps, strict=True):
                clock.advance(step.at - clock.now())
                prepare(cluster.model, replay.spec, step, clock.now())
                replay.stop_or_start_containerd(cluster.model, record)
                cluster.server.refresh()
                reading.compare(record, await clients.ask(record))
        if cluster.server.errors:
            reading.wrong["server"] = [repr(error) for error in cluster.server.errors]
    return reading


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay a directory; return the exit status."""
    parser = argparse.ArgumentParser(description="Replay recorded exchanges with Talos against the simulated cluster.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--over-tls", action="store_true", help="go through gRPC and TLS instead of straight to the model")
    parser.add_argument("--steps", action="store_true", help="list what was worked out about the recording")
    options = parser.parse_args(arguments)
    files = sorted(options.directory.glob("*.jsonl"))
    if not files:
        print(f"{options.directory} holds no *.jsonl", file=sys.stderr)
        return 1
    total = agreed = 0
    failed = False
    for path in files:
        records = completed(load(path))
        whole = [record for record in records if record.is_whole]
        replay = Replay(whole, path.stem)
        reading = replay.read()
        steps = reading.steps
        if options.over_tls:
            reading = asyncio.run(read_over_tls(replay, steps))
        reading.wrong.update({record.id: ["it was not recorded whole"] for record in records if not record.is_whole})
        missing = beyond(records)
        for record_id, reason in missing.items():
            if reading.wrong.pop(record_id, None) is None:
                reading.wrong[record_id] = ["it is answered as recorded: take it out of BEYOND"]
            else:
                print(f"{path.name}: {record_id}: not imitated: {reason}")
        for record_id, sentences in reading.wrong.items():
            for sentence in sentences:
                print(f"{path.name}: {record_id}: {sentence}")
        if reading.loosely:
            print(f"{path.name}: compared only up to Go's own rendering of YAML: {', '.join(sorted(reading.loosely))}")
        if options.steps:
            for record, step in zip(whole, steps, strict=True):
                if step.again:
                    print(f"{path.name}: before {record.id} the first configuration was applied again to {', '.join(step.again)}")
            for (group, *rest), shift in reading.versions.shifted.items():
                print(f"{path.name}: in {group}, the version of {' '.join(rest)} is {shift} ahead of ours")
        total += len(records)
        agreed += len(records) - len((reading.wrong.keys() | missing.keys()) - {"server"})
        failed = failed or bool(reading.wrong)
    print(f"{agreed} of {total} exchanges as recorded")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
