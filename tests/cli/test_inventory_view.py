"""The nodes, in every form."""

from __future__ import annotations

import json

from talospatch.cli.output import Format, render
from talospatch.cli.paint import PLAIN
from talospatch.cli.views.inventory import view
from talospatch.containerd.carriers import DropIn
from talospatch.fleet.inventory import Inventory, NodeRow
from talospatch.talos.finding import Finding, Severity
from talospatch.talos.machine_type import MachineType

INVENTORY = Inventory(
    rows=(
        NodeRow(
            address="10.5.0.2",
            hostname="cp-1",
            machine_type=MachineType.CONTROL_PLANE,
            talos="v1.14.0",
            containerd="2.3.3",
            stage="running",
            ready=True,
            pending=False,
            dropin=DropIn("none", None, 0, ()),
        ),
        NodeRow(
            address="10.5.0.3",
            hostname="worker-1",
            machine_type=MachineType.WORKER,
            talos="v1.13.9",
            containerd="2.2.7",
            stage="booting",
            ready=False,
            pending=True,
            dropin=DropIn("entry", "0.0.0.0:11234", 1, ()),
        ),
        NodeRow(
            address="10.5.0.4",
            machine_type=MachineType.WORKER,
            talos="v1.14.0",
            unread={"dropin": "needs os:admin", "pending": "needs os:admin", "stage": "no answer"},
        ),
        NodeRow(address="10.5.0.9", hostname="worker-7", error="10.5.0.9: Version: no answer within 10 s"),
    ),
    findings=(Finding(Severity.WARNING, "discovery-disabled", "", "the cluster has no discovery", "name the nodes with -n"),),
)

TABLE = """\
NODE      ADDRESS   ROLE           TALOS    CONTAINERD  STAGE               DROP-IN     METRICS        PENDING
cp-1      10.5.0.2  control plane  v1.14.0  2.3.3       running             none        off
worker-1  10.5.0.3  worker         v1.13.9  2.2.7       booting, not ready  file entry  0.0.0.0:11234  unpersisted or staged
10.5.0.4            worker         v1.14.0              unknown             unknown     unknown        unknown

worker-7 could not be seen: Version: no answer within 10 s

unknown on 1 node: needs os:admin

unknown on 1 node: no answer

warning discovery-disabled
  the cluster has no discovery
  → name the nodes with -n"""


def test_each_node_is_a_row_with_what_can_be_seen() -> None:
    """What cannot be seen is unknown, and why stands below; a node that does not answer keeps its reason."""
    assert render(view(INVENTORY), Format.TABLE, width=200, paint=PLAIN) == TABLE


def test_on_a_narrow_terminal_each_node_is_a_block() -> None:
    """Empty cells are left out."""
    text = render(view(INVENTORY), Format.TABLE, width=60, paint=PLAIN)
    assert text.startswith("cp-1\n  address: 10.5.0.2\n  role: control plane\n  talos: v1.14.0\n")


def test_json_keeps_what_is_not_known_apart_from_no() -> None:
    """Null, with the reason beside it."""
    data = json.loads(render(view(INVENTORY), Format.JSON, width=80, paint=PLAIN))
    assert (data["kind"], data["schema"]) == ("inventory", 1)
    assert [node["pending"] for node in data["nodes"]] == [False, True, None, None]
    assert data["nodes"][2]["unread"]["dropin"] == "needs os:admin"


def test_no_nodes_is_said() -> None:
    """Instead of an empty page."""
    assert render(view(Inventory(rows=())), Format.TABLE, width=80, paint=PLAIN) == "no nodes"


def test_markdown_lists_nodes_and_reasons() -> None:
    """As for a ticket."""
    text = render(view(INVENTORY), Format.MARKDOWN, width=80, paint=PLAIN)
    assert "| worker-1 | 10.5.0.3 | worker | v1.13.9 | 2.2.7 | booting, not ready | file entry | 0.0.0.0:11234 |" in text
    assert "**worker-7** could not be seen: 10.5.0.9: Version: no answer within 10 s" in text
