"""What can be said to ``convert_config`` beside the version: the oldest in the cluster, which rules, how much, and the text's name."""

from __future__ import annotations

import pytest

from talospatch import convert_config
from talospatch.errors import ChangeError, ConfigError, VersionError
from talospatch.machineconfig.config import MachineConfig

BASE = """\
version: v1alpha1
machine:
  type: worker
  network:
    hostname: worker-1
  sysctls:
    vm.swappiness: "1"
"""


def kinds(config: MachineConfig) -> list[str]:
    """Return the kinds of the documents beside the main one."""
    return [document.kind for document in config.documents[1:]]


def test_with_an_older_node_its_documents_are_all_that_is_made() -> None:
    """1.13 has HostnameConfig and lacks SysctlConfig; what stays is said, with the reason."""
    conversion = convert_config(BASE, to="1.14", oldest="1.13")
    assert kinds(convert_config(BASE, to="1.14").after) == ["HostnameConfig", "SysctlConfig"]
    assert kinds(conversion.after) == ["HostnameConfig"]
    assert conversion.after.get("machine.sysctls") == {"vm.swappiness": "1"}
    assert [(finding.code, finding.path) for finding in conversion.findings] == [("conversion-older-node", "machine.sysctls")]


def test_only_the_rules_that_are_named_are_applied() -> None:
    """Any iterable of codes; a rule that there is not is an error."""
    conversion = convert_config(BASE, to="1.14", only=iter(["sysctls"]))
    assert [made.rule.code for made in conversion.made] == ["sysctls"]
    assert kinds(conversion.after) == ["SysctlConfig"]
    assert conversion.after.get("machine.network.hostname") == "worker-1"
    with pytest.raises(ChangeError, match="sysctl"):
        convert_config(BASE, to="1.14", only=["sysctl"])


def test_needed_moves_only_what_the_version_cannot_read() -> None:
    """Before a rollback: without it, what has a document in the older version would go into that at the same time."""
    on_14 = convert_config(BASE, to="1.14", only=["sysctls"]).after.text
    back = convert_config(on_14, to="1.13", needed=True)
    assert back.after.equivalent(MachineConfig.parse(BASE))
    assert kinds(convert_config(on_14, to="1.13").after) == ["HostnameConfig"]


def test_errors_name_the_text_as_the_user_does() -> None:
    """With the place in it."""
    with pytest.raises(ConfigError, match=r"^worker\.yaml:1:5: "):
        convert_config("a: [", to="1.14", source="worker.yaml")
    with pytest.raises(VersionError):
        convert_config(BASE, to="1.14", oldest="old")
