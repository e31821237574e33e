"""The bundled patches: name and what each does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.cli import markdown as md
from talospatch.cli.layout import table
from talospatch.cli.output import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.cli.paint import Paint
    from talospatch.offline import BundledPatch

SCHEMA = 1
HEADERS = ("NAME", "WHAT IT DOES")


def view(patches: Sequence[BundledPatch]) -> View:
    """Return the forms of the list."""
    return View(partial(_text, patches), partial(_data, patches), partial(_markdown, patches))


def _text(patches: Sequence[BundledPatch], width: int, paint: Paint) -> str:
    return table(HEADERS, [(patch.name, patch.description) for patch in patches], width=width, paint=paint)


def _data(patches: Sequence[BundledPatch]) -> dict[str, Any]:
    listed = [{"name": patch.name, "description": patch.description, "file": patch.file} for patch in patches]
    return {"kind": "patches", "schema": SCHEMA, "patches": listed}


def _markdown(patches: Sequence[BundledPatch]) -> str:
    return md.table([header.lower() for header in HEADERS], [(patch.name, patch.description) for patch in patches])
