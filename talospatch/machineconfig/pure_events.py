"""Parser events without libyaml: where PyYAML comes without it, and for texts that nest deeper than it goes.

libyaml from 0.2.6 on refuses more than 1,000 levels; go-yaml, which Talos reads with, takes 10,000.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml
from yaml.scanner import ScannerError

if TYPE_CHECKING:
    from collections.abc import Callable

_SIMPLE_KEY = 1024  # characters that a key may be long (YAML 1.1, section 4.1)


class _Loader(yaml.SafeLoader):
    """PyYAML's own scanner looks at all open levels for each token; these two look at the outermost, which is the oldest."""

    possible_simple_keys: dict[int, Any]

    def stale_possible_simple_keys(self) -> None:
        """Forget what can be no key any more: what began on another line, or too far back."""
        while self.possible_simple_keys:
            level, key = next(iter(self.possible_simple_keys.items()))
            if key.line == self.line and self.index - key.index <= _SIMPLE_KEY:
                return
            if key.required:
                raise ScannerError("while scanning a simple key", key.mark, "could not find expected ':'", self.get_mark())
            del self.possible_simple_keys[level]

    def next_possible_simple_key(self) -> int | None:
        """Return the number of the first token that may turn out to be a key."""
        return next((key.token_number for key in self.possible_simple_keys.values()), None)


def pure_events(text: str) -> Callable[[], Any]:
    """Return what gives one event after the other, and None behind the last one."""
    events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
    return partial(next, events, None)
