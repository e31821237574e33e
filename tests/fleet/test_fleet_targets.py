"""Which nodes are meant."""

from __future__ import annotations

import pytest

from talospatch.errors import InputError, RefusedError
from talospatch.fleet.candidates import candidates, ordered, version_of
from talospatch.fleet.targets import Targets, all_nodes, as_targets, control_planes, nodes, workers
from talospatch.talos.machine_type import MachineType
from talospatch.talos.node import Member


def member(hostname: str, *addresses: str, kind: MachineType = MachineType.WORKER, system: str = "Talos (v1.13.9)") -> Member:
    return Member(hostname, addresses, kind, system, f"id-{hostname}")


FLEET = (
    member("cp-1", "10.0.0.2", kind=MachineType.CONTROL_PLANE),
    member("worker-10", "10.0.0.10"),
    member("worker-2", "fe80::1", "fd00::12", "10.0.0.12"),
    member("odd", "10.0.0.99", kind=MachineType.UNKNOWN),
)


def chosen(targets: Targets, members: tuple[Member, ...] = FLEET, context: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    return [candidate.addresses for candidate in candidates(targets, members, context).chosen]


def codes(targets: Targets, members: tuple[Member, ...] = FLEET, context: tuple[str, ...] = ()) -> list[str]:
    return [finding.code for finding in candidates(targets, members, context).findings]


def test_nothing_is_a_target_unless_it_is_said() -> None:
    nothings: list[Targets | list[str] | None] = [None, [], Targets()]
    for nothing in nothings:
        with pytest.raises(RefusedError) as caught:
            as_targets(nothing)
        assert caught.value.code == "no-target"


def test_names_may_be_given_as_they_are() -> None:
    assert as_targets("10.0.0.5") == as_targets(["10.0.0.5"]) == nodes("10.0.0.5")
    assert as_targets(workers()) == workers()


def test_choices_are_joined_and_narrowed() -> None:
    both = workers() | nodes("cp-1")
    assert both.names == ("cp-1",)
    assert both.types == {MachineType.WORKER}
    assert workers() | control_planes() != all_nodes()
    assert both.filter("^w").filter("^x").pattern == "^x"
    with pytest.raises(InputError):
        _ = workers().filter("a") | control_planes()


def test_a_pattern_that_is_no_regular_expression_is_said_at_once() -> None:
    with pytest.raises(InputError, match="not a regular expression"):
        workers().filter("(")


@pytest.mark.parametrize("name", ["", " ", "10.0.0.5:50000", "[fd00::1]", "[fd00::1]:50000", "https://10.0.0.5", "a b"])
def test_what_cannot_name_a_node_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        nodes(name)


@pytest.mark.parametrize("name", ["10.0.0.5", "fd00::1", "fe80::1", "::1", "worker-1", "worker-1.example.org"])
def test_addresses_and_host_names_name_nodes(name: str) -> None:
    assert nodes(name).names == (name,)


def test_targets_say_what_they_are() -> None:
    assert workers().label == "workers"
    assert (workers() | control_planes()).label == "workers and control-plane nodes"
    assert (all_nodes() | nodes("a", "b")).filter("x").label == "all nodes and a, b matching x"


def test_workers_are_those_that_discovery_calls_so_in_natural_order() -> None:
    assert chosen(workers()) == [("10.0.0.12", "fd00::12"), ("10.0.0.10",)]
    assert chosen(control_planes()) == [("10.0.0.2",)]
    assert len(chosen(all_nodes())) == 4


def test_ipv4_is_tried_first_and_a_link_local_address_never() -> None:
    assert ordered(("fd00::2", "fe80::1", "169.254.1.1", "10.0.0.1", "10.0.0.1", "odd")) == ("10.0.0.1", "fd00::2", "odd")


def test_a_member_without_a_usable_address_goes_by_its_name() -> None:
    assert chosen(workers(), (member("w", "fe80::1"),)) == [("w",)]


def test_a_filter_sees_host_name_and_every_address() -> None:
    assert chosen(workers().filter("^worker-1")) == [("10.0.0.10",)]
    assert chosen(workers().filter("fd00")) == [("10.0.0.12", "fd00::12")]
    assert chosen(workers().filter("nothing")) == []


def test_a_named_node_is_called_as_it_was_named_and_known_by_its_member() -> None:
    found = candidates(nodes("fd00:0:0::12"), FLEET)
    (one,) = found.chosen
    assert (one.addresses, one.hostname, one.named) == (("fd00:0:0::12",), "worker-2", True)
    assert {member.hostname for member in found.rest} == {"cp-1", "worker-10", "odd"}


def test_one_machine_named_twice_counts_once_with_a_finding() -> None:
    assert chosen(nodes("10.0.0.12", "worker-2", "fd00::12")) == [("10.0.0.12",)]
    assert codes(nodes("10.0.0.12", "worker-2", "fd00::12")) == ["duplicate-node", "duplicate-node"]
    assert chosen(workers() | nodes("worker-10")) == [("worker-10",), ("10.0.0.12", "fd00::12")]


def test_a_node_that_discovery_does_not_know_is_a_finding() -> None:
    assert codes(nodes("10.9.9.9")) == ["not-discovered"]
    assert codes(workers(), context=("10.0.0.2", "10.9.9.9")) == ["not-discovered"]
    assert codes(nodes("10.0.0.2"), context=("10.9.9.9",)) == []


def test_without_discovery_the_contexts_nodes_stand_in_but_are_not_named() -> None:
    found = candidates(workers(), (), ("10.0.0.5", "10.0.0.6", "10.0.0.5"))
    assert [(candidate.addresses, candidate.named) for candidate in found.chosen] == [(("10.0.0.5",), False), (("10.0.0.6",), False)]
    assert candidates(nodes("10.0.0.5"), (), ("10.0.0.6",)).chosen[0].named


def test_a_members_version_is_read_from_its_operating_system() -> None:
    assert version_of(member("a", system="Talos (v1.14.0-alpha.2-45-gabc)")) == "v1.14.0-alpha.2-45-gabc"
    assert version_of(member("a", system="Debian")) == ""


def test_members_are_found_by_name_in_any_case_and_by_address_in_any_spelling() -> None:
    for name in ("WORKER-2", "worker-2.", "fd00:0::12", "10.0.0.12"):
        (found,) = candidates(nodes(name), FLEET).chosen
        assert (found.hostname, found.named) == ("worker-2", True)
    assert candidates(nodes("worker"), FLEET).chosen[0].member is None


def test_a_name_that_two_members_have_is_the_first_ones() -> None:
    twice = (member("a", "10.0.0.1"), member("b", "10.0.0.1"))
    assert candidates(nodes("10.0.0.1"), twice).chosen[0].hostname == "a"


def test_host_names_sort_as_people_count() -> None:
    found = candidates(workers(), [member(name, f"10.0.0.{number}") for number, name in enumerate(("w10", "w2", "W1", "a"), 1)])
    assert [each.hostname for each in found.chosen] == ["a", "W1", "w2", "w10"]
