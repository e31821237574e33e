"""Check the types of the programs in the documentation, as somebody's own check would of a copy: ``python tools/documented_programs.py``.

The Python blocks of a page are one program, each going on where the one before it ended. Needs mypy; a problem has the page's line.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def program(page: str) -> str:
    """Return the Python of a page, each line at its own number; empty where there is none."""
    lines, within = [], False
    for line in page.splitlines():
        fence = line.startswith("```")
        lines.append(line if within and not fence else "")
        within = line == "```python" or (within and not fence)
    return "\n".join(lines) + "\n" if any(lines) else ""


def main() -> int:
    """Return mypy's exit code, having said what it says."""
    programs = {page: program(page.read_text()) for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))}
    with tempfile.TemporaryDirectory(prefix="documented-programs-") as directory:
        names: dict[str, str] = {}
        for number, (page, text) in enumerate((page, text) for page, text in programs.items() if text):
            path = Path(directory, f"page_{number}.py")
            path.write_text(text)
            names[path.name] = str(page.relative_to(ROOT))
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", *names]
        done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, text=True, check=False)
    said = done.stdout
    for file, shown in names.items():
        said = said.replace(f"{file}:", f"{shown}:")
    sys.stdout.write(said)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
