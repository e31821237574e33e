"""Converting files, each by itself; and writing what they become."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from talospatch.cli import atomic, file_patching
from talospatch.cli.inputs import STDIN, looks_like_one, must_have_configs
from talospatch.cli.views.conversions import FileConversion, Moved
from talospatch.errors import InputError, TalosPatchError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from talospatch.cli.file_patching import Task
    from talospatch.machineconfig.difference import Difference
    from talospatch.patching.conversion.convert import Conversion
    from talospatch.redaction import Marks
    from talospatch.talos.finding import Finding
    from talospatch.versions import TalosVersion


class Conditions(NamedTuple):
    """What holds for all files.

    Attributes:
        to: the version that they are to be for.
        oldest: the oldest version in the cluster, where it is another.
        only: codes of rules; none for all.
        needed: whether to move only what ``to`` cannot read where it stands.
    """

    to: TalosVersion
    oldest: TalosVersion | None = None
    only: tuple[str, ...] = ()
    needed: bool = False


class Draft(NamedTuple):
    """What is to be written.

    Attributes:
        text: what the file becomes.
        seen: what the file was when it was read.
    """

    text: str
    seen: os.stat_result | None


class _Run(NamedTuple):
    """What the files of one run have in common.

    Attributes:
        known: differences by what they say, each kept once: of a thousand files it is the texts that would fill the memory.
        marks: equal secrets look equal in all of them.
        drafts: what is to be written, by file; None where nothing is.
    """

    known: dict[str, Difference]
    marks: Marks
    drafts: dict[str, Draft] | None


def conditions(to: str | None, oldest: str | None, only: Sequence[str], *, needed: bool) -> Conditions:
    """Return what holds for all files.

    Raises:
        ChangeError: there is no rule of such a code.
        InputError: the version is missing.
        VersionError: a version is none, or conversions for it are not known.
    """
    from talospatch.patching.conversion.convert import rules_for
    from talospatch.versions import TalosVersion

    if not to:
        raise InputError("which form is right depends on the Talos that is to read it", hint="give --to VERSION, as --to 1.14")
    made = Conditions(TalosVersion.parse(to), TalosVersion.parse(oldest) if oldest else None, tuple(only), needed)
    rules_for(made.to, made.only)
    return made


def converted(name: str, given: Conditions) -> Conversion:
    """Return the conversion of one file, or of stdin.

    Raises:
        TalosPatchError: it cannot be read or converted.
    """
    from talospatch.offline import MachineConfig
    from talospatch.patching.conversion.convert import convert

    return convert(MachineConfig.load(name), given.to, oldest=given.oldest, only=given.only, needed=given.needed)


def convert_files(files: Sequence[str], given: Conditions, *, drafts: dict[str, Draft] | None = None) -> Iterator[FileConversion]:
    """Yield what converting each file does, in the order of the files; what is no machine configuration is left out.

    Args:
        files: paths of files and directories, or ``-`` for stdin.
        given: what holds for all.
        drafts: filled with what is to be written, by file; None where nothing is written.

    Raises:
        InputError: a directory has no machine configuration, stdin is named twice, or is to be written.
    """
    if drafts is not None and STDIN in files:
        raise InputError("stdin cannot be changed in place", hint="give --as-config: the converted configuration goes to stdout")
    from talospatch.redaction import RUN

    ours = []
    run = _Run({}, RUN, drafts)
    same: dict[Finding, Finding] = {}
    for task in file_patching.tasks(files, in_place=drafts is not None, output=""):
        made = _of_file(task, given, run)
        if made is not None:
            ours.append(made.name)
            yield made._replace(findings=tuple(same.setdefault(finding, finding) for finding in made.findings))
    must_have_configs(files, ours)


def write(file: FileConversion, draft: Draft) -> FileConversion:
    """Put what a file becomes in its place, whole or not at all; a failure is a value."""
    try:
        file_patching.write(file.name, draft.text, draft.seen, in_place=True)
    except TalosPatchError as error:
        return file._replace(error=str(error))
    return file._replace(written=True)


def without_secrets(conversion: Conversion) -> tuple[Finding, ...]:
    """Return the findings of a conversion without what is secret in the config: a message may quote a value."""
    from talospatch.machineconfig.secrets import secret_values
    from talospatch.machineconfig.showing import is_sought

    if not conversion.findings:
        return ()
    secrets = frozenset(filter(is_sought, secret_values(conversion.before)))
    return tuple(found.redacted(secrets) for found in conversion.findings)


def _of_file(task: Task, given: Conditions, run: _Run) -> FileConversion | None:
    """Return what converting one file does; None for a file that was not named and is no machine configuration."""
    from talospatch.offline import STDIN_NAME

    try:
        seen = atomic.writable_as(task.name) if task.in_place else None
        if not task.named and not looks_like_one(task.name):
            return None
        conversion = converted(task.name, given)
    except TalosPatchError as error:
        said, shown = str(error), STDIN_NAME if task.name == STDIN else task.name
        return FileConversion(task.name, error=said if said.startswith(shown) else f"{shown}: {said}")
    difference = conversion.before.diff(conversion.after, marks=run.marks)
    if run.drafts is not None and not difference.is_empty:
        run.drafts[task.name] = Draft(conversion.after.text, seen)
    return FileConversion(
        task.name,
        tuple(Moved(each.rule.code, each.back, _said(each.origins), _said(each.destinations)) for each in conversion.made),
        tuple(_effects(conversion, difference)),
        run.known.setdefault(difference.key, difference),
        _shown(conversion, run.marks),
        without_secrets(conversion),
    )


def _said(paths: Iterable[str]) -> tuple[str, ...]:
    """Return paths as they may be shown: a key in one may be a URL with a password."""
    from talospatch.redaction import RUN, redact

    return tuple(redact(path, marks=RUN) for path in paths)


def _effects(conversion: Conversion, difference: Difference) -> Iterator[str]:
    """Yield what a node does that gets the outcome. Talos makes the same of it: all that counts is that the main document differs."""
    from talospatch.planning.effects import Effect, effects_between

    for consequence in effects_between(conversion.before, conversion.after, difference, conversion.at):
        if consequence.effect is Effect.REBOOT:
            yield f"{consequence.full_sentence}: up to 1.13 Talos compares what is written there, not what it means"
    for made in conversion.made:
        if made.rule.effect:
            yield f"{made.rule.effect} ({made.rule.code})"


def _shown(conversion: Conversion, marks: Marks) -> str:
    """Return the patch without secrets: neither those that stand in it, nor what is one elsewhere in the config."""
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.secrets import secret_values
    from talospatch.machineconfig.showing import Redaction

    if not conversion.patch:
        return ""
    return Redaction(MachineConfig.parse(conversion.patch, source="patch"), marks, also=secret_values(conversion.before)).text()
