"""Taking secrets out of text before anyone sees it.

Works on text alone: what only a machine config's structure can tell (the value at ``machine.token``) is passed in by the caller as
``secrets``. What can be recognised by its own form (:mod:`talospatch.secrecy.forms`: PEM blocks, tokens by their prefix, passwords in
URLs) and by the name that it is assigned to (:mod:`talospatch.secrecy.assigned`) is found here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.secrecy.assigned import secrets_by_name
from talospatch.secrecy.forms import Span, secrets_by_form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MASK = "[redacted]"
SHORTEST_SECRET = 6  # a shorter value is replaced only where its path or key says that it is secret, never by search
_MARK = re.compile(r"\[redacted(?: [0-9a-f]{6})?\]")


def redact(text: str, *, secrets: Iterable[str] = (), limit: int | None = None, marks: Marks | None = None) -> str:
    """Return ``text`` without the secrets in it.

    Args:
        text: anything about to be shown or stored.
        secrets: values that are secret by their place; those shorter than six characters are not searched for.
        limit: longest result in characters; a longer one is cut and ends in ``…``.
        marks: put marks that tell equal from different where secrets stood, instead of one word for all.
    """
    name = marks.mark if marks is not None else _mask
    for value in sorted({value for value in secrets if len(value) >= SHORTEST_SECRET}, key=len, reverse=True):
        text = text.replace(value, name(value))
        if "\n" in value:
            for line in value.splitlines():
                if len(line.strip()) >= SHORTEST_SECRET:
                    text = text.replace(line.strip(), name(line.strip()))
    text = replaced(text, secret_spans(text), name)
    if limit is not None and len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    return text


def secret_spans(text: str) -> list[Span]:
    """Return the secrets in a text that are known by their form or by their name, in order and apart from each other."""
    return apart([*secrets_by_form(text), *secrets_by_name(text)])


def apart(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order; of those that overlap the one that begins first, or is longer, and what another has beyond its end."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
        elif span.end > kept[-1].end:
            kept.append(Span(kept[-1].end, span.end, span.value))
    return kept


def replaced(text: str, spans: Iterable[Span], name: Callable[[str], str]) -> str:
    """Return a text with what ``name`` makes of their values in place of spans; marks that stand there already stay."""
    parts: list[str] = []
    position = 0
    for start, end, value in spans:
        if not _MARK.match(text, start):
            parts += (text[position:start], name(value))
            position = end
    return "".join((*parts, text[position:]))


def _mask(value: str) -> str:
    return MASK


class Marks:
    """Marks that stand for secrets and tell equal from different within one run, and nothing more.

    The key is made anew for each object, so that a mark seen in one report says nothing about another.
    """

    __slots__ = ("_key",)

    def __init__(self) -> None:
        self._key = b""  # made with the first mark; where nothing secret is shown, nothing is loaded for it

    def mark(self, value: str) -> str:
        """Return the mark of a secret, as ``[redacted 5f3a9c]``; the empty string stays empty."""
        if not value:
            return value
        import hashlib
        import hmac

        if not self._key:
            import secrets

            self._key = secrets.token_bytes(32)
        return f"[redacted {hmac.new(self._key, value.encode('utf-8', 'surrogatepass'), hashlib.sha256).hexdigest()[:6]}]"

    def __repr__(self) -> str:
        return "Marks()"


RUN = Marks()  # one for the process, so that what is equal looks equal in all that a run says
