"""Reading configurations that are almost right: a config that can be looked at in every way, or one clear error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import damaged_bytes, damaged_lines

from talospatch.errors import ConfigError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.secrets import secret_values

SECRET = "abcdef.0123456789abcdef"
TEXT = f"""\
version: v1alpha1
machine:
  type: worker
  token: {SECRET}
  ca: {{crt: LS0tLS1CRUdJTg==, key: ""}}
  kubelet: &k
    image: ghcr.io/siderolabs/kubelet:v1.34.1
    extraArgs: {{v: 4, x: 0x1f, y: 1_000, z: .inf}}
  copy: *k
  files:
    - content: |
        [metrics]
          address = "0.0.0.0:11234"
      path: /etc/cri/conf.d/20-customization.part
      op: create
cluster:
  secret: 'it''s
    long'
---
apiVersion: v1alpha1
kind: RegistryAuthConfig
name: example.org
password: "a\\u00e9\\tb"
"""


@pytest.mark.fuzz
@given(damaged_lines(TEXT).map(str.encode) | damaged_bytes(TEXT) | st.binary(max_size=80))
def test_any_bytes_are_a_config_or_a_clear_error(data: bytes) -> None:
    """One of ours, with a place or a sentence, and without the token that stands in the text."""
    try:
        config = MachineConfig.parse(data, source="worker.yaml")
    except ConfigError as error:
        assert str(error).startswith("worker.yaml")
        assert SECRET not in str(error)
        return
    assert config.data == data
    assert config.equivalent(MachineConfig.parse(data))
    assert config.diff(MachineConfig.parse("version: v1alpha1\nmachine: {type: worker}\n")).unified() is not None
    assert all(isinstance(value, str) for value in secret_values(config))
