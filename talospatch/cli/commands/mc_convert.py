"""``talospatch machineconfig convert``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from talospatch.cli.options import Output, bundled
from talospatch.cli.output import Format, emit
from talospatch.cli.terminal import Terminal
from talospatch.errors import RefusedError
from talospatch.planning.outcomes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.cli.converting import Conditions
    from talospatch.cli.views.conversions import Conversions

EPILOG = """\b
Examples:
  talospatch machineconfig convert worker.yaml --to 1.14
  talospatch machineconfig convert worker.yaml --to 1.14 --as-patch > documents.yaml
  talospatch mc convert configs/ --to 1.14 --oldest 1.13 -o markdown
  talospatch mc convert configs/ --to 1.14 --only cri-customization -i

\b
Examples, of the way back:
  talospatch mc convert worker.yaml --to 1.13 --needed --as-config > worker-1.13.yaml
  talospatch mc convert --list

\b
Ends with 0 when there is nothing to convert, or all was written; 2 when something would be converted, or
stays that the version cannot read; 1 when a file cannot be converted; 5 when -i was not confirmed or left
a file alone.
"""


@bundled
def convert(
    output: Output,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Machine configurations, directories of them, or -.", show_default=False)
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", "--talos", metavar="VERSION", help="Talos version that the files are to be for, as 1.14.")
    ] = None,
    oldest: Annotated[
        str | None,
        typer.Option("--oldest", metavar="VERSION", help="The oldest Talos in the cluster: documents that it cannot read are not made."),
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="RULE", help="Apply this rule and no other. Repeatable.")] = None,
    needed: Annotated[
        bool, typer.Option("--needed", help="Move only what that version cannot read where it stands, as before a rollback.")
    ] = False,
    as_patch: Annotated[bool, typer.Option("--as-patch", help="Print the patch alone, secrets included; of one file.")] = False,
    as_config: Annotated[
        bool, typer.Option("--as-config", help="Print the converted configuration alone, secrets included; of one file.")
    ] = False,
    in_place: Annotated[bool, typer.Option("--in-place", "-i", help="Show it, ask, and change the files themselves.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Needed for -i where there is no terminal to ask on.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the rules, and end.")] = False,
) -> int:
    """Convert files to another version's form: legacy fields to documents, or back.

    Only what Talos makes the same of in both forms is moved; what is not moved is said with the reason. Shown are the difference and the
    patch that makes it; nothing is written without -i.
    """
    if listed:
        return _list(output)
    if not files:
        raise typer.BadParameter("name the files to convert: paths, directories, or - for stdin")
    if sum((as_patch, as_config, in_place)) > 1:
        raise typer.BadParameter("--as-patch, --as-config and -i exclude each other")
    from talospatch.cli import changes, converting

    changes.read_once(files)
    given = converting.conditions(to, oldest, only or (), needed=needed)
    if as_patch or as_config:
        return _one(files, given, as_patch=as_patch)
    if in_place:
        return _in_place(files, given, output, yes=yes)
    made = _conversions(files, given)
    from talospatch.cli.views import conversions as views

    emit(views.view(made), output.form, Terminal())
    if made.failed:
        return ExitCode.ERROR
    return ExitCode.DIFFERENCES if made.groups or made.stuck else ExitCode.DONE


def _list(output: Output) -> int:
    """List the rules."""
    from talospatch.cli.views import conversion_rules as views
    from talospatch.patching.conversion.table import RULES

    emit(views.view(RULES), output.form, Terminal())
    return ExitCode.DONE


def _conversions(files: Sequence[str], given: Conditions) -> Conversions:
    from talospatch.cli import converting
    from talospatch.cli.views.conversions import Conversions

    return Conversions(tuple(converting.convert_files(files, given)), given.to.tag)


def _one(files: Sequence[str], given: Conditions, *, as_patch: bool) -> int:
    """Print the patch or the outcome of one file, as it is; what was found goes to stderr."""
    from talospatch.cli import converting
    from talospatch.cli.inputs import is_directory
    from talospatch.cli.views import findings
    from talospatch.talos.finding import Severity

    if len(files) != 1 or is_directory(files[0]):
        raise typer.BadParameter("--as-patch and --as-config are of one file")
    terminal = Terminal()
    conversion = converting.converted(files[0], given)
    terminal.out_exactly(conversion.patch if as_patch else conversion.after.text)
    found = converting.without_secrets(conversion)
    if found:
        terminal.say(findings.text(findings.grouped([("", found)]), terminal.prose_width, terminal.error_paint))
    return ExitCode.DIFFERENCES if any(finding.severity is Severity.ERROR for finding in found) else ExitCode.DONE


def _in_place(files: Sequence[str], given: Conditions, output: Output, *, yes: bool) -> int:
    """Show what would be done, ask, and do it; files that the version could not read even then are left alone."""
    from talospatch.cli import converting
    from talospatch.cli.layout import counted, names, wrap
    from talospatch.cli.rollouts import DECLINED, NO_TERMINAL
    from talospatch.cli.views import conversions as views

    terminal = Terminal()
    if not yes and not terminal.can_ask:
        raise RefusedError("no-confirmation", f"{NO_TERMINAL}; see the conversion without -i and then pass --yes")
    drafts: dict[str, converting.Draft] = {}
    made = views.Conversions(tuple(converting.convert_files(files, given, drafts=drafts)), given.to.tag)
    terminal.say(views.text(made, terminal.prose_width, terminal.error_paint))
    todo = [file for file in made.files if file.name in drafts and not file.is_stuck]
    if todo and not yes and not terminal.ask(f"\nWrite {counted(len(todo), 'file')}?"):
        terminal.say(DECLINED)
        return ExitCode.REFUSED
    terminal.say("")
    chosen = {file.name for file in todo}
    outcomes = tuple(converting.write(file, drafts[file.name]) if file.name in chosen else file for file in made.files)
    done = made._replace(files=outcomes)
    if output.form is Format.TABLE:
        terminal.out(views.outcome(done, terminal.prose_width, terminal.paint))
    else:
        emit(views.view(done), output.form, terminal)
    if done.stuck:
        message = f"Left alone, because Talos {given.to} could not read the outcome either: {names(done.stuck)}"
        terminal.say(terminal.error_paint("bad", wrap(message, terminal.prose_width)))
        return ExitCode.REFUSED
    return ExitCode.ERROR if done.failed else ExitCode.DONE
