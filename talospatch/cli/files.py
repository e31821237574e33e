"""Comparing files with what a change would make of them: offline, without any credential."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from talospatch.cli.views.files import Comparison, FileDiff
from talospatch.errors import InputError, TalosPatchError
from talospatch.planning.effects import effects_between
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.patching.change import Change

STDIN = "-"
SUFFIXES = (".yaml", ".yml")


def compare(changes: Sequence[Change], files: Sequence[str], *, talos: str, oldest: str | None = None) -> Comparison:
    """Return what the changes would do to each file.

    Args:
        changes: applied in order.
        files: paths of files and directories, or ``-`` for stdin. In a directory, every YAML file that is a machine configuration counts.
        talos: the version that the files are for.
        oldest: the oldest version in the cluster, where it is another.

    Raises:
        InputError: a directory has no machine configuration, or stdin is named twice.
        VersionError: a version is none.
    """
    version = TalosVersion.parse(talos)
    has_older = bool(oldest) and not TalosVersion.parse(oldest or "").can(Fact.LIVE_CRI_CUSTOMIZATION)
    if files.count(STDIN) > 1:
        raise InputError("stdin can be read once", hint="give - once")
    compared = []
    for name in dict.fromkeys(files):
        path = Path(name)
        if name != STDIN and path.is_dir():
            found = [_compared(str(inner), changes, version, has_older) for inner in _below(path)]
            ours = [each for each in found if each is not None]
            if not ours:
                raise InputError(
                    "no machine configuration in this directory", source=name, hint=f"they are taken from {', '.join(SUFFIXES)} files"
                )
            compared += ours
        else:
            compared.append(_compared(name, changes, version, has_older, named=True) or FileDiff(name))
    return Comparison(tuple(compared), tuple(change.name for change in changes), version.tag)


def _below(directory: Path) -> Iterator[Path]:
    """Yield the YAML files below a directory, hidden ones left out, in a stable order."""
    for path in sorted(directory.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
        if path.suffix in SUFFIXES and not hidden and path.is_file():
            yield path


def _compared(name: str, changes: Sequence[Change], talos: TalosVersion, has_older: bool, *, named: bool = False) -> FileDiff | None:
    """Return what the changes do to one file; None for a file that was not named and is no machine configuration."""
    try:
        config = _read(name)
        if not named and not any(_is_machine_config(document.kind, document.value) for document in config):
            return None
        patched = config.patch(changes, talos=talos, fleet_has_older=has_older)
        difference = config.diff(patched.config)
        return FileDiff(name, difference, patched.findings, effects=effects_between(config, patched.config, difference, talos))
    except TalosPatchError as error:
        said = str(error)
        return FileDiff(name, error=said if said.startswith(name) else f"{name}: {said}")


def _is_machine_config(kind: str, value: dict[str, object]) -> bool:
    return kind == "v1alpha1" and "machine" in value


def _read(name: str) -> MachineConfig:
    from talospatch.offline import load_config

    return load_config(name)
