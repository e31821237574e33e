"""The rules of conversion: from which Talos on each holds, and what it moves where."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.cli import markdown as md
from talospatch.cli.layout import table
from talospatch.cli.output import View
from talospatch.patching.conversion.table import NOT_MADE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.cli.paint import Paint
    from talospatch.patching.conversion.rule import Rule

SCHEMA = 1
HEADERS = ("RULE", "SINCE", "MOVES")


def view(rules: Sequence[Rule]) -> View:
    """Return the forms of the list."""
    return View(partial(_text, rules), partial(_data, rules), partial(_markdown, rules))


def _rows(rules: Sequence[Rule]) -> list[tuple[str, str, str]]:
    return [(rule.code, rule.since, f"{', '.join(rule.legacy)} → {', '.join(rule.kinds)}") for rule in rules]


def _text(rules: Sequence[Rule], width: int, paint: Paint) -> str:
    return table(HEADERS, _rows(rules), width=min(width, 120), paint=paint)


def _data(rules: Sequence[Rule]) -> dict[str, Any]:
    listed = [
        {
            "rule": rule.code,
            "title": rule.title,
            "since": rule.since,
            "legacy": list(rule.legacy),
            "kinds": list(rule.kinds),
            "lossless": rule.lossless,
            "refuses": rule.refuses,
            "effect": rule.effect,
            "source": rule.source,
        }
        for rule in rules
    ]
    left = [{"legacy": each.legacy, "kinds": list(each.kinds), "why": each.why} for each in NOT_MADE]
    return {"kind": "conversion-rules", "schema": SCHEMA, "rules": listed, "not_converted": left}


def _markdown(rules: Sequence[Rule]) -> str:
    return md.table([header.lower() for header in HEADERS], _rows(rules))
