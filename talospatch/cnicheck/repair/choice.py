"""What carries out each method of a plan; a connection to Kubernetes is made only where the plan needs one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from talospatch.cnicheck.repair.plan import Method

if TYPE_CHECKING:
    from pathlib import Path

    from talospatch.cnicheck.repair.calls import DebugCalls
    from talospatch.cnicheck.repair.plan import RepairPlan
    from talospatch.cnicheck.repair.remover import Remover
    from talospatch.rollout.clock import Clock


@asynccontextmanager
async def removers(
    client: DebugCalls, plan: RepairPlan, clock: Clock, *, kubeconfig: str | Path | None = None, kube_context: str | None = None
) -> AsyncIterator[dict[Method, Remover]]:
    """Have, for the length of a block, what removes files by each method that the plan uses.

    Args:
        client: for the method debug.
        plan: what is to be carried out.
        clock: waits for a job.
        kubeconfig: for the method job; None finds it as kubectl does.
        kube_context: its context, instead of the current one.

    Raises:
        RefusedError: ``missing-extra``.
        InputError: the kubeconfig cannot be used.
    """
    methods = {node.method for node in plan.to_do}
    found: dict[Method, Remover] = {}
    if Method.DEBUG in methods:
        from talospatch.cnicheck.repair.by_debug import DebugRemover

        found[Method.DEBUG] = DebugRemover(client, plan.options)
    if Method.JOB not in methods:
        yield found
        return
    from talospatch.cnicheck.repair.by_job import JobRemover
    from talospatch.kubernetes.connection import connect

    kubernetes = connect(kubeconfig, kube_context)
    try:
        found[Method.JOB] = JobRemover(kubernetes, plan.options, clock)
        yield found
    finally:
        await kubernetes.close()
