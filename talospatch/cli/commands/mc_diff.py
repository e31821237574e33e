"""``talospatch machineconfig diff``."""

from __future__ import annotations

from typing import Annotated

import typer

from talospatch.cli.file_options import FilePatch, Semantics
from talospatch.cli.options import Output, bundled
from talospatch.cli.output import emit
from talospatch.cli.terminal import Terminal
from talospatch.errors import InputError
from talospatch.planning.outcomes import ExitCode

EPILOG = """\b
Examples, of two files:
  talospatch machineconfig diff before.yaml after.yaml
  git show main:worker.yaml | talospatch mc diff - worker.yaml -o markdown

\b
Examples, of files and what patches would make of them:
  talospatch mc diff configs/ -p patches/ --talos 1.14 -o markdown
  talospatch mc diff worker.yaml -p @patch.yaml --talos 1.13 --semantics talosctl

\b
Ends with 0 when nothing differs, 2 when something does, 1 when a file cannot be compared.
"""


@bundled
def diff(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Two files; or with -p any number of files and directories, or -.", show_default=False),
    ],
    change: FilePatch,
    output: Output,
    as_patch: Annotated[bool, typer.Option("--as-patch", help="Of two files: print the patch that makes the second of the first.")] = False,
) -> int:
    """Compare two files, or files with what patches make of them.

    By meaning, each list element with its like, and by text. Secrets are replaced by marks; equal marks mean equal secrets, within this
    run only.
    """
    if change.patches or change.patch_files:
        if as_patch:
            raise typer.BadParameter("--as-patch is for two files: with -p there is a patch already")
        return _patched(tuple(files), change, output)
    if len(files) != 2:
        raise typer.BadParameter("give two files to compare, or patches with -p")
    return _pair(files[0], files[1], change, output, as_patch=as_patch)


def _pair(before: str, after: str, change: FilePatch, output: Output, *, as_patch: bool) -> int:
    from talospatch.cli import changes
    from talospatch.cli.views import pair as views
    from talospatch.offline import MachineConfig

    changes.read_once((before, after))
    pair = views.Pair(before, after, MachineConfig.load(before).diff(MachineConfig.load(after)))
    if not as_patch:
        emit(views.view(pair), output.form, Terminal())
        return ExitCode.DONE if pair.difference.is_empty else ExitCode.DIFFERENCES
    from talospatch.patching.as_patch import as_patch as patch_between
    from talospatch.versions import TalosVersion

    if not change.talos:
        raise InputError(changes.NO_VERSION, hint=changes.VERSION_HINT)
    Terminal().out_exactly(
        patch_between(
            pair.difference.before,
            pair.difference.after,
            talos=TalosVersion.parse(change.talos),
            semantics="talosctl" if change.semantics is Semantics.TALOSCTL else "declarative",
        )
    )
    return ExitCode.DONE


def _patched(files: tuple[str, ...], change: FilePatch, output: Output) -> int:
    from talospatch.cli import changes
    from talospatch.cli import files as compare
    from talospatch.cli.views import files as views

    comparison = compare.compare(changes.recipe(change, files), files, strict=change.strict)
    emit(views.view(comparison), output.form, Terminal())
    if comparison.failed:
        return ExitCode.ERROR
    return ExitCode.DIFFERENCES if comparison.groups else ExitCode.DONE
