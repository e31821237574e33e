"""The command line of a script that writes one page of the documentation from what the code has as data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def write_or_check(page: Callable[[], str], *, description: str | None, source: str) -> None:
    """Write the page to the path on the command line, or with --check end with 1 where another text stands there.

    Args:
        page: makes the whole text.
        description: what the script does, for its help.
        source: what the page is made of, as ``the table of hazards says``.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("path", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the page differs")
    options = parser.parse_args()
    path: Path = options.path
    text = page()
    if not options.check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        sys.exit(f"{path} is not what {source}; run python tools/{Path(sys.argv[0]).name} {path}")
