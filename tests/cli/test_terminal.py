"""Width, colour and streams, from the environment and from what the streams are."""

from __future__ import annotations

import io
import os
import pty
import sys

import pytest

from talospatch.cli.terminal import PIPE_WIDTH, Terminal


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Whether somebody looks."""
        return True


def on_terminals(monkeypatch: pytest.MonkeyPatch, typed: str = "") -> None:
    """Make all three streams terminals. Not a fixture: pytest sets its own streams after those."""
    for name, text in (("stdin", typed), ("stdout", ""), ("stderr", "")):
        monkeypatch.setattr(sys, name, Tty(text))


def test_a_terminal_has_colours_and_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing said otherwise."""
    on_terminals(monkeypatch)
    terminal = Terminal({})
    assert (terminal.paint.enabled, terminal.error_paint.enabled, terminal.live, terminal.can_ask) == (True, True, True, True)


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_colours_can_be_refused(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    """NO_COLOR wins over everything."""
    on_terminals(monkeypatch)
    assert not Terminal(environ).paint.enabled


def test_an_empty_no_color_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As no-color.org defines it."""
    on_terminals(monkeypatch)
    assert Terminal({"NO_COLOR": ""}).paint.enabled


def test_a_pipe_has_neither_colours_nor_an_end_of_line_nor_anybody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows stay whole for grep."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.StringIO())
    terminal = Terminal({})
    assert (terminal.paint.enabled, terminal.live, terminal.can_ask, terminal.width) == (False, False, False, PIPE_WIDTH)
    assert Terminal({"FORCE_COLOR": "1"}).paint.enabled


@pytest.mark.parametrize(("said", "width"), [("72", 72), ("5", 30), ("0", PIPE_WIDTH), ("wide", PIPE_WIDTH), ("²", PIPE_WIDTH)])
def test_columns_decides_the_width_where_it_is_a_number(monkeypatch: pytest.MonkeyPatch, said: str, width: int) -> None:
    """In a pipe too; a page narrower than 30 columns is not one."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert Terminal({"COLUMNS": said}).width == width


def test_the_width_of_a_real_terminal_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked from the kernel, not guessed."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 61, 0, 0))
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert Terminal({}).width == 61
    os.close(ours)


def test_a_terminal_without_a_size_has_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """As every program takes it."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert Terminal({}).width == 80
    os.close(ours)


def test_sentences_beside_a_result_that_goes_elsewhere_fit_the_terminal_that_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """``> jobs.yaml`` leaves the plan on a terminal of its own width; in two pipes it has 100 columns."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 61, 0, 0))
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        assert (Terminal({}).prose_width, Terminal({}).width, Terminal({"COLUMNS": "72"}).prose_width) == (61, PIPE_WIDTH, 72)
    os.close(ours)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert Terminal({}).prose_width == 100


def test_a_reader_that_went_away_mutes_the_stream_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollout does not stop because nobody listens."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        terminal = Terminal({})
        terminal.out("lost")
        terminal.out("lost too")


def test_text_that_the_terminal_cannot_encode_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is not UTF-8 stops nothing."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    Terminal({}).out("✓ done")
    assert raw.getvalue() == b"? done\n"


@pytest.mark.parametrize(
    ("answer", "agreed"), [("y\n", True), ("Yes\n", True), ("\n", False), ("no\n", False), ("", False), ("yup\n", False)]
)
def test_only_yes_is_yes(monkeypatch: pytest.MonkeyPatch, answer: str, agreed: bool) -> None:
    """The end of the input is no."""
    on_terminals(monkeypatch, answer)
    assert Terminal({}).ask("Go on?") is agreed
