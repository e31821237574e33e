"""Write docs/reference/cli.md from the help of every command, or with --check fail where the page says something else."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator

from pages import write_or_check

HEAD = """# Commands

Written from `--help` by `tools/cli_page.py`; do not edit. Results go to stdout, progress and diagnostics to stderr.
What a command ends with stands in [](exit-codes.md).
"""
COLUMNS = "100"


def commands() -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, groups before their members."""
    from typer import Context

    from talospatch.cli.app import root

    def walk(command: object, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        if hasattr(command, "list_commands"):
            context = Context(command, info_name="talospatch")  # type: ignore[arg-type]
            for name in command.list_commands(context):
                yield from walk(command.get_command(context, name), (*words, name))  # type: ignore[attr-defined]

    return walk(root(), ())


def help_of(words: tuple[str, ...]) -> str:
    """Return what ``--help`` prints for a command."""
    from talospatch.cli.run import run

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = run([*words, "--help"])
    if code != 0:
        raise SystemExit(f"talospatch {' '.join(words)} --help ended with {code}")
    return printed.getvalue().rstrip()


def page() -> str:
    """Return the whole page."""
    os.environ["COLUMNS"] = COLUMNS
    for name in ("FORCE_COLOR", "TALOSPATCH_JOURNAL_DIR"):
        os.environ.pop(name, None)
    parts = [HEAD.rstrip()]
    for words in commands():
        title = " ".join(("talospatch", *words))
        parts.append(f"{'#' * min(2 + max(len(words) - 1, 0), 3)} `{title}`\n\n```text\n{help_of(words)}\n```")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    write_or_check(page, description=__doc__, source="the commands' help says")
