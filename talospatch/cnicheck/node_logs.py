"""Reading the logs of one node's kubelet and container runtime, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from talospatch.cni.logs import LogScan
from talospatch.errors import NodeError

if TYPE_CHECKING:
    from talospatch.cni.logreport import LogReport
    from talospatch.cnicheck.calls import CniCalls
    from talospatch.cnicheck.options import CheckOptions

# Talos's services that tell of sandboxes: each in its own words.
SERVICES = ("kubelet", "cri")


async def read_logs(client: CniCalls, node: str, options: CheckOptions, notes: list[str]) -> LogReport:
    """Return what the logs of a node say; what kept them from being read is added to the notes.

    Logs are rings in memory that begin anew at each boot, so that their silence proves nothing.
    """
    scan = LogScan(now=options.now())
    for service in SERVICES:
        try:
            await _read(client.logs(node, service), scan, options)
        except _CutError as cut:
            notes.append(f"the log of {service} {cut}: its end was not read")
        except NodeError as error:
            notes.append(f"the log of {service} was not read: {error}")
        scan.end_log()
    report = scan.report()
    notes += report.notes
    return report


class _CutError(Exception):
    """A log was not read to its end; the message is a clause without its subject."""


async def _read(log: AsyncGenerator[bytes, None], scan: LogScan, options: CheckOptions) -> None:
    left = options.most_log_bytes
    try:
        async with asyncio.timeout(options.log_timeout), aclosing(log) as pieces:
            async for piece in pieces:
                scan.feed(piece[:left])
                left -= len(piece)
                if left < 0:
                    raise _CutError(f"is longer than {options.most_log_bytes >> 20} MiB")
    except TimeoutError:
        raise _CutError(f"did not come within {options.log_timeout:g} s") from None
