"""What became of files that were patched: how many changed, which could not be, and what was noticed, each finding once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from talospatch.cli.layout import counted, names, wrap
from talospatch.cli.views import findings
from talospatch.redaction import redact

if TYPE_CHECKING:
    from talospatch.cli.paint import Paint
    from talospatch.talos.finding import Finding


STDIN = "-"  # its errors call it by another name


class FileOutcome(NamedTuple):
    """How it went with one file.

    Attributes:
        name: the file as the user named it.
        changes: whether it became another, or would; or its result in another place is another.
        findings: what was noticed.
        error: why it could not be patched, else empty.
        written: the file that was written, else empty.
    """

    name: str
    changes: bool = False
    findings: tuple[Finding, ...] = ()
    error: str = ""
    written: str = ""


class PatchedFiles(NamedTuple):
    """How it went with all files.

    Attributes:
        outcomes: of each, in order.
        changes: names of what was applied.
        talos: the version that the files are taken to be for.
        check: whether nothing was written.
        output: the directory that results go to, or empty when they take the files' places.
    """

    outcomes: tuple[FileOutcome, ...]
    changes: tuple[str, ...]
    talos: str
    check: bool
    output: str = ""

    @property
    def changed(self) -> tuple[str, ...]:
        """Files that became others, or would; or of which the result in another place is another."""
        return tuple(outcome.name for outcome in self.outcomes if outcome.changes)

    @property
    def written(self) -> tuple[str, ...]:
        """Files that were written."""
        return tuple(outcome.written for outcome in self.outcomes if outcome.written)

    @property
    def failed(self) -> tuple[FileOutcome, ...]:
        """Files that could not be patched."""
        return tuple(outcome for outcome in self.outcomes if outcome.error)


def headline(files: PatchedFiles) -> str:
    """Return the whole in one line: ``metrics.toml on 5 files for Talos v1.13: 2 changed, 3 as wanted already``."""
    failed, changed = len(files.failed), len(files.changed)
    parts = [
        (changed, "to change" if files.check else "patched" if files.output else "changed"),
        (len(files.outcomes) - changed - failed, "as wanted already"),
        (failed, "could not be patched"),
    ]
    said = ", ".join(f"{number} {words}" for number, words in parts if number)
    return f"{names(files.changes)} on {counted(len(files.outcomes), 'file')} for Talos {files.talos}: {said or 'nothing'}"


def text(files: PatchedFiles, width: int, paint: Paint) -> str:
    """Return it for a terminal."""
    parts = [paint("title", wrap(headline(files), width))]
    if files.written:
        parts.append(wrap(names(files.written), width, first="Written: " if files.output else "Changed: "))
    elif files.output and len(files.failed) < len(files.outcomes):
        parts.append(wrap(f"{files.output} has all of it already.", width, first="Nothing written: "))
    parts += [paint("bad", "\n".join(wrap(redact(line), width, rest="  ") for line in said.split("\n"))) for said in _errors(files)]
    if noticed := findings.grouped((outcome.name, outcome.findings) for outcome in files.outcomes):
        parts.append(findings.text(noticed, width, paint, noun="file"))
    return "\n\n".join(parts)


def _errors(files: PatchedFiles) -> list[str]:
    """Return each error once: what is wrong with a patch is wrong with it for every file."""
    about: dict[str, list[str]] = {}
    for outcome in files.failed:
        about.setdefault(outcome.error, []).append(outcome.name)
    return [error if listed[0] == STDIN or error.startswith(listed[0]) else f"{names(listed)}: {error}" for error, listed in about.items()]
