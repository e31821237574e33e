"""JSON patches: every operation, in the main document and in others, and what is wrong with one."""

from __future__ import annotations

import json

import pytest
from patching import noticed, patched, text_of

from talospatch.errors import ChangeError, TalosPatchError

MAIN = """\
version: v1alpha1
machine:
  # the role
  type: worker # of this machine
  certSANs:
    - a # first
    - b
  sysctls: &shared
    net.ipv4.ip_forward: "1"
  env: *shared
"""
OTHERS = """\
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: one # the name
---
apiVersion: v1alpha1
kind: LinkConfig
name: eth0
mtu: 1500
addresses:
  - address: 10.0.0.1/24
---
apiVersion: v1alpha1
kind: CRICustomizationConfig
name: example.org/metrics
content: |
  [metrics]
"""
CONFIG = MAIN + OTHERS


def operation(op: str, path: str, **members: object) -> str:
    """Return a JSON patch of one operation, as YAML."""
    return json.dumps([{"op": op, "path": path, **members}])


@pytest.mark.parametrize(
    ("patch", "old", "new"),
    [
        (operation("replace", "/machine/type", value="controlplane"), "type: worker #", "type: controlplane #"),
        (operation("replace", "/machine/token", value="abc"), "  env: *shared\n", "  env: *shared\n  token: abc\n"),
        (operation("replace", "/machine/certSANs/1", value="c"), "    - b\n", "    - c\n"),
        (operation("add", "/machine/certSANs/-", value="c"), "    - b\n", "    - b\n    - c\n"),
        (operation("add", "/machine/certSANs/2", value="c"), "    - b\n", "    - b\n    - c\n"),
        (operation("add", "/machine/certSANs/1", value="c"), "    - a # first\n", "    - a # first\n    - c\n"),
        (operation("add", "/machine/certSANs/0", value="c"), "    - a # first\n", "    - c\n    - a # first\n"),
        (operation("add", "/machine/type", value="controlplane"), "type: worker #", "type: controlplane #"),
        (operation("add", "/machine/nodeLabels", value={"a/b": "c"}), "env: *shared\n", "env: *shared\n  nodeLabels:\n    a/b: c\n"),
        (operation("remove", "/machine/type"), "  # the role\n  type: worker # of this machine\n", ""),
        (operation("test", "/machine/type", value="worker"), "", ""),
        (operation("copy", "/machine/token", **{"from": "/machine/type"}), "env: *shared\n", "env: *shared\n  token: worker\n"),
        (operation("replace", "/HostnameConfig/hostname", value="two"), "hostname: one #", "hostname: two #"),
        (operation("remove", "/HostnameConfig/hostname"), "hostname: one # the name\n", ""),
        (operation("replace", "/LinkConfig/eth0/mtu", value=9000), "mtu: 1500", "mtu: 9000"),
        (operation("add", "/LinkConfig/eth0/addresses/0/routePriority", value=5), "10.0.0.1/24\n", "10.0.0.1/24\n    routePriority: 5\n"),
        (operation("replace", "/CRICustomizationConfig/example.org~1metrics/content", value="[a]\n"), "[metrics]", "[a]"),
    ],
)
def test_an_operation_edits_its_place(patch: str, old: str, new: str) -> None:
    """And nothing else, wherever it stands; once."""
    after = text_of(CONFIG, patch, talos="1.14")
    assert after == CONFIG.replace(old, new, 1)
    if old != new and "/certSANs/1" not in patch:
        assert text_of(after, patch, talos="1.14") == after


def test_what_an_alias_names_is_changed_there_and_nowhere_else() -> None:
    """The other place gets a value of its own."""
    after = text_of(MAIN, operation("replace", "/machine/env/net.ipv4.ip_forward", value="0"))
    assert after == MAIN.replace("env: *shared", 'env:\n    net.ipv4.ip_forward: "0"')


def test_operations_are_applied_in_order() -> None:
    """Each to what the one before has made."""
    patch = """\
- {op: add, path: /machine/nodeLabels, value: {}}
- {op: add, path: /machine/nodeLabels/a, value: b}
- {op: move, from: /machine/nodeLabels/a, path: /machine/nodeLabels/c}
- {op: test, path: /machine/nodeLabels, value: {c: b}}
"""
    assert text_of(MAIN, patch) == MAIN + "  nodeLabels:\n    c: b\n"


def test_a_json_patch_goes_with_strategic_ones() -> None:
    """It is applied to what they have made."""
    one, two = "machine:\n  token: a\n", operation("replace", "/machine/token", value="b")
    assert text_of(MAIN, one, two, "machine:\n  nodeLabels: {c: d}\n") == MAIN + "  token: b\n  nodeLabels:\n    c: d\n"


@pytest.mark.parametrize(
    "text",
    [
        '[{"op": "remove", "path": "/machine/type"}]',
        "---\n- op: remove\n  path: /machine/type\n",
        "[\n\t{op: remove, path: /machine/type}]",
    ],
)
def test_json_and_yaml_say_the_same(text: str) -> None:
    """Whatever the layout."""
    assert text_of(MAIN, text) == MAIN.replace("  # the role\n  type: worker # of this machine\n", "")


