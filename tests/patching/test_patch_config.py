"""Text to text, in one call."""

from __future__ import annotations

import pytest

from talospatch import Change, MachineConfig
from talospatch.errors import ConfigError, TalosPatchError
from talospatch.patching.api import patch_config

BASE = "machine:\n  type: worker # c\n"
PATCH = """\
machine:
  files:
    - path: /etc/cri/conf.d/20-customization.part
      op: create
      content: |
        [metrics]
          address = "0.0.0.0:1"
"""


def test_patches_are_applied_in_order() -> None:
    """YAML and TOML alike."""
    after = patch_config(BASE, [PATCH, '[metrics]\naddress = "0.0.0.0:2"\n'], talos_version="v1.13.9")
    assert after.startswith(BASE)
    assert 'address = "0.0.0.0:2"' in after
    assert patch_config(after, ['[metrics]\naddress = "0.0.0.0:2"\n'], talos_version="1.13") == after


def test_no_patch_gives_back_the_text() -> None:
    """Byte for byte."""
    assert patch_config(BASE, [], talos_version="1.13") == BASE


@pytest.mark.parametrize(
    ("base", "patches", "version"),
    [
        (BASE, ["cluster: 1\n"], "1.13"),
        ("a: [", [PATCH], "1.13"),
        (BASE, [PATCH], "new"),
        (BASE, [PATCH], "1.10"),
        (BASE, ["version = 3\n"], "1.13"),
    ],
)
def test_every_failure_is_one_of_ours(base: str, patches: list[str], version: str) -> None:
    """With the number of the patch where one is at fault."""
    with pytest.raises(TalosPatchError):
        patch_config(base, patches, talos_version=version)


def test_the_patch_at_fault_is_named() -> None:
    """They are counted from one."""
    with pytest.raises(ConfigError, match=r"^patch 2:1:10: cluster: a number stands where a mapping belongs"):
        patch_config(BASE, [PATCH, "cluster: 1\n"], talos_version="1.13")


def test_the_rest_of_a_patch_with_a_drop_in_merges_as_usual() -> None:
    """The drop-in goes where that node wants it, the rest where it says."""
    patch = PATCH.replace("machine:\n", "machine:\n  sysctls:\n    net.core.somaxconn: 1024\n")
    after = patch_config(BASE, [patch], talos_version="1.14")
    assert after.startswith(BASE + '  sysctls:\n    net.core.somaxconn: "1024"\n---\n')
    assert "kind: CRICustomizationConfig" in after
    assert "20-customization.part" not in after
    assert patch_config(after, [patch], talos_version="1.14") == after


def test_what_sops_has_encrypted_is_not_edited() -> None:
    """Its message authentication code covers all values: it could not be decrypted any more."""
    text = "machine:\n    token: ENC[AES256_GCM,data:x,type:str]\nsops:\n    mac: ENC[AES256_GCM,data:y,type:str]\n    version: 3.9.0\n"
    with pytest.raises(ConfigError, match=r"^worker\.yaml: SOPS has encrypted this.*decrypt it first"):
        MachineConfig.parse(text, source="worker.yaml").patch(Change.parse("machine: {type: worker}"), talos="1.13")
