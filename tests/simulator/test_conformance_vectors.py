"""The simulated cluster answers as Talos did when it was recorded, and the replay notices when it does not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
VECTORS = TESTS / "vectors" / "api"

Line = dict[str, Any]


def _replay(directory: Path, *options: str) -> tuple[int, list[str]]:
    command = [sys.executable, str(TESTS / "conformance.py"), str(directory), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.mark.simulator
@pytest.mark.parametrize("options", [(), ("--over-tls",)], ids=["in memory", "over TLS"])
def test_every_recorded_exchange_is_answered_as_recorded(options: tuple[str, ...]) -> None:
    """All files, the same requests at the same times, straight to the model and through gRPC and TLS."""
    count = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in VECTORS.glob("*.jsonl"))
    assert _replay(VECTORS, *options) == (0, [f"{count} of {count} exchanges as recorded"])


def test_the_exchanges_with_a_real_containerd_are_answered_as_far_as_they_can_be() -> None:
    """Images, one-off containers on the node's files, containerd down; what is not imitated is named with its reason, and only that."""
    code, output = _replay(TESTS / "vectors" / "api-debug")
    missing = [line for line in output if ": not imitated: " in line]
    assert (code, output[-1]) == (0, "180 of 280 exchanges as recorded")
    assert len(output) == len(missing) + 1 == 101


def test_the_list_of_what_is_not_imitated_hides_nothing(tmp_path: Path) -> None:
    """An exchange in it that is answered as recorded is told."""
    lines = (TESTS / "vectors" / "api-debug" / "1.13.jsonl").read_text(encoding="utf-8").splitlines()
    imitated = next(json.loads(line) for line in lines if json.loads(line)["id"] == "image-01")
    other = {**imitated, "id": "gone-01"}
    run = next(line for line in lines if json.loads(line)["id"] == "err-16")  # so that there is a containerd
    (tmp_path / "1.13.jsonl").write_text(f"{json.dumps(other)}\n{run}\n", encoding="utf-8")
    code, output = _replay(tmp_path)
    assert code == 1
    assert "1.13.jsonl: gone-01: it is answered as recorded: take it out of BEYOND" in output


def _changed(tmp_path: Path, record_id: str, change: Callable[[Line], object], minor: str = "1.14") -> tuple[int, list[str]]:
    """Replay a recording of which one line was changed."""
    lines = [json.loads(line) for line in (VECTORS / f"{minor}.jsonl").read_text(encoding="utf-8").splitlines()]
    change(next(line for line in lines if line["id"] == record_id))
    (tmp_path / f"{minor}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return _replay(tmp_path)


def _text_of_status(line: Line) -> None:
    line["status"]["details"] += "!"


def _code(line: Line) -> None:
    line["status"]["code"] = "INTERNAL"


def _version(line: Line) -> None:
    metadata = line["response"]["resource"]["metadata"]
    metadata["version"] = str(int(metadata["version"]) + 2)


def _yaml(line: Line) -> None:
    spec = line["response"]["resource"]["spec"]
    spec["yaml_spec"] = spec["yaml_spec"].replace("running", "walking")


def _one_message_less(line: Line) -> None:
    line["response"].pop()


def _order(line: Line) -> None:
    line["response"].reverse()


def _missing_field(line: Line) -> None:
    del line["response"]["messages"][0]["mode"]


def _summary(line: Line) -> None:
    message = line["response"]["messages"][0]
    message["mode_details"] = message["mode_details"].replace("Dry run summary", "Summary")


@pytest.mark.parametrize(
    ("record_id", "change"),
    [
        ("route-09", _text_of_status),
        ("role-03", _code),
        ("apply-04", _version),
        ("try-12-active", _version),
        ("cosi-14", _yaml),
        ("list-07", _one_message_less),
        ("list-07", _order),
        ("read-01", _one_message_less),
        ("dry-03", _missing_field),
        ("dry-03", _summary),
    ],
)
def test_a_recording_that_differs_is_told(record_id: str, change: Callable[[Line], object], tmp_path: Path) -> None:
    """With the exchange's id, and the count of the others."""
    code, output = _changed(tmp_path, record_id, change)
    total = len((VECTORS / "1.14.jsonl").read_text(encoding="utf-8").splitlines())
    assert code == 1
    assert any(line.startswith(f"1.14.jsonl: {record_id}: ") for line in output), output
    assert output[-1].endswith(f" of {total} exchanges as recorded")
    assert not output[-1].startswith(f"{total} ")


def _trial_text(line: Line) -> None:
    spec = line["response"]["resource"]["spec"]
    trial = next(
        record
        for record in map(json.loads, (VECTORS / "1.14.jsonl").read_text(encoding="utf-8").splitlines())
        if record["id"] == "try-02-active"
    )
    line["response"]["resource"]["spec"] = trial["response"]["resource"]["spec"] if spec != trial["response"]["resource"]["spec"] else {}


def test_a_try_of_no_seconds_may_end_in_both_ways_that_were_seen(tmp_path: Path) -> None:
    """It is a race in Talos: the recording of 1.14 shows it taken back, and here it stays."""
    assert _changed(tmp_path, "try-20", _trial_text)[0] == 0


def _scanner_error(line: Line) -> None:
    line["status"]["details"] = "decode error: go-yaml load error in scanner: something else"


def test_a_text_of_gos_yaml_may_differ_and_is_named(tmp_path: Path) -> None:
    """What stands before it has to be the same, and it is not hidden that only that was compared."""
    code, output = _changed(tmp_path, "err-03", _scanner_error)
    assert (code, output[0]) == (0, "1.14.jsonl: compared only up to Go's own rendering of YAML: err-03")


def test_messages_of_several_nodes_may_come_in_any_order(tmp_path: Path) -> None:
    """With ``nodes``, the order is that of arrival."""

    def change(line: Line) -> None:
        line["response"] = line["response"][6:] + line["response"][:6]

    assert _changed(tmp_path, "route-23", change)[0] == 0


def test_our_own_recordings_need_no_version_to_be_shifted() -> None:
    """They are whole; where the first configuration was applied again is all that has to be worked out."""
    code, output = _replay(VECTORS, "--steps")
    assert code == 0
    assert [line for line in output[:-1] if "the first configuration was applied again" not in line] == []


def test_a_group_can_be_replayed_without_those_before_it(tmp_path: Path) -> None:
    """Versions then count from the first that is seen, and one that does not follow is still told."""
    lines = [json.loads(line) for line in (VECTORS / "1.13.jsonl").read_text(encoding="utf-8").splitlines()]
    group = [line for line in lines if line["id"].startswith("try-")]
    path = tmp_path / "1.13.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in group), encoding="utf-8")
    assert _replay(tmp_path) == (0, [f"{len(group)} of {len(group)} exchanges as recorded"])
    _version(next(line for line in group if line["id"] == "try-18-active"))
    path.write_text("".join(json.dumps(line) + "\n" for line in group), encoding="utf-8")
    code, output = _replay(tmp_path)
    assert code == 1
    assert output[0].startswith("1.13.jsonl: try-18-active: ")


def test_a_directory_without_recordings_is_an_error(tmp_path: Path) -> None:
    """Nothing was compared, so nothing agrees."""
    assert _replay(tmp_path) == (1, [])