def test_documents_are_added_and_removed_by_their_path() -> None:
    """As a whole."""
    value = {"apiVersion": "v1alpha1", "kind": "LinkConfig", "name": "eth1", "mtu": 9000}
    added = text_of(CONFIG, operation("add", "/LinkConfig/eth1", value=value), talos="1.14")
    assert added == CONFIG + "---\napiVersion: v1alpha1\nkind: LinkConfig\nname: eth1\nmtu: 9000\n"
    assert text_of(added, operation("remove", "/LinkConfig/eth1"), talos="1.14") == CONFIG
    assert text_of(CONFIG, operation("remove", "/LinkConfig/eth1"), talos="1.14") == CONFIG


# Findings


def test_a_plain_json_patch_is_nothing_to_speak_of() -> None:
    """Where talosctl makes the same of it."""
    assert noticed(MAIN, operation("replace", "/machine/type", value="controlplane")) == []


@pytest.mark.parametrize(
    ("base", "patch", "found"),
    [
        (CONFIG, operation("replace", "/machine/type", value="controlplane"), ("json-patch-several-documents", "")),
        (MAIN, operation("add", "/machine/certSANs/-", value="a"), ("element-present", "machine.certSANs")),
        (MAIN, operation("remove", "/machine/token"), ("delete-absent", "machine.token")),
        (MAIN, operation("remove", "/machine/certSANs/7"), ("delete-absent", "machine.certSANs[7]")),
        (CONFIG, operation("remove", "/LinkConfig/eth0/up"), ("delete-absent", "LinkConfig/eth0:up")),
        (CONFIG, operation("remove", "/LinkConfig/eth9"), ("delete-absent", "LinkConfig/eth9")),
        (MAIN, operation("add", "/machine/certSANs/-", value="a"), ("json-patch-unchecked", "")),
        (MAIN, operation("remove", "/machine/certSANs/0"), ("json-patch-not-repeatable", "")),
        (MAIN, operation("add", "/machine/certSANs/-", value=7), ("json-patch-not-repeatable", "")),
        (MAIN, operation("move", "/machine/token", **{"from": "/machine/type"}), ("delete-absent", "")),
    ],
)
def test_what_departs_is_noted(base: str, patch: str, found: tuple[str, str]) -> None:
    """At its place."""
    if found == ("delete-absent", ""):  # of a move that was done before
        base = text_of(base, patch, talos="1.14")
        found = ("delete-absent", "machine.type")
    assert found in noticed(base, patch, talos="1.14")


@pytest.mark.parametrize("value", [5, True, 1.5, None, "5"])
@pytest.mark.parametrize("path", ["/machine/sysctls/x", "/machine/token"])
def test_a_number_for_a_text_is_repeatable(path: str, value: object) -> None:
    """It is read as a text, so once more it changes nothing."""
    patch = operation("add", path, value=value)
    after = text_of(MAIN, patch)
    assert text_of(after, patch) == after
    assert "json-patch-not-repeatable" not in {code for code, _ in noticed(MAIN, patch)}


def test_a_key_that_is_replaced_but_not_there_is_noted() -> None:
    """It may be misspelled; once it is there, nothing is said."""
    patch = operation("replace", "/machine/token", value="a")
    assert noticed(MAIN, patch) == [("json-patch-replace-absent", "machine.token")]
    assert noticed(text_of(MAIN, patch), patch) == []
    assert ("json-patch-replace-absent", "LinkConfig/eth0:up") in noticed(CONFIG, operation("replace", "/LinkConfig/eth0/up", value=True))


def test_what_cannot_be_repeated_says_why() -> None:
    """Because it would fail, or take out more."""
    patch = "- {op: test, path: /machine/type, value: worker}\n- {op: replace, path: /machine/type, value: controlplane}\n"
    finding = next(finding for finding in patched(MAIN, patch).findings if finding.code == "json-patch-not-repeatable")
    assert finding.message.startswith("patch 1:1:3: test: the test of /machine/type fails: another value stands there: ")
    assert noticed(MAIN, operation("remove", "/machine/certSANs/1")) == []  # then there is no second element any more


