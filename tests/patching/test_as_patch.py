"""A difference as a patch: applying it gives the other config, on every recorded case and both ways."""

from __future__ import annotations

from typing import Literal

import pytest
from vector_cases import cases

from talospatch import MachineConfig as PublicConfig
from talospatch.errors import ChangeError, TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.typed.apply import patch_text
from talospatch.machineconfig.typed.documents import MAIN
from talospatch.machineconfig.typed.equality import alike
from talospatch.patching.api import patch_config
from talospatch.patching.as_patch import NOT_TALOSCTL, ONLY_TALOSCTL, as_patch
from talospatch.patching.change import Change
from talospatch.patching.document_set import DocumentSet
from talospatch.patching.hazards import Noticed
from talospatch.patching.known_types import schema_for
from talospatch.patching.literal import readable
from talospatch.patching.workpiece import Workpiece
from talospatch.versions import TalosVersion

BASE = """\
version: v1alpha1
machine:
  type: worker
  certSANs: [a.example, b.example]
  sysctls:
    net.core.somaxconn: "1"
  kubelet: {}
---
apiVersion: v1alpha1
kind: VolumeConfig
name: EPHEMERAL
provisioning:
  diskSelector:
    match: disk.transport == "nvme"
  minSize: 10GB
"""

# What talosctl has no patch for: documents and fields that it does not read, what it crashes on, the version of the main document alone.
BEYOND_TALOSCTL = (
    "doc-name",
    "found-null-",
    "json-",
    "keyed-selector-physical",
    "kind-",
    "rule-name-missing",
    "scalar-version-other",
    "unstr-date",
    "unstr-intkey",
)


def documents(text: str, talos: TalosVersion) -> DocumentSet:
    """Return a text's documents as values."""
    return DocumentSet(text, schema_for(talos, Noticed()), Noticed())


def same(found: DocumentSet, wanted: DocumentSet) -> bool:
    """Whether two sets mean the same, whatever their order."""
    held = {document.id: document for document in found.documents}
    return held.keys() == {document.id for document in wanted.documents} and all(
        alike(document.type, held[document.id].value, document.value) for document in wanted.documents
    )


def pairs() -> list[tuple[str, str, str, str]]:
    """Return id, minor and two readable configs for each recorded result, both ways round."""
    found = []
    for case in cases():
        if case.recorded is None or not case.recorded.strip():
            continue
        talos = TalosVersion.parse(case.minor)
        texts = readable(case.base, talos), readable(case.recorded, talos)
        try:
            mains = {any(each.id == MAIN for each in documents(MachineConfig.parse(text).text, talos).documents) for text in texts}
        except TalosPatchError:
            continue
        if len(mains) > 1:
            continue  # a patch cannot take the main document out
        before, after = texts
        found += [(case.id, case.minor, before, after), (case.id, case.minor, after, before)]
    return found


PAIRS = pairs()


def test_the_patch_of_a_difference_leads_to_the_other_config() -> None:
    """By declarative semantics always."""
    wrong = []
    for name, minor, before, after in PAIRS:
        talos = TalosVersion.parse(minor)
        patch = as_patch(MachineConfig.parse(before), MachineConfig.parse(after), talos=talos)
        piece = Workpiece(MachineConfig.parse(before), talos=talos)
        Change.parse(patch).work_on(piece)
        if not same(piece.documents(), documents(after, talos)):
            wrong.append(f"{name} on {minor}:\n{patch}")
    assert not wrong, "\n".join(wrong)
    assert len(PAIRS) > 3500


