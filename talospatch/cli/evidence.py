"""What a check of the CNI cache goes by: live nodes, copies of their directories, saved logs, Loki."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import BufferedReader
from typing import TYPE_CHECKING, NamedTuple

from talospatch.cli.session import connected, targets
from talospatch.errors import InputError, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from talospatch.cli.cluster_options import Connection, Evidence, Selection
    from talospatch.cli.terminal import Terminal
    from talospatch.cni.logreport import LogReport
    from talospatch.cnicheck.options import CheckOptions
    from talospatch.cnicheck.report import CniReport

Look = Callable[["CniReport | None"], Awaitable["CniReport"]]
_SPAN = re.compile(r"(?:\d{1,6}(?:\.\d{1,6})?[smhdw])+")
_PART = re.compile(r"([\d.]+)([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class KubernetesNamed(NamedTuple):
    """What options say of Kubernetes; both None leaves it to ``KUBECONFIG``."""

    kubeconfig: Path | None = None
    kube_context: str | None = None


@asynccontextmanager
async def looking(
    selection: Selection,
    connection: Connection,
    evidence: Evidence,
    options: CheckOptions,
    terminal: Terminal,
    *,
    kubernetes: KubernetesNamed | None = None,
) -> AsyncIterator[Look]:
    """Yield what looks once at everything that was named: given the report of the look before, it returns the next one.

    Args:
        selection: the nodes.
        connection: the way to them.
        evidence: what else there is.
        options: of the check.
        terminal: progress goes to stderr.
        kubernetes: what may be asked whose a sandbox is; None where nothing may.

    Raises:
        RefusedError: ``no-target`` where nothing was named to look at; ``copy-and-cluster`` where both were.
        InputError: a file, a time, an address or the kubeconfig of an option cannot be used.
        TelemetryError: Loki did not answer.
        TalosconfigError, DialError: why there is no connection.
    """
    from talospatch.cnicheck.check import check_copies
    from talospatch.cnicheck.copied import load
    from talospatch.cnicheck.node_pods import node_pods

    names_nodes = any((selection.nodes, selection.workers, selection.control_planes, selection.everything))
    if evidence.copies and names_nodes:
        raise RefusedError("copy-and-cluster", "--copy is checked instead of a cluster's nodes; name one or the other")
    if evidence.talos:
        _must_be_a_version(evidence)
    elsewhere = bool(evidence.copies or evidence.logs or evidence.loki is not None)
    nodes = targets(selection) if names_nodes or not elsewhere else None
    if kubernetes is not None:
        _must_be_usable(kubernetes, asked=nodes is not None)
    chosen = replace(options, logs=await _logs(evidence))
    if nodes is None:
        copies = {str(path): load(path, evidence.talos) for path in evidence.copies or ()}
        yield lambda _after: check_copies(copies, chosen)
        return
    if kubernetes is None:
        async with connected(connection, terminal) as cluster:
            yield lambda after: cluster.check_cni_cache(nodes=nodes, options=chosen, after=after)
        return
    async with connected(connection, terminal) as cluster, node_pods(cluster.client, **kubernetes._asdict()) as pods:
        yield lambda after: cluster.check_cni_cache(nodes=nodes, options=replace(chosen, pods=pods), after=after)


def _must_be_usable(kubernetes: KubernetesNamed, *, asked: bool) -> None:
    """Raise where a kubeconfig was named that is none, or that nothing would be asked by. One that only the environment names may be.

    Raises:
        InputError: why.
        RefusedError: ``missing-extra``.
    """
    from talospatch.kubernetes.connection import PODS, require_config

    if kubernetes.kubeconfig is None and kubernetes.kube_context is None:
        return
    if not asked:
        raise InputError("Kubernetes is asked about nodes that answer, and none was named", source="--kubeconfig")
    require_config(kubernetes.kubeconfig, kubernetes.kube_context, need=PODS)


def _must_be_a_version(evidence: Evidence) -> None:
    """Raise where a version was given that is none, or that nothing goes by: a slip of the pen must not look like health.

    Raises:
        InputError: why.
    """
    from talospatch.errors import VersionError
    from talospatch.versions import TalosVersion

    if not evidence.copies:
        raise InputError("it is the version of the nodes that --copy is of; nodes that answer tell their own", source="--talos")
    try:
        TalosVersion.parse(evidence.talos)
    except VersionError:
        raise InputError(f"{evidence.talos[:40]!r} is not a Talos version", source="--talos", hint="write it as v1.7.4 or 1.7") from None


async def _logs(evidence: Evidence) -> LogReport | None:
    """Return what logs from elsewhere say; None where none were named."""
    from talospatch.cni.logreport import joined
    from talospatch.cnicheck.log_files import read_log_files

    stdin = getattr(sys.stdin, "buffer", None)
    saved = read_log_files(evidence.logs, stdin=stdin if isinstance(stdin, BufferedReader) else None) if evidence.logs else None
    if evidence.loki is None:
        return saved
    asked = await _ask_loki(evidence)
    return asked if saved is None else joined(saved, asked)


async def _ask_loki(evidence: Evidence) -> LogReport:
    from talospatch.cnicheck.loki import ANY_STREAM, LokiQuestion, ask_loki
    from talospatch.telemetry.loki import Loki
    from talospatch.telemetry.source import from_environment

    now = time.time()
    end = moment_of(evidence.until, now, "--until") if evidence.until else now
    question = LokiQuestion(start=moment_of(evidence.since, end, "--since"), end=end, selector=evidence.selector or ANY_STREAM)
    async with Loki(from_environment(evidence.loki or "", os.environ)) as loki:
        return await ask_loki(loki, question)


def moment_of(text: str, before: float, option: str) -> float:
    """Return the moment that an option means, seconds since 1970: so long before another, as ``90m`` or ``1d12h``, or a time.

    Raises:
        InputError: it is neither.
    """
    if _SPAN.fullmatch(text):
        return before - sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise InputError(
            f"{text[:60]!r} is no time", source=option, hint="write a span, as 90m or 1d12h, or a time, as 2026-11-23T09:40:00Z"
        ) from None
