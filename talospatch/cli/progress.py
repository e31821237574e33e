"""What a rollout is doing, on stderr: a moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

from talospatch.cli.layout import counted, printable
from talospatch.cli.views.report import style

if TYPE_CHECKING:
    from talospatch.cli.terminal import Terminal
    from talospatch.rollout.executor import Progress


class RolloutProgress(AbstractContextManager["RolloutProgress"]):
    """Shows what it is told, and remembers what a user must know when the rollout is interrupted."""

    def __init__(self, terminal: Terminal, rollout: str = "") -> None:
        self._terminal = terminal
        self._status: Any = None
        self.rollout = rollout
        self._node = ""
        self._doing = ""
        self._said = ""  # the last line about something that goes on
        self._done = 0
        self._total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what moves. Safe to call twice."""
        self._still()

    def __call__(self, progress: Progress) -> None:
        """Take in something that happened."""
        if progress.kind == "began":
            self.rollout, self._total = progress.detail or self.rollout, progress.total
            if self._terminal.live and progress.total:
                self._move()
        elif progress.kind == "node":
            self._node, self._doing = printable(progress.name), ""
            self._show(progress, "")
        elif progress.kind == "doing":
            self._doing = printable(progress.detail)
            self._show(progress, self._doing)
        elif progress.kind == "ended" and progress.report is not None:
            self._done += 1
            self._node = ""
            outcome = progress.report.outcome
            line = f"{_turn(progress)}: {outcome.value} after {progress.seconds:.1f}s"
            self._terminal.say(self._terminal.error_paint(style(outcome), line))
        elif progress.kind == "finished":
            self._still()

    def interrupted(self) -> str:
        """Return what to say after Ctrl-C: which state the nodes are in, and how to go on."""
        if not self.rollout:
            return "Interrupted. Nothing was changed on any node."
        if not self._total:
            return f"Interrupted. This run changed nothing on any node.\nGo on with: talospatch rollout resume {self.rollout}"
        sentences = [f"Interrupted. {counted(self._done, 'node')} of {self._total} done, each read back and journalled."]
        if self._node:
            doing = f" ({self._doing})" if self._doing else ""
            sentences.append(
                f"{self._node} was under way{doing}: it is unchanged, changed, or in a trial that it ends by itself; "
                "the journal says what was begun."
            )
        sentences.append("The nodes after it are unchanged.")
        sentences.append(f"Go on with: talospatch rollout resume {self.rollout}")
        return "\n".join(sentences)

    def _show(self, progress: Progress, doing: str) -> None:
        line = f"{_turn(progress)}: {doing}" if doing else _turn(progress)
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(line))
        elif doing and line != self._said:
            self._terminal.say(line)
            self._said = line

    def _move(self) -> None:
        from rich.console import Console

        console = Console(stderr=True, highlight=False, no_color=not self._terminal.error_paint.enabled)
        self._status = console.status("", spinner="dots")
        self._status.start()

    def _still(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def _turn(progress: Progress) -> str:
    """Return whose turn it is, as ``[2/5] worker-3``; before the first turn only the name."""
    place = f"[{progress.number}/{progress.total}] " if progress.number else ""
    return f"{place}{printable(progress.name)}"
