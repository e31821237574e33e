"""No secret of a config survives in anything that is shown."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.difference import Difference
from talospatch.machineconfig.secrets import SECRET_PATHS, secret_values
from talospatch.machineconfig.showing import Redaction, redact_config_text
from talospatch.redaction import Marks

SECRET = "s3cr3tPLANTED0value"
PEM = f"-----BEGIN ED25519 PRIVATE KEY-----\n{base64.b64encode(SECRET.encode() * 3).decode()}\n-----END ED25519 PRIVATE KEY-----\n"


def at_path(kind: str, path: str, value: object) -> dict[str, object]:
    """Build the smallest document that has a value at a path of the table."""
    data: object = value
    for step in reversed(path.replace("[]", ".[]").replace("{}", ".{}").split(".")):
        data = [data] if step == "[]" else {"any": data} if step == "{}" else {step: data}
    assert isinstance(data, dict)
    return data if kind == "v1alpha1" else {"apiVersion": "v1alpha1", "kind": kind, "name": "n", **data}


def shown(before: MachineConfig, after: MachineConfig) -> str:
    """Return everything that can be shown of two configs."""
    difference = before.diff(after)
    marks = Marks()
    parts = [
        redact_config_text(before, marks),
        redact_config_text(after, marks),
        difference.unified(),
        json.dumps(difference.to_dict(), default=str),
    ]
    parts += [repr(value) for value in (before, after, difference, *before.documents, *difference.entries)]
    return "\n".join(parts)


@pytest.mark.parametrize(("kind", "path"), SECRET_PATHS)
def test_what_is_secret_by_its_place_is_marked(kind: str, path: str) -> None:
    """Every row of machinery's table."""
    config = MachineConfig.parse(json.dumps(at_path(kind, path, SECRET)))
    other = MachineConfig.parse(json.dumps(at_path(kind, path, "other" + SECRET)))
    assert SECRET in secret_values(config)
    assert SECRET not in shown(config, other)
    assert len(config.diff(other).entries) == 1


@pytest.mark.parametrize("wrong", [[SECRET], [[SECRET]], {"x": SECRET}, {SECRET: 1}, {"x": [{SECRET: {}}]}])
@pytest.mark.parametrize(("kind", "path"), SECRET_PATHS)
def test_what_stands_in_a_secrets_place_is_marked_whatever_it_is(kind: str, path: str, wrong: object) -> None:
    """Of a type that does not belong there: its keys are then as secret as its values."""
    config = MachineConfig.parse(json.dumps(at_path(kind, path, wrong), indent=1))
    for other in (json.loads(json.dumps(wrong).replace(SECRET, "other" + SECRET)), "text", {"y": 1}):
        after = MachineConfig.parse(json.dumps(at_path(kind, path, other), indent=1))
        assert SECRET not in shown(config, after)
        assert SECRET not in shown(after, config)
        assert len(config.diff(after).entries) == 1


MANIFEST = f"""apiVersion: v1
kind: ConfigMap
metadata: {{name: plain}}
data: {{colour: blue}}
---
apiVersion: v1
kind: Secret
metadata:
  name: db
  annotations:
    last: '{{"kind":"Secret","data":{{"other":"{SECRET}"}}}}'
data:
  user: {SECRET}
  more: |
    {SECRET}
    {SECRET}
stringData: {{"plain": "{SECRET}"}}
"""


@pytest.mark.parametrize(
    "content",
    [
        f"client_secret: {SECRET}\n",
        f'tunnel_token = "{SECRET}"\n',
        f'[plugins.x."r.io".auth]\n  identitytoken = "{SECRET}"\n',
        f"export DB_PASS={SECRET}\n",
        f"postgres://user:{SECRET}@db/x\nredis://:{SECRET}@db\nftp://u:{SECRET}@db\n",
        f"https://{SECRET}@github.com/x\n",
        MANIFEST,
        "".join(MANIFEST.partition("---\n")[2]),
        json.dumps({"kind": "Secret", "stringData": {"a": SECRET, "b": {"c": [SECRET]}}}),
        json.dumps({"kind": "List", "items": [{"kind": "Secret", "data": {"a": SECRET}}]}, indent=1),
        f"{{{{ if .x }}}}\nkind: Secret\ndata:\n  a: {SECRET}\n  b: >-\n    {SECRET}\nother: {{{{ end }}\n",
        f"spec:\n  containers:\n    - env:\n        - value: {SECRET}\n          name: DB_PASSWORD\n",
        f'{{"env":[{{"name":"DB_PASSWORD","value":"{SECRET}"}}]}}',
        f"args:\n  - --token\n  - {SECRET}\n",
        f'[a."b".auth]\n  password = "{SECRET}"\n',
        f"Authorization: Bearer {SECRET}\n",
        f"header = Basic {SECRET}\n",
        f"url: https://user:{SECRET}@example.com/\n",
        f"token={SECRET}\n",
        f"REGISTRY_PASSWORD={SECRET}\n",
        f"https://example.com/?jointoken={SECRET}\n",
        "x: eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJlLXBsYW50ZWQ\n",
    ],
)
def test_what_looks_like_a_secret_inside_content_is_marked(content: str) -> None:
    """Files carry credentials that no path tells."""
    for text in (json.dumps({"machine": {"files": [{"path": "/var/x", "content": content}]}}), _block(content)):
        before = MachineConfig.parse(text)
        after = MachineConfig.parse(text.replace("/var/x", "/var/y"))
        assert SECRET not in shown(before, after)
        assert "c2lnbmF0dXJlLXBsYW50ZWQ" not in shown(before, after)


