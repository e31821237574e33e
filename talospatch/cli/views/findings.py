"""What was noticed, grouped: one line for a finding, with the nodes or files it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.cli.layout import counted, led, names, wrap
from talospatch.talos.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from talospatch.cli.paint import Paint

STYLES = {Severity.NOTE: "faint", Severity.WARNING: "notice", Severity.ERROR: "bad"}
Noticed = tuple[Finding, tuple[str, ...]]


def grouped(noticed: Iterable[tuple[str, Sequence[Finding]]]) -> list[Noticed]:
    """Return each finding once with the names it is about, the gravest first; else in the order of their first appearance.

    Args:
        noticed: name of a node or file, and what was noticed there; the empty name stands for the whole.
    """
    about: dict[Finding, list[str]] = {}
    for name, findings in noticed:
        for finding in findings:
            listed = about.setdefault(finding, [])
            if name and name not in listed:
                listed.append(name)
    gravest_first = list(reversed(Severity))
    return sorted(((finding, tuple(listed)) for finding, listed in about.items()), key=lambda item: gravest_first.index(item[0].severity))


def text(noticed: Sequence[Noticed], width: int, paint: Paint, *, noun: str = "node") -> str:
    """Return the findings as paragraphs: severity, code, where, and below what it means and what to do."""
    paragraphs = []
    for found, about in noticed:
        finding = found.redacted()
        where = f" {finding.path}" if finding.path else ""
        who = "" if not about else f" · {names(about, most=6)}" if len(about) <= 6 else f" · {counted(len(about), noun)}"
        head = led(finding.severity.value, STYLES[finding.severity], f"{finding.code}{where}{who}", width, paint)
        body = wrap(finding.message, width, first="  ")
        hint = "\n" + wrap(finding.hint, width, first="  → ", rest="    ") if finding.hint else ""
        paragraphs.append(f"{head}\n{body}{hint}")
    return "\n".join(paragraphs)


def rows(noticed: Sequence[Noticed]) -> list[tuple[str, str, str, str]]:
    """Return the findings as rows of severity, code, names and message with its place and hint, for Markdown."""
    return [(finding.severity.value, finding.code, names(about, most=6), _sentence(finding)) for finding, about in noticed]


def _sentence(finding: Finding) -> str:
    shown = finding.redacted()
    place = f"{shown.path}: " if shown.path else ""
    return f"{place}{shown.message} {shown.hint}".strip()
