"""Bundles of options about a cluster: how to reach it, which nodes are meant, what a rollout may do."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from talospatch.cli.options import Patches, PatchFiles, Remove, Settings, finite

NO_TARGET = "name the nodes: --workers, --control-planes, --all or -n ADDRESS[,ADDRESS]; --filter REGEX narrows any of them"


class Connection(NamedTuple):
    """How the cluster is reached."""

    talosconfig: Annotated[
        Path | None,
        typer.Option("--talosconfig", metavar="FILE", help="Talos client configuration; found as talosctl finds it.", show_default=False),
    ] = None
    context: Annotated[
        str | None, typer.Option("--context", metavar="NAME", help="Context in the talosconfig, instead of its current one.")
    ] = None
    endpoints: Annotated[
        list[str] | None,
        typer.Option("--endpoints", "-e", metavar="ADDRESS[,…]", help="Control-plane nodes to connect to, instead of the context's."),
    ] = None
    cluster: Annotated[
        str | None, typer.Option("--cluster", "-c", metavar="NAME", help="Cluster to connect to where the endpoint is a proxy.")
    ] = None
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=0.1,
            callback=finite,
            help="Deadline of each call to a node, instead of the call's own.",
        ),
    ] = None
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show each call to a node on stderr: method, node, code, time, bytes.")
    ] = False


class Selection(NamedTuple):
    """Which nodes are meant."""

    nodes: Annotated[list[str] | None, typer.Option("--nodes", "-n", metavar="ADDRESS[,…]", help="These nodes.")] = None
    workers: Annotated[bool, typer.Option("--workers", help="Every worker, found through the cluster's own discovery.")] = False
    control_planes: Annotated[
        bool, typer.Option("--control-planes", help="Every control-plane node; their configuration is never changed.")
    ] = False
    everything: Annotated[bool, typer.Option("--all", help="Every node.")] = False
    pattern: Annotated[
        str | None, typer.Option("--filter", metavar="REGEX", help="Of those, only nodes whose hostname or address matches.")
    ] = None


class ChangeOptions(NamedTuple):
    """What is to be changed."""

    patches: Patches = None
    patch_files: PatchFiles = None
    settings: Settings = None
    remove: Remove = False
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings about the change as a reason to refuse.")] = False


class BuildOn(StrEnum):
    """What to do with a node whose active and persistent configuration differ; the words of planning's ``Diverged``."""

    REFUSE = "refuse"
    ACTIVE = "active"
    PERSISTENT = "persistent"


class Allowed(NamedTuple):
    """What a rollout may do to a node."""

    no_drain: Annotated[bool, typer.Option("--no-drain", help="Let a node reboot without having been drained (Talos up to 1.13).")] = False
    max_unavailable: Annotated[
        int, typer.Option("--max-unavailable", metavar="N", min=1, help="Most nodes down at once by a reboot, those already down counted.")
    ] = 1
    diverged: Annotated[
        BuildOn,
        typer.Option("--diverged", help="Where active and persistent configuration differ: refuse the node, or build on one of them."),
    ] = BuildOn.REFUSE


class Conduct(NamedTuple):
    """How a rollout goes."""

    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Needed where there is no terminal to ask on.")] = False
    pace: Annotated[
        float,
        typer.Option(
            "--pace", metavar="X", min=0.05, max=60, callback=finite, help="Wait X times as long as usual between two looks at a node."
        ),
    ] = 1.0


class Journal(NamedTuple):
    """Where rollouts are written down."""

    journal_dir: Annotated[
        Path | None,
        typer.Option(
            "--journal-dir", metavar="DIR", help="Where rollouts are journalled, instead of TALOSPATCH_JOURNAL_DIR or the user's state."
        ),
    ] = None


class Evidence(NamedTuple):
    """What else than live nodes a check of the CNI cache goes by."""

    logs: Annotated[
        list[str] | None,
        typer.Option("--logs", metavar="FILE", help="A saved log of kubelet or containerd, gzipped or not; - for stdin. Repeatable."),
    ] = None
    copies: Annotated[
        list[Path] | None,
        typer.Option("--copy", metavar="PATH", help="What `talosctl copy /var/lib/cni PATH` made, unpacked or not. Repeatable."),
    ] = None
    talos: Annotated[str, typer.Option("--talos", metavar="VERSION", help="Talos version of the nodes that --copy is of.")] = ""
    loki: Annotated[
        str | None,
        typer.Option("--loki", metavar="URL", help="Ask this Loki for such lines. Logs in by logcli's variables, as LOKI_USERNAME."),
    ] = None
    selector: Annotated[
        str, typer.Option("--loki-selector", metavar="LOGQL", help="Streams of kubelet and containerd there; any stream unless given.")
    ] = ""
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="From when on Loki is asked: a span, or a time in ISO 8601.")] = "6h"
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Up to when Loki is asked, in the same forms; now otherwise.")] = ""