@pytest.mark.parametrize(
    "text",
    [
        f"apiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: t\nenvironment:\n  - TS_AUTHKEY={SECRET}\n  - NB_SETUP_KEY={SECRET}\n",
        f"apiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: t\nenvironment: [TS_AUTHKEY={SECRET}]\n",
        f"machine:\n  pods:\n    - spec: {{containers: [{{name: a, env: [{{name: DB_PASSWORD, value: {SECRET}}}]}}]}}\n",
        (
            "machine:\n  kubelet:\n    credentialProviderConfig:\n      providers:\n        - env:\n"
            f"            - name: API_TOKEN\n              value: {SECRET}\n"
        ),
        f"machine:\n  env:\n    DB_PASS: {SECRET}\n    https_proxy: http://u:{SECRET}@proxy:3128\n",
        f"machine:\n  registries:\n    config:\n      https://u:{SECRET}@r.io:\n        tls: {{insecureSkipVerify: true}}\n",
        f"machine:\n  install:\n    extraKernelArgs: ['siderolink.api=https://h/?jointoken={SECRET}']\n",
        f"apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: https://u:{SECRET}@r.io\n",
    ],
)
def test_what_is_assigned_to_a_secret_name_is_marked_in_the_config_itself(text: str) -> None:
    """Environments, pods, keys and names of documents."""
    assert SECRET not in shown(MachineConfig.parse(text), MachineConfig.parse(text + "debug: true\n"))
    assert SECRET not in shown(MachineConfig.parse(text), MachineConfig.parse("machine: {}\n"))
    assert SECRET not in shown(MachineConfig.parse("machine: {}\n"), MachineConfig.parse(text))
    assert SECRET not in shown(MachineConfig.parse(text), MachineConfig.parse(text.replace(SECRET, f"other{SECRET}")))


def test_a_secret_in_a_path_is_marked_like_the_value() -> None:
    """An element of a list is known by what stands in it."""
    element = {"endpoint": f"tcp://u:{SECRET}@h:5", "format": "json_lines"}
    before = MachineConfig.parse(json.dumps({"machine": {"logging": {"destinations": [element]}}}))
    after = MachineConfig.parse(json.dumps({"machine": {"logging": {"destinations": [element | {"extraTags": {"a": "b"}}]}}}))
    marks = Marks()
    entry = Difference(before, after, marks=marks).entries[0]
    assert entry.path == f'machine.logging.destinations[endpoint="tcp://u:{marks.mark(SECRET)}@h:5"].extraTags'
    assert SECRET not in shown(before, after)


@pytest.mark.parametrize("content", [f"a: 1\npassword: {SECRET}\nb: 2\n", f"export DB_PASS={SECRET}\n# more\n"])
def test_only_the_secret_in_a_content_is_marked(content: str) -> None:
    """In every way to write the content, the lines beside it stay."""
    marks = Marks()
    for text in (
        _block(content),
        _block(content).replace("|", "|+2"),
        json.dumps({"machine": {"files": [{"path": "/var/x", "content": content}]}}),
        f"machine:\n  files:\n    - {{content: {json.dumps(content)}}} # remark\n",
        _block(content).replace("\n", "\r\n"),
    ):
        assert redact_config_text(MachineConfig.parse(text), marks) == text.replace(SECRET, marks.mark(SECRET))


def test_words_of_the_config_stay_where_a_secret_is_equal_to_one() -> None:
    """A secret is replaced where it stands, keys and words elsewhere are not."""
    text = "cluster:\n  token: discovery\n  secret: enabled\n  discovery:\n    enabled: true # discovery is enabled\n  note: enabled\n"
    marks = Marks()
    config = MachineConfig.parse(text)
    expected = text.replace("token: discovery", f"token: {marks.mark('discovery')}").replace(
        "secret: enabled", f"secret: {marks.mark('enabled')}"
    )
    assert redact_config_text(config, marks) == expected
    data = Redaction(config, marks).data(config.documents[0], ())
    assert data["cluster"]["discovery"] == {"enabled": True}


def test_what_a_patch_does_to_a_secret_is_shown() -> None:
    """A directive is no secret."""
    text = "cluster:\n  secret:\n    $patch: delete\n  id: {$patch: delete}\nmachine:\n  features:\n    hostDNS:\n      $patch: delete\n"
    config = MachineConfig.parse(text)
    assert redact_config_text(config, Marks()) == text
    assert not secret_values(config)


