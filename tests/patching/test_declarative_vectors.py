"""What declarative semantics promise, on every recorded case of every minor."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest
from vector_cases import Case, cases, commented

from talospatch.containerd.drop_in import KIND, PART_PATH
from talospatch.errors import TalosPatchError
from talospatch.machineconfig.typed.apply import reencode
from talospatch.machineconfig.typed.equality import alike
from talospatch.patching.document_set import DocumentSet
from talospatch.patching.hazards import Noticed

if TYPE_CHECKING:
    from talospatch.patching.workpiece import Workpiece

CASES = list(cases())
NEVER_THE_SAME = {"json-patch-not-repeatable"}
WIDE = ("edit-widened", "comments-lost")


def canonical(piece: Workpiece | None) -> str | None:
    """Return talosctl's form of a result, or None."""
    try:
        return None if piece is None else piece.canonical()
    except TalosPatchError:
        return None


def reencoded(text: str, minor: str) -> str | None:
    """Return a recorded answer as talosctl writes it: what a JSON patch gives is in a form of its own."""
    try:
        return reencode(text, minor=minor)
    except TalosPatchError:
        return None


def means_the_same(piece: Workpiece, text: str) -> bool:
    """Whether a text holds the documents of a result."""
    wanted = piece.documents()
    found = {document.id: document for document in DocumentSet(text, wanted.widened.schema, Noticed()).documents} if text.strip() else {}
    return found.keys() == {document.id for document in wanted.documents} and all(
        alike(document.type, found[document.id].value, document.value) for document in wanted.documents
    )


def test_where_nothing_is_noticed_the_result_is_talosctls() -> None:
    """And where talosctl fails, so do we, or say what we do instead."""
    compared = 0
    departed: list[str] = []
    for case in CASES:
        piece = case.worked()
        if piece is None or piece.noticed or piece.patched.findings or PART_PATH in "".join(case.patches) or KIND in "".join(case.patches):
            continue  # a containerd fragment goes into the node's carrier, which is shown as such
        compared += 1
        wanted = reencoded(case.recorded, case.minor) if case.recorded is not None else None
        if wanted != case.recorded and not any(patch.lstrip().startswith(("-", "[")) for patch in case.patches):
            continue  # talosctl writes what it does not read as the same, and we refuse to
        if canonical(piece) != wanted:
            departed.append(f"{case.id} on {case.minor}")
    assert not departed, "\n".join(departed)
    assert compared > 800


def test_what_talosctl_can_do_can_be_done() -> None:
    """No recorded success is an error of ours, but for tests of a JSON patch that the RFC sees otherwise, or config that no node takes."""
    refused = {case.id for case in CASES if case.recorded is not None and reencoded(case.recorded, case.minor) and case.worked() is None}
    assert refused <= REFUSED, sorted(refused - REFUSED)


# Ids of JSON patches that RFC 6902 does not allow and talosctl takes all the same: facts stand in typed/jsonpatch.py.
REFUSED = {
    "files-cri-doc-badtoml",  # containerd could not read it
    "found-alias-name-48",  # a document's name is given by an alias, and the node would read another one
    "found-alias-name-49",
    *(f"found-null-{number}" for number in (0, 2, 7, 36, 38, 47, 63, 66, 67)),  # null, and a value that is missing, as the RFC has them
    "json-add-leadzero",
    "json-add-neg",
    "json-add-novalue",
    "json-base-11",  # a config that Talos does not read
    "json-base-merge",
    "json-dup-key",
    "json-root-replace",
    "json-test-null",
}


@pytest.mark.parametrize("with_comments", [False, True])
def test_the_least_edit_means_the_same_and_applying_again_changes_nothing(with_comments: bool) -> None:
    """Every line that is not part of the change is there as before; how often more had to be written anew is printed."""
    counts: Counter[str] = Counter()
    for case in CASES:
        base = commented(case.base, Random(case.id)) if with_comments else case.base
        piece = case.worked(base)
        if piece is None:
            continue
        wanted = case.worked(base)
        assert wanted is not None
        text = piece.config.text
        assert means_the_same(wanted, text), f"{case.id} on {case.minor}:\n{text}"
        counts["results"] += 1
        codes = {finding.code for finding in piece.noticed.findings}
        counts["widened"] += bool(codes & set(WIDE))
        if text.strip() and not NEVER_THE_SAME & codes:
            again = case.worked(text)
            assert again is not None, f"{case.id} on {case.minor}: applying again fails on\n{text}"
            assert again.config.text == text, f"{case.id} on {case.minor}: applying again gives\n{again.config.text}\ninstead of\n{text}"
    print(f"{counts['widened']} of {counts['results']} results needed more than the least edit")
    assert counts["results"] > 2000
    assert counts["widened"] * 50 < counts["results"]


def test_an_edit_leaves_other_lines_alone() -> None:
    """Lines that are gone or new are as many as the change is about: a commented config keeps all the comments of what stays."""
    lost = []
    for case in CASES:
        base = commented(case.base, Random(case.id))
        piece = case.worked(base)
        if piece is None or any("$patch" in patch or patch.lstrip().startswith(("-", "[")) for patch in case.patches):
            continue
        text = piece.config.text
        if any(finding.code in {*WIDE, "other-choice"} for finding in piece.noticed.findings):
            continue
        kept = set(text.split("\n"))
        gone = [line for line in base.split("\n") if line.lstrip().startswith("# above") and line not in kept]
        if gone and not _replaces(case):
            lost.append(f"{case.id} on {case.minor}: {gone}")
    assert not lost, "\n".join(lost)


def _replaces(case: Case) -> bool:
    """Whether the patch replaces a list or an object as a whole, comments in it included."""
    return case.id.startswith(("replace-", "kind-self-", "kind-key-")) or "auditPolicy" in "".join(case.patches)
