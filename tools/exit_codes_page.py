"""Write docs/reference/exit-codes.md from the tables of exit codes, or with --check fail where the page says something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pages import write_or_check

from talospatch.planning.outcomes import EXIT_CODES, OUTCOMES

HEAD = """# Exit codes

Written from the tables in `talospatch/planning/outcomes.py` by `tools/exit_codes_page.py`; do not edit.

A file that cannot be read ends a command with 1, whatever else was found. Of the other codes up to 5 the highest that applies counts.

| code | name | when |
| --- | --- | --- |
"""
DIFFERENCES = """
## What ends with 2

| command | when |
| --- | --- |
"""
NODES = """
## How it ended for one node

`outcome` in the report of a rollout, and the exit code that each stands for. In the report of `cni repair --yes` every file has one.

| outcome | meaning | code |
| --- | --- | --- |
"""
SCRIPT = """
## In a script

```sh
talospatch diff --workers -p bundled:containerd-metrics
case $? in
  0) echo "nothing to do" ;;
  2) echo "differences" ;;
  *) echo "look at it" ;;
esac
```
"""
# Command, what it found. What is not here never ends with 2.
FOUND = (
    ("diff", "something would change; for files also: a finding is an error"),
    ("machineconfig diff", "the configurations differ"),
    ("machineconfig patch", "with `--check`: files would change"),
    ("machineconfig convert", "something can be converted, or there is what the version cannot read"),
    ("machineconfig validate", "problems that count (`--fail-on`)"),
    ("cni check", "problems that count (`--fail-on`)"),
    ("cni explain", "a fatal file or a time bomb"),
    ("cni repair", "files could be removed; with `--yes`: fatal ones were left, or some over `--limit`"),
)


def differences() -> Iterator[str]:
    """Yield a row for each command that can end with 2.

    Raises:
        SystemExit: there is no such command.
    """
    from cli_page import commands

    known = {" ".join(words) for words in commands()}
    for command, found in FOUND:
        if command not in known:
            raise SystemExit(f"tools/exit_codes_page.py names a command that there is not: {command}")
        yield f"| `{command}` | {found} |"


def page() -> str:
    """Return the whole page."""
    codes = [f"| {code} | {code.name.lower().replace('_', ' ')} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    nodes = [f"| `{outcome}` | {meaning} | {code} |" for outcome, (meaning, code) in OUTCOMES.items()]
    return "".join([HEAD, *_lines(codes), DIFFERENCES, *_lines(differences()), NODES, *_lines(nodes), SCRIPT])


def _lines(rows: Iterable[str]) -> Iterator[str]:
    return (f"{row}\n" for row in rows)


if __name__ == "__main__":
    write_or_check(page, description=__doc__, source="the tables say")
