"""Keys and steps of paths in messages. A key names what is wrong; but one that was typed wrongly, or is a URL, may hold a secret."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from talospatch.machineconfig.path import Selector
from talospatch.redaction import RUN, apart, replaced
from talospatch.secrecy.assigned import secrets_by_name
from talospatch.secrecy.forms import Span, secrets_by_form
from talospatch.secrecy.names import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from talospatch.machineconfig.path import Step

_LONGEST = 60  # characters


def secrets_in_key(key: str) -> Iterator[Span]:
    """Yield the secrets in a key: in a URL, and behind a name where the colon, or the blank behind it, was forgotten."""
    yield from secrets_by_form(key)
    yield from secrets_by_name(key)
    name, blank, value = key.partition(" ")
    if blank and value and is_secret_name(name):
        yield Span(len(key) - len(value), len(key), value)


def quoted_key(key: str) -> str:
    """Return a key for a message, in quotes and without secrets."""
    return repr(key_in_path(key))


def key_in_path(key: str) -> str:
    """Return a key for a path in a message, without secrets and not longer than a line has room for."""
    return _shown(key)[:_LONGEST]


def shown_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps of a path without secrets."""
    return tuple(
        _shown(step) if isinstance(step, str) else step._replace(value=_shown(step.value)) if isinstance(step, Selector) else step
        for step in steps
    )


@lru_cache(maxsize=4096)
def _shown(key: str) -> str:
    return replaced(key, apart(secrets_in_key(key)), RUN.mark)
