"""What is said about a drop-in's content."""

from __future__ import annotations

import tomllib

import pytest

from talospatch.containerd.base_parts import BASE_KEYS, base_version
from talospatch.containerd.lint import content_findings
from talospatch.talos.finding import Severity
from talospatch.versions import TalosVersion

IMAGES, RUNTIME, NRI, OLD = (
    f'[plugins."io.containerd.{name}"]\n' for name in ("cri.v1.images", "cri.v1.runtime", "nri.v1.nri", "grpc.v1.cri")
)


@pytest.mark.parametrize(
    ("content", "version", "codes"),
    [
        ("", "1.13", []),
        ("[metrics]\naddress = '0.0.0.0:1'\n", "1.13", []),
        ("version = 3\n", "1.13", []),
        ("version = 2\n", "1.13", []),
        ("version = 4\n", "1.14", ["toml-version-above-base"]),
        ("version = 3\n", "1.7", ["toml-version-above-base"]),
        (IMAGES + "discard_unpacked_layers = 'false'\n", "1.13", ["toml-type-conflict"]),
        (IMAGES + "discard_unpacked_layers = false\n", "1.13", []),
        (RUNTIME + "cdi_spec_dirs = '/x'\n", "1.13", ["toml-type-conflict"]),
        (RUNTIME + "cdi_spec_dirs = '/x'\n", "1.12", []),
        (RUNTIME + "cdi_spec_dirs = ['/x']\n", "1.13", ["toml-array-appended"]),
        ("plugins = 'x'\n", "1.13", ["toml-type-conflict"]),
        (NRI + "disable = 1\n", "1.13", ["toml-type-conflict"]),
        (NRI + "disable = 1\n", "1.14", []),
        (OLD + "sandbox_image = 'x'\n", "1.13", ["toml-old-plugin-name"]),
        (OLD + "sandbox_image = 'x'\n", "1.14", ["toml-old-plugin-name"]),
        (OLD + "sandbox_image = 'x'\n", "1.7", []),
        ("[metrics]\naddress = ''\n", "1.13", ["toml-zero-ignored"]),
        ("[x]\na = 0\nb = 0.0\nc = false\nd = []\n", "1.13", ["toml-zero-ignored", "toml-zero-ignored"]),
        ("[plugins.'io.containerd.server.v1.metrics']\naddress = '0.0.0.0:1'\n", "1.13", ["metrics-form-ignored"]),
        ("[metrics]\naddress = '0.0.0.0:1'\n", "1.15", ["metrics-form-ignored"]),
        (
            "[metrics]\naddress = '0.0.0.0:1'\n[plugins.'io.containerd.server.v1.metrics']\naddress = '0.0.0.0:1'\n",
            "1.14",
            ["metrics-both-forms"],
        ),
        ("[metrics]\naddress = 'nowhere'\n", "1.14", ["metrics-address-invalid"]),
        ("[metrics]\naddress = '127.0.0.1:1'\n", "1.14", ["metrics-address-loopback"]),
    ],
)
def test_content_that_does_harm_or_nothing_is_found(content: str, version: str, codes: list[str]) -> None:
    """By the version of the node it is for."""
    findings = content_findings(tomllib.loads(content), TalosVersion.parse(version), "machine.files[0].content")
    assert [finding.code for finding in findings] == codes
    assert {finding.path for finding in findings} <= {"machine.files[0].content"}


def test_reviving_a_dead_setting_is_graver_than_a_dead_setting() -> None:
    """From 1.14 on the old names take effect again."""
    data = tomllib.loads(OLD + "sandbox_image = 'x'\n")
    severities = [content_findings(data, TalosVersion.parse(version), "")[0].severity for version in ("1.13", "1.14")]
    assert severities == [Severity.NOTE, Severity.WARNING]


@pytest.mark.parametrize(("version", "expected"), [("1.6", 2), ("1.7.9", 2), ("1.8.0", 3), ("1.13", 3), ("1.14", 3), ("1.99", 3)])
def test_the_base_has_the_version_that_its_containerd_needs(version: str, expected: int) -> None:
    """Two up to Talos 1.7, three since."""
    assert base_version(TalosVersion.parse(version)) == expected


def test_rows_of_the_base_table_are_unique() -> None:
    """One row a key and span of versions."""
    assert len({(row.keys, row.since) for row in BASE_KEYS}) == len(BASE_KEYS)


@pytest.mark.parametrize("content", ["[metrics]\naddress = 5\n", '[metrics]\naddress = ["0.0.0.0:1"]\n'])
def test_an_address_that_is_no_text_is_an_error(content: str) -> None:
    """containerd reads the field as text and does not start with anything else."""
    findings = content_findings(tomllib.loads(content), TalosVersion.parse("1.13"), "here")
    assert [(finding.severity, finding.code) for finding in findings] == [(Severity.ERROR, "metrics-address-invalid")]
