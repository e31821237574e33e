"""The stories of sandboxes: each on its node, a sentence a line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.cli import markdown as md
from talospatch.cli.layout import counted, led, wrap
from talospatch.cli.output import View
from talospatch.cli.views.cni import STYLES
from talospatch.cni.explain import as_sentence, sentence
from talospatch.cni.names import shown
from talospatch.cni.rules import DEFAULT_FAIL_ON, FAIL_ON, RULES
from talospatch.cni.selector import SHORTEST, is_short, selector
from talospatch.cni.telling import headline, to_dict
from talospatch.cni.telling import told as sentences
from talospatch.cnicheck.report import EXIT_CLEAN, EXIT_PROBLEMS, EXIT_UNSEEN, SCHEMA, UNKNOWN_NODE, file_dict
from talospatch.redaction import redact

if TYPE_CHECKING:
    from talospatch.cli.paint import Paint
    from talospatch.cni.story import Story
    from talospatch.cni.verdict import Judged
    from talospatch.cnicheck.report import CniReport, NodeCni

EXIT_NOTHING = 1


def view(report: CniReport, what: str) -> View:
    """Return the forms of what was asked about.

    Args:
        report: what was found.
        what: what was asked about, in the user's words.
    """
    return View(partial(text, report, what), partial(data, report, what), partial(markdown, report, what))


def exit_code(report: CniReport, what: str) -> int:
    """Return 2 when what is told is fatal or a time bomb, 3 when some node was not seen, 1 when there is nothing to tell, else 0."""
    if report.unseen:
        return EXIT_UNSEEN
    if not report.told:
        return EXIT_CLEAN if _foreign(report, what) else EXIT_NOTHING
    return EXIT_PROBLEMS if any(story.verdict in FAIL_ON[DEFAULT_FAIL_ON] for _, story in report.told) else EXIT_CLEAN


def text(report: CniReport, what: str, width: int, paint: Paint) -> str:
    """Return the stories for a terminal."""
    prose = min(width, 100)
    parts = []
    for node, story in report.told:
        lead = f"{headline(story)}{f' on {_name(node)}' if node is not None else ''}:"
        lines = [led(lead, "title", "", prose, paint).rstrip() + f" {paint(STYLES[story.verdict], story.verdict.value)}"]
        lines += [wrap(said, prose, first="  ", rest="    ") for said in _told(node, story)]
        parts.append("\n".join(lines))
    for node, judged in _foreign(report, what):
        lead = led(f"file {shown(judged.file.name)} on {_name(node)}:", "title", "", prose, paint).rstrip()
        lines = [f"{lead} {paint(STYLES[judged.verdict], judged.verdict.value)}"]
        parts.append("\n".join([*lines, *(wrap(said, prose, first="  ", rest="    ") for said in _told_of(judged))]))
    return "\n\n".join([*parts, *_rest(report, what, prose, paint)])


def data(report: CniReport, what: str) -> dict[str, Any]:
    """Return plain values."""
    return {
        "kind": "cni-explain",
        "schema": SCHEMA,
        "what": what,
        "stories": [
            {
                "node": {"address": node.address, "hostname": node.hostname, "talos": node.talos, "space": _space(node)}
                if node is not None
                else None,
                **to_dict(story, node.state if node is not None else UNKNOWN_NODE),
            }
            for node, story in report.told
        ],
        "files": [
            {"node": {"address": node.address, "hostname": node.hostname}, **file_dict(judged), "story": list(_told_of(judged))}
            for node, judged in _foreign(report, what)
        ],
        "unseen": [{"address": node.address, "hostname": node.hostname, "error": node.error or None} for node in report.unseen],
        "notes": [*report.notes, *(f"{_name(node)}: {note}" for node in report.nodes for note in node.notes)],
    }


def markdown(report: CniReport, what: str) -> str:
    """Return the stories for a ticket."""
    parts = []
    for node, story in report.told:
        place = f" on {_name(node)}" if node is not None else ""
        parts.append(f"### {md.cell(headline(story) + place)}: {story.verdict.value}")
        parts.append("\n".join(f"- {md.cell(said)}" for said in _told(node, story)))
    for node, judged in _foreign(report, what):
        parts.append(f"### file {md.cell(shown(judged.file.name))} on {md.cell(_name(node))}: {judged.verdict.value}")
        parts.append("\n".join(f"- {md.cell(said)}" for said in _told_of(judged)))
    return "\n\n".join([*parts, *(md.cell(line) for line in _rest(report, what))])


def _rest(report: CniReport, what: str, width: int = 10_000, paint: Paint | None = None) -> list[str]:
    """Return what is to be said beside the stories: that there are none, who was not seen, and what could not be."""
    lines = []
    if not report.told and not _foreign(report, what):
        seen = f"on {counted(len(report.nodes), 'node')}" if report.nodes else "in these logs"
        few = f" As the beginning of a sandbox's ID it is too short: give {SHORTEST} digits or more." if is_short(what) else ""
        lines.append(f"There is no sandbox, file or pod {what!r} {seen}.{few}")
    lines += [f"{_name(node)} was not seen: {redact(node.error.removeprefix(f'{node.address}: '))}" for node in report.nodes if node.error]
    with_notes = [node for node in report.nodes if node.stories or not report.told]
    lines += [f"{_name(node)}: {redact(note)}" for node in with_notes for note in node.notes]
    lines += report.notes
    return [wrap(line, width, rest="  ") if paint is not None else line for line in lines]


def _foreign(report: CniReport, what: str) -> list[tuple[NodeCni, Judged]]:
    """Return the files that are meant and are of no sandbox, since their names are not containerd's: no story tells of them."""
    about = selector(what)
    return [(node, judged) for node in report.nodes for judged in node.files if judged.file.parsed is None and about.takes_file(judged)]


def _told_of(judged: Judged) -> tuple[str, ...]:
    """Return what there is to say of a file that is of no sandbox."""
    ahead = RULES[judged.code].ahead
    size = () if judged.file.problem else (f"It has {counted(judged.file.size, 'byte')}.",)
    return (*size, as_sentence(sentence(judged)), as_sentence(f"What will happen next: {ahead}"))


def _space(node: NodeCni) -> dict[str, object] | None:
    return node.state.space.to_dict() if node.state.space is not None else None


def _told(node: NodeCni | None, story: Story) -> tuple[str, ...]:
    return node.tell(story) if node is not None else sentences(story, UNKNOWN_NODE)


def _name(node: NodeCni) -> str:
    return node.hostname or node.address
