"""``talospatch machineconfig patch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from talospatch.cli.file_options import FilePatch
from talospatch.cli.options import bundled
from talospatch.cli.terminal import Terminal
from talospatch.planning.outcomes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.cli.file_patching import Conditions, Task
    from talospatch.cli.views.patched_files import FileOutcome

EPILOG = """\b
Examples:
  talospatch machineconfig patch worker.yaml -p @patch.yaml --talos 1.13
  talospatch machineconfig patch worker.yaml -p @patch.yaml --talos 1.13 -o patched.yaml
  talospatch mc patch configs/ -p patches/ --talos 1.14 -i -j 0
  talospatch mc patch configs/ -p patches/ --talos 1.14 --check
  helm template . | talospatch mc patch - -p bundled:containerd-metrics --talos 1.14

\b
Ends with 0 when all went well, 2 when --check finds files to change, 1 when a file cannot be patched; the
others are patched all the same. What was noticed goes to stderr.
"""


@bundled
def patch(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Machine configurations, directories of them, or -.", show_default=False)
    ],
    change: FilePatch,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="PATH", help="Write to this file; of several files, into this directory.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", "-i", help="Change the files themselves, each whole or not at all; mode and links stay.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; list the files that would change, and end with 2 if there are any.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=0, help="Processes for many files; 0 takes one a core.")] = 1,
) -> int:
    """Patch machine configurations in files.

    The result of one file goes to stdout, with its comments and layout as far as the patch does not touch them. Several files need -i,
    -o DIRECTORY or --check. A file that has what is wanted is not touched.
    """
    from talospatch.cli import changes, file_patching
    from talospatch.cli.inputs import is_directory

    if sum((in_place, check, output is not None)) > 1:
        raise typer.BadParameter("-i, -o and --check exclude each other")
    terminal = Terminal()
    conditions = file_patching.Conditions(changes.recipe(change, files), change.strict)
    into_directory = output is not None and (output.endswith("/") or is_directory(output))
    if len(files) == 1 and not (in_place or check or into_directory or is_directory(files[0])):
        return _one(terminal, files[0], output, conditions)
    if not (in_place or check or output):
        raise typer.BadParameter("several files do not fit on stdout: give -i to change them in place, -o DIRECTORY, or --check")
    todo = file_patching.tasks(files, in_place=in_place, output=output or "")
    return _several(terminal, files, todo, conditions, output="" if check or in_place else output or "", check=check, jobs=jobs)


def _one(terminal: Terminal, name: str, output: str | None, conditions: Conditions) -> int:
    """Patch one file to stdout, or to another file."""
    from talospatch.cli import file_patching
    from talospatch.cli.views import findings

    before = file_patching.seen(name)
    _, made = file_patching.patched(name, conditions)
    if output is None or output == "-":
        terminal.out_exactly(made.text)
    else:
        file_patching.write(output, made.text, before)
    if made.findings:
        terminal.say(findings.text(findings.grouped([("", made.findings)]), terminal.prose_width, terminal.error_paint))
    return ExitCode.DONE


def _several(
    terminal: Terminal, files: Sequence[str], todo: Sequence[Task], conditions: Conditions, *, output: str, check: bool, jobs: int
) -> int:
    """Patch files in place or into a directory, or say which would change."""
    from talospatch.cli import file_patching
    from talospatch.cli.views import patched_files as views
    from talospatch.cli.views.patched_files import PatchedFiles
    from talospatch.cli.workers import cores

    outcomes: list[FileOutcome] = []

    def told() -> PatchedFiles:
        done = PatchedFiles(tuple(outcomes), conditions.recipe.names, conditions.recipe.talos.tag, check, output)
        terminal.say(views.text(done, terminal.prose_width, terminal.error_paint))
        return done

    try:
        for outcome in file_patching.run(files, todo, conditions, processes=jobs or cores()):
            outcomes.append(outcome)
            if check and outcome.changes:
                terminal.out(outcome.name)
    except KeyboardInterrupt:
        told()  # each of these is whole
        raise
    done = told()
    if done.failed:
        return ExitCode.ERROR
    return ExitCode.DIFFERENCES if check and done.changed else ExitCode.DONE
