"""Where containerd is told to serve metrics, and what is wrong with that."""

from __future__ import annotations

import pytest

from talospatch.containerd.metrics import Address, Form, address_findings, forms_in, live_forms, metrics_address, port_findings, to_form
from talospatch.talos.finding import Severity
from talospatch.talos.node import Listener
from talospatch.versions import TalosVersion

PLUGIN = {"plugins": {"io.containerd.server.v1.metrics": {"address": "1.1.1.1:2"}}}
TABLE = {"metrics": {"address": "2.2.2.2:3"}}


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("0.0.0.0:11234", "0.0.0.0", 11234),
        (":1", "", 1),
        ("[::]:65535", "::", 65535),
        ("localhost:80", "localhost", 80),
        ("[fe80::1%eth0]:9", "fe80::1%eth0", 9),
    ],
)
def test_an_address_is_host_and_port(text: str, host: str, port: int) -> None:
    """Everything that containerd can listen on."""
    assert Address.parse(text) == Address(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11234",
        "0.0.0.0",
        "0.0.0.0:",
        "0.0.0.0:0",
        "0.0.0.0:65536",
        "0.0.0.0:http",
        "::1:80",
        "[1.2.3.4]:80",
        "node-1:80",
        "http://0.0.0.0:80",
        "0.0.0.0:80/x",
        "256.0.0.1:80",
    ],
)
def test_what_containerd_could_not_listen_on_is_an_error(text: str) -> None:
    """It would exit, and the kubelet would wait for it."""
    assert Address.parse(text) is None
    assert [(finding.severity, finding.code) for finding in address_findings(text)] == [(Severity.ERROR, "metrics-address-invalid")]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("0.0.0.0:11234", []),
        (":11234", []),
        ("[::]:11234", []),
        ("127.0.0.1:11234", ["metrics-address-loopback"]),
        ("localhost:11234", ["metrics-address-loopback"]),
        ("[::1]:11234", ["metrics-address-loopback"]),
        ("10.0.0.5:11234", ["metrics-address-of-one-node"]),
    ],
)
def test_addresses_that_work_here_and_not_there_are_warned_of(text: str, codes: list[str]) -> None:
    """Loopback is out of the API server's reach; a node's own address is not every node's."""
    assert [finding.code for finding in address_findings(text, "p")] == codes


LISTEN = Listener("tcp", "0.0.0.0", 11234, "LISTEN", "other")


@pytest.mark.parametrize(
    ("listener", "current", "taken"),
    [
        (LISTEN, None, True),
        (Listener("tcp6", "::", 11234, "LISTEN", "other"), None, True),
        (Listener("tcp", "127.0.0.1", 11234, "LISTEN", "other"), None, True),
        (Listener("tcp", "0.0.0.0", 11235, "LISTEN", "other"), None, False),
        (Listener("udp", "0.0.0.0", 11234, "LISTEN", "other"), None, False),
        (Listener("tcp", "0.0.0.0", 11234, "ESTABLISHED", "other"), None, False),
        (Listener("tcp", "0.0.0.0", 11234, "LISTEN", "containerd"), None, False),
        (Listener("tcp", "127.0.0.1", 11234, "LISTEN", "containerd"), "127.0.0.1:11234", False),
        (Listener("tcp", "0.0.0.0", 11234, "LISTEN", ""), None, True),
    ],
)
def test_a_port_in_use_is_an_error_unless_it_is_our_own(listener: Listener, current: str | None, taken: bool) -> None:
    """Containerd exits when it cannot listen."""
    findings = port_findings("0.0.0.0:11234", (listener,), current=current)
    assert [finding.code for finding in findings] == (["metrics-port-in-use"] if taken else [])


def test_another_address_with_the_same_port_is_free() -> None:
    """Two processes may share a port on different addresses."""
    assert port_findings("10.0.0.1:11234", (Listener("tcp", "10.0.0.2", 11234, "LISTEN", "x"),)) == ()


@pytest.mark.parametrize(
    ("version", "forms"),
    [
        ("1.11", (Form.TABLE,)),
        ("1.13", (Form.TABLE,)),
        ("1.14.0-beta.0", (Form.PLUGIN, Form.TABLE)),
        ("1.14", (Form.PLUGIN, Form.TABLE)),
        ("1.15", (Form.PLUGIN,)),
    ],
)
def test_each_version_obeys_its_forms(version: str, forms: tuple[Form, ...]) -> None:
    """The plugin form is inert up to 1.13 and wins on 1.14; [metrics] is ignored from 1.15 on."""
    assert live_forms(TalosVersion.parse(version)) == forms
    assert metrics_address({**PLUGIN, **TABLE}, forms) == ("1.1.1.1:2" if forms[0] is Form.PLUGIN else "2.2.2.2:3")


def test_an_address_that_is_empty_or_no_text_is_none() -> None:
    """Talos skips empty values."""
    assert metrics_address({"metrics": {"address": ""}}) is None
    assert metrics_address({"metrics": {"address": 1}}) is None
    assert metrics_address({"metrics": 1, "plugins": []}) is None


def test_settings_move_between_the_forms() -> None:
    """The histogram has a plugin of its own."""
    values = {("metrics", "address"): "x", ("metrics", "grpc_histogram"): True, ("a",): 1}
    moved = to_form(values, Form.PLUGIN)
    assert ("plugins", "io.containerd.metrics.v1.grpc-prometheus", "grpc_histogram") in moved
    assert to_form(moved, Form.TABLE) == values
    assert forms_in({**PLUGIN, **TABLE}) == (Form.PLUGIN, Form.TABLE)
