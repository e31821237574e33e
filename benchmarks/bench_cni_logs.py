"""Reading logs for the CNI check, against ``json.loads`` of the same lines."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from talospatch.cni.logs import LogScan

LINES, REPEATS, PIECE = 40_000, 5, 1 << 16
START = 1_776_288_000_000.1
FAILING = "CNI log scan, every line a failure of the kubelet's, of json.loads"
STOPPING = "CNI log scan, every line a failure of containerd's, of json.loads"
MIXED = "CNI log scan, one line in fifty a failure, of json.loads"
QUIET = "CNI log scan, no line that matters, of json.loads"
LIMITS = {FAILING: 2.0, STOPPING: 2.0, MIXED: 1.0, QUIET: 1.0}


def failure(number: int) -> str:
    """Return a kubelet's line about one of twenty sandboxes."""
    sandbox = f"{number % 20 + 1:064x}"
    said = (
        f'rpc error: code = Unknown desc = failed to destroy network for sandbox "{sandbox}": '
        'failed to get network "cbr0" cached result: decoding version from network config: unexpected end of JSON input'
    )
    record = {"ts": START + 3000.25 * number, "caller": "log/log.go:32", "msg": "StopPodSandbox from runtime service failed"}
    return json.dumps(record | {"podSandboxID": sandbox, "err": said}, separators=(",", ":"))


def stopping(number: int) -> str:
    """Return containerd's line about the same."""
    sandbox = f"{number % 20 + 1:064x}"
    said = (
        f'failed to destroy network for sandbox "{sandbox}": '
        'failed to get network "cbr0" cached result: decoding version from network config: unexpected end of JSON input'
    )
    at = f"2026-04-15T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.293332682Z"
    record = {"error": said, "level": "error", "msg": f'StopPodSandbox for "{sandbox}" failed', "time": at}
    return json.dumps(record, separators=(",", ":"))


def noise(number: int) -> str:
    """Return a line of a healthy kubelet, about as long as its lines are."""
    record = {"ts": START + 3000.25 * number, "caller": "reconciler/reconciler_common.go:251", "v": 0}
    volume = {
        "uniqueName": f"kubernetes.io/projected/{number:08x}-1111-4222-8333-444455556666-kube-api-access",
        "pod": f"shop/web-{number}",
    }
    return json.dumps(
        record | {"msg": "operationExecutor.VerifyControllerAttachedVolume started for volume"} | volume, separators=(",", ":")
    )


def timed(work: Callable[[], object]) -> float:
    """Return seconds of CPU."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(lines: list[str]) -> tuple[float, str]:
    """Return the ratio of the scan to json.loads of every line, alternating, and what both took."""
    text = "".join(f"{line}\n" for line in lines).encode()

    def scan() -> None:
        reading = LogScan()
        for start in range(0, len(text), PIECE):
            reading.feed(text[start : start + PIECE])
        reading.report()

    def loads() -> None:
        for line in text.splitlines():
            json.loads(line)

    pairs = [(timed(scan), timed(loads)) for _ in range(REPEATS)]
    ours, theirs = (statistics.median(pair[which] for pair in pairs) for which in (0, 1))
    return ours / theirs, f"{len(text) / ours / 1e6:.0f} MB/s against {len(text) / theirs / 1e6:.0f} MB/s"


def run() -> list[tuple[str, float, str]]:
    """Return the ratios."""
    return [
        (FAILING, *measure([failure(number) for number in range(LINES)])),
        (STOPPING, *measure([stopping(number) for number in range(LINES)])),
        (MIXED, *measure([noise(number) if number % 50 else failure(number) for number in range(LINES)])),
        (QUIET, *measure([noise(number) for number in range(LINES)])),
    ]
