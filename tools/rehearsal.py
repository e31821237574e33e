"""The demo's cluster for the tools that show true output: up while the block runs, with a journal of its own."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from talospatch.cli.demo import cluster
from talospatch.simulator.launch import process

COLUMNS = 100
SPEED = "5"


@contextmanager
def rehearsal(*, colour: bool = False) -> Iterator[dict[str, str]]:
    """Yield the environment in which a command finds the cluster, as one at a terminal of 100 columns would."""
    with tempfile.TemporaryDirectory() as journal, process(cluster.spec(), ["--scale", SPEED]) as running:
        environment = os.environ | {
            "TALOSCONFIG": running["talosconfigs"]["admin"],
            "TALOSPATCH_JOURNAL_DIR": journal,
            "TALOSPATCH_JOURNAL_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "COLUMNS": str(COLUMNS),
        }
        environment.pop("NO_COLOR", None)
        environment.pop("FORCE_COLOR", None)
        yield environment | ({"FORCE_COLOR": "1"} if colour else {})
