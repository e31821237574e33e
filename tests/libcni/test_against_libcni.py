"""What is predicted of DEL against libcni's own code, on random contents."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from cache_contents import Maker, lessened
from cache_oddities import CONF_VERSIONS, NETWORKS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libcni_process import Libcni, each_libcni, program_of

from talospatch.cni import predict_delete

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.cni.predict import DeletePrediction

CASES = int(os.environ.get("TALOSPATCH_FUZZ", "400"))
# The same contents come in every run; another word gives others.
SEED = os.environ.get("TALOSPATCH_SEED", "")


class Case(NamedTuple):
    """A content under a conflist."""

    content: bytes
    cni_version: str
    network: str

    def answers(self, libcni: str, program: Libcni) -> tuple[DeletePrediction, DeletePrediction]:
        """Return what is predicted and what happens."""
        predicted = predict_delete(self.content, libcni=libcni, cni_version=self.cni_version, network=self.network)
        return predicted, program.delete(self.content, cni_version=self.cni_version, network=self.network)

    def differs(self, libcni: str, program: Libcni) -> bool:
        """Whether these are not the same."""
        predicted, happened = self.answers(libcni, program)
        return predicted != happened

    def smallest(self, libcni: str, program: Libcni) -> Case:
        """Return a case that differs as this one does, with all taken out of its content that can be."""
        return self._replace(content=lessened(self.content, lambda content: self._replace(content=content).differs(libcni, program)))


def cases(random: Random) -> Iterator[Case]:
    """Give one content under the conflists that there are, and under one that is odd."""
    maker = Maker(random)
    content, network = maker.content(), random.choice(NETWORKS)
    for cni_version in dict.fromkeys((*CONF_VERSIONS[:3], maker.conf_version())):
        yield Case(content, cni_version, network)


def report(case: Case, libcni: str, program: Libcni) -> None:
    """Fail over a case."""
    predicted, happened = case.answers(libcni, program)
    pytest.fail(
        f"{case.content!r}\nlibcni {libcni}, conflist {case.cni_version!r} of {case.network!r}\n{predicted}\nbut in truth\n{happened}"
    )


@pytest.mark.timeout(0)
@each_libcni
def test_random_contents_agree(libcni: str) -> None:
    """As many as TALOSPATCH_FUZZ says; of the first that does not, all that can be is taken out."""
    program = program_of(libcni)
    for number in range(CASES):
        for case in cases(Random(f"{libcni} {SEED}{number}")):
            if case.differs(libcni, program):
                report(case.smallest(libcni, program), libcni, program)


@pytest.mark.timeout(0)
@each_libcni
def test_contents_that_hypothesis_makes_smaller_agree(libcni: str) -> None:
    """A few, of which it finds one that is made of the least."""
    program = program_of(libcni)

    @settings(max_examples=max(20, CASES // 50), derandomize=not SEED, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def compare(random: Random) -> None:
        for case in cases(random):
            if case.differs(libcni, program):
                report(case, libcni, program)

    compare()
