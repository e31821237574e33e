"""Reading fragments that are almost right: data that both versions of TOML agree on, or one clear error."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import damaged_lines

from talospatch.containerd.toml_read import leaves, parse
from talospatch.errors import FragmentError

TEXT = """\
# layers
[plugins."io.containerd.cri.v1.images"]
  discard_unpacked_layers = false # kept
  registry = { config_path = '/etc/cri/conf.d/hosts', n = [1, 0x1f, 1_000, 1e3] }
[metrics]
  address = "0.0.0.0:11234"
  grpc_histogram = true
[[x.y]]
  when = 2024-01-01T00:00:00Z
  text = \"\"\"
two \\
  lines\"\"\"
[[x.y]]
  a.b.c = 'd'
"""


@pytest.mark.fuzz
@given(damaged_lines(TEXT) | st.text(st.sampled_from("[]{}=.,'\"\\#\n a1-:T"), max_size=60), st.booleans())
def test_any_text_is_data_or_a_clear_error(text: str, newer: bool) -> None:
    """What a node with TOML 1.0 reads, one with 1.1 reads as the same."""
    try:
        data = parse(text, newer=newer, source="metrics.toml")
    except FragmentError as error:
        assert str(error).startswith("metrics.toml")
        return
    assert leaves(data) is not None
    if not newer:
        assert repr(data) == repr(parse(text, newer=True)) == repr(tomllib.loads(text))
