"""The page about the report's fields names every one of them."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from cni_scripted import BOOT, ScriptedClient, ScriptedNode
from repair_world import World, heals, worker

from talospatch.cni.addresses import KINDS
from talospatch.cni.eligibility import Include
from talospatch.cni.rules import WITHOUT_FILE
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.cnicheck.repair.journal import read_repair

DOCS = Path(__file__).parent.parent.parent / "docs"
ID, GONE = "b2" * 32, "c3" * 32
WORDS = frozenset(re.findall(r"`([\w-]+)`", (DOCS / "reference" / "cni-report.md").read_text()))


def test_every_field_of_a_report_is_on_its_page() -> None:
    """Of the report, a node, a file, a story and its log; those of addresses speak for themselves."""
    cause = f'failed to destroy network for sandbox "{ID}": failed to get network "cbr0" cached result: x'
    said = json.dumps({"ts": (BOOT + 90_000) * 1000, "err": cause})
    node = ScriptedNode(
        files={f"cbr0-{ID}-eth0": b""},
        known=[ID],
        leases={"cbr0/10.0.0.1": f"{ID}\r\neth0".encode()},
        service_logs={"kubelet": [said.encode()]},
    )
    options = CheckOptions(now=lambda: BOOT + 100_000)
    data = asyncio.run(check(ScriptedClient({"n": node}), [NodeToCheck("n")], options)).to_dict()
    row = data["nodes"][0]  # type: ignore[index]
    for value in (data, row, row["files"][0], row["stories"][0], row["stories"][0]["log"], row["findings"][0]):
        assert set(value) <= WORDS


def test_every_field_of_a_repair_is_on_its_page(tmp_path: Path) -> None:
    """Of the plan, of what was done, and of what is kept of it."""
    world = World.of(worker(), tmp_path)
    plan = world.plan(heals())
    data, node = plan.to_dict(), plan.nodes[0].to_dict()
    left = world.plan(heals(include=Include.FATAL)).nodes[0].to_dict()["left"][0]
    report = world.repair(plan)
    done, record = report.to_dict(), read_repair(world.store, report.repair).to_dict()
    rows = (node["files"][0], left, node["advice"][0], done["files"][0], done["files"][0]["proof"][0], record["files"][0])
    for value in (data, node, done, record, *rows):
        assert set(value) <= WORDS


def test_every_code_that_is_no_files_is_on_a_page() -> None:
    """Those of stories there, those of addresses where they are explained."""
    explained = (DOCS / "explanations" / "cni-result-cache.md").read_text()
    assert set(WITHOUT_FILE) <= WORDS
    assert all(f"`{code}`" in explained for code in KINDS)
