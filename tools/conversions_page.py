"""Write docs/reference/conversions.md from the table of conversions, or with --check fail where the page says something else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pages import write_or_check

from talospatch.patching.conversion.table import FINDINGS, NOT_MADE, RULES

if TYPE_CHECKING:
    from talospatch.patching.conversion.rule import Rule

HEAD = """# Conversions

Written from the table of conversions by `tools/conversions_page.py`; do not edit.

From 1.12 on Talos has documents for what stood in the main document before. `talospatch machineconfig convert` moves what it says from
one form to the other where Talos is seen to make the same of both: see [](../how-to/convert.md). A rule that could not be shown to lose
nothing does not exist.

Each rule was read in Talos's sources, at v1.12.11, v1.13.9 and v1.14.0-rc.1: "container" is `pkg/machinery/config/container`, which says
which form counts; files with a folder stand below `internal/app/machined/pkg/controllers` or `pkg/machinery/config`, the others in
`pkg/machinery/config/types/v1alpha1`. Beside that Talos's own code was asked every question that its controllers ask, about both forms of
many made-up configs: all answers that have an effect were the same.

What is empty stays where it is in every rule: it says nothing that a document would have to say.

## Rules

In the order in which they are made; on the way back the order is the other way round.

{rules}
"""
TAIL = """## Findings

What is not moved is said, with a code for scripts.

{findings}

## What is not converted

Documents that have an older form, and why it is not moved into them.

{left}
"""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD.format(rules=_table(("rule", "since Talos", "main document", "documents"), map(_row, RULES))).rstrip()]
    parts += ["## Why nothing is lost, and what is refused", *map(_about, RULES)]
    findings = _table(("code", "severity", "meaning"), ((f"`{each.code}`", each.severity.value, each.meaning) for each in FINDINGS))
    left = _table(
        ("main document", "documents", "why"), ((_codes(each.legacy.split(", ")), _codes(each.kinds), each.why) for each in NOT_MADE)
    )
    parts.append(TAIL.format(findings=findings, left=left).rstrip())
    return "\n\n".join(parts) + "\n"


def _row(rule: Rule) -> tuple[str, ...]:
    return f"[`{rule.code}`](#{rule.code})", rule.since, "<br>".join(f"`{path}`" for path in rule.legacy), _codes(rule.kinds)


def _about(rule: Rule) -> str:
    said = [("Lossless", rule.lossless), ("Refused", rule.refuses), ("On a node", rule.effect), ("Source", rule.source)]
    listed = "\n".join(f"- {name}: {text}" for name, text in said if text)
    return f"### {rule.code}\n\n{rule.title[0].upper()}{rule.title[1:]}.\n\n{listed}"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'|'.join(' --- ' for _ in heads)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    write_or_check(page, description=__doc__, source="the table says")
