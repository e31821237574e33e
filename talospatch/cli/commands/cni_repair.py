"""``talospatch cni repair`` and ``cni repairs``."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from talospatch.cli.cluster_options import Connection, Journal, Selection
from talospatch.cli.options import Output, bundled

EPILOG = """\b
Examples:
  talospatch cni repair --workers                                   # what could be removed; removes nothing
  talospatch cni repair -n 10.0.0.5 --yes
  talospatch cni repair -n 10.0.0.5 --yes --method debug --image-archive tools.tar
  talospatch cni repair --workers --method manifest > jobs.yaml     # for kubectl apply -f

\b
Role: os:admin. On Talos up to 1.7 upgrade to 1.8 or newer first: that keeps the data and heals by itself.
What each method may do on a node is said before it does it, and without --yes too.
"""
REPAIRS = """\b
Examples:
  talospatch cni repairs
  talospatch cni repairs last --save ./removed

\b
Asks no node. The bytes are sealed in the journal; they may hold secrets of the pod.
"""


class Include(StrEnum):
    """Levels of ``--include``; those of :class:`talospatch.cni.eligibility.Include`."""

    FATAL = "fatal"
    UNKNOWN = "unknown"
    HEALS = "heals"
    RESIDUE = "residue"


class Method(StrEnum):
    """Methods; those of :class:`talospatch.cnicheck.repair.plan.Method`."""

    DEBUG = "debug"
    JOB = "job"
    MANIFEST = "manifest"


@bundled
def repair(
    selection: Selection,
    connection: Connection,
    journal: Journal,
    output: Output,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove the files. Without it nothing is removed.")] = False,
    include: Annotated[
        Include, typer.Option("--include", help="Which verdicts are worth it: this one and worse; damage that heals by itself is not.")
    ] = Include.FATAL,
    method: Annotated[
        Method | None,
        typer.Option(
            "--method",
            help="How: a debug container of Talos (1.13 and later), a Kubernetes job, or only print the job; by the node's version.",
            show_default=False,
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="NAME", help="Image that has GNU find, by name or digest, instead of debian:12-slim."),
    ] = None,
    image_archive: Annotated[
        Path | None,
        typer.Option("--image-archive", metavar="FILE", help="Image as an OCI or docker tar, for nodes that reach no registry (debug)."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Most files removed in one run.")] = 10,
    deep: Annotated[bool, typer.Option("--deep", help="Look into every file, also where its content does no harm.")] = False,
    namespace: Annotated[str, typer.Option("--namespace", metavar="NAME", help="Where a job is made.")] = "kube-system",
    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            "--kubeconfig", metavar="FILE", help="For a job, and for names of pods; found as kubectl finds it.", show_default=False
        ),
    ] = None,
    kube_context: Annotated[str | None, typer.Option("--kube-context", metavar="NAME", help="Context in the kubeconfig.")] = None,
) -> int:
    """Remove damaged CNI result-cache files that keep sandboxes from stopping. Without --yes it only says which.

    A file is removed only if two looks a minute apart show it damaged, old, unchanged, and its sandbox dead, and a third one directly
    before; the command on the node tests it once more. Its bytes are journalled first, and afterwards the kubelet is watched.
    """
    from talospatch.cli import repairs
    from talospatch.cli.session import connected, targets
    from talospatch.cli.terminal import Terminal
    from talospatch.cni.eligibility import Include as Worth
    from talospatch.cnicheck.repair.plan import IMAGE, RepairOptions
    from talospatch.cnicheck.repair.plan import Method as How

    terminal = Terminal()
    chosen = targets(selection)
    options = RepairOptions(
        include=Worth(include.value),
        method=How(method.value) if method is not None else None,
        image=image or IMAGE,
        archive=repairs.archive(image_archive),
        namespace=namespace,
        limit=limit,
        deep=deep,
    )
    carrying = repairs.Carrying(yes, kubeconfig, kube_context)
    repairs.must_be_possible(options, carrying)

    async def work() -> int:
        async with connected(connection, terminal, journal) as cluster:
            return await repairs.run(cluster, chosen, options, carrying, terminal=terminal, output=output)

    return repairs.interruptible(work, terminal)


@bundled
def past(
    journal: Journal,
    output: Output,
    repair_id: Annotated[str | None, typer.Argument(metavar="ID", help="The repair: its id, the beginning of it, or last.")] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Write the bytes of its files below this directory, for you alone.")
    ] = None,
) -> int:
    """List the repairs that were made from here, or show one and get its files' bytes back."""
    from talospatch.cli import repairs
    from talospatch.cli.output import emit
    from talospatch.cli.terminal import Terminal
    from talospatch.cli.views import repair as views
    from talospatch.cnicheck.repair import journal as repair_journal
    from talospatch.errors import InputError
    from talospatch.rollout.journal import JournalStore
    from talospatch.rollout.places import Places

    terminal = Terminal()
    store = JournalStore(Places.of(os.environ, journal_dir=journal.journal_dir))
    if repair_id is None:
        if save is not None:
            raise InputError("--save needs the ID of a repair")
        emit(views.past(repair_journal.repairs(store)), output.form, terminal)
        return 0
    record = repair_journal.read_repair(store, repair_id)
    if save is not None:
        for path in repairs.save(record, save):
            terminal.say(f"written: {path}")
    emit(views.one(record), output.form, terminal)
    return 0
