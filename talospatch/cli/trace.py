"""What ``-v`` shows: one line for each call to a node. Names, codes and sizes only; what the messages hold is not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.cli.layout import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from talospatch.cli.terminal import Terminal
    from talospatch.talosapi.grpc_call import CallRecord


def line(record: CallRecord) -> str:
    """Return one call as ``10.0.0.5 Version OK 12 ms 0 B out 120 B in``."""
    method = record.method.rpartition("/")[2]
    node = printable(record.node) or "endpoint"
    return f"{node} {method} {record.code} {record.seconds * 1000:.0f} ms, {record.bytes_sent} B out, {record.bytes_received} B in"


def observer(terminal: Terminal) -> Callable[[CallRecord], None]:
    """Return what the transport calls after each call."""
    return lambda record: terminal.say(terminal.error_paint("faint", line(record)))
