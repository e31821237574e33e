"""What a failed call means, how often it is made again, and that no secret comes out of it."""

from __future__ import annotations

import asyncio
import random
import time
import traceback
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from hypothesis import given
from hypothesis import strategies as st
from scripted import Clock, Scripted, failing

from talospatch import errors
from talospatch.talos.apply import ApplyMode
from talospatch.talosapi.client import Client
from talospatch.talosapi.failures import ROWS, clean, needs_reboot, translate
from talospatch.wire.methods import (
    APPLY_CONFIGURATION,
    CONTAINER_RUN,
    COPY,
    COSI_GET,
    ETCD_STATUS,
    IMAGE_LIST,
    READ,
    REBOOT,
    VERSION,
    Method,
)
from talospatch.wire.proto import machine_pb2
from talospatch.wire.transport import CODES, RpcFailure

OK = machine_pb2.VersionResponse(messages=[machine_pb2.Version(version=machine_pb2.VersionInfo(tag="v1.13.9"))])
TAKEN = machine_pb2.ApplyConfigurationResponse(messages=[machine_pb2.ApplyConfiguration(mode="NO_REBOOT")])


def meaning(code: str, details: str, method: Method = VERSION) -> errors.NodeError:
    return translate(RpcFailure(code, details), node="10.0.0.5", method=method, timeout=10).error


def client_of(*scripts: list[Any], secrets: tuple[str, ...] = ()) -> tuple[Client, Scripted, Clock]:
    clock, transport = Clock(), Scripted(list(scripts))
    return Client(transport, sleep=clock.sleep, clock=clock, secrets=lambda: secrets), transport, clock


@pytest.mark.parametrize("code", [code for code in CODES if code != "OK"])
def test_every_status_is_an_error_of_ours_with_node_and_code(code: str) -> None:
    error = meaning(code, "something went wrong")
    assert isinstance(error, errors.NodeError)
    assert (error.node, error.call, error.code) == ("10.0.0.5", "Version", code)
    assert str(error).startswith("10.0.0.5: Version: ")


def test_a_status_that_does_not_exist_is_an_error_of_ours_too() -> None:
    assert type(meaning("CODE_99", "?")) is errors.NodeError


@pytest.mark.parametrize(
    ("method", "role"),
    [(READ, "os:admin"), (REBOOT, "os:operator"), (ETCD_STATUS, "os:operator"), (COSI_GET, "os:admin"), (VERSION, "os:reader")],
)
def test_a_missing_role_is_named_and_what_to_do_is_said(method: Method, role: str) -> None:
    """Reading a resource needs os:reader; where that is denied, the type is sensitive and needs os:admin."""
    error = meaning("PERMISSION_DENIED", "not authorized", method)
    assert isinstance(error, errors.NotAuthorized)
    assert f"needs {role}" in error.text
    assert "use a talosconfig with that role" in error.text


def test_a_call_that_is_too_new_for_the_node_says_since_when_it_exists() -> None:
    error = meaning("UNIMPLEMENTED", "unknown service machine.ImageService", IMAGE_LIST)
    assert isinstance(error, errors.NotSupported)
    assert "Talos 1.13" in error.text


@pytest.mark.parametrize(
    ("code", "details", "method", "kind"),
    [
        ("UNKNOWN", "stat /x: no such file or directory", READ, errors.NotFound),
        ("UNKNOWN", "context deadline exceeded", VERSION, errors.NodeTimeout),
        ("UNKNOWN", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", COPY, errors.NodeTimeout),
        ("RESOURCE_EXHAUSTED", "grpc: received message larger than max (40000000 vs. 33554432)", APPLY_CONFIGURATION, errors.InvalidOnNode),
        ("RESOURCE_EXHAUSTED", "CLIENT: Received message larger than max (40000000 vs. 33554432)", COSI_GET, errors.IncompleteAnswer),
        (
            "UNAVAILABLE",
            'connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock"',
            COPY,
            errors.NodeBusy,
        ),
        ("UNAVAILABLE", 'connection error: desc = "dial unix /system/run/machined/machine.sock"', VERSION, errors.NodeUnavailable),
        ("NOT_FOUND", "image x not found", CONTAINER_RUN, errors.NotFound),
        ("UNKNOWN", "failed to create task: exec: stat /no: no such file or directory", CONTAINER_RUN, errors.InvalidOnNode),
    ],
)
def test_texts_that_servers_word_differently_mean_the_same(code: str, details: str, method: Method, kind: type[errors.NodeError]) -> None:
    assert type(meaning(code, details, method)) is kind


def test_no_row_of_the_table_is_hidden_by_one_above_it() -> None:
    """A row with no pattern and no method takes all of its code, so it is the last of it."""
    for index, row in enumerate(ROWS):
        later = [below for below in ROWS[index + 1 :] if below.code == row.code]
        assert not (row.pattern == "" and row.path == "" and later), row


def test_a_call_that_changes_nothing_is_made_again_with_growing_pauses() -> None:
    client, transport, clock = client_of(failing("UNAVAILABLE", "Socket closed"), failing("UNAVAILABLE", "Socket closed"), [OK])
    assert asyncio.run(client.version("10.0.0.5")).tag == "v1.13.9"
    assert len(transport.asked) == 3
    first, second = clock.pauses
    assert 0.05 <= first <= 0.15
    assert 0.1 <= second <= 0.3


def test_it_is_made_again_a_few_times_only() -> None:
    client, transport, _ = client_of(failing("UNAVAILABLE", "Socket closed"))
    with pytest.raises(errors.NodeUnavailable):
        asyncio.run(client.version("10.0.0.5"))
    assert len(transport.asked) == 4


def test_all_attempts_share_one_deadline() -> None:
    client, transport, clock = client_of(failing("UNAVAILABLE", "Socket closed"))
    with pytest.raises(errors.NodeUnavailable):
        asyncio.run(client.version("10.0.0.5", timeout=0.25))
    assert transport.asked[0].timeout == 0.25
    assert all(later.timeout < 0.25 for later in transport.asked[1:])
    assert clock.now < 1000.3


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "UNIMPLEMENTED", "INTERNAL"])
def test_what_will_not_pass_is_not_asked_again(code: str) -> None:
    client, transport, _ = client_of(failing(code, "no"))
    with pytest.raises(errors.NodeError):
        asyncio.run(client.version("10.0.0.5"))
    assert len(transport.asked) == 1


