"""Files as they are named on the command line: paths, directories of them, standard input."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from talospatch.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STDIN = "-"
SUFFIXES = (".yaml", ".yml")


class Input(NamedTuple):
    """One file.

    Attributes:
        name: its path; ``-`` for stdin.
        directory: the argument that it was found below, or empty.
        named: whether it was named itself. What a directory holds beside machine configurations is passed over.
    """

    name: str
    directory: str
    named: bool

    @property
    def inside(self) -> str:
        """Its path below the directory, or its last part."""
        return str(Path(self.name).relative_to(self.directory)) if self.directory else Path(self.name).name


def inputs(files: Sequence[str]) -> list[Input]:
    """Return the files that are meant, each once; below a directory all YAML files, hidden ones left out, in a stable order.

    Raises:
        InputError: stdin is named twice.
    """
    if files.count(STDIN) > 1:
        raise InputError("stdin can be read once", hint="give - once")
    found: dict[str, Input] = {}
    for given in files:
        if is_directory(given):
            for name in _below(given):
                found.setdefault(name, Input(name, given, named=False))
        else:
            found[given] = found[given]._replace(named=True) if given in found else Input(given, "", named=True)
    return list(found.values())


def is_directory(given: str) -> bool:
    """Whether an argument is a directory."""
    return given != STDIN and os.path.isdir(given)  # noqa: PTH112 - pathlib's raises for a name that is too long


def _below(directory: str) -> list[str]:
    """Return the YAML files below a directory, hidden ones and what is below hidden directories left out, in a stable order."""
    found: list[Path] = []
    for folder, folders, names in os.walk(directory, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(folder, name) for name in names if name.endswith(SUFFIXES) and not name.startswith("."))
        # A link that leads nowhere is kept: reading it says what is wrong.
        found += [path for path in paths if path.is_file() or path.is_symlink()]
    return [str(path) for path in sorted(found)]


def _unreadable(error: OSError) -> None:
    raise InputError(f"cannot be read: {error.strerror}", source=error.filename)


def must_have_configs(files: Sequence[str], seen: Iterable[str]) -> None:
    """Raise where a directory has no machine configuration: a wrong path must not look like nothing to do.

    Args:
        files: the arguments.
        seen: names of the files that were machine configurations, or should be.

    Raises:
        InputError: none of them is in it.
    """
    names = [Path(name) for name in seen]
    for given in files:
        if is_directory(given) and not any(name.is_relative_to(given) for name in names):
            listed = ", ".join(SUFFIXES)
            raise InputError("no machine configuration in this directory", source=given, hint=f"they are taken from {listed} files")


def looks_like_one(name: str) -> bool:
    """Whether a file that was not named is a machine configuration: its main document has ``machine``.

    One that is not even YAML, or cannot be read, counts, so that it is not passed over in silence.
    """
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.offline import config_text

    try:
        config = MachineConfig.parse(config_text(name)[0])
    except ConfigError:
        return True
    return any(document.kind == "v1alpha1" and "machine" in document.value for document in config)
