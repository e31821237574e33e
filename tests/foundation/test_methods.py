"""The table of methods: complete, consistent, and what it names exists."""

from __future__ import annotations

import re

from talospatch.wire.methods import METHODS, Shape
from talospatch.wire.transport import CODES


def test_every_row_names_messages_that_exist() -> None:
    """A typing mistake would show only when the call is made."""
    for method in METHODS.values():
        assert method.request_class().DESCRIPTOR.name
        assert method.response_class().DESCRIPTOR.name


def test_every_path_has_a_service_and_a_method() -> None:
    """As gRPC writes them."""
    assert all(re.fullmatch(r"/[a-z]+(\.[a-zA-Z]+)+/[A-Z]\w+", path) for path in METHODS)
    assert METHODS["/machine.MachineService/Version"].name == "Version"


def test_what_changes_a_node_is_never_sent_again_by_itself() -> None:
    """An apply up to 1.13 may reboot the node each time."""
    changing = {"ApplyConfiguration", "Reboot", "ServiceRestart", "ContainerRun", "Create", "Destroy"}
    assert {method.name for method in METHODS.values() if not method.retry_safe} == changing


def test_deadlines_are_seconds_that_a_person_would_wait() -> None:
    """Every call has one."""
    assert all(5 <= method.deadline <= 600 for method in METHODS.values())
    assert {method.shape for method in METHODS.values()} == set(Shape)


def test_the_codes_are_numbered_as_grpc_numbers_them() -> None:
    """Their place in the tuple is their number on the wire."""
    assert CODES.index("NOT_FOUND") == 5
    assert CODES.index("UNAVAILABLE") == 14
    assert len(CODES) == 17
