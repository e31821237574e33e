"""What DEL was recorded to do, against what is predicted."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from talospatch.cni import predict_delete
from talospatch.cni.predict import DeletePrediction, FileKind

VECTORS = Path(__file__).parent.parent / "vectors" / "cni" / "delete.jsonl"
# The recorder's names of what stood at the path. A link to a regular file is read as that file.
KINDS = {
    "file": FileKind.REGULAR,
    "symlink": FileKind.REGULAR,
    "missing": FileKind.MISSING,
    "missing-parent": FileKind.MISSING,
    "directory": FileKind.UNOPENABLE,
    "directory-nonempty": FileKind.FULL_DIRECTORY,
    "symlink-directory": FileKind.UNOPENABLE,
    "symlink-dangling": FileKind.UNOPENABLE,
    "symlink-loop": FileKind.UNOPENABLE,
    "socket": FileKind.UNOPENABLE,
    "fifo": FileKind.FIFO,
}
BEFORE_THE_REASON = "cached result: "


class Case(NamedTuple):
    label: str
    network: str
    kind: FileKind
    content: bytes | None
    outcomes: dict[str, dict[str, dict[str, Any]]]


def recorded() -> Iterator[Case]:
    for line in VECTORS.read_text().splitlines():
        row = json.loads(line)
        content = b64decode(row["content_b64"]) if "content_b64" in row else None
        if "repeat" in row:
            repeat = row["repeat"]
            content = b64decode(repeat["prefix_b64"]) + b64decode(repeat["unit_b64"]) * repeat["count"] + b64decode(repeat["suffix_b64"])
        yield Case(f"{row['id']} {row['label']}", row["network"], KINDS[row["kind"]], content, row["outcomes"])


def expected(outcome: dict[str, Any], error: str | None) -> DeletePrediction:
    reason = None if error is None else error.partition(BEFORE_THE_REASON)[2] or error
    return DeletePrediction(error is not None, reason, outcome["file_left"], outcome["plugins_ran"])


def test_every_recorded_outcome_is_predicted_verdict_and_text() -> None:
    """All 358 contents under all of six libcni and their conflist versions."""
    wrong, seen = [], 0
    for case in recorded():
        for libcni, by_version in case.outcomes.items():
            for cni_version, outcome in by_version.items():
                got = predict_delete(case.content, libcni=libcni, cni_version=cni_version, network=case.network, kind=case.kind)
                seen += 1
                if got != expected(outcome, outcome["error"]):
                    wrong.append((case.label, libcni, cni_version, got, outcome))
    assert not wrong, wrong[:5]
    assert seen == 7160


def test_older_go_words_nested_errors_otherwise() -> None:
    """Go before 1.24 leaves out the path inside an element; the recorder kept both texts."""
    seen = 0
    for case in recorded():
        for libcni, by_version in case.outcomes.items():
            for cni_version, outcome in by_version.items():
                if "error_go122" in outcome:
                    got = predict_delete(case.content, libcni=libcni, cni_version=cni_version, before_go_1_24=True)
                    assert got == expected(outcome, outcome["error_go122"]), case.label
                    seen += 1
    assert seen == 46


def test_a_missing_file_is_no_trouble_to_any_libcni() -> None:
    """Content None means that there is no file."""
    assert predict_delete(None, libcni="1.1.2", cni_version="1.0.0") == DeletePrediction(False, None, False, True)


@pytest.mark.parametrize("libcni", ["1.1.2", "v1.1.2", "1.1"])
def test_libcni_is_named_with_or_without_its_v(libcni: str) -> None:
    """Module tags have a v, tables do not."""
    assert predict_delete(b"", libcni=libcni, cni_version="1.0.0").fails


def test_releases_between_the_recorded_ones_behave_like_their_series() -> None:
    """Talos 1.7 has 1.1.2; Debian's containerd 1.6 has 1.1.1."""
    for libcni in ("1.0.0", "1.1.0", "1.1.1"):
        assert predict_delete(b"", libcni=libcni, cni_version="0.4.0").fails
    for libcni in ("1.2.0-rc1", "1.2.2", "1.4.0"):
        assert not predict_delete(b"", libcni=libcni, cni_version="0.4.0").fails


# Conflist versions that were not recorded; the texts are those of the code named at the rule.
ODD_CONFLISTS = [
    ("abc", 'failed to convert major version part "abc": strconv.Atoi: parsing "abc": invalid syntax'),
    ("1.x", 'failed to convert minor version part "x": strconv.Atoi: parsing "x": invalid syntax'),
    (
        "99999999999999999999.0.0",
        'failed to convert major version part "99999999999999999999": strconv.Atoi: parsing "99999999999999999999": value out of range',
    ),
    ("1.0.0.0", 'invalid version "1.0.0.0": too many parts'),
    ("1.0.1", 'failed to convert cached result to config version "1.0.1": no converter for CNI result version 1.0.0 to 1.0.1'),
]


@pytest.mark.parametrize(("cni_version", "error"), ODD_CONFLISTS)
def test_a_conflist_version_that_libcni_does_not_know_fails_by_itself(cni_version: str, error: str) -> None:
    """The file is in order; the conflist is not."""
    good = b'{"kind":"cniCacheV1","result":{"cniVersion":"1.0.0"}}'
    got = predict_delete(good, libcni="1.1.2", cni_version=cni_version)
    assert (got.fails, got.error, got.file_left) == (True, error, True)


def test_a_number_of_thousands_of_digits_is_a_type_error_and_not_ours() -> None:
    """Python refuses to read integers that long."""
    content = b'{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.1/8","interface":' + b"9" * 9000 + b"}]}"
    error = predict_delete(content, libcni="1.1.2", cni_version="1.0.0").error
    assert error is not None
    assert error.startswith("json: cannot unmarshal number 9999")
    assert error.endswith("into Go struct field Result.ips.interface of type int")


def test_a_conflist_without_a_version_is_an_error_up_to_libcni_1_0() -> None:
    """From 1.1.0 on it counts as 0.1.0, which does not read the cache."""
    assert predict_delete(b"", libcni="1.0.1", cni_version="") == DeletePrediction(
        True, 'invalid version "": the version is empty', True, False
    )
    assert not predict_delete(b"", libcni="1.1.2", cni_version="").fails
