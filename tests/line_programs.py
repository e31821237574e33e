"""Programs that answer one JSON line with one JSON line: real code of others, built by ``tools`` and named by a variable."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from functools import cache
from typing import Any

import pytest


class LineProgram:
    """A running program."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the program has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)


@cache
def _started(path: str) -> LineProgram:
    program = LineProgram(path)
    atexit.register(program.close)
    return program


def named_by(variable: str) -> LineProgram:
    """Return the program that a variable of the environment names, running until the tests end; without one the test is skipped."""
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} names no program")
    return _started(path)
