"""Patching files: each read, patched and written by itself, so that a thousand take no more memory than one."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from talospatch.cli import atomic
from talospatch.cli.inputs import STDIN, Input, inputs, looks_like_one, must_have_configs
from talospatch.cli.views.patched_files import FileOutcome
from talospatch.cli.workers import spread
from talospatch.errors import InputError, TalosPatchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talospatch.patching.recipe import PatchedText, Recipe
    from talospatch.talos.finding import Finding


class Task(NamedTuple):
    """One file, and where its result goes.

    Attributes:
        name: the file, as the user named it; ``-`` for stdin.
        named: whether it was named itself; else what is no machine configuration is passed over.
        target: where the result goes; empty for nowhere, the file's own name for its place.
    """

    name: str
    named: bool
    target: str

    @property
    def in_place(self) -> bool:
        """Whether the result takes the file's place."""
        return self.target == self.name


class Conditions(NamedTuple):
    """What holds for all files.

    Attributes:
        recipe: what is made of each.
        strict: whether what is not known is an error.
    """

    recipe: Recipe
    strict: bool


def patched(name: str, conditions: Conditions) -> tuple[str, PatchedText]:
    """Return a file's text before and after.

    Raises:
        TalosPatchError: it cannot be read or patched.
    """
    from talospatch.offline import config_text

    text, source = config_text(name)
    made = conditions.recipe.of(text, source=source)
    if conditions.strict and made.findings:
        from talospatch.patching.recipe import PatchText
        from talospatch.patching.strictness import insist

        insist(made.findings, (*conditions.recipe.patches, PatchText(text, source, source)))
    return text, made


def tasks(files: Sequence[str], *, in_place: bool, output: str) -> list[Task]:
    """Return what is to be done.

    Args:
        files: the arguments.
        in_place: whether results take the files' places.
        output: a directory for the results instead, or empty.

    Raises:
        InputError: stdin has no place, or two results would have the same.
    """
    found = inputs(files)
    if in_place:
        if STDIN in files:
            raise InputError("stdin cannot be changed in place", hint="leave -i out: the result goes to stdout")
        once: dict[str, Input] = {}
        for each in found:
            once.setdefault(os.path.realpath(each.name), each)  # a link and what it leads to are one file
        return [Task(each.name, each.named, each.name) for each in once.values()]
    if not output:
        return [Task(each.name, each.named, "") for each in found]
    if Path(output).exists() and not Path(output).is_dir():
        raise InputError("is a file, and there are several results", source=output, hint="give -o a directory")
    return list(_into(output, found))


def _into(output: str, found: Sequence[Input]) -> Iterator[Task]:
    taken: dict[str, str] = {}
    for each in found:
        if each.name == STDIN:
            raise InputError("stdin has no name to have in a directory", hint="give -o a file")
        target = str(Path(output, each.inside))
        if target in taken:
            raise InputError(f"{taken[target]} and {each.name} would both be written to it", source=target, hint="patch them one by one")
        taken[target] = each.name
        yield Task(each.name, each.named, target)


def run(files: Sequence[str], todo: Sequence[Task], conditions: Conditions, *, processes: int) -> Iterator[FileOutcome]:
    """Yield how it went with each file, in the order of the files; what is no machine configuration is left out.

    Raises:
        InputError: a directory has no machine configuration.
    """
    ours = []
    known: dict[Finding, Finding] = {}  # each kept once: a thousand files have the same to say
    for outcome in spread(partial(patch_file, conditions=conditions), todo, processes):
        if outcome is not None:
            ours.append(outcome.name)
            yield outcome._replace(findings=tuple(known.setdefault(finding, finding) for finding in outcome.findings))
    must_have_configs(files, ours)


def patch_file(task: Task, conditions: Conditions) -> FileOutcome | None:
    """Patch one file and write its result; a failure is a value. None for what is no machine configuration."""
    try:
        before = atomic.writable_as(task.name) if task.in_place else seen(task.name)
        if not task.named and not looks_like_one(task.name):
            return None
        text, made = patched(task.name, conditions)
        changes = made.text != text
        wanted = bool(task.target) and (changes or not task.in_place)
        written = wanted and write(task.target, made.text, before, in_place=task.in_place)
        return FileOutcome(task.name, changes, made.findings, written=task.target if written else "")
    except TalosPatchError as error:
        return FileOutcome(task.name, error=str(error))


def write(target: str, text: str, before: os.stat_result | None, *, in_place: bool = False) -> bool:
    """Write a result, and return whether that was needed; a file that holds it already is not touched.

    Args:
        target: where.
        text: the result.
        before: the file that it was made from, None for stdin. A new file may be read by nobody who may not read that one.
        in_place: whether the target is that file.

    Raises:
        InputError: it cannot be written.
    """
    data = text.encode()
    if not in_place:
        if _holds(target, data):
            return False
        _make_room(target)
    mode = stat.S_IMODE(before.st_mode) if before is not None and stat.S_ISREG(before.st_mode) else atomic.PRIVATE
    atomic.replace(target, data, seen=before if in_place else None, mode=mode)
    return True


def _holds(target: str, data: bytes) -> bool:
    path = Path(target)
    try:
        return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _make_room(target: str) -> None:
    try:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "Not a directory" if isinstance(error, FileExistsError) else error.strerror
        raise InputError(f"cannot be written: {reason}", source=target) from None


def seen(name: str) -> os.stat_result | None:
    """Return what a file is before it is read; None for stdin, and for one that reading will complain of."""
    if name == STDIN:
        return None
    try:
        return Path(name).stat()
    except (OSError, ValueError):
        return None
