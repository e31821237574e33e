"""Which directories List and Copy may be asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talospatch.errors import RefusedError
from talospatch.talosapi.roots import ROOTS, allowed


@pytest.mark.parametrize("root", [root.path for root in ROOTS])
def test_each_directory_of_the_table_may_be_listed_with_or_without_a_slash_at_the_end(root: str) -> None:
    assert allowed(root) == root
    assert allowed(root + "/") == root


def test_a_networks_own_directory_may_be_listed_but_nothing_below_it() -> None:
    assert allowed("/var/lib/cni/networks/cbr0") == "/var/lib/cni/networks/cbr0"
    with pytest.raises(RefusedError):
        allowed("/var/lib/cni/networks/cbr0/10.244.1.7")


@pytest.mark.parametrize(
    "path",
    [
        "/var/lib/cni/results/cbr0-0123-eth0",  # a file that its sandbox's end removes
        "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/0123",
        "/var/lib/cni/networks/..",
        "/var/lib/cni/networks/.",
        "/var/lib/cni/networks//",
        "/var/lib/cni/results/../../kubelet/pods",
        "/var/lib/cni//results",
        "//var/lib/cni/results",
        "/var/lib/cni/results//",
        "/var/lib/cni/./results",
        "var/lib/cni/results",
        "/var/lib/cni/networks/cbr0\0",
        "/proc",
        "/",
        "",
    ],
)
def test_anything_else_is_refused_before_it_is_sent(path: str) -> None:
    with pytest.raises(RefusedError) as caught:
        allowed(path)
    assert caught.value.code == "unstable-root"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["var", "lib", "cni", "results", "networks", "cbr0", "..", ".", "", "flannel", "x"]), max_size=7))
def test_what_is_allowed_is_spelled_as_in_the_table(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    try:
        sent = allowed(path)
    except RefusedError:
        return
    listed = {root.path for root in ROOTS}
    below = {root.path for root in ROOTS if root.children}
    assert sent in listed or (sent.rpartition("/")[0] in below and sent.rpartition("/")[2] not in {"", ".", ".."})
    assert path in {sent, sent + "/"}
