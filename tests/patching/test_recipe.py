"""Recipes: what is done to each of several configs, and what is said when something in them is not known."""

from __future__ import annotations

import pickle

import pytest

from talospatch.errors import ConfigError, TalosPatchError
from talospatch.patching.change import Change
from talospatch.patching.recipe import PatchText, Recipe
from talospatch.patching.strictness import insist
from talospatch.versions import TalosVersion

BASE = "machine:\n  type: worker # ours\n  network: {interfaces: [{interface: eth0}, {interface: eth1}]}\n"
TALOS = TalosVersion.parse("1.13")


def recipe(*texts: str, talos: TalosVersion = TALOS, semantics: str = "declarative", style: str = "preserve") -> Recipe:
    """Return a recipe of patches called p0, p1 and so on."""
    patches = tuple(PatchText(text, f"p{number}", f"p{number}") for number, text in enumerate(texts))
    changes = tuple(Change.parse(patch.text, source=patch.source, name=patch.name) for patch in patches)
    return Recipe(talos, patches, changes, semantics, style)  # type: ignore[arg-type] # words of a test


def test_a_recipe_can_be_sent_to_another_process() -> None:
    """With all kinds of changes, and does the same there."""
    ours = recipe(
        "machine: {nodeLabels: {a: b}}\n",
        '[{"op": "add", "path": "/machine/nodeLabels", "value": {"c": "d"}}]',
        "machine: {files: [{path: /etc/cri/conf.d/20-customization.part, op: create, content: 'a = 1'}], kubelet: {image: x}}\n",
        "[c]\nb = 1\n",
    )
    theirs: Recipe = pickle.loads(pickle.dumps(ours._replace(changes=(*ours.changes, ours.changes[3].removal()))))
    assert theirs.of(BASE, source="w") == ours._replace(changes=(*ours.changes, ours.changes[3].removal())).of(BASE, source="w")
    assert theirs.names == ("p0", "p1", "p2", "p3", "remove p3")


@pytest.mark.parametrize("style", ["preserve", "canonical"])
def test_findings_come_in_both_styles(style: str) -> None:
    """Of merges and of drop-ins alike."""
    made = recipe("machine: {network: {interfaces: []}}\n", "[metrics]\naddress = '0.0.0.0:1'\n", "", style=style).of(BASE, source="w")
    assert {"empty-list", "patch-empty"} <= {finding.code for finding in made.findings}


def test_a_config_that_nothing_changes_is_the_text_itself() -> None:
    """Also one that only go-yaml reads."""
    text = "machine:\n  type: worker\n  network: {nameservers: [::1]}\n"
    kept = recipe("machine: {type: worker}\n", talos=TalosVersion.parse("1.14"))
    assert kept.of(text, source="w").text == text
    assert kept.config(text, source="w").get("machine.network.nameservers") == ["::1"]
    with pytest.raises(ConfigError, match=r"^w:1:1: |^w:"):
        kept.config("machine: [", source="w")


def test_talosctls_semantics_take_the_texts() -> None:
    """Errors have the names of base and patch."""
    literal = recipe("machine: {nosuch: 1}\n", semantics="talosctl")
    with pytest.raises(ConfigError, match=r"^p0:1:11: machine\.nosuch: unknown key"):
        literal.of(BASE, source="w.yaml")
    with pytest.raises(ConfigError, match=r"^w\.yaml:1:11: machine\.nosuch: unknown key"):
        recipe("machine: {}\n", semantics="talosctl").of("machine: {nosuch: 1}\n", source="w.yaml")


def complaint(text: str, *patches: str, talos: TalosVersion = TALOS) -> list[str]:
    """Return what strictness says, a line each."""
    made = recipe(*patches, talos=talos)
    with pytest.raises(TalosPatchError) as caught:
        insist(made.of(text, source="w.yaml").findings, (*made.patches, PatchText(text, "w.yaml", "w.yaml")))
    return str(caught.value).split("\n")


def test_what_is_not_known_is_told_with_its_place() -> None:
    """In the patch or in the config, inside lists too; other findings are none of its business."""
    text = BASE.replace("{interface: eth1}", "{interface: eth1, mtuu: 1}")
    assert complaint(text, "# head\nmachine:\n  kublet: {}\n  network: {interfaces: []}\n") == [
        "w.yaml:3:63: machine.network.interfaces[1].mtuu: a field that this Talos does not have, as far as we know; did you mean 'mtu'?",
        "p0:3:3: machine.kublet: a field that this Talos does not have, as far as we know; did you mean 'kubelet'?",
    ]
    assert complaint(BASE, "machine: {}\n---\nname: n\nkind: MyConfig\napiVersion: v1\n")[0].startswith(
        "p0:4:1: MyConfig/n: a kind of document"
    )
    assert complaint(BASE, "machine: {type: worker}\n", talos=TalosVersion.parse("1.99"))[0].startswith(
        "w.yaml: Talos v1.99, and the newest known"
    )


def test_the_same_unknown_field_in_two_elements_is_told_twice() -> None:
    """Each by its index."""
    text = BASE.replace("eth0}", "eth0, mtuu: 1}").replace("eth1}", "eth1, mtuu: 1}")
    assert [line.split(": ")[1] for line in complaint(text, "machine: {type: worker}\n")] == [
        "machine.network.interfaces[0].mtuu",
        "machine.network.interfaces[1].mtuu",
    ]


def test_nothing_unknown_is_no_error() -> None:
    """Whatever else was noticed."""
    made = recipe("machine: {network: {interfaces: []}}\n")
    findings = made.of(BASE, source="w").findings
    assert findings
    insist(findings, made.patches)
