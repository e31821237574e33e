"""Editing configurations that are almost right: an edit is what was asked for and nothing else, or it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import damaged_lines

from talospatch.errors import ConfigError
from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.splice import Splicer

ENTRY = {"path": "/b", "content": "x\ny\n", "op": "create"}
TEXT = """\
# kept
version: v1alpha1
machine:
    type: worker   # a worker
    token: abcdef.0123456789abcdef
    kubelet:
        extraArgs: &args {v: "4", feature-gates: 'A=true,B=false'}
        nodeIP: {validSubnets: [10.0.0.0/8, "fd00::/8"]}
    files:
        # ours
        - content: |-
            [metrics]
              address = "0.0.0.0:11234"

            # end
          permissions: 0o644
          path: /etc/cri/conf.d/20-customization.part
          op: create
        - {path: /a, content: "one\\ntwo", op: overwrite}
    sysctls: *args
    nodeLabels:
        empty:
        folded: >-
            one
            two
cluster:
    controlPlane:
        endpoint: https://10.0.0.1:6443
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: worker-1
"""


@pytest.mark.fuzz
@given(damaged_lines(TEXT), st.booleans())
def test_an_edit_of_an_odd_config_is_proven_or_refused(text: str, remove: bool) -> None:
    """Never another error; the entry is there, or gone, and every other value is what it was."""
    try:
        config = MachineConfig.parse(text)
    except ConfigError:
        return
    if not config.documents or config.documents[0].kind != "v1alpha1":
        return
    splicer = Splicer(config)
    machine = config.documents[0].value.get("machine")
    files = machine.get("files") if isinstance(machine, dict) else None
    try:
        if remove and isinstance(files, list) and files:
            splicer.remove_items(config.documents[0], ("machine", "files"), [0])
            wanted = files[1:]
        else:
            splicer.append(config.documents[0], ("machine", "files"), ENTRY)
            wanted = [*(files or []), ENTRY]
        after = splicer.finish().config
    except ConfigError:
        return
    assert (after.get("machine.files") or []) == wanted
    assert _others(MachineConfig.parse(after.text)) == _others(config)


def _others(config: MachineConfig) -> list[object]:
    first, *rest = (document.value for document in config.documents)
    machine = first.get("machine") or {}
    return [{**first, "machine": {key: value for key, value in machine.items() if key != "files"}}, *rest]
