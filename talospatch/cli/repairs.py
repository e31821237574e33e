"""A repair on the command line: plan, show, and only with ``--yes`` carry out; or print a manifest for somebody else to apply."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.cli import signals
from talospatch.cli.layout import wrap
from talospatch.cli.output import Format, View, emit
from talospatch.cli.views import repair as views
from talospatch.cnicheck.repair.plan import Method, RepairOptions, RepairPlan
from talospatch.errors import InputError, KubernetesError
from talospatch.planning.outcomes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from talospatch.cli.options import Output
    from talospatch.cli.paint import Paint
    from talospatch.cli.terminal import Terminal
    from talospatch.cnicheck.repair.journal import RepairRecord
    from talospatch.fleet.async_cluster import AsyncCluster
    from talospatch.fleet.targets import Targets

INTERRUPTED = (
    "Interrupted. If anything ran on a node, it was ended: `talospatch cni repairs last` then shows what was about to be removed, "
    "`talospatch cni check` what there is now."
)
LARGEST_ARCHIVE = 512 << 20  # bytes; it is held in memory


class Carrying(NamedTuple):
    """How a plan is carried out.

    Attributes:
        yes: whether it is.
        kubeconfig, context: for the method job, and for names of pods.
    """

    yes: bool
    kubeconfig: Path | None = None
    context: str | None = None


def archive(path: Path | None) -> bytes | None:
    """Read an image archive.

    Raises:
        InputError: it cannot be read, or is larger than an image that we would send.
    """
    if path is None:
        return None
    try:
        if path.stat().st_size > LARGEST_ARCHIVE:
            raise InputError(f"it is larger than {LARGEST_ARCHIVE >> 20} MiB", source=str(path))
        return path.read_bytes()
    except OSError as error:
        problem = error.strerror or type(error).__name__
    raise InputError(problem, source=str(path))


def must_be_possible(options: RepairOptions, carrying: Carrying) -> None:
    """Raise early, before nodes are looked at for a minute, where the method cannot be carried out.

    Raises:
        RefusedError: ``missing-extra``.
        InputError: the options contradict each other, or the kubeconfig cannot be used.
    """
    if carrying.yes and options.method is Method.MANIFEST:
        raise InputError("--method manifest prints a manifest and runs nothing, so it takes no --yes")
    if carrying.yes and (options.method is Method.JOB or carrying.kubeconfig is not None):
        from talospatch.kubernetes.connection import require_config

        require_config(carrying.kubeconfig, carrying.context)


async def run(
    cluster: AsyncCluster, chosen: Targets, options: RepairOptions, carrying: Carrying, *, terminal: Terminal, output: Output
) -> int:
    """Plan; show the plan, or carry it out and show the report. Return the exit code.

    Args:
        cluster: the cluster.
        chosen: which nodes.
        options: what the repair may do.
        carrying: whether and how it is carried out.
        terminal: progress goes to stderr, the result to stdout.
        output: form of the result.
    """

    def say(text: str) -> None:
        terminal.say(wrap(text, terminal.prose_width, rest="  "))

    plan = await cluster.cni_repair_plan(
        nodes=chosen,
        options=options,
        kubeconfig=carrying.kubeconfig,
        kube_context=carrying.context,
        say=say,
        before_wait=partial(_must_reach, carrying, options.namespace),
    )
    if options.method is Method.MANIFEST:
        return _manifest(plan, terminal, output)
    if not carrying.yes:
        emit(views.plan(plan), output.form, terminal)
        return plan.exit_code()
    terminal.say(views.plan_text(plan, terminal.prose_width, terminal.error_paint))
    report = await cluster.cni_repair(
        plan,
        kubeconfig=carrying.kubeconfig,
        kube_context=carrying.context,
        say=lambda node, doing: say(f"{node}: {doing}"),
    )
    emit(views.report(report), output.form, terminal)
    if report.undone.sentence:
        say(report.undone.sentence)
    return report.exit_code()


def interruptible(work: Callable[[], Coroutine[Any, Any, int]], terminal: Terminal) -> int:
    """Run a repair; Ctrl-C, or a signal that ends us, ends it with how to see what there is now."""
    with signals.as_ctrl_c():
        try:
            return signals.run(work())
        except KeyboardInterrupt:
            terminal.say(wrap(INTERRUPTED, terminal.prose_width))
            return ExitCode.INTERRUPTED


def save(record: RepairRecord, directory: Path) -> list[Path]:
    """Write the bytes of a repair's files into a new directory for each node, readable for their owner only; return the paths.

    Raises:
        InputError: a file is there already, or cannot be written.
    """
    import os

    written = []
    for file in record.files:
        place = directory / _plain(file.hostname or file.node)
        target = place / _plain(file.name)
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(file.content)
        except OSError as error:
            problem = error.strerror or type(error).__name__
        else:
            written.append(target)
            continue
        raise InputError(problem, source=str(target))
    return written


def _plain(name: str) -> str:
    """Return a name that leads nowhere else, whatever a node called itself."""
    return "".join(char if char.isalnum() or char in "._-" else "_" for char in name).lstrip(".") or "_"


async def _must_reach(carrying: Carrying, namespace: str, methods: frozenset[Method]) -> None:
    """Raise before a minute is waited for, where a job is needed and could not be made.

    Raises:
        RefusedError: ``missing-extra``.
        InputError: the kubeconfig cannot be used.
        KubernetesError: the server cannot be reached, or does not tell what is asked of it later.
    """
    if not carrying.yes or Method.JOB not in methods:
        return
    from talospatch.kubernetes.connection import JOB, connect

    kubernetes = connect(carrying.kubeconfig, carrying.context)
    try:
        await kubernetes.namespace_labels(namespace)
    except KubernetesError as error:
        raise KubernetesError(error.doing, error.status, f"{error.text}{JOB.instead}") from None
    finally:
        await kubernetes.close()


def _manifest(plan: RepairPlan, terminal: Terminal, output: Output) -> int:
    from talospatch.cnicheck.repair.by_job import manifests

    made = manifests(plan.nodes, plan.options)
    terminal.say(views.plan_text(plan, terminal.prose_width, terminal.error_paint))
    form = Format.YAML if output.form is Format.TABLE else output.form
    emit(View(_no_table, lambda: _listed(made), lambda: _fenced(made)), form, terminal)
    return plan.exit_code()


def _no_table(_width: int, _paint: Paint) -> str:
    """Return nothing: as a table a manifest has no form."""
    return ""


def _listed(made: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(made)}


def _fenced(made: tuple[dict[str, Any], ...]) -> str:
    import yaml

    from talospatch.cli import markdown as md

    return md.fenced(yaml.safe_dump(_listed(made), sort_keys=False, width=140), "yaml")
