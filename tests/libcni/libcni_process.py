"""A program that answers with libcni's own DEL: ``tools/libcni``."""

from __future__ import annotations

from base64 import b64encode
from typing import NamedTuple

import pytest
from line_programs import LineProgram, named_by

from talospatch.cni.gojson import quote
from talospatch.cni.predict import DeletePrediction

# Those that tools/libcni.py builds.
VERSIONS = ("0.8.1", "1.0.1", "1.1.2", "1.2.0", "1.2.3", "1.3.0")

each_libcni = pytest.mark.parametrize("libcni", VERSIONS)


class Libcni(NamedTuple):
    """One version."""

    program: LineProgram

    def delete(self, content: bytes, *, cni_version: str, network: str = "cbr0") -> DeletePrediction:
        """Return what DEL did with a file, in the form of a prediction of it."""
        answer = self.program.ask({"content": b64encode(content).decode(), "cni_version": cni_version, "network": network})
        error = answer["error"]
        if error is not None:
            error = error.removeprefix(f"failed to get network {quote(network)} cached result: ")
        if answer["panic"] is not None:
            error = f"panic: {answer['panic']}"
        return DeletePrediction(error is not None, error, answer["file_left"], answer["plugins_ran"])


def program_of(libcni: str) -> Libcni:
    """Return a version, which ``TALOSPATCH_LIBCNI_1_1_2`` and so on names; without one the test is skipped."""
    return Libcni(named_by(f"TALOSPATCH_LIBCNI_{libcni.replace('.', '_')}"))
