"""Run every bench_*.py and print its figures; with --check, fail where a figure is over its limit.

A module may have ``LIMITS``: name of a figure → the most it may be.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

ROW = tuple[str, float | None, str]  # None for what cannot be measured here; the note says why


def modules(only: list[str]) -> list[str]:
    """Return the names of the modules, those that were asked for or all."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    unknown = [name for name in only if f"bench_{name}" not in found]
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(name.removeprefix('bench_') for name in found)}")
    return [f"bench_{name}" for name in only] or found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="names of benchmarks, as cli for bench_cli.py")
    parser.add_argument("--check", action="store_true", help="exit 1 where a figure is over its limit")
    options = parser.parse_args()
    over = []
    print(f"{'figure':75} {'value':>8} {'limit':>7}  ok  note")
    for name in modules(options.only):
        module = importlib.import_module(f"benchmarks.{name}")
        limits: dict[str, float] = getattr(module, "LIMITS", {})
        rows: list[ROW] = module.run()
        for figure, value, note in rows:
            limit = limits.get(figure)
            verdict = "" if limit is None or value is None else "yes" if value <= limit else "NO"
            shown = "-" if value is None else f"{value:.2f}"
            print(f"{figure:75} {shown:>8} {'' if limit is None else format(limit, 'g'):>7}  {verdict:3} {note}", flush=True)
            if verdict == "NO":
                over.append(figure)
    if over:
        print(f"over their limit: {', '.join(over)}", file=sys.stderr)
        if options.check:
            sys.exit(1)


if __name__ == "__main__":
    main()
