"""A program that answers with Talos's own configuration code, one JSON line for one JSON line."""

from __future__ import annotations

import json
import subprocess
from typing import Any


class Oracle:
    """A running program. It takes ``{"id", "op", "base", "patches"}`` and gives ``{"id", "ok" | "error" | "panic"}``."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, base: str, patches: list[str], *, op: str = "patch") -> dict[str, Any]:
        """Return the answer to one case."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"id": "case", "op": op, "base": base, "patches": patches}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the oracle has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)
