"""A program that answers with Talos's own configuration code: ``tools/oracle``."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from line_programs import LineProgram, named_by

from talospatch.machineconfig.typed.dialect import DIALECTS

Answer = dict[str, Any]


class Oracle(NamedTuple):
    """One minor. It takes ``{"id", "op", …}`` and gives ``{"id", "ok" | "error" | "panic"}``."""

    program: LineProgram

    def ask(self, base: str, patches: list[str], *, op: str = "patch", mode: str = "", strict: bool = False) -> Answer:
        """Return the answer to one case."""
        return self.program.ask({"id": "case", "op": op, "base": base, "patches": patches, "mode": mode, "strict": strict})


each_minor = pytest.mark.parametrize("minor", list(DIALECTS))


def oracle_of(minor: str) -> Oracle:
    """Return the program that answers for a minor, which ``TALOSPATCH_ORACLE_1_13`` and so on names; without one the test is skipped."""
    return Oracle(named_by(f"TALOSPATCH_ORACLE_{minor.replace('.', '_')}"))
