"""Draw docs/pictures/*.svg from what the commands really print: the grouped difference, and a finished rollout."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from rehearsal import COLUMNS, rehearsal

from talospatch.cli.demo import story

CHANGE = ("-p", story.PATCH, "--workers")
# Name of the picture, the command, and the exit code with which it ends.
PICTURES = (
    ("diff", ("diff", *CHANGE, "--no-drain"), 2),
    ("apply", ("apply", *CHANGE, "--no-drain", "--yes"), 0),
)
# Rich's own SVG fetches its font from the network; a picture in a repository must not.
_FONT_FACES = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)


def printed(command: tuple[str, ...], code: int, environment: dict[str, str]) -> str:
    """Return what a command writes to stdout, colours included."""
    done = subprocess.run(
        [sys.executable, "-m", "talospatch", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != code:
        sys.exit(f"talospatch {' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def drawn(text: str, title: str, identity: str) -> str:
    """Return a terminal's text as SVG."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console
    from rich.text import Text

    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="standard")
        console.print(Text.from_ansi(text.rstrip("\n")))
        template = _FONT_FACES.sub("", CONSOLE_SVG_FORMAT).replace("Fira Code", "Menlo, Consolas, DejaVu Sans Mono")
        return console.export_svg(title=title, unique_id=identity, code_format=template)


def main() -> None:
    """Draw every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    directory: Path = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    with rehearsal(colour=True) as environment:
        for name, command, code in PICTURES:
            shown = " ".join(("talospatch", *(word for word in command if word != "--yes")))
            Path(directory, f"{name}.svg").write_text(drawn(printed(command, code, environment), shown, name), encoding="utf-8")


if __name__ == "__main__":
    main()
