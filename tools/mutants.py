"""Change one thing at a time in the code of merge and delete, and see whether a test notices.

python tools/mutants.py               every change; exit 1 when one goes unnoticed that tests/typed/mutants.md does not explain, or when it
                                      explains one that is noticed
python tools/mutants.py merge keyed   in these modules only
python tools/mutants.py --list        say what would be changed

What the usual tools for this leave alone counts most here: rows of tables are dropped, and the texts of keys are changed. Each change is
tried in a process of its own, in which the changed source is imported in place of the file; no file is touched.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.abc
import importlib.util
import os
import re
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from source_changes import mutations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

ROOT = Path(__file__).parent.parent
PACKAGE = "talospatch.machineconfig.typed"
MODULES = ("merge", "keyed", "deletes", "strategic")
TESTS = ("tests/typed/test_merge_vectors.py", "tests/typed/test_typed_errors.py")
# A plugin that was imported before pytest looks at it is worth a warning otherwise, and warnings are errors.
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-W", "ignore::pytest.PytestAssertRewriteWarning")
EXPLAINED = ROOT / "tests" / "typed" / "mutants.md"
PATIENCE = 300  # seconds for tests that take three: what takes longer goes round for ever
_ROW = re.compile(r"\| (?P<where>\S+ \S+) \| `(?P<change>.+)` \| (?P<why>.+) \|")


@dataclass(frozen=True)
class Mutant:
    """One changed module.

    Attributes:
        module: its name.
        where: file and function, as ``merge.py Merger.struct``.
        change: what stood there and what stands there now.
        line: where in the file.
        source: the whole text of the module.
    """

    module: str
    where: str
    change: str
    line: int
    source: str

    @property
    def name(self) -> tuple[str, str]:
        """By which it is known from one version of the file to the next."""
        return self.where, self.change


def mutants(modules: Sequence[str]) -> Iterator[Mutant]:
    """Yield every change of some modules, in the order of their texts."""
    for module in modules:
        path = ROOT.joinpath(*PACKAGE.split("."), f"{module}.py")
        source = path.read_text(encoding="utf-8")
        seen: Counter[tuple[str, str]] = Counter()
        for mutation in mutations(ast.parse(source), source):
            where = f"{path.name} {mutation.function}"
            seen[where, mutation.change] += 1
            again = seen[where, mutation.change]
            change = mutation.change if again == 1 else f"{mutation.change} ({again})"
            yield Mutant(f"{PACKAGE}.{module}", where, change, mutation.line, mutation.source)


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module another source."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        """Find the changed module only."""
        return importlib.util.spec_from_loader(name, self) if name == self._mutant.module else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed source as the module."""
        exec(compile(self._mutant.source, f"<{self._mutant.where}>", "exec"), module.__dict__)


def is_noticed(mutant: Mutant | None) -> int:
    """Run the tests in this process and return their exit code: 0 when they notice nothing."""
    import pytest

    if mutant is not None:
        sys.meta_path.insert(0, Changed(mutant))
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        return int(pytest.main([*OPTIONS, *TESTS]))


def in_child(mutant: Mutant | None) -> int:
    """Start the tests on a mutant, or on the code as it is, in a child of this process, and return its number."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        code = is_noticed(mutant)
    finally:
        os._exit(min(code, 100))


class Pool:
    """Runs the tests on many mutants, each in a child of this process, as many at a time as there are processors."""

    def __init__(self) -> None:
        self._running: dict[int, tuple[Mutant, float]] = {}
        self.survivors: list[Mutant] = []

    def run(self, todo: Iterator[Mutant]) -> None:
        """Run all."""
        for mutant in todo:
            if len(self._running) >= (os.cpu_count() or 1):
                self._wait()
            self._running[in_child(mutant)] = (mutant, time.monotonic())
        while self._running:
            self._wait()

    def _wait(self) -> None:
        """Wait for a child to end; one that takes too long is ended, and its mutant counts as noticed."""
        while True:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child:
                mutant, _ = self._running.pop(child)
                if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
                    self.survivors.append(mutant)
                    print(f"{mutant.where.replace(' ', f':{mutant.line} ', 1)}: {mutant.change}", flush=True)
                return
            for running, (_, begun) in self._running.items():
                if time.monotonic() - begun > PATIENCE:
                    os.kill(running, signal.SIGKILL)
            time.sleep(0.01)


def explained() -> dict[tuple[str, str], str]:
    """Return why each known survivor survives."""
    rows = (_ROW.fullmatch(line) for line in EXPLAINED.read_text(encoding="utf-8").splitlines())
    return {(row["where"], row["change"].replace("\\|", "|")): row["why"] for row in rows if row is not None}


def judged(survivors: Sequence[Mutant], modules: Sequence[str]) -> int:
    """Say what differs from what is explained, and return the exit code."""
    known = {name for name in explained() if name[0].split(".py")[0] in modules}
    found = {mutant.name: mutant for mutant in survivors}
    for mutant in (mutant for name, mutant in found.items() if name not in known):
        change = mutant.change.replace("|", "\\|")
        print(f"no test notices it, and nothing explains why:\n| {mutant.where} | `{change}` |  |")
    for where, change in sorted(known - set(found)):
        print(f"explained, but a test notices it now, or the code has changed: {where}: {change}")
    return int(set(found) != known)


def main() -> int:
    """Try the changes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help=f"some of {', '.join(MODULES)}", metavar="MODULE")
    parser.add_argument("--list", action="store_true", help="only list the changes")
    options = parser.parse_args()
    if unknown := set(options.modules) - set(MODULES):
        parser.error(f"no such module: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}")
    modules = options.modules or MODULES
    todo = list(mutants(modules))
    if options.list:
        for mutant in todo:
            print(f"{mutant.where}: {mutant.change}")
        return 0
    os.chdir(ROOT)
    import hypothesis  # noqa: F401 - imported once instead of in every child
    import pytest  # noqa: F401 - likewise
    import yaml  # noqa: F401 - likewise

    if os.waitpid(in_child(None), 0)[1]:
        print("the tests fail on the code as it is")
        return 1
    begun = time.monotonic()
    pool = Pool()
    pool.run(iter(todo))
    print(f"{len(todo)} changes, {len(pool.survivors)} of them unnoticed, in {time.monotonic() - begun:.0f} s")
    return judged(pool.survivors, modules)


if __name__ == "__main__":
    sys.exit(main())
