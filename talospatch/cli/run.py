"""One run of the command line: from arguments to an exit code, with every way to fail turned into one message on stderr."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import typer

from talospatch.cli.app import NAME, Interrupted, root
from talospatch.cli.layout import printable
from talospatch.cli.terminal import Terminal
from talospatch.errors import RefusedError, RolloutError, TalosPatchError
from talospatch.planning.outcomes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Most special first. A node whose error ends a whole command is an error like any other; where others go on it is a row of a report.
ERRORS: tuple[tuple[type[TalosPatchError], ExitCode], ...] = (
    (RefusedError, ExitCode.REFUSED),
    (RolloutError, ExitCode.FAILED),
    (TalosPatchError, ExitCode.ERROR),
)
# What writing to a standard stream fails with when its file or terminal is the reason; errors of other files carry the file's name.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
TRACEBACK = "TALOSPATCH_TRACEBACK"
COMPLETE = f"_{NAME.upper()}_COMPLETE"
INTERRUPTED = "interrupted"


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    terminal = Terminal()
    try:
        if COMPLETE in os.environ:
            from typer.completion import completion_init  # type: ignore[attr-defined] # imported there, not exported

            completion_init()
        code = root().main(args=list(arguments), prog_name=NAME, complete_var=COMPLETE, standalone_mode=False)
    except typer.TyperException as error:
        # Wrong use; typer's own code for it is 2, which here means that differences were found.
        error.show()  # type: ignore[attr-defined]
        return ExitCode.ERROR
    except typer.Abort:
        return ExitCode.ERROR
    except (Interrupted, KeyboardInterrupt):
        terminal.say(INTERRUPTED)
        return ExitCode.INTERRUPTED
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - the last line of defence: no traceback, no secret
        return complain(terminal, error)
    return int(code or 0)


def complain(terminal: Terminal, error: BaseException) -> ExitCode:
    """Say what went wrong, with a traceback if the environment asks for one; return the exit code."""
    if os.environ.get(TRACEBACK):
        import traceback

        from talospatch.redaction import redact

        terminal.say(printable(redact("".join(traceback.format_exception(error)))))
    messages, code = explain(error)
    for message in messages:
        terminal.say(f"{terminal.error_paint('bad', 'Error:')} {printable(message)}")
    return code


def explain(error: BaseException) -> tuple[tuple[str, ...], ExitCode]:
    """Return what to say about an error, without secrets, and the exit code.

    What is not one of ours is a bug, and says so; errors that came together are said one by one, and the gravest code counts.
    """
    from talospatch.redaction import redact

    leaves = tuple(_leaves(error))
    if all(isinstance(leaf, TalosPatchError) for leaf in leaves):
        codes = [next(code for kind, code in ERRORS if isinstance(leaf, kind)) for leaf in leaves]
        return tuple(dict.fromkeys(redact(str(leaf)) for leaf in leaves)), max(codes)
    if isinstance(error, OSError) and error.filename is not None:
        return (redact(f"{error.filename}: {error.strerror or type(error).__name__}"),), ExitCode.ERROR
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return (f"the output cannot be written: {error.strerror}",), ExitCode.ERROR
    strange = next(leaf for leaf in leaves if not isinstance(leaf, TalosPatchError))
    what = f"{type(strange).__name__}: {redact(str(strange), limit=300)}" if str(strange) else type(strange).__name__
    return (f"{what}\nThis is a bug in talospatch. Run it again with {TRACEBACK}=1 to see where, and report that.",), ExitCode.ERROR


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