@pytest.mark.parametrize(
    ("code", "text"), [("UNAVAILABLE", "Socket closed"), ("FAILED_PRECONDITION", "another apply configuration is already in progress")]
)
def test_an_apply_is_sent_once_and_its_dry_run_again(code: str, text: str) -> None:
    """The node may have taken it before the connection broke; a dry run changes nothing."""
    client, transport, _ = client_of(failing(code, text), [TAKEN])
    with pytest.raises(errors.NodeError):
        asyncio.run(client.apply_configuration("10.0.0.5", b"machine: {}", mode=ApplyMode.NO_REBOOT))
    assert len(transport.asked) == 1
    client, transport, _ = client_of(failing(code, text), [TAKEN])
    asyncio.run(client.apply_configuration("10.0.0.5", b"machine: {}", mode=ApplyMode.TRY, dry_run=True))
    assert len(transport.asked) == 2


@pytest.mark.parametrize("method", ["reboot", "run_container"])
def test_a_reboot_and_a_one_off_container_are_sent_once(method: str) -> None:
    client, transport, _ = client_of(failing("UNAVAILABLE", "Socket closed"))
    with pytest.raises(errors.NodeUnavailable):
        asyncio.run(client.reboot("a") if method == "reboot" else client.run_container("a", "image", ["true"]))
    assert len(transport.asked) == 1


def test_a_pod_that_vanishes_while_containers_are_listed_is_no_missing_call() -> None:
    """CRI's own NOT_FOUND ends the whole list; the next one is fine."""
    full = machine_pb2.ContainersResponse(messages=[machine_pb2.Container(containers=[machine_pb2.ContainerInfo(id="a/b")])])
    client, transport, _ = client_of(failing("NOT_FOUND", 'an error occurred when try to find sandbox "0123": not found'), [full])
    assert [found.id for found in asyncio.run(client.containers("10.0.0.5"))] == ["a/b"]
    assert len(transport.asked) == 2


def test_a_node_failure_inside_an_answer_is_a_failure() -> None:
    """As an endpoint puts it there when it asks several nodes; we never ask so, but must not take it for a value."""
    inside = machine_pb2.Version()
    inside.metadata.error = "rpc error"
    inside.metadata.status.code = CODES.index("UNAVAILABLE")
    client, _, _ = client_of([machine_pb2.VersionResponse(messages=[inside])])
    with pytest.raises(errors.NodeUnavailable):
        asyncio.run(client.version("10.0.0.5"))


@pytest.mark.parametrize("count", [0, 2])
def test_a_reply_with_none_or_several_answers_is_incomplete(count: int) -> None:
    client, _, _ = client_of([machine_pb2.VersionResponse(messages=[machine_pb2.Version()] * count)])
    with pytest.raises(errors.IncompleteAnswer):
        asyncio.run(client.version("10.0.0.5"))


REFUSAL = (
    "this config change can't be applied in immediate mode\ndiff:\n--- a\n+++ b\n"
    "@@ -1,3 +1,4 @@\n machine:\n-    note: {secret}\n+    x: {secret}\n"
)
UNKNOWN_KEYS = (
    "error decoding document /v1alpha1/ (line 2): unknown keys found during decoding:\n"
    "machine:\n    tokne: {secret}\n    list:\n        - {secret}\n"
)
QUOTED = "error decoding  to *v1alpha1.Config: yaml: construct errors:\n  line 8: cannot construct !!str `{secret}` into int"


