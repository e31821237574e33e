"""Write docs/reference/versions.md from the table of versions, or with --check fail where the page says something else."""

from __future__ import annotations

from collections.abc import Iterator

from pages import write_or_check

HEAD = """# Talos versions

Written by `tools/versions_page.py` from `talospatch/versions.py` and the type tables; do not edit.

Everything goes by the version of each node, as its Version RPC gives it (`v1.14.0-beta.1` and `v1.13.9-45-gabcdef` included), never by that
of the cluster. Offline there is no node to ask, so the version is given; `1.13` alone means the newest release of that minor.

| Talos | what works |
|---|---|
| before 1.6 | nothing: it is refused, with this reason |
| 1.6 to 1.10 | reading: inventory, the CNI result cache. Configurations are not written |
"""
NEWER = """
## Newer than the tables

What configurations are made of is read from tables, printed from Talos's own published types, one for each minor. A node that is newer than
the newest table is treated as that one, with the finding `newer-version`: what it has in common with its predecessor is patched by type,
and what is new in it, fields and whole kinds, passes through untouched with a warning of its own. Nothing is dropped, and nothing is
refused that the node might take. `--strict` makes errors of these warnings. `--semantics talosctl` and `validate` need the exact types and
refuse a version without a table.

Within a minor the tables are those of its newest release at the time. A node of an earlier one may refuse a field that came later; it says
so when the configuration is sent, before anything is changed.

`nox -s typetables` prints the tables again and shows what a new minor brings.

## What began when

| from | what |
|---|---|
"""


def kinds() -> Iterator[str]:
    """Yield a row for each minor that has a table, with the number of its kinds."""
    from talospatch.machineconfig.tables.find import MINORS
    from talospatch.machineconfig.typed.schema import schema_of

    before = 0
    for minor in MINORS:
        count = len(schema_of(minor).kinds)
        more = f", {count - before} more than the minor before" if before else ""
        yield f"| {minor} | everything; its configurations have {count} kinds of documents{more} |"
        before = count
    yield f"| newer than {MINORS[-1]} | everything, by the types of {MINORS[-1]}: see below |"


def facts() -> Iterator[str]:
    """Yield a row for each thing that began with a version."""
    from talospatch.versions import Fact

    for fact in sorted(Fact, key=lambda each: each.key):
        yield f"| {fact.since} | {fact.meaning.replace('|', '&#124;')} |"


def page() -> str:
    """Return the whole page."""
    return HEAD + "\n".join(kinds()) + "\n" + NEWER + "\n".join(facts()) + "\n"


if __name__ == "__main__":
    write_or_check(page, description=__doc__, source="the table of versions says")
