"""Bundles of options about configurations in files."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NamedTuple

import typer

from talospatch.cli.options import Patches, PatchFiles, Remove, Settings  # noqa: TC001 - typer reads them at run time


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
