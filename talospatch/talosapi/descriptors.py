"""The limit of open files."""

from __future__ import annotations

import sys


def raise_limit(wanted: int) -> int:
    """Raise the soft limit of open files to ``wanted``, as far as the hard limit goes, and return what it is then.

    Never lowered, and not raised beyond what is asked for: children inherit it, and some walk the whole range or use select().
    """
    if sys.platform == "win32":
        return wanted
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    goal = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (goal, hard))
    except (OSError, ValueError):  # a sandbox may forbid even that
        return soft
    return goal
