"""A plan: identical differences once, with the nodes they are for; then who is left alone and why."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.cli import markdown as md
from talospatch.cli.layout import counted, difference, led, names, wrap
from talospatch.cli.output import View
from talospatch.cli.views import findings
from talospatch.planning.effects import Effect, sentences
from talospatch.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.cli.paint import Paint
    from talospatch.planning.plan import Group, NodePlan, Plan

# What an effect looks like: what takes a node down, waits or is not known stands out.
STYLES = dict.fromkeys((Effect.REBOOT, Effect.NEXT_BOOT, Effect.NO_REBOOT, Effect.UNKNOWN), "notice")


def view(plan: Plan) -> View:
    """Return the forms of a plan."""
    return View(partial(text, plan), partial(data, plan), partial(markdown, plan))


def headline(plan: Plan) -> str:
    """Return what the plan is about, in one line: ``containerd-metrics on 5 nodes: 3 to change, 2 as wanted``."""
    counts = plan.counts
    words = {"to do": "to change", "unchanged": "as wanted already", "refused": "refused", "failed": "could not be looked at"}
    parts = [f"{number} {words[kind]}" for kind, number in counts.items() if number]
    return f"{', '.join(plan.changes) or 'no change'} on {counted(len(plan.nodes), 'node')}: {', '.join(parts) or 'none'}"


def text(plan: Plan, width: int, paint: Paint) -> str:
    """Return the plan for a terminal."""
    prose = min(width, 100)
    parts = [paint("title", wrap(headline(plan), prose))]
    parts += [_group(group, prose, paint) for group in plan.groups]
    unchanged = [node for node in plan.unchanged if not node.error]
    if unchanged:
        parts.append(wrap(_with_versions(unchanged), prose, first="Nothing to do: "))
    idle = [node for node in plan.refused if not node.changes and not node.error]
    parts += [_lone(node, prose, paint) for node in idle]
    parts += [
        led(node.name, "bad", f"could not be looked at: {redact(node.error.removeprefix(f'{node.node}: '))}", prose, paint)
        for node in plan.failed
    ]
    noticed = findings.grouped([("", plan.findings), *((node.name, node.findings) for node in plan.nodes)])
    if noticed:
        parts.append(findings.text(noticed, prose, paint))
    return "\n\n".join(parts)


def data(plan: Plan) -> dict[str, Any]:
    """Return plain values: the plan's own, and how its nodes are grouped."""
    groups = [
        {
            "nodes": [node.node for node in group.nodes],
            "effect": group.effect.value,
            "effects": [effect.to_dict() for effect in group.effects],
            "diff": group.difference.unified() if group.difference else "",
        }
        for group in plan.groups
    ]
    return {"kind": "plan", **plan.to_dict(), "groups": groups}


def markdown(plan: Plan) -> str:
    """Return the plan for a pull request."""
    parts = [f"### {md.cell(headline(plan))}"]
    for group in plan.groups:
        said = [md.cell(sentence) for sentence in _effects(group)]
        body = ["\n".join(f"- {each}" for each in said) if len(said) > 1 else f"{said[0]}.", _diff(group)]
        body += [f"**Refused:** {md.cell(sentence)}" for sentence in _refusals(group.nodes[0])]
        parts.append(md.folded(f"{counted(len(group.nodes), 'node')}: {_with_versions(group.nodes)}", "\n\n".join(body)))
    if plan.unchanged:
        parts.append(f"Nothing to do: {md.cell(_with_versions(plan.unchanged))}")
    parts += [
        f"**{md.cell(node.name)}** refused: {md.cell(sentence)}"
        for node in plan.refused
        if not node.changes
        for sentence in _refusals(node)
    ]
    parts += [f"**{md.cell(node.name)}** could not be looked at: {md.cell(redact(node.error))}" for node in plan.failed]
    noticed = findings.grouped([("", plan.findings), *((node.name, node.findings) for node in plan.nodes)])
    if noticed:
        parts.append(md.table(("severity", "code", "nodes", "message"), findings.rows(noticed)))
    return "\n\n".join(parts)


def _group(group: Group, width: int, paint: Paint) -> str:
    parts = [
        paint("title", wrap(_with_versions(group.nodes), width)),
        *(
            paint(STYLES.get(effect, ""), wrap(sentence, width, first="  ", rest="    "))
            for effect, sentence in zip([each.effect for each in group.effects] or [group.effect], _effects(group), strict=True)
        ),
    ]
    parts += [paint("bad", wrap(f"refused: {sentence}", width, first="  ", rest="    ")) for sentence in _refusals(group.nodes[0])]
    if group.difference is not None:
        parts.append(difference(group.difference.unified(), paint, indent="  "))
    parts += _details(group.nodes, paint)
    return "\n".join(parts)


def _lone(node: NodePlan, width: int, paint: Paint) -> str:
    lines = [paint("title", wrap(node.name, width))]
    lines += [paint("bad", wrap(f"refused: {sentence}", width, first="  ", rest="    ")) for sentence in _refusals(node)]
    return "\n".join([*lines, *_details([node], paint)])


def _details(nodes: Sequence[NodePlan], paint: Paint) -> list[str]:
    """Return what stands behind refusals: mostly a difference, each once."""
    details = dict.fromkeys(refusal.detail for node in nodes for refusal in node.refusals if refusal.detail)
    return [difference(redact(detail), paint, indent="    ") for detail in details]


def _diff(group: Group) -> str:
    return md.fenced(group.difference.unified() if group.difference else "", "diff")


def _effects(group: Group) -> list[str]:
    """Return what happens on the nodes, a sentence each, the gravest first; the last one with what the nodes themselves say."""
    said = sentences(group.effects, group.effect)
    checks = {node.check for node in group.nodes} - {"not asked"}
    return [*said[:-1], f"{said[-1]}; the node says: {checks.pop()}"] if len(checks) == 1 else said


def _refusals(node: NodePlan) -> list[str]:
    return [redact(f"{refusal.sentence}; {refusal.hint}" if refusal.hint else refusal.sentence) for refusal in node.refusals]


def _with_versions(nodes: Sequence[NodePlan]) -> str:
    """Return the nodes by version: ``worker-1, worker-2 (v1.14.0); worker-3 (v1.13.9)``."""
    by_version: dict[str, list[str]] = {}
    for node in nodes:
        by_version.setdefault(node.talos, []).append(node.name)
    return "; ".join(f"{names(listed)} ({version})" if version else names(listed) for version, listed in by_version.items())
