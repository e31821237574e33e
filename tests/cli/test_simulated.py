"""From what a user asks for to a simulated cluster."""

from __future__ import annotations

import pytest

from talospatch.cli.simulated import cluster, with_faults
from talospatch.errors import InputError, VersionError
from talospatch.simulator.network_faults import Fault, FaultKind


def test_versions_are_given_to_the_workers_in_turn() -> None:
    """Control planes run the newest; a minor alone is its newest release."""
    spec = cluster(control_planes=1, workers=3, versions=["1.13.9", "v1.14.0"])
    assert [(node.name, node.address, node.talos) for node in spec.nodes] == [
        ("cp-1", "10.5.0.2", "v1.14.0"),
        ("worker-1", "10.5.0.3", "v1.13.9"),
        ("worker-2", "10.5.0.4", "v1.14.0"),
        ("worker-3", "10.5.0.5", "v1.13.9"),
    ]


def test_faults_of_nodes_and_of_the_network_are_told_apart() -> None:
    """By the equals sign; numbers are seconds."""
    spec, network = with_faults(
        cluster(control_planes=1, workers=2, versions=[]), ["worker-1=never-returns", "worker-2=clock-skew:300", "latency:0.2", "refused"]
    )
    assert [node.faults.never_returns for node in spec.nodes] == [False, True, False]
    assert spec.nodes[2].faults.clock_skew == 300.0
    assert network == (Fault(FaultKind.LATENCY, seconds=0.2), Fault(FaultKind.REFUSED))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("nobody=full-disk", "worker-1"),
        ("worker-1=nosuch", "never-returns"),
        ("nosuch", "latency"),
        ("latency:soon", "seconds"),
        ("worker-1=clock-skew", "seconds"),
    ],
)
def test_an_unknown_fault_lists_those_that_there_are(text: str, word: str) -> None:
    """Of the node or of the network."""
    with pytest.raises(InputError, match=word):
        with_faults(cluster(control_planes=1, workers=1, versions=[]), [text])


def test_what_cannot_be_is_an_error() -> None:
    """More nodes than addresses; a version that is none."""
    with pytest.raises(InputError, match="250"):
        cluster(control_planes=1, workers=250, versions=[])
    with pytest.raises(VersionError):
        cluster(control_planes=1, workers=1, versions=["newest"])
