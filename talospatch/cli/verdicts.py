"""Validating files, each by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.cli.inputs import STDIN, Input, inputs, looks_like_one, must_have_configs
from talospatch.cli.views.verdicts import Problem, Verdict
from talospatch.cli.workers import spread
from talospatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from talospatch.machineconfig.validation.locate import Placed
    from talospatch.talos.finding import Finding
    from talospatch.versions import TalosVersion


def judge(work: Callable[[Input], Verdict | None], files: Sequence[str], *, processes: int) -> Iterator[Verdict]:
    """Yield the verdict on each file, in the order of the files; what is no machine configuration is left out.

    Raises:
        InputError: a directory has no machine configuration, or stdin is named twice.
    """
    ours = []
    known: dict[Finding, Finding] = {}  # each kept once: a thousand files have the same to say
    for verdict in spread(work, inputs(files), processes):
        if verdict is not None:
            ours.append(verdict.name)
            yield verdict._replace(
                problems=tuple(each._replace(finding=known.setdefault(each.finding, each.finding)) for each in verdict.problems)
            )
    must_have_configs(files, ours)


def judged(file: Input, *, mode: str, talos: TalosVersion, strict: bool) -> Verdict | None:
    """Return the verdict on one file; None for one that was not named and is no machine configuration.

    Raises:
        VersionError: we have no rules for this version.
    """
    from talospatch.offline import STDIN_NAME, config_text
    from talospatch.patching import validation

    shown = STDIN_NAME if file.name == STDIN else file.name
    if not file.named and not looks_like_one(file.name):
        return None
    try:
        text, _ = config_text(file.name)
    except ConfigError as error:
        return Verdict(shown, error=str(error))
    found = validation.judge(text, mode=mode, talos_version=talos.tag, strict=strict)
    in_order = sorted(found, key=lambda placed: (placed.line or 0, placed.column or 0))
    return Verdict(shown, tuple(_without_secrets(in_order, text)))


def _without_secrets(found: Sequence[Placed], text: str) -> Iterator[Problem]:
    """Yield the problems without what is secret in the config: a message may quote a value."""
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.secrets import secret_values
    from talospatch.machineconfig.showing import is_sought

    if not found:
        return
    try:
        secrets = frozenset(filter(is_sought, secret_values(MachineConfig.parse(text))))
    except ConfigError:
        secrets = frozenset()
    for finding, line, column in found:
        yield Problem(finding.redacted(secrets), line, column)
