"""One small patch on realistic configs through the public function, in processor time, as a multiple of what Talos's own code takes.

That code is the program of tools/oracle, which ``nox -s bench`` builds where Go is and TALOSPATCH_ORACLE_1_13 (and so on) names. It
measures itself, in turns with us. Without it the yardstick is reading the same text with PyYAML's C loader, about half of its whole work.
"""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import yaml

from talospatch import patch_config
from talospatch.errors import ChangeError
from talospatch.machineconfig.tables.find import table
from talospatch.machineconfig.typed.dialect import dialect_of
from talospatch.machineconfig.typed.schema import Schema

ROW = tuple[str, float | None, str]

VECTORS = Path(__file__).parent.parent / "tests" / "vectors" / "merge" / "full.jsonl"
MINORS = ("1.13", "1.14")
PATCH = 'machine:\n  sysctls:\n    net.core.somaxconn: "4096"\n'
REPEATS, ROUNDS = 20, 10
LARGE, MIB = 20_000, 2**20
_COMMENT = "# Configures what the node does with this; see the documentation of its Talos version for details.\n"


@dataclass(frozen=True)
class Way:
    """One way to patch.

    Attributes:
        semantics: as of ``patch_config``.
        style: as of ``patch_config``.
        limit: the most that it may take, of the reference's time.
    """

    semantics: Literal["declarative", "talosctl"]
    style: Literal["preserve", "canonical"]
    limit: float

    @property
    def name(self) -> str:
        """As the figures call it."""
        return f"{self.semantics}/{self.style}"

    def patched(self, base: str, minor: str) -> str:
        """Return a config with the patch in it."""
        return patch_config(base, [PATCH], talos_version=minor, semantics=self.semantics, style=self.style)

    def missing(self, base: str, minor: str) -> str | None:
        """Return why this cannot be measured, or None when it can."""
        try:
            assert "net.core.somaxconn" in self.patched(base, minor)
        except ChangeError as error:
            return f"not available: {str(error).splitlines()[0]}"
        return None


WAYS = (Way("talosctl", "canonical", 1.0), Way("declarative", "canonical", 1.0), Way("declarative", "preserve", 1.5))
SIZES = ("worker, 3 kB", "worker, 20 kB", "control plane")
LIMITS: dict[str, float] = {
    **{f"{way.name}, {size}, {minor}, of the reference": way.limit for way in WAYS for size in SIZES for minor in MINORS},
    **{f"{way.name}, 5 MB, of 1 MB a byte": 1.3 for way in WAYS},
    **{f"{way.name}, 1,000 configs, of 100 a config": 1.3 for way in WAYS},
    **{f"{way.name}, kept after 1,000 configs, MiB": 1.0 for way in WAYS},
}


@cache
def configs(minor: str) -> dict[str, str]:
    """Return configs as ``talosctl gen config`` makes them: a worker's, the same with comments, and a control plane's."""
    cases = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").split("\n") if line]
    worker, control_plane = (
        next(case["base"] for case in cases if case["id"].startswith(f"full-{minor}-{kind}")) for kind in ("worker", "controlplane")
    )
    return dict(zip(SIZES, (worker, commented(worker), control_plane), strict=True))


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


def with_manifests(text: str, size: int) -> str:
    """Return a control plane's config that is made this long by inline manifests."""
    step = re.search(r"^cluster:\n( +)", text, re.MULTILINE)
    assert step is not None, "a generated config has a cluster section"
    pad = step[1]
    lines, length = [f"{pad}inlineManifests:\n"], len(text)
    while length < size:
        data = "".join(f"{pad * 4}  key{number}: value {number} of manifest {len(lines)}\n" for number in range(20))
        head = (
            f"{pad * 4}apiVersion: v1\n{pad * 4}kind: ConfigMap\n{pad * 4}metadata:\n{pad * 4}  name: bench-{len(lines)}\n{pad * 4}data:\n"
        )
        lines.append(f"{pad * 2}- name: manifest-{len(lines)}\n{pad * 2}  contents: |\n{head}{data}")
        length += len(lines[-1])
    return text.replace("cluster:\n", f"cluster:\n{''.join(lines)}", 1)


class Reference:
    """The program that answers for a minor."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def seconds(self, base: str) -> float:
        """Return the processor time that it takes for the patch, as often as we repeat it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"id": "bench", "op": "bench", "base": base, "patches": [PATCH], "count": REPEATS * 5}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return float(answer["seconds"])

    def end(self) -> None:
        """End the program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def cpu(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the processor time of some work, in seconds, over several repeats."""
    begun = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - begun) / repeats


