"""A program that answers with Talos's own configuration code, one JSON line for one JSON line: ``tools/oracle``."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from functools import cache
from typing import Any

import pytest

from talospatch.machineconfig.typed.dialect import DIALECTS

Answer = dict[str, Any]


class Oracle:
    """A running program. It takes ``{"id", "op", …}`` and gives ``{"id", "ok" | "error" | "panic"}``."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, base: str, patches: list[str], *, op: str = "patch", mode: str = "", strict: bool = False) -> Answer:
        """Return the answer to one case."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"id": "case", "op": op, "base": base, "patches": patches, "mode": mode, "strict": strict}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the oracle has ended"
        answer: Answer = json.loads(line)
        return answer

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)


each_minor = pytest.mark.parametrize("minor", list(DIALECTS))


@cache
def started(path: str) -> Oracle:
    """Return a program that runs until the tests end."""
    oracle = Oracle(path)
    atexit.register(oracle.close)
    return oracle


def oracle_of(minor: str) -> Oracle:
    """Return the program that answers for a minor, which ``TALOSPATCH_ORACLE_1_13`` and so on names; without one the test is skipped."""
    variable = f"TALOSPATCH_ORACLE_{minor.replace('.', '_')}"
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} names no program")
    return started(path)
