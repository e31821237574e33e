"""Fill the tutorial's console blocks with what the commands really print, or check that they hold it.

A block is a fence named ``console`` whose first line is ``$ talospatch …``. The commands run in the order of the page on one demo cluster.
What differs from run to run (times, identities of rollouts, dates) is compared by its form.
"""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rehearsal import rehearsal

_BLOCK = re.compile(r"(?<=^```console\n)(?P<command>\$ (?P<words>talospatch [^\n]*)\n)(?P<output>.*?)(?=^```$)", re.DOTALL | re.MULTILINE)
# What may differ, and what it is compared as.
_PASSING = (
    (re.compile(r"\b\d{8}T\d{6}Z-[0-9a-f]{6}\b"), "ROLLOUT"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b"), "DATE"),
    (re.compile(r" *\b\d+\.\d+s\b"), " SECONDS"),
)


def filled(page: str) -> str:
    """Return the page with the output of every block made anew."""
    with rehearsal() as environment:

        def run(block: re.Match[str]) -> str:
            done = subprocess.run(
                [sys.executable, "-m", *shlex.split(block["words"])],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if "Traceback" in done.stderr or done.returncode not in {0, 2, 5}:
                sys.exit(f"{block['words']} ended with {done.returncode}:\n{done.stderr}")
            return block["command"] + re.sub(r"[ \t]+$", "", done.stdout.rstrip("\n"), flags=re.MULTILINE) + "\n"

        return _BLOCK.sub(run, page)


def comparable(page: str) -> list[str]:
    """Return the page's lines without what differs from run to run."""
    for pattern, stands_for in _PASSING:
        page = pattern.sub(stands_for, page)
    return page.splitlines()


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the page is not what the commands print")
    options = parser.parse_args()
    page = options.page.read_text(encoding="utf-8")
    now = filled(page)
    if not options.check:
        options.page.write_text(now, encoding="utf-8")
    elif difference := list(
        difflib.unified_diff(comparable(page), comparable(now), str(options.page), "what the commands print", lineterm="")
    ):
        sys.exit("\n".join(difference))


if __name__ == "__main__":
    main()
