"""The verdict on a config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.errors import ConfigError, InputError
from talospatch.machineconfig.path import ROOT_DOCUMENT
from talospatch.machineconfig.typed.load import load
from talospatch.machineconfig.validation.locate import Placed, Places
from talospatch.machineconfig.validation.reading import problems
from talospatch.machineconfig.validation.rules import Breach, breaches
from talospatch.talos.finding import Finding, Severity
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from collections.abc import Iterable

MODES = ("metal", "cloud", "container")
# Talos has this mode too; for a config it is the same as cloud: nothing is installed, and it is no container.
_OTHER_MODES = {"metal-agent": "cloud"}


def validate_config(text: str, *, mode: str, talos_version: str, strict: bool = False, source: str | None = None) -> list[Finding]:
    """Judge a config as ``talosctl validate`` of a Talos minor would.

    Args:
        text: the config, one or more documents of YAML.
        mode: where Talos runs: ``metal``, ``cloud`` or ``container``.
        talos_version: a version or a minor, as ``v1.13.4`` or ``1.13``.
        strict: whether warnings about the main document are errors.
        source: what the user calls the text, for messages.

    Returns:
        One finding for each problem, in the order of the text. Talos would refuse the config exactly when one of them is an ERROR; what it
        only warns of is a WARNING.

    Raises:
        InputError: there is no such mode.
        VersionError: ``talos_version`` is not a version, or one whose types we do not know.
    """
    return [placed.told(source) for placed in judge(text, mode=mode, talos_version=talos_version, strict=strict)]


def judge(text: str, *, mode: str, talos_version: str, strict: bool = False) -> list[Placed]:
    """Judge a config as :func:`validate_config` does, with each place as a value of its own."""
    known = _OTHER_MODES.get(mode, mode)
    if known not in MODES:
        raise InputError(f"{mode[:40]!r} is not a mode of Talos", hint=f"one of {', '.join(MODES)}")
    minor = TalosVersion.parse(talos_version).minor
    try:
        documents = load(text, minor)
    except ConfigError as error:
        return problems(text, error, minor=minor)
    found = breaches(documents, minor=minor, mode=known)
    return _findings(found, Places(text, minor), strict=strict)


def _findings(found: Iterable[Breach], places: Places, *, strict: bool) -> list[Placed]:
    placed: list[tuple[int, Placed]] = []
    for rule, broken in found:
        index = places.index(broken.place.document, broken.place.steps)
        severity = Severity.ERROR if strict and ROOT_DOCUMENT in rule.kinds else rule.severity
        finding = Finding(severity, rule.code, broken.place.path, broken.message, broken.hint)
        placed.append((-1 if index is None else index, places.placed(finding, index)))
    return [each for _, each in sorted(placed, key=lambda pair: pair[0])]