def test_a_refusal_keeps_its_first_line_and_loses_the_whole_diff() -> None:
    error = meaning("INVALID_ARGUMENT", REFUSAL.format(secret="x"), APPLY_CONFIGURATION)
    assert error.text == "this config change can't be applied in immediate mode"
    assert needs_reboot(error)


def test_unknown_keys_are_named_by_path_without_their_values() -> None:
    assert clean(UNKNOWN_KEYS.format(secret="hunter2")).endswith("unknown keys: machine.tokne, machine.list")


def test_a_value_that_does_not_fit_its_field_is_not_quoted() -> None:
    assert clean(QUOTED.format(secret="hunter2")).endswith("cannot construct !!str … into int")


def test_an_unchanged_dry_run_keeps_its_words() -> None:
    text = "Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n\nNo changes."
    assert clean(text) == text


SECRETS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=-_", min_size=12, max_size=60)


@given(
    SECRETS,
    st.sampled_from([REFUSAL, UNKNOWN_KEYS, QUOTED]),
    st.sampled_from(["INVALID_ARGUMENT", "UNKNOWN", "INTERNAL", "FAILED_PRECONDITION"]),
)
def test_what_a_server_quotes_of_a_configuration_reaches_no_error_and_no_traceback(secret: str, text: str, code: str) -> None:
    """Even where nobody told us that the value is secret."""
    _never_shown(secret, client_of(failing(code, text.format(secret=secret)))[0])


@given(SECRETS, st.text(max_size=40), st.text(max_size=40), st.sampled_from(CODES[1:]))
def test_a_known_secret_reaches_no_error_and_no_traceback_wherever_it_stands(secret: str, before: str, after: str, code: str) -> None:
    if secret in before + after:
        return
    _never_shown(secret, client_of(failing(code, before + secret + after), secrets=(secret,))[0])


def _never_shown(secret: str, client: Client) -> None:
    async def run() -> None:
        await client.apply_configuration("10.0.0.5", b"machine: {}", mode=ApplyMode.NO_REBOOT)

    with pytest.raises(errors.NodeError) as caught:
        asyncio.run(run())
    chain: list[BaseException] = [caught.value]
    while (below := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(below)
    shown = "".join([*map(str, chain), *map(repr, chain), "".join(traceback.format_exception(caught.value))])
    assert secret not in shown


@given(st.sampled_from(CODES[1:]), st.text(max_size=300))
def test_any_text_has_a_meaning(code: str, details: str) -> None:
    for method in (VERSION, APPLY_CONFIGURATION, COSI_GET, CONTAINER_RUN):
        error = meaning(code, details, method)
        assert len(error.text) < 1000


def test_a_deeply_nested_quotation_does_not_end_the_process() -> None:
    """libyaml's composer recurses; 50,000 levels would overflow the stack."""
    text = "unknown keys found during decoding:\n" + "[" * 50_000
    assert clean(text) == "unknown keys: not shown"


def test_a_text_of_megabytes_is_cut_between_words_and_costs_no_time() -> None:
    """A gRPC status may have 8 MiB; half a secret at the cut would not be recognised as one."""
    secret = "s3cr3t" * 20
    for start in range(65_536 - len(secret), 65_536, 13):
        padded = "-----BEGIN X PRIVATE KEY-----" + "x" * (start - 60) + "-----END X PRIVATE KEY----- " + secret + " `" * 30_000
        assert "s3cr3t" not in clean(padded, secrets=(secret,))
    began = time.process_time()
    for unit in (" `", "`", "key: ", "!!str `a", "\n", "x"):
        clean(unit * 500_000)
    assert time.process_time() - began < 5


def test_pauses_differ_between_clients() -> None:
    """So that many that failed at once do not come back at once."""
    spreads = []
    for seed in (1, 2):
        clock, transport = Clock(), Scripted([failing("UNAVAILABLE", "x")])
        client = Client(transport, sleep=clock.sleep, clock=clock, spread=random.Random(seed).random)
        with pytest.raises(errors.NodeUnavailable):
            asyncio.run(client.version("a"))
        spreads.append(clock.pauses)
    assert spreads[0] != spreads[1]


def test_every_call_names_its_node_and_has_the_tables_deadline_unless_told_otherwise() -> None:
    client, transport, _ = client_of([OK])
    asyncio.run(client.version("10.0.0.5"))
    asyncio.run(client.version("10.0.0.6", timeout=3))
    assert [(asked.node, asked.timeout, asked.requests) for asked in transport.asked] == [
        ("10.0.0.5", VERSION.deadline, [Empty()]),
        ("10.0.0.6", 3, [Empty()]),
    ]


def test_a_client_may_have_a_deadline_of_its_own_which_a_calls_argument_overrides() -> None:
    clock, transport = Clock(), Scripted([[OK]])
    client = Client(transport, timeout=7, sleep=clock.sleep, clock=clock)
    asyncio.run(client.version("10.0.0.5"))
    asyncio.run(client.version("10.0.0.5", timeout=3))
    assert [asked.timeout for asked in transport.asked] == [7, 3]