def test_talosctl_gets_there_too_or_it_is_said_that_it_cannot() -> None:
    """With the patch for both, or with one for talosctl alone."""
    wrong = []
    for name, minor, before, after in PAIRS:
        talos = TalosVersion.parse(minor)
        try:
            patch = as_patch(MachineConfig.parse(before), MachineConfig.parse(after), talos=talos, semantics="talosctl")
        except ChangeError:
            if not name.startswith(BEYOND_TALOSCTL):
                wrong.append(f"{name} on {minor} has no patch")
            continue
        if not same(documents(patch_text(before, [patch] if patch else [], minor=minor), talos), documents(after, talos)):
            wrong.append(f"{name} on {minor}:\n{patch}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ("type: worker", "type: controlplane", "machine:\n  type: controlplane\n"),
        ("b.example]", "b.example, c.example]", "machine:\n  certSANs:\n    - c.example\n"),
        ("  kubelet: {}\n", "", "machine:\n  kubelet:\n    $patch: delete\n"),
        ('    net.core.somaxconn: "1"\n', "    vm.swappiness: 1\n", None),
        (
            "[a.example, b.example]",
            "[b.example]",
            "machine:\n  certSANs:\n    $patch: delete\n---\nmachine:\n  certSANs:\n    - b.example\n",
        ),
    ],
)
def test_it_is_as_small_as_it_can_be(before: str, after: str, patch: str | None) -> None:
    """It names what changes."""
    talos = TalosVersion.parse("1.13")
    made = as_patch(MachineConfig.parse(BASE), MachineConfig.parse(BASE.replace(before, after)), talos=talos)
    expected = 'machine:\n  sysctls:\n    net.core.somaxconn:\n      $patch: delete\n    vm.swappiness: "1"\n' if patch is None else patch
    assert made == expected


def test_what_talosctl_would_wipe_is_given_again() -> None:
    """A volume's selector goes unless a patch restates it, so the document is deleted and given as a whole."""
    after = BASE + "  maxSize: 50GB\n"
    made = as_patch(MachineConfig.parse(BASE), MachineConfig.parse(after), talos=TalosVersion.parse("1.14"))
    assert made.startswith("apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\n$patch: delete\n---\n")
    assert "nvme" in made


def test_the_same_meaning_is_no_patch() -> None:
    """Whatever the layout."""
    other = BASE.replace("[a.example, b.example]", "\n  - a.example # first\n  - b.example")
    assert as_patch(MachineConfig.parse(BASE), MachineConfig.parse(other), talos=TalosVersion.parse("1.14")) == ""


def test_two_elements_of_one_key_need_a_json_patch() -> None:
    """A merge never makes them; it is said that talosctl does not take it on several documents."""
    after = BASE.replace("  kubelet: {}\n", "  kubelet: {}\n  kernel:\n    modules: [{name: x}, {name: x}]\n")
    made = as_patch(MachineConfig.parse(BASE), MachineConfig.parse(after), talos=TalosVersion.parse("1.14"))
    assert made.startswith(NOT_TALOSCTL + "- op: add\n  path: /machine/kernel\n")


def test_the_main_document_cannot_be_taken_out() -> None:
    """There is no such patch."""
    volume = BASE.partition("---\n")[2]
    with pytest.raises(ChangeError, match="main document"):
        as_patch(MachineConfig.parse(BASE), MachineConfig.parse(volume), talos=TalosVersion.parse("1.14"))


def test_a_config_gives_its_patch_to_another() -> None:
    """The same from the public class, with the version as text."""
    config = PublicConfig.parse(BASE)
    after = config.set("machine.type", "controlplane")
    assert config.patch_to(after, talos="v1.13.9") == "machine:\n  type: controlplane\n"
    assert config.patch_to(config, talos="1.13") == ""


@pytest.mark.parametrize(
    ("semantics", "said", "merge"), [("declarative", NOT_TALOSCTL, False), ("talosctl", ONLY_TALOSCTL, True)], ids=["ours", "talosctl's"]
)
def test_whose_patch_is_made_where_none_leads_there_by_both_rules(
    semantics: Literal["declarative", "talosctl"], said: str, merge: bool
) -> None:
    """Two elements of one key: ours has to be a JSON patch, talosctl's merge appends both. Each leads there by its own rules."""
    before = PublicConfig.parse(BASE)
    after = before.set("machine.kernel", {"modules": [{"name": "x"}, {"name": "x"}]})
    patch = before.patch_to(after, talos="1.13", semantics=semantics)
    assert patch.startswith(said)
    assert patch.removeprefix(said).startswith("machine:\n") is merge
    made = patch_config(BASE.partition("---\n")[0], [patch], talos_version="1.13", semantics=semantics)
    assert MachineConfig.parse(made).get("machine.kernel.modules") == [{"name": "x"}, {"name": "x"}]
