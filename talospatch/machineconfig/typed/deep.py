"""Work on texts that nest deeper than Python's recursion limit: the reference takes 10,000 levels."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from talospatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")
_LIMIT = 100_000  # frames: the reader's 10,000 levels, and the few frames that each level takes


def deep_enough(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let a function recurse deeper where the ordinary limit is too low for its argument.

    Frames of Python functions that call each other directly take no C stack since CPython 3.11, so a high limit is safe for code that
    recurses through nothing else. So it is in this package: no generator, sort key or callback recurses.

    Raises:
        ConfigError: what ``function`` raises a RecursionError for even so.
    """

    @wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return function(*args, **kwargs)
        except RecursionError:
            return _deeply(function, *args, **kwargs)

    return wrapper


def _deeply(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _LIMIT))
    try:
        return function(*args, **kwargs)
    except RecursionError:
        raise ConfigError("nested too deep to be patched") from None
    finally:
        sys.setrecursionlimit(limit)
