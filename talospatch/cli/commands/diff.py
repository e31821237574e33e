"""``talospatch diff``, live and offline."""

from __future__ import annotations

from typing import Annotated

import typer

from talospatch.cli.app import new
from talospatch.cli.cluster_options import Allowed, ChangeOptions, Connection, Selection
from talospatch.cli.options import Output, bundled
from talospatch.cli.output import emit
from talospatch.cli.terminal import Terminal
from talospatch.planning.outcomes import ExitCode

app = new()

EPILOG = """\b
Examples, on a cluster (role os:admin, because it reads the machine configuration):
  talospatch diff -p bundled:containerd-metrics --workers
  talospatch diff -p @metrics.toml -n 10.0.0.5,10.0.0.6
  talospatch diff -p bundled:containerd-metrics --remove --workers

\b
Examples, offline, for a pull request (no credentials are looked for):
  talospatch diff -p bundled:containerd-metrics --talos 1.13 -o markdown workers/*.yaml
  talospatch diff -p bundled:containerd-metrics --talos 1.14 --oldest 1.13 configs/
  helm template . | talospatch diff -p @metrics.toml --talos 1.14 -

\b
Ends with 0 when nothing would change, 2 when something would, 5 when a guard refuses a node.
"""


@app.command(epilog=EPILOG)
@bundled
def diff(
    change: ChangeOptions,
    selection: Selection,
    allowed: Allowed,
    connection: Connection,
    output: Output,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Machine configurations, directories of them, or -; offline.", show_default=False),
    ] = None,
    talos: Annotated[
        str | None, typer.Option("--talos", "--talos-version", metavar="VERSION", help="Talos version that the files are for, as 1.13.")
    ] = None,
    oldest: Annotated[
        str | None, typer.Option("--oldest", metavar="VERSION", help="With files: the oldest Talos in the cluster, where it is another.")
    ] = None,
) -> int:
    """Show what a change would do, on a cluster or to files, and change nothing.

    Identical differences are shown once, with the nodes or files they are for. Secrets are replaced by marks.
    """
    terminal = Terminal()
    if files:
        if any((*selection, connection.talosconfig, connection.context, connection.endpoints)):
            raise typer.BadParameter("files are compared offline: give files, or name nodes, not both")
        return _offline(terminal, change, output, tuple(files), talos, oldest)
    if talos or oldest:
        raise typer.BadParameter("--talos and --oldest are for files; a node says its version itself")
    return _live(terminal, change, selection, allowed, connection, output)


def _offline(
    terminal: Terminal, change: ChangeOptions, output: Output, files: tuple[str, ...], talos: str | None, oldest: str | None
) -> int:
    from talospatch.cli import changes
    from talospatch.cli import files as compare
    from talospatch.cli.views import files as views
    from talospatch.errors import InputError
    from talospatch.patching.recipe import Recipe
    from talospatch.versions import TalosVersion

    if not talos:
        raise InputError(changes.NO_VERSION, hint=changes.VERSION_HINT)
    recipe = Recipe(TalosVersion.parse(talos), changes=changes.load(change, files), fleet_has_older=changes.has_older(oldest))
    comparison = compare.compare(recipe, files)
    emit(views.view(comparison), output.form, terminal)
    if comparison.failed:
        return ExitCode.ERROR
    if change.strict and views.has_warnings(comparison):
        return ExitCode.REFUSED
    return ExitCode.DIFFERENCES if comparison.groups or views.has_errors(comparison) else ExitCode.DONE


def _live(terminal: Terminal, change: ChangeOptions, selection: Selection, allowed: Allowed, connection: Connection, output: Output) -> int:

    from talospatch.cli import changes, plans, signals
    from talospatch.cli.session import connected, targets
    from talospatch.cli.views import plan as views

    chosen, loaded = targets(selection), changes.load(change)

    async def plan() -> int:
        async with connected(connection, terminal) as cluster:
            made = await cluster.plan(loaded, nodes=chosen, options=plans.options(allowed))
        emit(views.view(made), output.form, terminal)
        return plans.exit_code(made, strict=change.strict)

    return signals.run(plan())
