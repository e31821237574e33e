"""A program that answers with libcni's own DEL, one JSON line for one JSON line: ``tools/libcni``."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from base64 import b64encode
from functools import cache

import pytest

from talospatch.cni.gojson import quote
from talospatch.cni.predict import DeletePrediction

# Those that tools/libcni.py builds.
VERSIONS = ("0.8.1", "1.0.1", "1.1.2", "1.2.0", "1.2.3", "1.3.0")

each_libcni = pytest.mark.parametrize("libcni", VERSIONS)


class Libcni:
    """A running program."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def delete(self, content: bytes, *, cni_version: str, network: str = "cbr0") -> DeletePrediction:
        """Return what DEL did with a file, in the form of a prediction of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"content": b64encode(content).decode(), "cni_version": cni_version, "network": network}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the program has ended"
        answer = json.loads(line)
        error = answer["error"]
        if error is not None:
            error = error.removeprefix(f"failed to get network {quote(network)} cached result: ")
        if answer["panic"] is not None:
            error = f"panic: {answer['panic']}"
        return DeletePrediction(error is not None, error, answer["file_left"], answer["plugins_ran"])

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)


@cache
def started(path: str) -> Libcni:
    """Return a program that runs until the tests end."""
    program = Libcni(path)
    atexit.register(program.close)
    return program


def program_of(libcni: str) -> Libcni:
    """Return the program of a version, which ``TALOSPATCH_LIBCNI_1_1_2`` and so on names; without one the test is skipped."""
    variable = f"TALOSPATCH_LIBCNI_{libcni.replace('.', '_')}"
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} names no program")
    return started(path)
