"""Write docs/reference/hazards.md from the table of hazards and its cases, or with --check fail where the page says something else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pages import write_or_check

sys.path.append(str(Path(__file__).parent.parent / "tests" / "patching"))

HEAD = """# Where declarative semantics part from talosctl's

Written by `tools/hazards_page.py` from the table in `talospatch/patching/hazards.py` and the cases that its tests run; do not edit.

With declarative semantics (the default) what a patch names is so afterwards, what it does not name is as it was, and applying it again
changes nothing. Where talosctl would make something else of the patch, a finding with one of these codes says so; where there is no
finding, both give the same. `--semantics talosctl` gives talosctl's result instead. How it works is
[another page](../explanations/patching.md).

A *warning* asks you to look: the patch may not say what you mean, or a node may not take it. A *note* says that talosctl would have done
harm, or nothing, and what was meant was done.

| code | | the patch has | talosctl | talospatch |
|---|---|---|---|---|
"""


def rows() -> Iterator[str]:
    """Yield a row of the table for each hazard."""
    from talospatch.patching.hazards import HAZARDS

    for hazard in HAZARDS:
        cells = (f"[`{hazard.code}`](#{hazard.code})", hazard.severity.value, hazard.what, hazard.talosctl, hazard.ours)
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def sections() -> Iterator[str]:
    """Yield a section for each hazard, with what really comes of its example."""
    from hazard_cases import CASES

    from talospatch.patching.hazards import HAZARDS

    for hazard in HAZARDS:
        case = next(case for case in CASES if case.hazard is hazard)
        hint = f" To do: {hazard.hint}." if hazard.hint else ""
        yield f"({hazard.code})=\n\n## `{hazard.code}`\n\nExample: {hazard.example}.{hint}\n\n{example(case)}"


def example(case: object) -> str:
    """Return a case as blocks of YAML: the config, the patch, and what both make of it."""
    from hazard_cases import HazardCase

    assert isinstance(case, HazardCase)
    ours, theirs = outcomes(case)
    blocks = [
        block(f"The config, for Talos {case.talos}:", case.base),
        block("The patch:", case.patch),
        block("Both give:" if ours == theirs else "talospatch gives:", ours),
    ]
    if theirs.startswith("refuses: "):
        blocks.append(f"talosctl refuses it, or crashes: {theirs.removeprefix('refuses: ')}.\n")
    elif ours != theirs:
        blocks.append(block("talosctl gives (where its text means the same as before, it is shown as it was):", theirs))
    return "\n".join(blocks)


def outcomes(case: object) -> tuple[str, str]:
    """Return what comes of a case by both semantics."""
    from hazard_cases import HazardCase

    from talospatch.errors import InputError
    from talospatch.patching.api import patch_config

    assert isinstance(case, HazardCase)
    ours = patch_config(case.base, [case.patch], talos_version=case.talos)
    if not case.theirs:
        return ours, ours
    try:
        return ours, patch_config(case.base, [case.patch], talos_version=case.talos, semantics="talosctl")
    except InputError as error:
        return ours, f"refuses: {error.problem}"


def block(title: str, text: str) -> str:
    """Return a titled block of YAML."""
    language = "text" if "\t" in text else "yaml"  # what colours YAML stumbles over tabs
    return f"{title}\n\n```{language}\n{text.rstrip()}\n```\n"


def page() -> str:
    """Return the whole page."""
    return HEAD + "\n".join(rows()) + "\n\n" + "\n".join(sections())


if __name__ == "__main__":
    write_or_check(page, description=__doc__, source="the table of hazards says")
