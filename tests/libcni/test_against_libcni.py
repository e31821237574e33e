"""What is predicted of DEL against libcni's own code, on random contents."""

from __future__ import annotations

import os
from random import Random

import pytest
from cache_contents import Maker, lessened
from cache_oddities import CONF_VERSIONS, NETWORKS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libcni_process import Libcni, each_libcni, program_of

from talospatch.cni import predict_delete

CASES = int(os.environ.get("TALOSPATCH_FUZZ", "400"))
# The same contents come in every run; another word gives others.
SEED = os.environ.get("TALOSPATCH_SEED", "")


def check(libcni: str, program: Libcni, random: Random) -> None:
    """Compare one content: under the conflists that there are, and under one that is odd."""
    maker = Maker(random)
    content, network = maker.content(), random.choice(NETWORKS)
    for cni_version in dict.fromkeys((*CONF_VERSIONS[:3], maker.conf_version())):

        def differs(content: bytes, cni_version: str = cni_version) -> bool:
            predicted = predict_delete(content, libcni=libcni, cni_version=cni_version, network=network)
            return predicted != program.delete(content, cni_version=cni_version, network=network)

        if differs(content):
            content = lessened(content, differs)
            predicted = predict_delete(content, libcni=libcni, cni_version=cni_version, network=network)
            did = program.delete(content, cni_version=cni_version, network=network)
            pytest.fail(f"{content!r}\nlibcni {libcni}, conflist {cni_version!r} of {network!r}\npredicted {predicted}\nin truth  {did}")


@pytest.mark.timeout(0)
@each_libcni
def test_random_contents_agree(libcni: str) -> None:
    """As many as TALOSPATCH_FUZZ says."""
    program = program_of(libcni)
    for number in range(CASES):
        check(libcni, program, Random(f"{libcni} {SEED}{number}"))


@pytest.mark.timeout(0)
@each_libcni
def test_contents_that_hypothesis_looks_for_agree(libcni: str) -> None:
    """It makes those that disagree smaller."""
    program = program_of(libcni)

    @settings(max_examples=max(20, CASES // 50), derandomize=not SEED, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def compare(random: Random) -> None:
        check(libcni, program, random)

    compare()
