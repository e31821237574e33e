"""Setting single values by path: the value is there, everything else as it stood."""

from __future__ import annotations

from typing import Any

import pytest

from talospatch import MachineConfig
from talospatch.errors import ChangeError, ConfigError

TEXT = """\
version: v1alpha1
machine:
  type: worker  # ours
  sysctls:
    net.core.somaxconn: "1"
  files:
    # the first
    - path: /var/a
      content: |
        one
    - path: /var/b
      content: two
---
apiVersion: v1alpha1
kind: LinkConfig
name: eth0
mtu: 1500 # as the switch has it
"""
CONFIG = MachineConfig.parse(TEXT)


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("machine.type", "controlplane", "type: worker", "type: controlplane"),
        ("LinkConfig/eth0:mtu", 9000, "mtu: 1500", "mtu: 9000"),
        ("LinkConfig/eth0:up", True, "has it\n", "has it\nup: true\n"),
        ('machine.sysctls."net.core.somaxconn"', "2", '"1"', '"2"'),
        ("machine.files[path=/var/b].content", "three", "content: two", "content: three"),
        ("machine.files[0].content", "one\nmore\n", "        one\n", "        one\n        more\n"),
        ("machine.files[-1].op", "create", "content: two\n", "content: two\n      op: create\n"),
        ("machine.network.hostname", "n1", "content: two\n", "content: two\n  network:\n    hostname: n1\n"),
        ("machine.certSANs", ["a"], "content: two\n", "content: two\n  certSANs:\n    - a\n"),
    ],
)
def test_a_value_is_set_and_nothing_else_changes(path: str, value: Any, old: str, new: str) -> None:
    """Mappings on the way are made."""
    changed = CONFIG.set(path, value)
    assert changed.text == TEXT.replace(old, new, 1)
    assert changed.get(path) == value
    assert changed.set(path, value).text == changed.text
    assert CONFIG.text == TEXT


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("machine.files[path=/var/a]", "    # the first\n    - path: /var/a\n      content: |\n        one\n"),
        ("LinkConfig/eth0:mtu", "mtu: 1500 # as the switch has it\n"),
        ("machine.network.hostname", ""),
        ("machine.files[7]", ""),
    ],
)
def test_a_value_is_taken_out_with_its_comments(path: str, gone: str) -> None:
    """What is not there stays away."""
    assert CONFIG.unset(path).text == TEXT.replace(gone, "", 1)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("machine.type.x", "machine.type: is not a mapping"),
        ("machine[0]", "machine: is not a list"),
        ("machine.files[path=/var/c].op", "there is no element"),
        ("LinkConfig/eth1:mtu", "there is no document LinkConfig/eth1"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(path: str, problem: str) -> None:
    """With the path up to there."""
    with pytest.raises(ChangeError, match=problem.replace("[", r"\[")):
        CONFIG.set(path, "x")


def test_what_is_no_path_is_an_error() -> None:
    """Of its own kind."""
    with pytest.raises(ConfigError, match="not a path"):
        CONFIG.set("machine..type", "x")
