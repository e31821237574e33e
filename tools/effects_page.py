"""Write docs/reference/effects.md from the effect table, or with --check fail where the page says something else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pages import write_or_check

from talospatch.machineconfig.typed.schema import schema_of
from talospatch.planning.effect_table import documents, main_document
from talospatch.planning.effect_table.row import MACHINED, STATIC_PODS, WILDCARD, Effect, Row
from talospatch.planning.effects import EFFECT_SENTENCES, WITHOUT_EFFECT
from talospatch.versions import Fact, TalosVersion

BEFORE, SINCE = TalosVersion.parse("1.13"), TalosVersion.parse("1.14")
WORDS = {
    Effect.NOTHING: "nothing",
    Effect.AT_INSTALL: "at install",
    Effect.LIVE: "live",
    Effect.NO_REBOOT: "no reboot, else unknown",
    Effect.CRI_RESTART: "containerd restarts",
    Effect.NEXT_BOOT: "next boot",
    Effect.REBOOT: "**reboot**",
}
HEAD = """# What a change does to a node

Written from the effect table by `tools/effects_page.py`; do not edit.

`talospatch diff` says of every difference what applying it does, for nodes and for files: `effects` in its JSON names each effect with the
paths that cause it, what restarts and the source, the gravest first; `effect` of a node is the gravest. By the same table a rollout decides
whether a change can be tried first, or comes with a reboot and falls under the rules for reboots.

| effect | meaning |
| --- | --- |
{meanings}

A row speaks for everything below its path that has no row of its own. "Control plane": on workers nothing happens. "Static pods" are
kube-apiserver, kube-controller-manager and kube-scheduler: the kubelet replaces all three. What no row speaks for, such as a kind that is
newer than the table, is taken without a reboot and its effect is unknown; up to 1.13 a field of the main document that is not in the list
below reboots the node, known or not.

Each row was read in Talos's sources, at v1.11.6, v1.12.11, v1.13.9 and v1.14.0-rc.1 or those of them that have the field: files stand below
`{machined}` where no other folder is named. What real server code of 1.12, 1.13 and 1.14 answered to dry runs agrees.

## What Talos up to 1.13 takes without a reboot

Any other difference in the main document reboots the node at once; other documents never do. Source: `CanApplyImmediate` in
`{immediate}`, removed before v1.14.0-alpha.2. A whole section that comes or goes, such as `machine.features`, is not
in the list.

{fields}
"""
PRERELEASES = """## Where a prerelease of 1.14 differs

The column for 1.14 is about its releases. Its alphas and betas have what began before them:

| from | what |
| --- | --- |
{facts}
"""


def page() -> str:
    """Return the whole page."""
    meanings = "\n".join(
        f"| `{effect.value}` | {WITHOUT_EFFECT if effect is Effect.NOTHING else EFFECT_SENTENCES[effect]} |" for effect in WORDS
    )
    fields = "\n".join(f"- `{path}`" for path in main_document.IMMEDIATE)
    immediate = main_document.IMMEDIATE_SOURCE.removeprefix(MACHINED)
    parts = [HEAD.format(meanings=meanings, machined=MACHINED, immediate=immediate, fields=fields).rstrip()]
    sections = (
        ("The main document: machine", main_document.MACHINE),
        ("The main document: cluster", main_document.CLUSTER),
        ("Network documents", documents.NETWORKING),
        ("Kubernetes documents", documents.KUBERNETES),
        ("Disks and volumes", documents.DISKS),
        ("Containers and images", documents.CONTAINERS),
        ("Other documents", documents.MACHINE),
    )
    parts += [f"## {title}\n\n{table(rows)}" for title, rows in sections]
    used = {fact for row in (*main_document.ROWS, *documents.ROWS) for fact in (row.since, row.until) if fact is not None}
    facts = [f"| {fact.since} | {fact.meaning} |" for fact in Fact if fact in {*used, Fact.NO_REBOOT_MODE} and "-" in fact.since]
    parts.append(PRERELEASES.format(facts="\n".join(fact for fact in facts if "1.14" in fact)).rstrip())
    return "\n\n".join(parts) + "\n"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table, those of one path together."""
    lines = ["| path | up to 1.13 | from 1.14 | note | source |", "| --- | --- | --- | --- | --- |"]
    for path, whole in dict.fromkeys((row.path, row.whole) for row in rows):
        here = [row for row in rows if (row.path, row.whole) == (path, whole)]
        name = f"`{path}`" + (", added or removed" if whole else "")
        sources = ", ".join(dict.fromkeys(f"`{row.source.removeprefix(MACHINED)}`" for row in here))
        lines.append(f"| {name} | {_cell(here, BEFORE)} | {_cell(here, SINCE)} | {_notes(here)} | {sources} |")
    return "\n".join(lines)


def exists(path: str, minor: str) -> bool:
    """Return whether a minor has the field that a row's path names."""
    kind, _, inside = path.partition(":") if path[:1].isupper() else ("v1alpha1", "", path)
    known = schema_of(minor).kind(kind)
    here = known.type if known is not None else None
    for step in [step for step in re.sub(r"\[.*\]", "", inside).split(".") if step]:
        if here is None:
            return False
        if step == WILDCARD:
            here = here.elem
        else:
            here = here.elem if here.shape == "list" else here
            here = here.fields[step].type if here is not None and step in here.fields else None
    return here is not None


def _cell(rows: Sequence[Row], talos: TalosVersion) -> str:
    path = rows[0].path
    if not exists(path, talos.minor):
        return "–"
    immediate = any(path == known or path.startswith(f"{known}.") for known in main_document.IMMEDIATE)
    if not path[:1].isupper() and not talos.can(Fact.NO_REBOOT_MODE) and not immediate:
        return WORDS[Effect.REBOOT]
    return "; ".join(dict.fromkeys(_words(row) for row in rows if _holds(row, talos)))


def _holds(row: Row, talos: TalosVersion) -> bool:
    return (row.since is None or talos.can(row.since)) and not (row.until is not None and talos.can(row.until))


def _words(row: Row) -> str:
    if row.effect is Effect.LIVE and row.restarts:
        said = f"{_restarts(row)} restart{'s' if len(row.restarts) == 1 else ''}"
    else:
        said = WORDS[row.effect]
    return f"{said} (control plane)" if row.control_plane else said


def _restarts(row: Row) -> str:
    return "static pods" if row.restarts == STATIC_PODS else ", ".join(row.restarts)


def _notes(rows: Sequence[Row]) -> str:
    """Return the notes; where a path has several rows, each with what it is about."""
    noted = [row for row in rows if row.note]
    if len({(row.since, row.until) for row in rows}) == len(rows):
        return "; ".join(row.note for row in noted)
    return "; ".join(f"{_restarts(row) or WORDS[row.effect]}: {row.note}" for row in noted)


if __name__ == "__main__":
    write_or_check(page, description=__doc__, source="the table says")
