"""Options that several commands share, in bundles: a command names a bundle as one parameter and gets its options as one value.

Words and letters are talosctl's where talosctl has them.
"""

from __future__ import annotations

import inspect
import math
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

import typer

from talospatch.cli.output import Format

if TYPE_CHECKING:
    from collections.abc import Callable

NO_TARGET = "name the nodes: --workers, --control-planes, --all or -n ADDRESS[,ADDRESS]; --filter REGEX narrows any of them"


def finite(value: float | None) -> float | None:
    """Refuse what is a number to Python and none to anybody else: ``nan`` is neither too small nor too large."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a number that can be waited for.")
    return value


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


Patches = Annotated[
    list[str] | None,
    typer.Option(
        "--patch",
        "-p",
        metavar="PATCH",
        help="@FILE, a path, a directory, YAML or TOML text, - for stdin, or bundled:NAME. Repeatable; applied in order.",
    ),
]
PatchFiles = Annotated[
    list[str] | None, typer.Option("--patch-file", metavar="FILE", help="A file with a patch, or - for stdin; applied behind those of -p.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a value of a bundled patch, as address=0.0.0.0:11234.")
]
Remove = Annotated[bool, typer.Option("--remove", help="Take out what the patches would put in (containerd drop-ins).")]


class ChangeOptions(NamedTuple):
    """What is to be changed."""

    patches: Patches = None
    patch_files: PatchFiles = None
    settings: Settings = None
    remove: Remove = False
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings about the change as a reason to refuse.")] = False


class Semantics(StrEnum):
    """By which rules patches are applied to files; the words of :mod:`talospatch.patching.recipe`."""

    DECLARATIVE = "declarative"
    TALOSCTL = "talosctl"


class Style(StrEnum):
    """How patched files are written; likewise."""

    PRESERVE = "preserve"
    CANONICAL = "canonical"


Talos = Annotated[
    str | None, typer.Option("--talos", "--talos-version", metavar="VERSION", help="Talos version that the files are for, as 1.13.")
]


class FilePatch(NamedTuple):
    """What is to be made of files."""

    patches: Patches = None
    patch_files: PatchFiles = None
    settings: Settings = None
    remove: Remove = False
    talos: Talos = None
    oldest: Annotated[
        str | None, typer.Option("--oldest", metavar="VERSION", help="The oldest Talos in the cluster, where it is another.")
    ] = None
    semantics: Annotated[
        Semantics,
        typer.Option(
            "--semantics", help="declarative: applied again, a patch changes nothing more. talosctl: as talosctl merges, bugs included."
        ),
    ] = Semantics.DECLARATIVE
    style: Annotated[
        Style, typer.Option("--style", help="preserve: the least edit, comments stay. canonical: the bytes that talosctl would write.")
    ] = Style.PRESERVE
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Make errors of fields, kinds and versions that are not known, instead of passing them through."),
    ] = False


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


class Output(NamedTuple):
    """How the result is written."""

    form: Annotated[Format, typer.Option("--output", "-o", help="Form of the result on stdout.", case_sensitive=False)] = Format.TABLE


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


BUNDLES = (Connection, Selection, ChangeOptions, FilePatch, Allowed, Conduct, Journal, Output, Evidence)


def bundled(command: Callable[..., int]) -> Callable[..., int]:
    """Return the command with each parameter that is a bundle spread into the bundle's options, for typer to read."""
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    homes: dict[str, type[Any]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        bundle = hints[name]
        if bundle not in BUNDLES:
            parameters.append(parameter.replace(annotation=bundle, kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        homes[name] = bundle
        for field, hint in get_type_hints(bundle, include_extras=True).items():
            default = bundle._field_defaults[field]
            parameters.append(inspect.Parameter(field, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint))

    @wraps(command)
    def spread(**values: Any) -> int:
        bundles = {name: bundle(**{field: values.pop(field) for field in bundle._fields}) for name, bundle in homes.items()}
        return command(**values, **bundles)

    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spread


def split(values: list[str] | None) -> tuple[str, ...]:
    """Return what ``-n a,b -n c`` lists: ``("a", "b", "c")``."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())
