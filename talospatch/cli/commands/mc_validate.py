"""``talospatch machineconfig validate``."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from talospatch.cli.file_options import Talos
from talospatch.cli.options import Output, bundled
from talospatch.cli.output import emit
from talospatch.cli.terminal import Terminal
from talospatch.errors import InputError
from talospatch.planning.outcomes import ExitCode
from talospatch.talos.finding import Severity

EPILOG = """\b
Examples:
  talospatch machineconfig validate worker.yaml -m metal --talos 1.13
  talospatch machineconfig validate -c worker.yaml -m metal --talos 1.14 --strict
  talospatch mc validate configs/ -m cloud --talos 1.14 -o markdown
  helm template . | talospatch mc validate - -m metal --talos 1.13

\b
An error is what Talos refuses; warnings and notes are about what it takes and would better not be given.
Ends with 0 when nothing counts as a problem (--fail-on), 2 when something does, 1 when a file cannot be read.
"""


class Mode(StrEnum):
    """Where Talos runs; the words of :mod:`talospatch.machineconfig.validation.validate`."""

    METAL = "metal"
    CLOUD = "cloud"
    CONTAINER = "container"


@bundled
def validate(
    output: Output,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Machine configurations, directories of them, or -.", show_default=False)
    ] = None,
    config: Annotated[
        list[str] | None, typer.Option("--config", "-c", metavar="FILE", help="The same as FILE, as talosctl has it.")
    ] = None,
    mode: Annotated[Mode | None, typer.Option("--mode", "-m", help="Where Talos runs.", show_default=False)] = None,
    talos: Talos = None,
    strict: Annotated[bool, typer.Option("--strict", help="Make errors of Talos's own warnings about the main document.")] = False,
    fail_on: Annotated[
        Severity, typer.Option("--fail-on", help="Which findings end with 2: these and graver ones.", case_sensitive=False)
    ] = Severity.ERROR,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=0, help="Processes for many files; 0 takes one a core.")] = 1,
) -> int:
    """Validate files: every problem at once, with its place.

    The verdict is that of `talosctl validate` of the given version. Beyond it: files that the next boot would stop at, TOML that containerd
    cannot read, secrets that a worker should not have, and what is deprecated.
    """
    from talospatch.cli import changes, verdicts
    from talospatch.cli.views import verdicts as views
    from talospatch.cli.workers import cores
    from talospatch.versions import TalosVersion

    named = [*(files or ()), *(config or ())]
    if not named:
        raise typer.BadParameter("name the files to validate: paths, directories, or - for stdin")
    if mode is None:
        raise InputError("which rules count depends on where Talos runs", hint=f"give -m {'|'.join(Mode)}")
    if not talos:
        raise InputError(changes.NO_VERSION, hint=changes.VERSION_HINT)
    version = TalosVersion.parse(talos)
    judge = partial(verdicts.judged, mode=mode.value, talos=version, strict=strict)
    made = views.Verdicts(tuple(verdicts.judge(judge, named, processes=jobs or cores())), version.tag, mode.value)
    emit(views.view(made), output.form, Terminal())
    if made.failed:
        return ExitCode.ERROR
    return ExitCode.DIFFERENCES if made.gravest(fail_on) else ExitCode.DONE
