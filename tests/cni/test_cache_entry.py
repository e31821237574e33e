"""What is taken out of a cache file, and what never is."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from talospatch.cni.cache import CacheEntry, parse

SAMPLES = Path(__file__).parent.parent / "samples" / "cni-cache"


def test_a_file_tells_its_pod_and_addresses() -> None:
    """Written by a real containerd 1.6 with flannel."""
    entry = parse((SAMPLES / "1.0.0-flannel__cbr0-a1a1a1a1-eth0").read_bytes())
    assert entry == CacheEntry(
        namespace="shop",
        pod="web-1",
        uid="6f1d2c3b-1111-4222-8333-444455556666",
        sandbox="a1" * 32,
        network="cbr0",
        cni_version="1.0.0",
        interface="eth0",
        addresses=("10.244.7.2/24",),
        namespace_file="cni-be3717ba-0ae0-a033-7f09-853c04997d5c",
    )


def test_containerd_2_marks_its_files_with_the_namespace() -> None:
    """libcni 1.2.0 added the key."""
    old, new = (parse((SAMPLES / name).read_bytes()) for name in ("sample-v1.7.16.json", "sample-v2.3.3.json"))
    assert old is not None
    assert new is not None
    assert (old.has_netns, new.has_netns) == (False, True)
    assert old.namespace_file.startswith("cni-")
    assert new.namespace_file.startswith("cni-")


def test_a_network_namespace_elsewhere_has_no_name_there() -> None:
    """Only what is in a directory of namespaces is one of them."""
    for said in (b'"netns":"/proc/5/ns/net"', b'"netns":5', b'"result":{"interfaces":[null,{"sandbox":""},7]}'):
        entry = parse(b"{%s}" % said)
        assert entry is not None
        assert entry.namespace_file == ""


def test_addresses_of_old_results_are_found() -> None:
    """CNI 0.2 has ip4 and ip6."""
    entry = parse(b'{"result":{"cniVersion":"0.2.0","ip4":{"ip":"10.248.0.88/25"},"ip6":{"ip":"fd00::2/64"}}}')
    assert entry is not None
    assert entry.addresses == ("10.248.0.88/25", "fd00::2/64")


def test_annotations_and_capability_arguments_are_never_kept() -> None:
    """They hold what kubectl apply wrote, environment variables included; so may the plugins' configuration."""
    config = {"cniVersion": "1.0.0", "name": "cbr0", "plugins": [{"type": "x", "password": "planted-one"}]}
    content = {
        "kind": "cniCacheV1",
        "config": b64encode(json.dumps(config).encode()).decode(),
        "cniArgs": [["K8S_POD_NAME", "web"], ["SECRET", "planted-two"]],
        "capabilityArgs": {"io.kubernetes.cri.pod-annotations": {"kubectl.kubernetes.io/last-applied-configuration": "planted-three"}},
        "result": {"cniVersion": "1.0.0", "dns": {"domain": "planted-four"}},
    }
    entry = parse(json.dumps(content).encode())
    assert entry is not None
    assert (entry.pod, entry.cni_version) == ("web", "1.0.0")
    assert "planted" not in repr(entry)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["config", "cniArgs", "result", "ips", "ip4", "ip", "address", "containerId", "networkName", "ifName", "netns"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_shape_of_content_is_read(value: object) -> None:
    """Wrong types are absent, never an exception."""
    entry = parse(json.dumps(value).encode())
    assert (entry is not None) == isinstance(value, dict)


def test_what_is_no_json_object_says_nothing() -> None:
    """Damaged files have no pod."""
    assert parse(b"") is None
    assert parse(b"[1]") is None