def _small(minor: str, reference: Reference | None) -> list[ROW]:
    """Return the figures of one patch."""
    rows: list[ROW] = []
    for size, base in configs(minor).items():
        missing = {way: why for way in WAYS if (why := way.missing(base, minor)) is not None}
        works: dict[str, Callable[[], float]] = {
            way.name: partial(cpu, partial(way.patched, base, minor)) for way in WAYS if way not in missing
        }
        if reference is not None:
            works["yardstick"] = partial(reference.seconds, base)
        else:
            works["yardstick"] = partial(cpu, lambda base=base: list(yaml.load_all(base, Loader=yaml.CSafeLoader)))  # type: ignore[misc]
        least = {name: min(work() for _ in range(2)) for name, work in works.items()}
        for _ in range(ROUNDS):
            least = {name: min(least[name], work()) for name, work in works.items()}
        yardstick = "the reference" if reference is not None else "parsing it"
        for way in WAYS:
            figure = f"{way.name}, {size}, {minor}, of {yardstick}"
            if way in missing:
                rows.append((figure, None, missing[way]))
            else:
                mine, theirs = least[way.name], least["yardstick"]
                rows.append((figure, mine / theirs, f"{mine * 1000:.2f} ms against {theirs * 1000:.2f} ms, {len(base) / 1000:.1f} kB"))
    return rows


def _many(way: Way, minor: str) -> list[ROW]:
    """Return the figures of a thousand configs in one process: time by number, and what is kept of them."""
    base = configs(minor)["worker, 20 kB"]
    texts = [base.replace("net.bench.key0:", f"net.bench.number{number}:") for number in range(1_000)]
    works = [partial(way.patched, text, minor) for text in texts]

    def together(some: list[partial[str]]) -> float:
        return cpu(lambda: [work() for work in some], 1)

    together(works[:20])
    few = min(together(works[:100]) for _ in range(3))
    many = together(works)
    tracemalloc.start()
    together(works[:20])
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    together(works[20:220])
    gc.collect()
    kept = (tracemalloc.get_traced_memory()[0] - before) / MIB * 5
    tracemalloc.stop()
    return [
        (f"{way.name}, 1,000 configs, of 100 a config", many / (10 * few), f"{many:.2f} s, {many:.2f} ms each, all different, 20 kB"),
        (f"{way.name}, kept after 1,000 configs, MiB", kept, "counted over 200 of them"),
    ]


def _large(way: Way, minor: str) -> list[ROW]:
    """Return the figures of a config of 5 MB."""
    base = configs(minor)["control plane"]
    texts = [with_manifests(base, millions * 1_000_000) for millions in (1, 5)]
    least = [float("inf")] * 2
    for _ in range(3):
        least = [min(best, cpu(partial(way.patched, text, minor), 1) / len(text)) for best, text in zip(least, texts, strict=True)]
    note = f"{least[1] * len(texts[1]):.2f} s for {len(texts[1]):,} characters"
    return [(f"{way.name}, 5 MB, of 1 MB a byte", least[1] / least[0], note)]


def run() -> list[ROW]:
    """Measure; return (name, value, note) each."""
    rows: list[ROW] = []
    for minor in MINORS:
        path = os.environ.get(f"TALOSPATCH_ORACLE_{minor.replace('.', '_')}")
        if not path:
            print(f"Talos {minor}: no reference to compare with, because Go is missing that would build it; compared with parsing instead")
        reference = Reference(path) if path else None
        rows += _small(minor, reference)
        if reference is not None:
            reference.end()
        loading = min(cpu(lambda minor=minor: Schema(dialect_of(minor), table(minor)).kind("v1alpha1")) for _ in range(ROUNDS))  # type: ignore[misc]
        rows.append((f"types of the main document, {minor}, ms", loading * 1000, "read once a process"))
    for way in WAYS:
        why = way.missing(configs(MINORS[-1])["worker, 3 kB"], MINORS[-1])
        if why is None:
            rows += _many(way, MINORS[-1])
            rows += _large(way, MINORS[-1])
        else:
            rows.append((f"{way.name}, 1,000 configs, of 100 a config", None, why))
            rows.append((f"{way.name}, 5 MB, of 1 MB a byte", None, why))
    return rows


if __name__ == "__main__":
    for figure, value, remark in run():
        print(f"{figure:75} {'-' if value is None else format(value, '8.2f'):>8}  {remark}")
