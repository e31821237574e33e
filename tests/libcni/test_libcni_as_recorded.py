"""The program that answers with libcni's own code, held against what was recorded of it otherwise."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import pytest
from libcni_process import each_libcni, program_of

VECTORS = Path(__file__).parent.parent / "vectors" / "cni" / "delete.jsonl"


@pytest.mark.timeout(0)
@each_libcni
def test_recorded_contents_are_answered_as_they_were_recorded(libcni: str) -> None:
    """A program that answered something else would prove nothing of a prediction that agrees with it."""
    program, seen = program_of(libcni), 0
    for row in map(json.loads, VECTORS.read_text().splitlines()):
        if row["kind"] != "file" or "content_b64" not in row:
            continue
        for cni_version, recorded in row["outcomes"][f"v{libcni}"].items():
            did = program.delete(b64decode(row["content_b64"]), cni_version=cni_version, network=row["network"])
            error = recorded["error"] and recorded["error"].removeprefix(f'failed to get network "{row["network"]}" cached result: ')
            assert (did.error, did.file_left, did.plugins_run) == (error, recorded["file_left"], recorded["plugins_ran"]), row["label"]
            seen += 1
    assert seen > 600
