"""What is wrong with files: a line for each problem, as compilers write them, so that editors and CI find the place."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.cli import markdown as md
from talospatch.cli.layout import counted, names, wrap
from talospatch.cli.output import View
from talospatch.cli.views.findings import STYLES
from talospatch.redaction import redact
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.cli.paint import Paint
    from talospatch.talos.finding import Finding

SCHEMA = 1
_GRAVEST_FIRST = tuple(reversed(Severity))


class Problem(NamedTuple):
    """A finding and its place in a file.

    Attributes:
        finding: what is wrong, without secrets.
        line: from 1; None where it is about the whole.
        column: in characters, from 1; likewise.
    """

    finding: Finding
    line: int | None
    column: int | None


class Verdict(NamedTuple):
    """What is wrong with one file.

    Attributes:
        name: the file as the user named it.
        problems: all of them.
        error: why it could not be read, else empty.
    """

    name: str
    problems: tuple[Problem, ...] = ()
    error: str = ""

    @property
    def valid(self) -> bool:
        """Whether Talos would take it."""
        return not self.error and all(problem.finding.severity is not Severity.ERROR for problem in self.problems)


class Verdicts(NamedTuple):
    """What is wrong with files.

    Attributes:
        files: the verdict on each.
        talos: the version that they are taken to be for.
        mode: where Talos runs.
    """

    files: tuple[Verdict, ...]
    talos: str
    mode: str

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """Files that could not be read."""
        return tuple(file for file in self.files if file.error)

    def gravest(self, least: Severity) -> bool:
        """Whether there is a problem as grave as this, or graver."""
        counting = _GRAVEST_FIRST[: _GRAVEST_FIRST.index(least) + 1]
        return any(problem.finding.severity in counting for file in self.files for problem in file.problems)


def view(verdicts: Verdicts) -> View:
    """Return the forms of verdicts."""
    return View(partial(text, verdicts), partial(data, verdicts), partial(markdown, verdicts))


def headline(verdicts: Verdicts) -> str:
    """Return the whole in one line: ``5 files for Talos v1.13 on metal: 4 valid, 1 not valid; 2 errors, 1 note``."""
    valid, failed = sum(file.valid for file in verdicts.files), len(verdicts.failed)
    counts = [(valid, "valid"), (len(verdicts.files) - valid - failed, "not valid"), (failed, "could not be read")]
    said = ", ".join(f"{number} {words}" for number, words in counts if number)
    found = [problem.finding.severity for file in verdicts.files for problem in file.problems]
    kinds = ", ".join(counted(found.count(severity), severity.value) for severity in _GRAVEST_FIRST if severity in found)
    where = {"metal": "on metal", "cloud": "in the cloud", "container": "in a container"}[verdicts.mode]
    return f"{counted(len(verdicts.files), 'file')} for Talos {verdicts.talos} {where}: {said}{f'; {kinds}' if kinds else ''}"


def text(verdicts: Verdicts, width: int, paint: Paint) -> str:
    """Return the verdicts for a terminal."""
    lines = [line for file in verdicts.files for line in _lines(file, width, paint)]
    return "\n".join([*lines, *([""] if lines else []), paint("title", wrap(headline(verdicts), width))])


def data(verdicts: Verdicts) -> dict[str, Any]:
    """Return plain values."""
    return {
        "kind": "validation",
        "schema": SCHEMA,
        "talos": verdicts.talos,
        "mode": verdicts.mode,
        "valid": all(file.valid for file in verdicts.files),
        "files": [
            {
                "file": file.name,
                "valid": file.valid,
                "error": redact(file.error),
                "findings": [
                    {
                        "severity": finding.severity.value,
                        "code": finding.code,
                        "path": finding.path,
                        "line": line,
                        "column": column,
                        "message": finding.message,
                        "hint": finding.hint,
                    }
                    for finding, line, column in file.problems
                ],
            }
            for file in verdicts.files
        ],
    }


def markdown(verdicts: Verdicts) -> str:
    """Return the verdicts for a pull request: what is wrong with several files in the same way, once."""
    parts = [f"### {md.cell(headline(verdicts))}"]
    parts += [f"**Not read:** {md.cell(redact(file.error))}" for file in verdicts.failed]
    about: dict[Finding, list[str]] = {}
    for file in verdicts.files:
        for problem in file.problems:
            about.setdefault(problem.finding, []).append(_place(file, problem))
    if about:
        gravest_first = sorted(about.items(), key=lambda item: _GRAVEST_FIRST.index(item[0].severity))
        rows = [
            (finding.severity.value, finding.code, finding.path, names(places, most=6), f"{finding.message}{_hinted(finding)}")
            for finding, places in gravest_first
        ]
        parts.append(md.table(("severity", "code", "path", "where", "message"), rows))
    return "\n\n".join(parts)


def _lines(file: Verdict, width: int, paint: Paint) -> Iterator[str]:
    if file.error:
        yield paint("bad", wrap(redact(file.error), width, rest="  "))
    for problem in file.problems:
        finding = problem.finding
        lead = f"{_place(file, problem)}: "
        path = "" if not finding.path or finding.message.startswith(finding.path) else f"{finding.path}: "
        severity = finding.severity.value
        said = wrap(f"{severity}: {path}{finding.message} [{finding.code}]", width, first=lead, rest="  ")
        yield said.replace(f"{lead}{severity}:", f"{lead}{paint(STYLES[finding.severity], severity)}:", 1)
        if finding.hint:
            yield wrap(finding.hint, width, first="  → ", rest="    ")


def _place(file: Verdict, problem: Problem) -> str:
    return file.name if problem.line is None else f"{file.name}:{problem.line}:{problem.column}"


def _hinted(finding: Finding) -> str:
    return f"; {finding.hint}" if finding.hint else ""
