"""What converting files does: what moves where, the difference, and the patch that makes it; the same for several files once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.cli import markdown as md
from talospatch.cli.layout import counted, difference, names, printable, wrap
from talospatch.cli.output import View
from talospatch.cli.views import findings
from talospatch.redaction import redact
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from talospatch.cli.paint import Paint
    from talospatch.machineconfig.difference import Difference
    from talospatch.talos.finding import Finding

SCHEMA = 1
PATCH = "The same as a patch:"


class Moved(NamedTuple):
    """What one rule moved in a file.

    Attributes:
        rule: its code.
        back: whether it moved documents into the main document.
        origins: paths of what was moved.
        destinations: paths of what it was moved to.
    """

    rule: str
    back: bool
    origins: tuple[str, ...]
    destinations: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The whole in one line: ``sysctls: machine.sysctls → SysctlConfig``."""
        return f"{self.rule}: {names(self.origins, most=4)} → {names(self.destinations, most=4)}"


class FileConversion(NamedTuple):
    """What converting one file does.

    Attributes:
        name: the file as the user named it.
        moved: what moves.
        effects: what a node does that gets the outcome, a sentence each; what stays the same is not said.
        difference: None when it could not be made.
        patch: the patch that makes it, secrets marked.
        findings: what was not converted and why, without secrets.
        error: why the file could not be converted or written, else empty.
        written: whether the outcome is in the file.
    """

    name: str
    moved: tuple[Moved, ...] = ()
    effects: tuple[str, ...] = ()
    difference: Difference | None = None
    patch: str = ""
    findings: tuple[Finding, ...] = ()
    error: str = ""
    written: bool = False

    @property
    def changes(self) -> bool:
        """Whether the file becomes another."""
        return self.difference is not None and not self.difference.is_empty

    @property
    def is_stuck(self) -> bool:
        """Whether something is left that the target cannot read, or would not come back with."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


class Conversions(NamedTuple):
    """What converting files does.

    Attributes:
        files: each of them.
        talos: the version that they are converted to.
    """

    files: tuple[FileConversion, ...]
    talos: str

    @property
    def groups(self) -> list[tuple[FileConversion, tuple[str, ...]]]:
        """Each conversion once, by its first file, with the names of all."""
        grouped: dict[Any, tuple[FileConversion, list[str]]] = {}
        for file in self.files:
            if file.difference is not None and file.changes:
                grouped.setdefault((file.difference.key, file.moved, file.patch), (file, []))[1].append(file.name)
        return [(first, tuple(listed)) for first, listed in grouped.values()]

    @property
    def unchanged(self) -> tuple[str, ...]:
        """Files that stay as they are."""
        return tuple(file.name for file in self.files if not file.changes and not file.error)

    @property
    def failed(self) -> tuple[FileConversion, ...]:
        """Files that could not be read, converted or written."""
        return tuple(file for file in self.files if file.error)

    @property
    def stuck(self) -> tuple[str, ...]:
        """Files with something left that the target cannot read."""
        return tuple(file.name for file in self.files if file.is_stuck)

    @property
    def written(self) -> tuple[str, ...]:
        """Files that have their outcome."""
        return tuple(file.name for file in self.files if file.written)


def view(conversions: Conversions) -> View:
    """Return the forms of what converting does."""
    return View(partial(text, conversions), partial(data, conversions), partial(markdown, conversions))


def headline(conversions: Conversions) -> str:
    """Return the whole in one line: ``3 files for Talos v1.14.0: 2 to convert, 1 with nothing to do``."""
    changed = sum(file.changes and not file.written and not file.error for file in conversions.files)
    parts = [
        (len(conversions.written), "converted"),
        (changed, "to convert"),
        (len(conversions.unchanged), "with nothing to do"),
        (len(conversions.failed), "failed"),
    ]
    said = ", ".join(f"{number} {words}" for number, words in parts if number)
    return f"{counted(len(conversions.files), 'file')} for Talos {conversions.talos}: {said or 'nothing'}"


def text(conversions: Conversions, width: int, paint: Paint) -> str:
    """Return what converting does for a terminal."""
    prose = min(width, 100)
    parts = [paint("title", wrap(headline(conversions), prose))]
    for first, listed in conversions.groups:
        said = [wrap(sentence, prose, first="  ", rest="    ") for sentence in _sentences(first)]
        parts.append("\n".join([paint("title", wrap(names(listed), prose)), *said, difference(_diff(first), paint, indent="  ")]))
        parts.append("\n".join([f"  {PATCH}", *(f"    {line}".rstrip() for line in printable(first.patch).splitlines())]))
    if conversions.unchanged:
        parts.append(wrap(names(conversions.unchanged), prose, first="Nothing to do: "))
    parts += _noticed(conversions, prose, paint)
    return "\n\n".join(parts)


def outcome(conversions: Conversions, width: int, paint: Paint) -> str:
    """Return what was written, for a terminal where the rest was shown before."""
    parts = [paint("title", wrap(headline(conversions), width))]
    if conversions.written:
        parts.append(wrap(names(conversions.written), width, first="Converted: "))
    parts += _errors(conversions, width, paint)
    return "\n\n".join(parts)


def data(conversions: Conversions) -> dict[str, Any]:
    """Return plain values."""
    return {
        "kind": "conversion",
        "schema": SCHEMA,
        "talos": conversions.talos,
        "files": [
            {
                "file": file.name,
                "changes": file.changes,
                "written": file.written,
                "rules": [
                    {"rule": each.rule, "back": each.back, "from": list(each.origins), "to": list(each.destinations)} for each in file.moved
                ],
                "findings": [item.to_dict() for item in file.findings],
                "error": redact(file.error),
            }
            for file in conversions.files
        ],
        "groups": [
            {"files": list(listed), "effects": list(first.effects), "diff": _diff(first), "patch": first.patch}
            for first, listed in conversions.groups
        ],
    }


def markdown(conversions: Conversions) -> str:
    """Return what converting does for a pull request."""
    parts = [f"### {md.cell(headline(conversions))}"]
    for first, listed in conversions.groups:
        said = "\n".join(f"- {md.cell(sentence)}" for sentence in _sentences(first))
        shown = (said, md.fenced(_diff(first), "diff"), PATCH, md.fenced(first.patch, "yaml"))
        parts.append(md.folded(f"{counted(len(listed), 'file')}: {names(listed)}", "\n\n".join(shown)))
    if conversions.unchanged:
        parts.append(f"Nothing to do: {md.cell(names(conversions.unchanged))}")
    parts += [f"**Failed:** {md.cell(redact(file.error))}" for file in conversions.failed]
    if noticed := _grouped(conversions):
        parts.append(md.table(("severity", "code", "files", "message"), findings.rows(noticed)))
    return "\n\n".join(parts)


def _sentences(file: FileConversion) -> list[str]:
    return [*(each.sentence for each in file.moved), *(f"On a node: {effect}." for effect in file.effects)]


def _diff(file: FileConversion) -> str:
    return file.difference.unified() if file.difference is not None else ""


def _grouped(conversions: Conversions) -> list[findings.Noticed]:
    return findings.grouped((file.name, file.findings) for file in conversions.files)


def _noticed(conversions: Conversions, width: int, paint: Paint) -> list[str]:
    parts = _errors(conversions, width, paint)
    if noticed := _grouped(conversions):
        parts.append(findings.text(noticed, width, paint, noun="file"))
    return parts


def _errors(conversions: Conversions, width: int, paint: Paint) -> list[str]:
    return [paint("bad", wrap(redact(file.error), width, rest="  ")) for file in conversions.failed]
