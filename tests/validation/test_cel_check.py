"""Expressions in CEL: which of them cel-go accepts for Talos's selectors."""

from __future__ import annotations

import pytest

from talospatch.machineconfig.validation.cel.check import problem_with
from talospatch.machineconfig.validation.cel.environments import environment
from talospatch.machineconfig.validation.cel.syntax import parse
from talospatch.machineconfig.validation.cel.types import CelType

GOOD = [
    ("disk", "disk.size > 10u * GB"),
    ("disk", "disk.transport == 'nvme' && !system_disk"),
    ("disk", "glob('a*', disk.model) || disk.symlinks.exists(s, s.startsWith('/dev'))"),
    ("disk", "disk == null"),
    ("disk", "{}[1] == 1"),
    ("disk", "dyn(1) == 'a'"),
    ("disk", "has(has(disk.model))"),
    ("disk", "disk.symlinks.exists(s, true) && disk.size > 5"),
    ("disk", "[1, 2].map(x, x * 2) == [2]"),
    ("disk", "type(disk.size) == uint"),
    ("disk", "--5u == 5u // a comment"),
    ("disk", "!!-1 == -1"),
    ("volume", "volume.partition_label == 'a' && disk.size > 1u"),
    ("link", "mac(link.permanent_addr) == '' && link.bond_master.arpip_targets[0].ip == b''"),
    ("memory pressure", "multiply_qos_vectors(qos_memory_full_avg10, {System: 1.0}) > 1.0"),
    ("memory pressure", "optional.of(1).optMap(x, x + 1).orValue(2) == 2"),
    ("member volume", "volume_id == 'r-a'"),
    ("disk", "google.protobuf.Int32Value{value: 1} == 1"),
    ("disk", "1u == google.protobuf.UInt64Value{value: 1u}"),
    ("disk", "google.protobuf.DoubleValue{} == null"),
    ("disk", "google.protobuf.BoolValue{value: true}"),
    ("disk", "type(google.protobuf.StringValue{}) == google.protobuf.StringValue"),
    ("disk", "google.protobuf.Value{null_value: google.protobuf.NullValue.NULL_VALUE} == 1"),
    ("disk", "google.protobuf.Struct{fields: {'a': 1}}.a == 'b'"),
    ("disk", "google.protobuf.Empty{} == null"),
]
BAD = [
    ("disk", "disk.size > 10", "does not go together"),
    ("disk", "disk.size > 5 && disk.symlinks.exists(s, true)", "does not go together"),
    ("disk", "disk.nope == 1", "'nope'"),
    ("disk", "disk.size", "instead of bool"),
    ("disk", "disk.size >", "ends too early"),
    ("disk", "10GB > 1u", "'GB'"),
    ("disk", "disk.?size == optional.of(1u)", "'?'"),
    ("disk", "true ? true : 'a'", "does not go together"),
    ("disk", "[1].exists(2, true)", "needs a name"),
    ("disk", "1.all(x, true)", "neither list nor map"),
    ("disk", "package == 1", "reserved word"),
    ("disk", "'\\u{d800}' == ''", "no part of an expression"),
    ("disk", "9223372036854775808 == 1", "too large"),
    ("disk", "mac(b'') == ''", "not known"),
    ("volume", "volume_id == 'a'", "not known"),
    ("link", "link.nope", "'nope'"),
    ("cgroup", "true", "instead of double"),
    ("disk", "google.protobuf.Int32Value{value: 1u} == 1", "has a uint where a int belongs"),
    ("disk", "google.protobuf.Int32Value{value: 1} == 1u", "does not go together"),
    ("disk", "google.protobuf.Int32Value{value: 1}.value == 1", "has no fields"),
    ("disk", "google.protobuf.Int32Value{nope: 1} == 1", "'nope'"),
    ("disk", "google.protobuf.NullValue{} == null", "not known"),
    ("disk", "google.protobuf.Int32Value{value: 1}", "instead of bool"),
    ("disk", "`disk`.size > 1u", "where it cannot stand"),
    ("disk", "disk.`size`() > 1u", "where it cannot stand"),
    ("disk", "disk.`si ze` > 1u", "'si ze'"),
    ("disk", "disk.`` == 1", "no part of an expression"),
]


@pytest.mark.parametrize(("where", "text"), GOOD)
def test_what_cel_go_accepts_has_no_problem(where: str, text: str) -> None:
    assert problem_with(text, environment(where, "1.14")) is None


@pytest.mark.parametrize(("where", "text", "why"), BAD)
def test_what_cel_go_refuses_has_a_reason_with_its_place(where: str, text: str, why: str) -> None:
    result = CelType("double" if where == "cgroup" else "bool")
    problem = problem_with(text, environment(where, "1.14"), result=result)
    assert problem is not None
    assert why in problem
    assert " in it)" in problem


def test_fields_and_functions_belong_to_minors() -> None:
    assert problem_with("disk.firmware_version == ''", environment("disk", "1.14")) is None
    assert problem_with("disk.firmware_version == ''", environment("disk", "1.13")) is not None
    assert problem_with("duration(1) == duration('1s')", environment("disk", "1.14")) is not None
    assert problem_with("duration(1) == duration('1s')", environment("disk", "1.13")) is None


@pytest.mark.parametrize(
    "text",
    ["disk.`size` > 1u", "has(disk.`size`)", "{'a-b': true}.`a-b`", "google.protobuf.Int32Value{`value`: 1} == 1", "{'in': true}.`in`"],
)
def test_a_field_in_backticks_is_known_since_1_14(text: str) -> None:
    assert problem_with(text, environment("disk", "1.14")) is None
    assert "where it cannot stand" in str(problem_with(text, environment("disk", "1.13")))


def test_deep_nesting_is_a_problem_and_no_crash() -> None:
    for text in ("(" * 100_000, "1 + (" * 3000 + "1" + ")" * 3000, "!" * 9999 + "true == true", "[" * 400 + "]" * 400):
        problem_with(text, environment("disk", "1.14"))
    parse("((((1))))")
