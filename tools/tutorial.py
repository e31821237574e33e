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
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal import rehearsal

_BLOCK = re.compile(r"(?<=^```console\n)(?P<command>\$ (?P<words>talospatch [^\n]*)\n)(?P<output>.*?)(?=^```$)", re.DOTALL | re.MULTILINE)
# What may differ, and what it is compared as.
PASSING = (
    (re.compile(r"\b\d{8}T\d{6}Z-[0-9a-f]{6}\b"), "ROLLOUT"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b"), "DATE"),
    (re.compile(r" *\b\d+\.\d+s\b"), " SECONDS"),
)


def filled(page: str, environment: Mapping[str, str], *, with_progress: bool = False) -> str:
    """Return the page with the output of every block made anew; what goes to stderr is in it only ``with_progress``."""

    def run(block: re.Match[str]) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(block["words"])],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if with_progress else subprocess.PIPE,
            text=True,
            check=False,
        )
        if "Traceback" in f"{done.stdout}{done.stderr}" or done.returncode not in {0, 2, 5}:
            sys.exit(f"{block['words']} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return block["command"] + re.sub(r"[ \t]+$", "", done.stdout.rstrip("\n"), flags=re.MULTILINE) + "\n"

    return _BLOCK.sub(run, page)


def differences(path: Path, page: str, now: str, passing: Sequence[tuple[re.Pattern[str], str]] = PASSING) -> list[str]:
    """Return the difference between a page and what it would be today, without what differs from run to run."""

    def comparable(text: str) -> list[str]:
        for pattern, stands_for in passing:
            text = pattern.sub(stands_for, text)
        return text.splitlines()

    return list(difflib.unified_diff(comparable(page), comparable(now), str(path), "what the commands print", lineterm=""))


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the page is not what the commands print")
    options = parser.parse_args()
    page = options.page.read_text(encoding="utf-8")
    with rehearsal() as environment:
        now = filled(page, environment)
    if not options.check:
        options.page.write_text(now, encoding="utf-8")
    elif difference := differences(options.page, page, now):
        sys.exit("\n".join(difference))


if __name__ == "__main__":
    main()
