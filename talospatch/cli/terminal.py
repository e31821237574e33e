"""Where text goes and what it may look like there: streams, width, colour, and whether somebody is there to ask.

Results go to stdout, everything else to stderr. A reader that went away (``| head``, or a terminal that was closed) mutes that stream and
changes nothing else: a rollout must not stop halfway because nobody listens. For the same reason a stderr that cannot be written at all,
its disk being full, is silence; a result that cannot be written is an error.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING, TextIO

from talospatch.cli.paint import Paint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PIPE_WIDTH = 10_000  # in a pipe a row stays one line, for grep and awk
NARROWEST = 30
PROMPT = " [y/N]: "


class Terminal:
    """The three standard streams.

    Attributes:
        width: columns for stdout; :data:`PIPE_WIDTH` where stdout is no terminal and ``COLUMNS`` says nothing.
        prose_width: columns for sentences, which nobody reads in lines of 10,000: where stdout is no terminal, those of stderr.
        paint: colours for stdout, or none.
        error_paint: colours for stderr, or none.
        live: whether stderr can show something that moves.
        can_ask: whether a question on stderr can be answered on stdin.
    """

    __slots__ = ("can_ask", "error_paint", "live", "paint", "prose_width", "width")

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        _replace_closed_streams()
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows "?", it does not stop us
        smart = environ.get("TERM", "") != "dumb"
        self.width = _width(environ, sys.stdout)
        self.prose_width = min(self.width if self.width < PIPE_WIDTH else _width(environ, sys.stderr), 100)
        self.paint = Paint(_colours(sys.stdout, environ))
        self.error_paint = Paint(_colours(sys.stderr, environ))
        self.live = _is_terminal(sys.stderr) and smart
        self.can_ask = _is_terminal(sys.stdin) and _is_terminal(sys.stderr)

    def out(self, text: str) -> None:
        """Write a result to stdout, ended by one newline."""
        _write(sys.stdout, text)

    def out_exactly(self, text: str) -> None:
        """Write a result to stdout as it is, byte for byte in UTF-8, whatever the terminal's encoding: it may become a file."""
        _guarded(sys.stdout, lambda: _put_bytes(sys.stdout, text.encode()))

    def say(self, text: str) -> None:
        """Write progress or a diagnostic to stderr, ended by one newline."""
        with contextlib.suppress(OSError):
            _write(sys.stderr, text)

    def ask(self, question: str) -> bool:
        """Ask a yes-or-no question on stderr; anything but yes is no."""
        self._put(question)
        return _is_yes(sys.stdin.readline())

    async def ask_meanwhile(self, question: str) -> bool:
        """Ask like :meth:`ask`, from within an event loop: connections are kept up meanwhile, and Ctrl-C ends it."""
        import asyncio

        self._put(question)
        loop = asyncio.get_running_loop()
        answered = asyncio.Event()
        loop.add_reader(sys.stdin.fileno(), answered.set)
        try:
            await answered.wait()
        finally:
            loop.remove_reader(sys.stdin.fileno())
        return _is_yes(sys.stdin.readline())  # a terminal gives whole lines

    def _put(self, question: str) -> None:
        sys.stderr.write(f"{question}{PROMPT}")
        sys.stderr.flush()


def _write(stream: TextIO, text: str) -> None:
    def put() -> None:
        stream.write(text if text.endswith("\n") else text + "\n")
        stream.flush()

    _guarded(stream, put)


def _put_bytes(stream: TextIO, data: bytes) -> None:
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()


def _guarded(stream: TextIO, put: Callable[[], None]) -> None:
    try:
        put()
    except OSError as error:
        # What was buffered must not fail again when the interpreter flushes at its end.
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, stream.fileno())
        os.close(silent)
        if error.errno not in {errno.EPIPE, errno.EIO}:
            raise


def _replace_closed_streams() -> None:
    """Give the process the streams that it was started without (``>&-``): Python has None in their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - as long as the process lives


def _is_yes(answer: str) -> bool:
    return answer.strip().lower() in {"y", "yes"}


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _colours(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """NO_COLOR (https://no-color.org) wins over FORCE_COLOR, and that over what the stream is."""
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or (_is_terminal(stream) and environ.get("TERM", "") != "dumb")


def _width(environ: Mapping[str, str], stream: TextIO) -> int:
    said = environ.get("COLUMNS", "")
    if said.isascii() and said.isdecimal() and int(said) > 0:
        return max(int(said), NARROWEST)
    if _is_terminal(stream):
        try:
            asked = os.get_terminal_size(stream.fileno()).columns
        except OSError:
            asked = 0
        return max(asked, NARROWEST) if asked else 80  # one that nobody gave a size, as a test's or an editor's, says 0
    return PIPE_WIDTH
