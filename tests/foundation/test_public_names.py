"""The public interface: complete, sorted, lazy, and what the examples of README use."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import talospatch


def test_every_public_name_is_there_and_has_a_docstring() -> None:
    """And is offered by dir()."""
    for name in talospatch.__all__:
        assert getattr(talospatch, name).__doc__, name
        assert name in dir(talospatch)


def test_the_list_and_the_table_of_homes_agree() -> None:
    """A name in one of them only would be missing for type checkers or at run time."""
    assert set(talospatch.__all__) == set(talospatch._HOMES)
    assert talospatch.__all__ == sorted(talospatch.__all__)


def test_every_public_name_stands_on_the_page_of_the_api() -> None:
    """Under the module that it lives in. That the types of their signatures stand there too is seen when the documentation is built."""
    page = (Path(__file__).parents[2] / "docs/reference/api.md").read_text(encoding="utf-8")
    described = set(re.findall(r"auto(?:class|function):: (\S+)", page))
    for module, members in re.findall(r"automodule:: (\S+)\n +:members: (.+)", page):
        described |= {f"{module}.{member.strip()}" for member in members.split(",")}
    errors = re.search(r"automodule:: talospatch\.errors\n +:members:\n", page)
    assert errors is not None
    assert {f"{home}.{name}" for name, home in talospatch._HOMES.items()} - described == {"talospatch.errors.TalosPatchError"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = talospatch.nonsense


def test_importing_the_package_imports_nothing_else() -> None:
    """Names load when first used."""
    code = "import sys, talospatch; print([name for name in sys.modules if name.startswith('talospatch.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_offline_example_of_the_documentation_runs() -> None:
    """On text, without a cluster."""
    from talospatch import Change, MachineConfig

    config = MachineConfig.parse("version: v1alpha1\nmachine:\n  type: worker\n", source="worker.yaml")
    patched = config.patch([Change.bundled("containerd-metrics")], talos="1.13")
    assert "11234" in config.diff(patched.config).unified()
    again = patched.config.patch([Change.bundled("containerd-metrics")], talos="1.13")
    assert again.config == patched.config


def test_patch_config_is_a_function_of_texts() -> None:
    """The same result as by the classes; the change may be any form of a patch's text."""
    base = "version: v1alpha1\nmachine:\n  type: worker\n"
    content = '[metrics]\n        address = "0.0.0.0:11234"'
    patch = (
        f"machine:\n  files:\n    - path: /etc/cri/conf.d/20-customization.part\n      op: create\n      content: |\n        {content}\n"
    )
    once = talospatch.patch_config(base, [patch], talos_version="v1.13.9")
    assert talospatch.patch_config(once, [patch], talos_version="v1.13.9") == once
    assert once.startswith(base.rstrip("\n"))
