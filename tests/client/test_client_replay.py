"""Every recorded exchange of a method that the client has, played to it again: a value comes out, or the error that the status means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from scripted import Clock, Scripted

from talospatch import errors
from talospatch.talos.apply import ApplyMode
from talospatch.talosapi import answers
from talospatch.talosapi.client import Client
from talospatch.talosapi.failures import needs_reboot
from talospatch.wire.methods import CONTAINER_RUN, METHODS, Method, Shape
from talospatch.wire.transport import RpcFailure

VECTORS = Path(__file__).parent.parent / "vectors"
OURS = {
    "ApplyConfiguration",
    "Containers",
    "ContainerRun",
    "Copy",
    "Events",
    "Get",
    "List",
    "Logs",
    "Read",
    "Reboot",
    "ServiceList",
    "Version",
    "Watch",
}
OURS |= {"Import", "Pull", "Remove"}
CUT = "(cancelled by the client"

# What each recorded status means, by method name, code and the beginning of the text; the first that fits.
MEANINGS: tuple[tuple[str, str, str, type[errors.NodeError]], ...] = (
    ("", "PERMISSION_DENIED", "not authorized", errors.NotAuthorized),
    ("", "PERMISSION_DENIED", "no request forwarding", errors.NotForwarded),
    ("", "PERMISSION_DENIED", "resource type", errors.NotSupported),
    ("", "PERMISSION_DENIED", "namespace", errors.NotSupported),
    ("", "UNIMPLEMENTED", "", errors.NotSupported),
    ("", "NOT_FOUND", "", errors.NotFound),
    ("List", "UNKNOWN", "lstat ", errors.NotFound),
    ("Copy", "UNKNOWN", "lstat ", errors.NotFound),
    ("Read", "UNKNOWN", "open ", errors.NotFound),
    ("Logs", "UNKNOWN", "", errors.NotFound),
    ("Containers", "UNKNOWN", "connection error", errors.NodeBusy),
    ("Containers", "UNAVAILABLE", "", errors.NodeBusy),
    ("List", "UNKNOWN", "connection error", errors.NodeBusy),
    ("Import", "INTERNAL", "failed to import image: connection error", errors.NodeBusy),
    ("ContainerRun", "UNKNOWN", "failed to create lease: connection error", errors.NodeBusy),
    ("ContainerRun", "UNKNOWN", "failed to create task: ", errors.InvalidOnNode),
    ("Reboot", "FAILED_PRECONDITION", "", errors.NotSupported),
    ("", "FAILED_PRECONDITION", "", errors.NodeBusy),
    ("", "INVALID_ARGUMENT", "", errors.InvalidOnNode),
    ("", "UNKNOWN", "path ", errors.InvalidOnNode),
    ("", "UNKNOWN", "incorrect mode", errors.InvalidOnNode),
    ("", "INTERNAL", "invalid target", errors.InvalidOnNode),
    ("", "UNAVAILABLE", "", errors.NodeUnavailable),
    ("", "CANCELLED", "", errors.NodeUnavailable),
    ("", "DEADLINE_EXCEEDED", "", errors.NodeTimeout),
    ("", "", "", errors.NodeError),
)


def exchanges() -> Iterator[Any]:
    for file in sorted(VECTORS.glob("api*/*.jsonl")):
        for line in file.read_text().splitlines():
            row = json.loads(line)
            method = METHODS.get(row["method"])
            if method is None or method.name not in OURS or "nodes" in row["metadata"] or _has_omissions(row):
                continue
            yield pytest.param(method, row, id=f"{file.parent.name}-{file.stem}-{row['id']}")


def _has_omissions(row: Any) -> bool:
    return "omitted" in json.dumps(row["response"]) or "response_cut" in row


def _messages(method: Method, row: Any) -> list[Any]:
    answer = row["response"]
    replies = answer if isinstance(answer, list) else [] if answer is None else [answer]
    return [_event(reply) if method.name == "Events" else json_format.ParseDict(reply, method.response_class()()) for reply in replies]


def _event(reply: Any) -> Any:
    """Read an event; the type's address is Talos's, which the JSON form does not know."""
    from talospatch.wire.proto import machine_pb2

    data = dict(reply.get("data", {}))
    address = data.pop("@type", "")
    event = machine_pb2.Event(id=reply["id"])
    if address:
        inner = json_format.ParseDict(data, getattr(machine_pb2, address.rpartition(".")[2])())
        event.data.type_url, event.data.value = address, inner.SerializeToString()
    return event


def _request(method: Method, row: Any) -> Any:
    asked = row["request"]
    return json_format.ParseDict(asked, method.request_class()(), ignore_unknown_fields=True) if isinstance(asked, dict) else None


async def _call(client: Client, method: Method, row: Any) -> Any:
    node, request = "10.5.0.9", _request(method, row)
    match method.path.rpartition("/")[2], method.path.split(".")[0]:
        case "Version", _:
            return await client.version(node)
        case "ApplyConfiguration", _:
            mode = ApplyMode(request.mode) if request.mode in set(ApplyMode) else ApplyMode.AUTO
            return await client.apply_configuration(node, request.data, mode=mode, dry_run=request.dry_run)
        case "List", "/machine" if method.path.endswith("MachineService/List"):
            return [entry async for entry in client.list_files(node, "/var/lib/cni/results")]
        case "List", "/machine":
            return await client.images(node)
        case "Read", _:
            return await client.read_file(node, "/etc/hostname")
        case "Copy", _:
            return await client.copy_files(node, "/var/lib/cni/results")
        case "Containers", _:
            return await client.containers(node)
        case "ServiceList", _:
            return await client.services(node)
        case "Logs", _:
            return [piece async for piece in client.logs(node, "kubelet")]
        case "Events", _:
            return [event async for event in client.events(node)]
        case "Reboot", _:
            return await client.reboot(node)
        case "Import", _:
            return await client.import_image(node, b"tar")
        case "Pull", _:
            return await client.pull_image(node, "localhost/tools:1")
        case "Remove", _:
            return await client.remove_image(node, "localhost/tools:1")
        case "ContainerRun", _:
            return await client.run_container(node, "localhost/tools:1", ["true"])
        case "Get", _:
            return await client.get_resource(node, request.namespace, request.type, request.id)
        case "List", _:
            return [found async for found in client.list_resources(node, request.namespace, request.type)]
        case "Watch", _:
            return [event async for event in client.watch_resources(node, request.namespace, request.type, request.id or None)]
    raise AssertionError(method)


def _meaning(method: Method, code: str, details: str) -> type[errors.NodeError]:
    return next(
        kind for name, of_code, start, kind in MEANINGS if name in {"", method.name} and of_code in {"", code} and details.startswith(start)
    )


@pytest.mark.parametrize(("method", "row"), list(exchanges()))
def test_a_recorded_answer_becomes_a_value_or_the_error_it_means(method: Method, row: Any) -> None:
    """The class is the one the table above names, the code stays, and no text of the configuration that was sent comes back."""
    code, details = row["status"]["code"], row["status"]["details"]
    messages = _messages(method, row)
    ended = code == "OK" or details.startswith(CUT)
    script = [*messages, *([] if ended else [RpcFailure(code, details)])]
    clock = Clock()
    transport = Scripted([script])
    client = Client(transport, sleep=clock.sleep, clock=clock)

    told_in_band = method.name == "Copy" and any(message.metadata.error for message in messages)
    if ended and not told_in_band:
        _check_value(method, messages, asyncio.run(_call(client, method, row)))
        return
    if method is CONTAINER_RUN and any(message.HasField("exit_code") for message in messages):
        assert asyncio.run(_call(client, method, row)).exit_code is not None
        return
    with pytest.raises(errors.NodeError) as caught:
        asyncio.run(_call(client, method, row))
    error = caught.value
    if told_in_band:
        code, details = "UNKNOWN", next(message.metadata.error for message in messages if message.metadata.error)
    assert type(error) is _meaning(method, code, details)
    assert (error.node, error.call, error.code) == ("10.5.0.9", method.name, code)
    assert "\n@@" not in str(error)
    assert "simsim." not in str(error)  # the machine token of the recorded configurations
    assert needs_reboot(error) is ("can't be applied in immediate mode" in details)


def _check_value(method: Method, messages: list[Any], value: Any) -> None:
    """Nothing is lost on the way: as many entries, the same bytes."""
    if method.shape is not Shape.UNARY and method.path.endswith(("MachineService/List", "State/List")):
        assert [getattr(entry, "name", "") or entry.id for entry in value] == [
            getattr(message, "name", "") or message.resource.metadata.id for message in messages
        ]
    if method.name == "Read":
        assert value == b"".join(message.bytes for message in messages)
    if method.name == "ApplyConfiguration":
        assert value.mode == messages[0].messages[0].mode
        assert "\n@@" not in value.details
        assert value.details.splitlines()[0] == messages[0].messages[0].mode_details.splitlines()[0]
    if method.name == "Containers":
        assert sorted(found.internal_id for found in value) == sorted(found.internal_id for found in messages[0].messages[0].containers)
    if method.name == "Watch":
        assert len(value) == sum(len(message.event) for message in messages)
    if method.name == "Get":
        assert value == answers.resource(messages[0].resource)


def test_recorded_exchanges_are_there() -> None:
    """Three versions, and the client has a method for most of what was recorded."""
    assert len(list(exchanges())) > 500