def _block(content: str) -> str:
    body = "".join(f"        {line}\n" for line in content.splitlines())
    return f"machine:\n  files:\n    - path: /var/x\n      content: |\n{body}"


def test_a_private_key_is_marked_in_every_way_of_writing_it() -> None:
    """As text, escaped, folded and as base64."""
    encoded = base64.b64encode(PEM.encode()).decode()
    inner = PEM.split("\n")[1]
    for text in (
        _block(PEM),
        json.dumps({"machine": {"files": [{"path": "/var/x", "content": PEM}]}}),
        f"machine:\n  ca:\n    crt: {encoded}\n    key: {encoded}\n",
        f"machine:\n  ca: {{crt: x, key: '{encoded[:30]}\n      {encoded[30:]}'}}\n",
        f"machine:\n  x: # {encoded}\n    y: 1\n",
    ):
        config = MachineConfig.parse(text)
        seen = shown(config, MachineConfig.parse(text + "# x\n"))
        assert inner not in seen
        assert encoded[30:80] not in seen


def test_a_secret_that_a_comment_or_an_anchor_repeats_is_marked() -> None:
    """Wherever it stands in the text."""
    text = f"x-tokens:\n  - &t {SECRET}\nmachine:\n  token: *t # was {SECRET}\n  # token: {SECRET}\n  note: see {SECRET}\n"
    assert SECRET not in shown(MachineConfig.parse(text), MachineConfig.parse(text + "a: 1\n"))


def test_keys_that_end_like_a_secret_are_secret_in_kinds_that_nobody_knows() -> None:
    """Being behind Talos must not leak."""
    text = f"apiVersion: v1alpha1\nkind: FutureConfig\nadminPassword: {SECRET}\nnested: [{{apiToken: {SECRET}}}]\n"
    assert SECRET not in shown(MachineConfig.parse(text), MachineConfig.parse(text + "a: 1\n"))


def test_the_rest_of_the_text_stays_as_it_is() -> None:
    """A diff must still be readable, and line up."""
    text = (
        f"machine:\n  token: {SECRET} # of the machine\n  type: worker\n  ca:\n    key: |\n      {SECRET}\n  nodeTaints: {{key: value}}\n"
    )
    redacted = redact_config_text(MachineConfig.parse(text), Marks())
    assert "  type: worker\n" in redacted
    assert "# of the machine" in redacted
    assert redacted.endswith("  nodeTaints: {key: value}\n")


def test_equal_secrets_have_equal_marks_in_one_run_only() -> None:
    """So one sees that a token changed, and can compare nothing across reports."""
    config = MachineConfig.parse(f"machine: {{token: {SECRET}}}\ncluster: {{token: {SECRET}, secret: {SECRET}x}}\n")
    data = [redact_config_text(config, Marks()) for _ in range(2)]
    assert data[0] != data[1]
    first = MachineConfig.parse(data[0].replace("[redacted ", "'").replace("]", "'"))
    assert first.get("machine.token") == first.get("cluster.token") != first.get("cluster.secret")


def test_a_changed_secret_is_a_difference_that_shows_no_value() -> None:
    """Marks differ on both sides."""
    before, after = (MachineConfig.parse(f"machine:\n  token: {token}.0123456789abcdef\n") for token in ("abcdef", "bcdefg"))
    entry = before.diff(after).entries[0]
    assert entry.path == "machine.token"
    assert str(entry.before).startswith("[redacted ")
    assert entry.before != entry.after
    assert "abcdef" not in before.diff(after).unified().replace("redacted", "")


_LEAVES = st.recursive(
    st.one_of(st.just("@"), st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=6), st.integers(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["token", "secret", "key", "crt", "password", "a", "b", "auth", "privateKey"]), inner, max_size=4),
    ),
    max_leaves=10,
)


@given(_LEAVES, st.sampled_from(["token", "secret", "password", "apiToken", "passphrase"]), st.sampled_from(["json", "yaml"]))
def test_no_planted_secret_survives(data: object, key: str, form: str) -> None:
    """In whatever surroundings a secret leaf stands."""
    planted = {"machine": {"x": json.loads(json.dumps(data).replace('"@"', json.dumps({key: SECRET}))), key: SECRET}}
    text = json.dumps(planted, indent=2 if form == "yaml" else None)
    before = MachineConfig.parse(text)
    assert SECRET not in shown(before, MachineConfig.parse(text.replace(SECRET, f"{SECRET}2", 1)))


@given(st.text(st.characters(codec="utf-8"), max_size=30), st.integers(0, 60))
def test_no_error_quotes_a_value(junk: str, place: int) -> None:
    """A parser's message names characters, never values."""
    text = f"machine:\n  token: {SECRET}\n  x: [1,\n"
    cut = min(place, len(text))
    try:
        MachineConfig.parse(text[:cut] + junk + text[cut:])
    except TalosPatchError as error:
        assert SECRET not in f"{error}{error!r}"
