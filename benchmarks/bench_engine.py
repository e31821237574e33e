"""One small patch on a realistic config, CPU in this process, as a multiple of what the reference takes in the same run.

The reference is the program that TALOSPATCH_ORACLE_1_13 (and so on) names; without it the yardstick is reading the same text with
PyYAML's C loader, which takes about half to two thirds of the reference's whole work.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from talospatch.machineconfig.tables.find import table
from talospatch.machineconfig.typed.apply import patch_text
from talospatch.machineconfig.typed.dialect import dialect_of
from talospatch.machineconfig.typed.schema import Schema

VECTORS = Path(__file__).parent.parent / "tests" / "vectors" / "merge" / "full.jsonl"
MINORS = ("1.13", "1.14")
PATCH = 'machine:\n  sysctls:\n    net.core.somaxconn: "4096"\n'
REPEATS, ROUNDS, ASKED = 20, 15, 300
LARGE = 20_000
_COMMENT = "# Configures what the node does with this; see the documentation of its Talos version for details.\n"

SIZES = ("3 kB worker", "20 kB worker", "controlplane")
LIMITS = {f"canonical patch of a {size} config, Talos {minor}, of the reference": 1.0 for minor in MINORS for size in SIZES}


def configs(minor: str) -> dict[str, str]:
    """Return configs as ``talosctl gen config`` makes them: a worker's, the same with comments, and a control plane's."""
    cases = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").split("\n") if line]
    bases = {
        kind: next(case["base"] for case in cases if case["id"].startswith(f"full-{minor}-{kind}")) for kind in ("worker", "controlplane")
    }
    return {"3 kB worker": bases["worker"], "20 kB worker": commented(bases["worker"]), "controlplane": bases["controlplane"]}


def commented(text: str) -> str:
    """Return a config of about 20 kB: kernel parameters added, and comments before its keys as gen config writes them."""
    step = re.search(r"^machine:\n( +)", text, re.MULTILINE)
    assert step is not None, "a generated config has a machine section"
    pad = step[1]
    parameters = "".join(f'{pad * 2}net.bench.key{number}: "{number}"\n' for number in range(60))
    text = text.replace("machine:\n", f"machine:\n{pad}sysctls:\n{parameters}", 1)
    lines = text.splitlines(keepends=True)
    size, out = len(text), []
    for line in lines:
        if size < LARGE and re.match(r" {2,8}[a-zA-Z]", line):
            indent = len(line) - len(line.lstrip(" "))
            out += [" " * indent + _COMMENT] * 2
            size += 2 * (indent + len(_COMMENT))
        out.append(line)
    return "".join(out)


def cpu(work: Callable[[], object]) -> float:
    """Return CPU milliseconds of one run: the least of several rounds."""
    work()
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(REPEATS):
            work()
        best = min(best, (time.process_time() - start) / REPEATS)
    return best * 1000


def reference(minor: str, base: str) -> float | None:
    """Return the reference's CPU milliseconds for the same patch, or None where there is no program.

    What it takes to start is subtracted; reading and writing the lines of JSON is not.
    """
    path = os.environ.get(f"TALOSPATCH_ORACLE_{minor.replace('.', '_')}")
    if not path:
        return None
    request = json.dumps({"id": "bench", "op": "patch", "base": base, "patches": [PATCH]}) + "\n"
    few, many = (_child_cpu(path, request * count) for count in (ASKED, 3 * ASKED))
    return (many - few) / (2 * ASKED) * 1000


def _child_cpu(path: str, requests: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([path], input=requests, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run() -> list[tuple[str, float, str]]:
    """Measure; return (name, value, note) each."""
    rows = []
    for minor in MINORS:
        for name, base in configs(minor).items():
            mine = cpu(lambda base=base, minor=minor: patch_text(base, [PATCH], minor=minor))  # type: ignore[misc]
            theirs = reference(minor, base)
            label = f"canonical patch of a {name} config, Talos {minor}"
            note = f"{mine:.2f} ms, {len(base) / 1000:.1f} kB"
            if theirs is not None:
                rows.append((f"{label}, of the reference", mine / theirs, f"{note}; the reference {theirs:.2f} ms"))
            else:
                parsing = cpu(lambda base=base: list(yaml.load_all(base, Loader=yaml.CSafeLoader)))  # type: ignore[misc]
                rows.append((f"{label}, of parsing it", mine / parsing, f"{note}; parsing {parsing:.2f} ms"))
        loading = cpu(lambda minor=minor: Schema(dialect_of(minor), table(minor)).kind("v1alpha1"))  # type: ignore[misc]
        rows.append((f"types of the main document, Talos {minor}, ms", loading, "read once a process"))
    return rows


if __name__ == "__main__":
    for figure, value, remark in run():
        print(f"{figure:75} {value:8.2f}  {remark}")
