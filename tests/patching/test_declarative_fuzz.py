"""What declarative semantics promise, on random configs and patches made from the types of each minor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from named import beyond, held
from random_cases import Maker
from vector_cases import commented

from talospatch.containerd.drop_in import KIND, PART_PATH
from talospatch.errors import TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.typed.apply import patch_text, read_patch, reencode
from talospatch.machineconfig.typed.dialect import DIALECTS
from talospatch.machineconfig.typed.documents import Document, encode, in_order
from talospatch.machineconfig.typed.equality import alike
from talospatch.patching.change import Change
from talospatch.patching.document_set import DocumentSet
from talospatch.patching.hazards import Noticed
from talospatch.patching.known_types import schema_for
from talospatch.patching.literal import readable
from talospatch.patching.tolerant import TolerantLoader
from talospatch.patching.workpiece import Workpiece
from talospatch.versions import TalosVersion

NOT_REPEATABLE = "json-patch-not-repeatable"
pytestmark = pytest.mark.fuzz
random_input = settings(suppress_health_check=list(HealthCheck))


class Case(NamedTuple):
    """A config and patches for it."""

    minor: str
    base: str
    patches: tuple[str, ...]

    @property
    def is_json(self) -> bool:
        """Whether a patch is a JSON patch."""
        return any(patch.lstrip().startswith(("[", "-")) and not patch.startswith("---") for patch in self.patches)

    @property
    def has_fragment(self) -> bool:
        """Whether a patch is for containerd, and goes into whatever carries that."""
        return any(PART_PATH in patch or KIND in patch for patch in self.patches)

    @property
    def is_named_by_alias(self) -> bool:
        """Whether a document's kind or name is an alias: Talos takes the alias's own name for it."""
        return re.search(r"^(?:kind|apiVersion|name): *\*", "\n".join((self.base, *self.patches)), re.MULTILINE) is not None

    def worked(self, base: str | None = None) -> Workpiece | None:
        """Return the config, or another one, with the patches applied; None where that is an error of ours."""
        talos = TalosVersion.parse(self.minor)
        try:
            piece = Workpiece(MachineConfig.parse(readable(self.base if base is None else base, talos)), talos=talos)
            for number, patch in enumerate(self.patches, start=1):
                Change.parse(readable(patch, talos), source=f"patch {number}").work_on(piece)
            left = piece.documents().documents
        except TalosPatchError:
            return None
        return piece if left else None


def randoms() -> st.SearchStrategy[Random]:
    """Return what cases are made of: one kind that hypothesis can make smaller, and one that spreads wider."""
    return st.randoms(use_true_random=False) | st.integers(0, 2**40).map(Random)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a case; hypothesis makes it smaller by making smaller what is random in it."""
    minor = draw(st.sampled_from(sorted(DIALECTS)))
    oddity, wrongness = draw(st.sampled_from(((0.05, 0.004), (0.15, 0.015), (0.0, 0.0))))
    random = draw(randoms())
    base, patches = Maker(minor, random, oddity=oddity, wrongness=wrongness).case()
    return Case(minor, commented(base, Random(0)) if draw(st.booleans()) else base, tuple(patches))


def documents_of(text: str, minor: str) -> Sequence[Document]:
    """Return a text's documents as values, in the order of writing."""
    if not text.strip("\ufeff \n"):
        return []
    schema = schema_for(TalosVersion.parse(minor), Noticed())
    try:
        documents = DocumentSet(text, schema, Noticed()).documents
    except TalosPatchError as error:
        if "there is no document" in str(error):
            return []
        raise
    return [document for document in in_order(documents) if isinstance(document, Document)]


def mean_the_same(one: Sequence[Document], other: Sequence[Document]) -> bool:
    """Whether documents are the same, in the same order."""
    return [document.id for document in one] == [document.id for document in other] and all(
        alike(left.type, left.value, right.value) for left, right in zip(one, other, strict=True)
    )


@random_input
@given(cases())
def test_a_patch_is_applied_or_refused(case: Case) -> None:
    """Never another error; what is written means what was worked out, whatever the style, and applying it again changes nothing."""
    piece, other = case.worked(), case.worked()
    if piece is None or other is None:
        return
    wanted = [document for document in in_order(other.documents().documents) if isinstance(document, Document)]
    try:
        canonical = other.canonical()
    except TalosPatchError as error:
        assert "talosctl's own form cannot hold the result" in str(error)
        canonical = None
    text = piece.config.text
    assert mean_the_same(documents_of(text, case.minor), wanted)
    if canonical:
        assert encode(documents_of(text, case.minor), minor=case.minor) == canonical
        if case.minor != "1.11" or " -0\n" not in canonical:  # written as -0 there, and read as 0
            assert encode(documents_of(canonical, case.minor), minor=case.minor) == canonical
    codes = {finding.code for finding in piece.patched.findings}
    if wanted and NOT_REPEATABLE not in codes and not (case.is_json and len(case.patches) > 1):
        again = case.worked(text)
        assert again is not None
        assert again.config.text == text


@random_input
@given(cases())
def test_where_nothing_is_noticed_it_is_what_talosctl_makes(case: Case) -> None:
    """And where talosctl fails, we fail, or say what we do instead."""
    piece = case.worked()
    if piece is None or case.has_fragment or piece.patched.findings:
        return
    try:
        theirs = patch_text(case.base, case.patches, minor=case.minor)
    except TalosPatchError as error:
        pytest.fail(f"talosctl refuses: {error}")
    try:
        readable_again = reencode(theirs, minor=case.minor) == theirs or case.is_json
    except TalosPatchError:
        readable_again = False
    if readable_again:  # talosctl writes some things that it reads as others
        ours, others = documents_of(piece.config.text, case.minor), documents_of(theirs, case.minor)
        assert encode(ours, minor=case.minor) == encode(others, minor=case.minor)


@random_input
@given(cases())
def test_what_talosctl_does_can_be_done(case: Case) -> None:
    """No success of talosctl's is an error of ours, but for JSON patches, which we read by the RFC, and what it cannot read again."""
    if case.has_fragment or case.is_json or case.is_named_by_alias or case.worked() is not None:
        return
    try:
        reencode(patch_text(case.base, case.patches, minor=case.minor), minor=case.minor)
        as_merge = all(read_patch(patch, minor=case.minor).steps is not None for patch in case.patches)
    except TalosPatchError:
        return
    assert not as_merge, "an error only for us"


@random_input
@given(cases())
def test_nothing_goes_that_the_patch_does_not_name(case: Case) -> None:
    """Each value of the config, list elements included, is still there; and what the patch names is so."""
    piece = case.worked()
    if piece is None or case.is_json or case.has_fragment:
        return
    documents = piece.documents()
    steps = [
        step for patch in case.patches for step in TolerantLoader(readable(patch, piece.talos), documents.widened, None, patch=True).steps()
    ]
    after = list(documents.documents)
    assert not beyond(steps, list(documents.before), after)
    ids = {document.id: document for document in after}
    if len(steps) == 1 and isinstance(step := steps[0], Document):
        assert not list(held(ids[step.id].type, ids[step.id].value, step.value))
