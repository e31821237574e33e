"""What one call to the simulated cluster gives back: values only, which an adapter puts on a wire or hands over in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.message import Message


class Link(StrEnum):
    """What becomes of the connection to the endpoint that was dialled."""

    KEPT = "kept"
    REFUSED = "refused"  # nothing listens there now; the request reached nobody
    LOST = "lost"  # the endpoint went away during the call; whether the node acted is not known to the caller


class StreamBroken(Exception):
    """Raised by :attr:`Exchange.follow` when a still-open stream ends.

    Attributes:
        code: gRPC status by name; ``OK`` for an orderly end.
        details: the status's text.
    """

    def __init__(self, code: str, details: str) -> None:
        self.code, self.details = code, details
        super().__init__(f"{code}: {details}")


@dataclass(slots=True)
class Exchange:
    """The answer to one call.

    Attributes:
        messages: what the stream says at once, in order; one message (or none, where ``code`` is not OK) for a unary call.
        code: gRPC status by name. It holds once ``messages`` and all that ``follow`` gives have been sent.
        details: the status's text.
        follow: for a stream that stays open: asked with the time in seconds, gives what has come since it was last asked.
            None means that the stream ends here with ``code``. Raises :class:`StreamBroken` when the stream ends later.
        answers_at: the node has the answer ready only then; 0 is at once.
        link: what becomes of the connection to the endpoint.
    """

    messages: list[Message] = field(default_factory=list)
    code: str = "OK"
    details: str = ""
    follow: Callable[[float], Sequence[Message]] | None = None
    answers_at: float = 0.0
    link: Link = Link.KEPT


def answer(*messages: Message) -> Exchange:
    """The call went well and says this."""
    return Exchange(list(messages))


def failure(code: str, details: str) -> Exchange:
    """The call fails with this status and says nothing else."""
    return Exchange([], code, details)
