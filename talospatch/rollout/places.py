"""Where our own state lies: the journal among the user's state, its key among the user's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KEY_VARIABLE = "TALOSPATCH_JOURNAL_KEY"  # the key itself, base64 of 32 bytes: for CI runners that keep no home directory
DIRECTORY_VARIABLE = "TALOSPATCH_JOURNAL_DIR"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the journal and its key are.

    Attributes:
        journal: directory of the journal.
        key: file of the key.
        given_key: the key as the environment gives it, or empty; it then counts instead of the file.
    """

    journal: Path
    key: Path
    given_key: str = ""

    def __repr__(self) -> str:
        return f"Places(journal={str(self.journal)!r}, key={str(self.key)!r}, given_key={'given' if self.given_key else 'none'})"

    @classmethod
    def of(cls, environ: Mapping[str, str], *, journal_dir: str | Path | None = None) -> Places:
        """Work them out as the XDG base directory specification has it.

        Args:
            environ: the environment; ``HOME``, ``XDG_STATE_HOME``, ``XDG_CONFIG_HOME`` and our own variables matter.
            journal_dir: the directory that the user named; it wins.
        """
        home = Path(environ.get("HOME") or Path.home())
        named = journal_dir or environ.get(DIRECTORY_VARIABLE)
        journal = Path(named) if named else _base(environ, "XDG_STATE_HOME", home / ".local" / "state") / "talospatch"
        return cls(
            journal, _base(environ, "XDG_CONFIG_HOME", home / ".config") / "talospatch" / "journal.key", environ.get(KEY_VARIABLE, "")
        )


def _base(environ: Mapping[str, str], name: str, default: Path) -> Path:
    """The specification says that a relative path is to be ignored."""
    path = Path(environ.get(name, ""))
    return path if path.is_absolute() else default
