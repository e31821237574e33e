"""What ``--strict`` makes of what is not known: an error with its place, instead of a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.errors import ConfigError, TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.nodes import Mapping
from talospatch.machineconfig.path import ConfigPath
from talospatch.machineconfig.reader import line_and_column
from talospatch.patching import hazards

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talospatch.patching.recipe import PatchText
    from talospatch.talos.finding import Finding

NOT_KNOWN = (hazards.UNKNOWN_FIELD, hazards.UNKNOWN_KIND, hazards.NEWER_VERSION)
_CODES = frozenset(hazard.code for hazard in NOT_KNOWN)


def insist(findings: Iterable[Finding], texts: Iterable[PatchText]) -> None:
    """Raise where something was passed through that is not known.

    Args:
        findings: what was noticed when patching.
        texts: where it may stand: the patches, and the config.

    Raises:
        TalosPatchError: something was; all of it, a line each.
    """
    unknown = [finding for finding in findings if finding.code in _CODES]
    if not unknown:
        return
    listed = tuple(texts)
    errors = [_error(finding, listed) for finding in unknown]
    raise errors[0] if len(errors) == 1 else TalosPatchError("\n".join(str(error) for error in errors))


def _error(finding: Finding, texts: tuple[PatchText, ...]) -> ConfigError:
    problem = finding.message.partition(": talosctl ")[0]  # what we would have done is not done
    path = finding.path.removesuffix(":")  # of a whole document
    source = texts[-1].source if texts else None
    for each in texts:
        if finding.path and (index := _index(finding.path, each)) is not None:
            line, column = line_and_column(each.text, index)
            return ConfigError(problem, source=each.source, line=line, column=column, path=path, hint=finding.hint or None)
    return ConfigError(problem, source=source, path=path or None, hint=finding.hint or None)


def _index(path: str, patch: PatchText) -> int | None:
    """Return where in a text a path stands, or None."""
    try:
        config = MachineConfig.parse(patch.text, source=patch.source)
        parsed = ConfigPath.parse(path if ":" in path or path[:1].islower() else f"{path}:")
    except ConfigError:
        return None
    for document in config.documents:
        if document.id == parsed.document:
            if not parsed.steps:
                return document.node.keys["kind"].start if "kind" in document.node.keys else document.node.start
            holder, last = document.find(parsed.steps[:-1]), parsed.steps[-1]
            if isinstance(holder, Mapping) and isinstance(last, str) and last in holder.keys:
                return holder.keys[last].start
    return None
