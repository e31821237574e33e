"""What a change would do to files: identical differences once, with the files they are for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.cli import markdown as md
from talospatch.cli.layout import counted, difference, names, wrap
from talospatch.cli.output import View
from talospatch.cli.views import findings
from talospatch.planning.effects import sentences
from talospatch.redaction import redact
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.cli.paint import Paint
    from talospatch.machineconfig.difference import Difference
    from talospatch.planning.effects import Consequence
    from talospatch.talos.finding import Finding

SCHEMA = 1


class FileDiff(NamedTuple):
    """What a change would do to one file.

    Attributes:
        name: the file as the user named it.
        difference: None when it could not be made.
        error: why not, else empty.
        effects: what applying it would do to a node, the gravest first.
    """

    name: str
    difference: Difference | None = None
    findings: tuple[Finding, ...] = ()
    error: str = ""
    effects: tuple[Consequence, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the file would become another."""
        return self.difference is not None and not self.difference.is_empty


class Comparison(NamedTuple):
    """What changes would do to files.

    Attributes:
        changes: their names, as the user gave them.
        talos: the version that the files are taken to be for.
    """

    files: tuple[FileDiff, ...]
    changes: tuple[str, ...]
    talos: str

    @property
    def groups(self) -> list[tuple[FileDiff, tuple[str, ...]]]:
        """Each difference and what it does once, by its first file, with the names of all."""
        grouped: dict[Any, tuple[FileDiff, list[str]]] = {}
        for file in self.files:
            if file.difference is not None and file.changes:
                grouped.setdefault((file.difference.key, file.effects), (file, []))[1].append(file.name)
        return [(first, tuple(listed)) for first, listed in grouped.values()]

    @property
    def unchanged(self) -> tuple[str, ...]:
        """Files that have what is wanted already."""
        return tuple(file.name for file in self.files if not file.changes and not file.error)

    @property
    def failed(self) -> tuple[FileDiff, ...]:
        """Files that could not be read or changed."""
        return tuple(file for file in self.files if file.error)


def view(comparison: Comparison) -> View:
    """Return the forms of a comparison."""
    return View(partial(text, comparison), partial(data, comparison), partial(markdown, comparison))


def headline(comparison: Comparison) -> str:
    """Return the whole in one line."""
    changed = sum(file.changes for file in comparison.files)
    parts = [(changed, "to change"), (len(comparison.unchanged), "as wanted already"), (len(comparison.failed), "could not be compared")]
    said = ", ".join(f"{number} {words}" for number, words in parts if number)
    return f"{', '.join(comparison.changes)} on {counted(len(comparison.files), 'file')} for Talos {comparison.talos}: {said or 'nothing'}"


def text(comparison: Comparison, width: int, paint: Paint) -> str:
    """Return the comparison for a terminal."""
    prose = min(width, 100)
    parts = [paint("title", wrap(headline(comparison), prose))]
    for first, listed in comparison.groups:
        said = [wrap(sentence, prose, first="  ", rest="    ") for sentence in _effects(first)]
        parts.append("\n".join([paint("title", wrap(names(listed), prose)), *said, difference(_diff(first), paint, indent="  ")]))
    if comparison.unchanged:
        parts.append(wrap(names(comparison.unchanged), prose, first="Nothing to do: "))
    parts += [paint("bad", wrap(redact(file.error), prose, rest="  ")) for file in comparison.failed]
    noticed = _noticed(comparison.files)
    if noticed:
        parts.append(findings.text(noticed, prose, paint, noun="file"))
    return "\n\n".join(parts)


def data(comparison: Comparison) -> dict[str, Any]:
    """Return plain values."""
    return {
        "kind": "comparison",
        "schema": SCHEMA,
        "changes": list(comparison.changes),
        "talos": comparison.talos,
        "files": [
            {
                "file": file.name,
                "changes": file.changes,
                "findings": [item.to_dict() for item in file.findings],
                "error": redact(file.error),
            }
            for file in comparison.files
        ],
        "groups": [
            {"files": list(listed), "effects": [effect.to_dict() for effect in first.effects], "diff": _diff(first)}
            for first, listed in comparison.groups
        ],
    }


def markdown(comparison: Comparison) -> str:
    """Return the comparison for a pull request."""
    parts = [f"### {md.cell(headline(comparison))}"]
    for first, listed in comparison.groups:
        said = "\n".join(f"- {md.cell(sentence)}" for sentence in _effects(first))
        body = "\n\n".join(part for part in (said, md.fenced(_diff(first), "diff")) if part)
        parts.append(md.folded(f"{counted(len(listed), 'file')}: {names(listed)}", body))
    if comparison.unchanged:
        parts.append(f"Nothing to do: {md.cell(names(comparison.unchanged))}")
    parts += [f"**Not compared:** {md.cell(redact(file.error))}" for file in comparison.failed]
    noticed = _noticed(comparison.files)
    if noticed:
        parts.append(md.table(("severity", "code", "files", "message"), findings.rows(noticed)))
    return "\n\n".join(parts)


def has_warnings(comparison: Comparison) -> bool:
    """Whether anything noticed is more than a note."""
    return any(finding.severity is not Severity.NOTE for file in comparison.files for finding in file.findings)


def has_errors(comparison: Comparison) -> bool:
    """Whether something noticed would keep a node from coming back, or the change from taking effect."""
    return any(finding.severity is Severity.ERROR for file in comparison.files for finding in file.findings)


def _effects(file: FileDiff) -> list[str]:
    """Return what applying it does, a sentence each; none where only comments and layout differ."""
    return sentences(file.effects) if file.effects else []


def _diff(file: FileDiff) -> str:
    return file.difference.unified() if file.difference is not None else ""


def _noticed(files: Sequence[FileDiff]) -> list[findings.Noticed]:
    return findings.grouped((file.name, file.findings) for file in files)
