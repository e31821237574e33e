"""Finding and reading a talosconfig, good ones and bad ones."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.errors import TalosconfigError
from talospatch.talosapi.dial import REASONS
from talospatch.talosapi.endpoints import parse as parse_endpoint
from talospatch.talosapi.talosconfig import IN_CLUSTER, SIZE_LIMIT, Talosconfig, find, findings, load, merge, parse

PEM = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n").decode()
KEY = base64.b64encode(b"-----BEGIN ED25519 PRIVATE KEY-----\nMC4C\n-----END ED25519 PRIVATE KEY-----\n").decode()
GOOD = f"""\
context: prod
contexts:
  prod:
    endpoints: [10.5.0.2, cp.example.com:6443]
    nodes: [10.5.0.3]
    ca: {PEM}
    crt: {PEM}
    key: {KEY}
  staging:
    target: 10.6.0.2
    endpoints:
      - 10.6.0.1
    cluster: staging-cluster
    auth:
      basic:
        username: me
        password: hunter22
    proxy-url: socks5://localhost:1080
"""


def read(text: str) -> Talosconfig:
    return parse(text.encode(), source="tc")


def test_a_context_holds_what_the_file_says() -> None:
    context = read(GOOD).context()
    assert (context.name, context.endpoints, context.nodes) == ("prod", ("10.5.0.2", "cp.example.com:6443"), ("10.5.0.3",))
    assert context.ca.startswith(b"-----BEGIN CERTIFICATE-----")
    assert context.key.startswith(b"-----BEGIN ED25519 PRIVATE KEY-----")


def test_the_deprecated_target_is_the_last_endpoint() -> None:
    context = read(GOOD).context("staging")
    assert context.endpoints == ("10.6.0.1", "10.6.0.2")
    assert (context.cluster, context.auth, context.username, context.password) == ("staging-cluster", "basic", "me", "hunter22")
    assert context.proxy_url == "socks5://localhost:1080"


def test_no_secret_is_in_a_repr() -> None:
    text = repr(read(GOOD)) + repr(read(GOOD).context())
    assert "hunter22" not in text
    assert "PRIVATE KEY" not in text


def test_scalars_are_text_as_in_a_go_struct() -> None:
    context = read("contexts:\n  no:\n    endpoints: [0123, 'null', ~]\n    nodes:\n").context("no")
    assert context.endpoints == ("0123", "null", "")
    assert context.nodes == ()


def test_anchors_and_merge_keys_work() -> None:
    config = read("contexts:\n  a: &a\n    endpoints: [x]\n    cluster: one\n  b:\n    <<: *a\n    cluster: two\n")
    assert config.context("b").endpoints == ("x",)
    assert config.context("b").cluster == "two"


# text, what the error says, line, column
BAD = {
    "empty file": ("", "is empty", None, None),
    "only a comment": ("# nothing\n", "is empty", None, None),
    "text": ("hello", "should be a mapping", 1, 1),
    "a list": ("- a\n", "should be a mapping", 1, 1),
    "contexts is text": ("contexts: prod\n", "should be a mapping", 1, 11),
    "broken YAML": ("context: a\ncontexts:\n  a: [\n", "not valid YAML", 4, 1),
    "tab": ("contexts:\n\ta: 1\n", "not valid YAML", 2, 1),
    "duplicate context": ("contexts:\n  a: {}\n  b: {}\n  a: {}\n", "'a' stands here and, before, at line 2", 4, 3),
    "alias of nothing": ("contexts: *x\n", "anchor that is not defined", 1, 11),
    "alias of itself": ("contexts: &x\n  a: *x\n", "inside of what it stands for", 2, 6),
    "alias as a key": ("a: &x b\n*x : c\n", "an alias as a key is not supported", 2, 1),
    "key is a list": ("? [a]\n: b\n", "a key has to be text", 1, 3),
    "merge of text": ("contexts:\n  a:\n    <<: x\n", "merges mappings only", 3, 9),
    "binary": ("\x7fELF\x02\x00", "control character U+007F", 1, 1),
    "nested deep": ("a: " + "[" * 500, "nested more than 100 levels", 1, 103),
    "nested deep, block": ("- " * 50_000 + "x", "nested more than 100 levels", 1, 201),
}


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_file_is_refused_with_its_place(name: str) -> None:
    text, problem, line, column = BAD[name]
    with pytest.raises(TalosconfigError) as caught:
        read(text)
    assert problem in str(caught.value)
    assert (caught.value.source, caught.value.line, caught.value.column) == ("tc", line, column)


def test_nesting_beyond_what_libyaml_takes_is_refused_alike() -> None:
    """Where it stops depends on its version."""
    with pytest.raises(TalosconfigError, match="nested more than 100 levels"):
        read("a: " + "[" * 50_000)


def test_other_encodings_and_sizes_are_refused() -> None:
    with pytest.raises(TalosconfigError, match="not UTF-8 text"):
        parse("context: ä".encode("latin-1"), source="tc")
    with pytest.raises(TalosconfigError, match="larger than 4 MiB"):
        parse(b"#" * (SIZE_LIMIT + 1), source="tc")
    assert parse(b"\xef\xbb\xbf" + GOOD.encode(), source="tc").current == "prod"


# the field, what the error says
BAD_FIELDS = {
    "endpoints: 10.0.0.1": "contexts.a.endpoints: should be a list",
    "endpoints: [[x]]": "contexts.a.endpoints[0]: should be text",
    "ca: '***'": "contexts.a.ca: is not valid base64",
    "key: c2VjcmV0LXZhbHVl": "contexts.a.key: is the base64 of something that is not PEM",
    "key: '-----BEGIN PRIVATE KEY-----'": "contexts.a.key: is PEM; a talosconfig wants the base64",
    "crt: {a: b}": "contexts.a.crt: should be text",
    "auth: basic": "contexts.a.auth: should be a mapping",
}


@pytest.mark.parametrize("field", BAD_FIELDS)
def test_a_bad_context_is_an_error_only_when_it_is_asked_for(field: str) -> None:
    config = read(f"contexts:\n  a:\n    {field}\n  b:\n    endpoints: [x]\n")
    assert config.context("b").endpoints == ("x",)
    with pytest.raises(TalosconfigError) as caught:
        config.context("a")
    assert BAD_FIELDS[field] in str(caught.value)
    assert str(caught.value).startswith("tc:3:")
    assert "c2VjcmV0" not in str(caught.value)


def test_merging_renames_what_is_taken_and_takes_the_second_default() -> None:
    first = read("context: a\ncontexts:\n  a: {endpoints: [x]}\n  a-1: {endpoints: [y]}\n")
    second = read("context: a\ncontexts:\n  a: {endpoints: [z]}\n  b: {endpoints: no}\n")
    merged = merge(first, second)
    assert (merged.current, merged.context().endpoints, merged.context("a").endpoints) == ("a-2", ("z",), ("x",))
    assert list(merged.broken) == ["b"]
    assert merge(first, read("contexts: {}")).current == "a"


def test_an_unknown_context_gets_a_suggestion() -> None:
    with pytest.raises(TalosconfigError, match=r"the context 'prood' is not in it; did you mean 'prod'\? It has: prod, staging"):
        read(GOOD).context("prood")
    with pytest.raises(TalosconfigError, match=r"the default context 'gone' is not in it; it has: a"):
        read("context: gone\ncontexts:\n  a: {endpoints: [x]}\n").context()


def test_missing_contexts_and_defaults_are_told_apart() -> None:
    with pytest.raises(TalosconfigError, match="holds no contexts"):
        read("context: ''\ncontexts: {}\n").context()
    with pytest.raises(TalosconfigError, match="names no default context; use --context with one of: a"):
        read("contexts:\n  a: {endpoints: [x]}\n").context()
    with pytest.raises(TalosconfigError, match=r"contexts\.a: the context is empty"):
        read("contexts:\n  a:\n").context("a")


def test_a_context_without_endpoints_says_what_to_do() -> None:
    context = read("contexts:\n  a: {cluster: x}\n").context("a")
    with pytest.raises(
        TalosconfigError, match=r"tc: contexts\.a: the context has no endpoints; name a control-plane node with --endpoints"
    ):
        context.dialled()
    assert [str(endpoint) for endpoint in context.dialled(["10.0.0.1", "10.0.0.1:50000"])] == ["10.0.0.1:50000"]


def test_a_key_that_is_not_one_of_a_context_is_noticed() -> None:
    (finding,) = read("contexts:\n  a: {endpoint: x}\n").noticed
    assert (finding.code, finding.path, finding.hint) == ("talosconfig-unknown-key", "contexts.a", "did you mean 'endpoints'?")


def test_further_documents_are_noticed() -> None:
    (finding,) = read("contexts:\n  a: {endpoints: [x]}\n---\ncontext: b\n").noticed
    assert finding.code == "talosconfig-extra-documents"


# Row by row as talosctl's own test of its resolver and its reduction of URLs have it, then ours.
ENDPOINTS = {
    "123.123.123.123": "123.123.123.123:50000",
    "example.com:111": "example.com:111",
    "localhost": "localhost:50000",
    "localhost:890": "localhost:890",
    "2001:db8:0:0:0:ff00:42:8329": "[2001:db8:0:0:0:ff00:42:8329]:50000",
    "[2001:db8:4006:812::200e]:8080": "[2001:db8:4006:812::200e]:8080",
    "[2001:db8::1]": "[2001:db8::1]:50000",
    "https://example.com": "example.com:443",
    "https://example.com:8443/": "example.com:8443",
    "https://[2001:db8::1]": "[2001:db8::1]:443",
    "http://example.com": "example.com:50000",
    "grpc://example.com:1": "example.com:1",
    " 10.0.0.1 ": "10.0.0.1:50000",
    "node.example.com.": "node.example.com.:50000",
    "fe80::1%eth0": "[fe80::1%eth0]:50000",
}


@pytest.mark.parametrize("text", ENDPOINTS)
def test_an_endpoint_is_understood_as_talosctl_does(text: str) -> None:
    assert str(parse_endpoint(text)) == ENDPOINTS[text]


@pytest.mark.parametrize(
    "text",
    ["", ":50000", "host:", "host:0", "host:65536", "host:x", "a b", "a..b", "[::1", "::1]:5", "::g", "https://", "https://h:x", "[h]:1:2"],
)
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(TalosconfigError, match=r"\[IPV6\]:PORT"):
        parse_endpoint(text)


def test_a_server_is_known_by_its_name_without_zone_and_final_dot() -> None:
    assert parse_endpoint("fe80::1%eth0").server_name == "fe80::1"
    assert parse_endpoint("node1.:50000").server_name == "node1"


def test_the_first_place_that_exists_is_used(tmp_path: Path) -> None:
    home, named, own = tmp_path / "home", tmp_path / "named", tmp_path / "own"
    environ = {"HOME": str(home), "TALOS_HOME": str(own), "TALOSCONFIG": str(named)}
    with pytest.raises(TalosconfigError) as caught:
        find(None, environ)
    assert f"{named} (TALOSCONFIG), {own}/config (TALOS_HOME), {IN_CLUSTER} (service account)" in str(caught.value)
    for directory in (home / ".talos", own):
        directory.mkdir(parents=True)
        (directory / "config").touch()
    assert find(None, {"HOME": str(home)}) == home / ".talos" / "config"
    assert find(None, {"HOME": str(home), "TALOS_HOME": "relative"}) == home / ".talos" / "config"
    assert find(None, environ) == own / "config"
    named.touch()
    assert find(None, environ) == named
    assert find("other", environ) == Path("other")


def test_falling_through_is_silent_in_talosctl_and_noticed_here(tmp_path: Path) -> None:
    (tmp_path / ".talos").mkdir()
    (tmp_path / ".talos" / "config").write_text(GOOD)
    environ = {"HOME": str(tmp_path), "TALOSCONFIG": str(tmp_path / "gone"), "TALOS_HOME": "here"}
    path = find(None, environ)
    path.chmod(0o600)
    assert [finding.code for finding in findings(load(path), None, environ)] == ["talosconfig-fell-through", "talos-home-ignored"]
    assert findings(load(path), str(path), environ) == ()


@pytest.mark.parametrize(("mode", "codes"), [(0o600, []), (0o400, []), (0o640, ["talosconfig-exposed"]), (0o604, ["talosconfig-exposed"])])
def test_a_file_that_others_may_use_is_a_warning(mode: int, codes: list[str], tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(GOOD)
    path.chmod(mode)
    assert [finding.code for finding in load(path).noticed] == codes


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(TalosconfigError, match="cannot be read: No such file"):
        load(tmp_path / "gone")
    with pytest.raises(TalosconfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_says_so(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.touch(mode=0o000)
    with pytest.raises(TalosconfigError, match="cannot be read: Permission denied"):
        load(path)


def test_a_pipe_is_read_so_that_no_key_rests_on_a_disk() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, GOOD.encode())
    os.close(write_end)
    try:
        assert load(Path(f"/dev/fd/{read_end}")).noticed == ()
    finally:
        os.close(read_end)


@given(st.binary(max_size=400) | st.text(alphabet="ab:-[]{}&*?|>'\"#\n \t<~!%", max_size=120).map(str.encode))
def test_no_input_gets_past_the_reader_as_another_error(data: bytes) -> None:
    try:
        config = parse(data, source="tc")
        for name in [*config.contexts, *config.broken]:
            config.context(name)
    except TalosconfigError:
        pass


def test_the_reference_lists_every_field_and_every_reason() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "talosconfig.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    rows = sections["What it says"] + sections["When no connection can be made"]
    listed = set(re.findall(r"^\| `([a-z0-9.-]+)`", rows, re.MULTILINE))
    fields = {"context", "endpoints", "target", "nodes", "ca", "crt", "key", "cluster", "auth.basic", "auth.siderov1", "proxy-url"}
    assert listed == fields | set(REASONS)


def test_reading_a_talosconfig_loads_neither_grpc_nor_cryptography() -> None:
    script = (
        "import sys; from talospatch.talosapi import talosconfig, identity, dial, bridge, grpc_transport;"
        "talosconfig.parse(b'contexts: {a: {endpoints: [x]}}', source='t').context('a').dialled();"
        "print([name for name in ('grpc', 'google.protobuf', 'cryptography', 'rich', 'typer') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
