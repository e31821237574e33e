"""Lists and mappings with nothing in them: Talos's writing leaves them out, but some of its rules look whether they are there."""

from __future__ import annotations

import pytest

from talospatch import patch_config


@pytest.mark.parametrize("empty", ["{}", "{} # none yet"])
def test_a_deleted_empty_mapping_leaves_the_text(empty: str) -> None:
    """What a patch deletes is gone, whatever it was."""
    base = f"machine:\n  type: worker\n  nodeTaints: {empty}\n  token: a\n"
    patch = "machine:\n  nodeTaints:\n    $patch: delete\n"
    assert patch_config(base, [patch], talos_version="1.14") == "machine:\n  type: worker\n  token: a\n"


def test_an_empty_list_beside_a_change_stays() -> None:
    """Nothing that the patch does not name is touched."""
    base = "machine:\n  type: worker\n  certSANs: []\n  nodeTaints: {}\n"
    patched = patch_config(base, ["machine:\n  token: a\n"], talos_version="1.14")
    assert patched == "machine:\n  type: worker\n  certSANs: []\n  nodeTaints: {}\n  token: a\n"
