"""Recorded answers of Talos's own validation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from talospatch.machineconfig.validation.validate import validate_config
from talospatch.patching.validation import validate_config as validate_with_more
from talospatch.talos.finding import Finding, Severity

VECTORS = Path(__file__).parent.parent / "vectors" / "validate"
# Which field an error is about, where the reference's text names one in its own way.
FIELDS = {
    "validate-no-ca": "machine.ca",
    "validate-cp-no-key": "machine.ca.key",
    "validate-worker-key": "machine.ca.key",
    "validate-bad-type": "machine.type",
    "validate-no-endpoint": "cluster.controlPlane.endpoint",
    "validate-bad-dnsdomain": "cluster.network.dnsDomain",
    "validate-bad-cni": "cluster.network.cni.name",
    "validate-no-disk": "machine.install.disk",
    "validate-iface-badaddr": "machine.network.interfaces[0].addresses[0]",
    "validate-iface-badroute": "machine.network.interfaces[0].routes[0].gateway",
    "validate-vip-worker": "machine.network.interfaces[0].vip",
    "validate-bond-empty": "machine.network.interfaces[0].bond.mode",
    "validate-label-bad": 'machine.nodeLabels."a b"',
    "validate-taint-bad": "machine.nodeTaints.a",
    "validate-kubelet-badsubnet": "machine.kubelet.nodeIP.validSubnets[0]",
    "validate-kubelet-protected": "machine.kubelet.extraConfig.authentication",
    "validate-persist": "persist",
    "validate-manifest-dup": "cluster.inlineManifests[1].name",
    "validate-etcd-subnets": "cluster.etcd.advertisedSubnets[0]",
    "validate-runtime-overrides-bad": "machine.baseRuntimeSpecOverrides.process",
    "validate-cri-reserved": "CRICustomizationConfig/customization:name",
    "validate-volume-badcel": "VolumeConfig/EPHEMERAL:provisioning.diskSelector.match",
    "validate-volume-minmax": "VolumeConfig/EPHEMERAL:provisioning.minSize",
    "validate-hostname-auto-both": "HostnameConfig:auto",
    "validate-hostname-conflict": "machine.network.hostname",
    "validate-worker-cp-kind": "KubeSchedulerConfig:image",
}


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (VECTORS / name).read_text("utf-8").splitlines()]


def of(findings: list[Finding], severity: Severity) -> list[Finding]:
    return [finding for finding in findings if finding.severity is severity]


def disagreement(case: dict[str, Any], minor: str) -> str | None:
    """Return how our verdict, warnings or field differ from what was recorded."""
    answer = case["versions"][minor]
    given = {"mode": case["mode"], "talos_version": minor, "strict": bool(case.get("strict"))}
    found = validate_config(case["base"], **given)
    errors, warnings = of(found, Severity.ERROR), of(found, Severity.WARNING)
    told = f"{case['id']} {minor}: {answer}, ours {[(finding.path, finding.message) for finding in found]}"
    if ("ok" in answer) == bool(errors) or len(answer.get("warnings") or ()) != len(warnings):
        return told
    if errors and case["id"] in FIELDS and FIELDS[case["id"]] not in {finding.path for finding in errors}:
        return f"{told}, but not about {FIELDS[case['id']]}"
    if bool(of(validate_with_more(case["base"], **given), Severity.ERROR)) != bool(errors):
        return f"{told}, and what we add changes the verdict"
    return None


@pytest.mark.parametrize("name", ["broken.jsonl", "generated.jsonl"])
def test_verdict_warnings_and_fields_are_those_of_the_reference(name: str) -> None:
    told = [disagreement(case, minor) for case in cases(name) for minor in case["versions"]]
    assert len(told) > 50
    assert [text for text in told if text is not None] == []