# Errors


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (
            "- {op: add, path: /machine/a/b, value: 1}\n",
            r"^patch 1:1:3: add: there is nothing at /machine/a/b; add what is above it first$",
        ),
        (
            "- {op: test, path: /machine/type, value: x}\n",
            r"^patch 1:1:3: test: the test of /machine/type fails: another value stands there$",
        ),
        ("- {op: test, path: /machine/token, value: x}\n", r"the test of /machine/token fails: nothing stands there$"),
        (
            "\n\n- op: replace\n  path: /machine/certSANs/2\n  value: c\n",
            r"^patch 1:3:3: replace: the list has 2 elements, and no place '2'$",
        ),
        ("- {op: add, path: /machine/certSANs/3, value: c}\n", r"add: the list has 2 elements, and no place '3'$"),
        ("- {op: add, path: /machine/certSANs/-1, value: c}\n", r"add: the list has 2 elements, and no place '-1'$"),
        ("- {op: move, from: /machine/x, path: /machine/y}\n", r"move: there is nothing at /machine/x$"),
        ("- {op: copy, from: /machine/x, path: /machine/y}\n", r"copy: there is nothing at /machine/x$"),
        ("- {op: add, path: /machine/type/x, value: 1}\n", r"add: there is nothing at /machine/type/x"),
        ("- {op: replace, path: '', value: {}}\n", r"a whole document cannot be changed by a JSON patch; use a strategic merge patch$"),
        (
            "- {op: replace, path: /VLANConfig/x/mtu, value: 1}\n",
            r"there is no document for /VLANConfig/x; there are CRICustomizationConfig/example\.org/metrics, HostnameConfig, Li",
        ),
        ("- {op: add, path: /LinkConfig/eth1, value: {kind: LinkConfig, name: eth2}}\n", r"the value is not the document /LinkConfig/eth1"),
        (
            "- {op: replace, path: /machine/type, value: [1]}\n",
            r"^patch 1: the result does not fit: machine\.type: a list stands where a text belongs$",
        ),
        (
            "- {op: replace, path: /LinkConfig/eth0/mtu, value: wide}\n",
            r"^patch 1: the result does not fit: mtu: a text stands where a whole number belongs$",
        ),
        ("- {op: add, path: /kind, value: X}\n", r"^patch 1: v1alpha1 would become X; remove the document, and add another one$"),
        ("- {op: replace, path: /LinkConfig/eth0/name, value: a}\n", r"^patch 1: LinkConfig/eth0 would become LinkConfig/a; "),
        ("- {op: patch, path: /a}\n", r"^patch 1:1:3: there is no operation 'patch'; one of add, remove, replace, test, move, copy$"),
        ("- {op: add, path: /a}\n", r"^patch 1:1:3: the operation add needs 'value'$"),
        ("- {op: add, value: 1}\n", r"^patch 1:1:3: the operation add needs 'path'$"),
        ("- {op: move, path: /a}\n", r"^patch 1:1:3: the operation move needs 'from'$"),
        (
            "- {op: remove, path: machine/type}\n",
            r"^patch 1:1:3: a path begins with a slash: 'machine/type'; write it as /machine/install/disk",
        ),
        ("- remove\n", r"^patch 1:1:3: an operation of a JSON patch is a mapping with op and path$"),
        ("- {op: remove, path: /a}\n---\nmachine: {}\n", r"^patch 1: a JSON patch is a list of operations, and nothing beside it$"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(patch: str, message: str) -> None:
    """Line and column in the patch, and what to do where that is not plain."""
    with pytest.raises(ChangeError, match=message):
        patched(CONFIG, patch, talos="1.14")


def test_a_config_without_a_main_document_has_no_place_for_a_path_of_it() -> None:
    """The others are named."""
    with pytest.raises(ChangeError, match=r"the config has no main document; begin the path with one of HostnameConfig$"):
        patched("apiVersion: v1alpha1\nkind: HostnameConfig\n", operation("add", "/machine/type", value="worker"))


def test_nothing_is_changed_by_a_patch_that_fails() -> None:
    """Neither the config nor the patch, which can be applied to another one."""
    base = "machine:\n  sysctls: {a: b}\n"
    patch = "- {op: add, path: /machine/env, value: {c: d}}\n- {op: add, path: /machine/env/e, value: f}\n"
    with pytest.raises(TalosPatchError, match="nothing stands there"):
        patched(base, patch + "- {op: test, path: /machine/x, value: 1}\n")
    assert text_of(base, patch) == base + "  env:\n    c: d\n    e: f\n"


def test_a_main_document_may_be_left_with_nothing() -> None:
    """But the key that it is known by."""
    base = "machine: # nothing yet\nversion: v1alpha1\n"
    patch = "- {op: remove, path: /version}\n"
    assert text_of(base, patch) == "machine: # nothing yet\n"
    assert text_of("machine: # nothing yet\n", patch) == "machine: # nothing yet\n"


def test_a_second_element_for_a_key_is_a_warning() -> None:
    """Once, where the patch brings it; not for keys of other elements, nor where the config had both before."""
    base = (
        "machine:\n  files:\n    - path: /a\n    - path: /b\n  network:\n    interfaces:\n      - {interface: eth0, vlans: [{vlanId: 1}]}\n"
    )
    file = operation("add", "/machine/files/0", value={"path": "/b", "content": "c"})
    after = text_of(base, file)
    assert ("json-patch-second-element", "machine.files") in noticed(base, file)
    assert ("json-patch-second-element", "machine.files") not in noticed(after, file)
    assert ("json-patch-second-element", "machine.files") not in noticed(after, operation("replace", "/machine/type", value="worker"))
    assert noticed(base, operation("add", "/machine/files/-", value={"path": "/c"})) == []
    assert noticed(base, operation("add", "/machine/files/-", value={"path": "/a", "op": "append"})) == []
    vlan = operation("add", "/machine/network/interfaces/0/vlans/-", value={"vlanId": 1, "mtu": 1400})
    assert noticed(base, vlan) == [("json-patch-second-element", "machine.network.interfaces.vlans")]
