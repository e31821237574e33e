"""What must be seen in cri.toml, against what real servers wrote there."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from talospatch.containerd.metrics import Form
from talospatch.containerd.proof import CUSTOMIZATION_HEADER, EMPTY_SHA256, LEGACY_HEADER, ExpectedPart, FragmentProof

API = Path(__file__).parent.parent / "vectors" / "api"
CONTENT = b'[metrics]\n  address = "127.0.0.1:11234"\n'
ADDRESS = "127.0.0.1:11234"
BOTH = (Form.PLUGIN, Form.TABLE)


def recorded(version: str, case: str) -> str:
    """Return cri.toml as a server of that version had it."""
    for line in (API / f"{version}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["id"] == case:
            spec = base64.b64decode(row["response"]["resource"]["spec"]["proto_spec"])
            text = spec.decode("utf-8", "replace")
            return text[text.index("## ") :].rpartition("\n")[0] + "\n"
    raise AssertionError(f"{case} is not recorded")


@pytest.mark.parametrize(("case", "name"), [("files-04", "alert"), ("files-09", "customization")])
def test_on_1_14_the_header_names_the_customization(case: str, name: str) -> None:
    """A document by its name, a legacy entry as customization."""
    text = recorded("1.14", case)
    proof = FragmentProof("document", (ExpectedPart(CUSTOMIZATION_HEADER.format(name), CONTENT),), ADDRESS, True, BOTH)
    assert proof.missing(text) == ()
    assert proof.header in text.splitlines()
    assert not FragmentProof("document", (ExpectedPart(CUSTOMIZATION_HEADER.format("other"), CONTENT),), ADDRESS, True, BOTH).holds(text)
    assert not FragmentProof("document", (ExpectedPart(CUSTOMIZATION_HEADER.format(name), CONTENT + b"#"),), ADDRESS, True, BOTH).holds(
        text
    )


@pytest.mark.parametrize("version", ["1.12", "1.13"])
def test_up_to_1_13_the_header_names_the_file(version: str) -> None:
    """And an empty file stays where nothing is configured."""
    text = recorded(version, "cosi-18")
    gone = FragmentProof("removal", (ExpectedPart(LEGACY_HEADER, None),), None, True, (Form.TABLE,))
    assert gone.holds(text)
    assert gone.header is None
    assert ExpectedPart(LEGACY_HEADER, None).line in text
    there = FragmentProof("entry", (ExpectedPart(LEGACY_HEADER, CONTENT),), ADDRESS, True, (Form.TABLE,))
    assert len(there.missing(text)) == 2
    assert there.holds(
        text.replace(f"20-customization.part (sha256:{EMPTY_SHA256})", there.parts[0].line.partition("conf.d/")[2]) + CONTENT.decode()
    )


def test_a_part_that_is_still_there_is_said() -> None:
    """Removal is proven too."""
    text = recorded("1.14", "files-04")
    gone = FragmentProof("removal", (ExpectedPart(CUSTOMIZATION_HEADER.format("alert"), None),), None, True, BOTH)
    assert [sentence.split(" ")[0] for sentence in gone.missing(text)] == ["part", "metrics"]


def test_a_fragment_that_is_not_about_metrics_says_nothing_of_them() -> None:
    """Another part may set them."""
    proof = FragmentProof("document", (ExpectedPart(CUSTOMIZATION_HEADER.format("alert"), CONTENT),), None, False, BOTH)
    assert proof.holds(recorded("1.14", "files-04"))


@pytest.mark.parametrize("text", ["", "[metrics", "\x00", "a = " + "[" * 5000])
def test_text_that_is_no_cri_toml_proves_nothing(text: str) -> None:
    """Whatever was read, it is an answer and not an error."""
    proof = FragmentProof("document", (ExpectedPart(CUSTOMIZATION_HEADER.format("x"), CONTENT),), ADDRESS, True, BOTH)
    assert proof.missing(text)


def test_the_later_word_about_a_part_counts() -> None:
    """Two changes of one carrier leave one content."""
    one = FragmentProof("own-document", (ExpectedPart("a", b"1"), ExpectedPart("b", b"1")), None, False)
    two = FragmentProof("removal", (ExpectedPart("a", None),), ADDRESS, True)
    both = one.then(two)
    assert both.parts == (ExpectedPart("b", b"1"), ExpectedPart("a", None))
    assert (both.metrics_address, both.about_metrics, both.content) == (ADDRESS, True, b"1")


def test_its_representation_holds_no_content() -> None:
    """A drop-in may hold a registry's password."""
    assert "metrics" not in repr(ExpectedPart("x", CONTENT))
