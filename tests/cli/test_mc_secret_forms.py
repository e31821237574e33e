"""Property: a secret in any of the forms that a configuration takes it in is said by no command, in no format and by no error."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cli.run import run

ON = ("--talos", "1.14")
FORMS = ("table", "json", "yaml", "markdown")
SECRETS = st.text("abcdefghijkmnopqrstuvwxyz0123456789", min_size=12, max_size=24).map(lambda text: f"q7{text}z")

CONTENTS = (
    "client_secret: {}\n",
    'tunnel_token = "{}"\n',
    '[plugins."x".registry.configs."r.io".auth]\n  identitytoken = "{}"\n',
    "export DB_PASS={}\n",
    "[db]\npassword = {}\n",
    '{{"auths": {{"r.io": {{"auth": "{}"}}}}}}\n',
    "url: postgres://user:{}@db/x\n",
    "args: [--token, {}]\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData:\n  plain: {}\n",
    "kind: ConfigMap\ndata: {{a: b}}\n---\nkind: Secret\ndata:\n  plain: {}\n",
    '{{"kind": "Secret", "apiVersion": "v1", "data": {{"plain": "{}"}}}}\n',
    "env:\n  - name: DB_PASSWORD\n    value: {}\n",
)
DOCUMENTS = (
    "apiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: tailscale\nenvironment: [TS_AUTHKEY={}]\n",
    "apiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: netbird\nenvironment:\n  - NB_SETUP_KEY={}\n",
    "machine:\n  env: {{DB_PASS: {}, http_proxy: 'http://u:{}@p:3128'}}\n",
    "machine:\n  logging:\n    destinations:\n      - endpoint: tcp://u:{}@h:5\n        format: json_lines\n",
    (
        "machine:\n  pods:\n    - apiVersion: v1\n      kind: Pod\n      metadata: {{name: a}}\n"
        "      spec: {{containers: [{{name: a, env: [{{name: DB_PASSWORD, value: {}}}]}}]}}\n"
    ),
    "machine:\n  install:\n    extraKernelArgs: ['siderolink.api=https://h/?jointoken={}']\n",
    "machine:\n  token: {}\n",
)
# What people type: a value one level too high, a star before a password, a colon forgotten, a blank forgotten.
MISTAKES = (
    "apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\nencryption: {{provider: luks2, keys: [{{slot: 0, static: {}}}]}}\n",
    "machine:\n  registries:\n    config:\n      r.io:\n        auth: {}\n",
    "machine:\n  token: *{}\n",
    "machine:\n  token: &{} a\n  ca: [\n",
    "machine:\n  token {}\n",
    "machine:\n  token {}: a\n",
    "machine: {{token:{}}}\n",
    "machine:\n  token: {}\n  token: {}\n",
    "machine: {}\n",
    "machine:\n  token: '{}\n",
)
ELSEWHERE = (
    "machine:\n  install:\n    wipe: {}\n",
    "machine:\n  time:\n    bootTimeout: {}\n",
    "cluster:\n  controlPlane:\n    endpoint: 'https://u:{}/x@h'\n",
    "cluster:\n  controlPlane:\n    endpoint: ':{}'\n",
    "cluster:\n  controlPlane:\n    endpoint: 'user:{}@h'\n",
    "apiVersion: v1alpha1\nkind: LinkConfig\nname: eth0\naddresses: [{{address: {}}}]\n",
    "{}\n",
    "- {}\n",
    "machine:\n  install:\n    disk: !!int {}\n",
)


def in_a_file(content: str) -> str:
    """Return a configuration whose files and manifests have a content, in block form and as JSON has it."""
    lines = "".join(f"        {line}\n" for line in content.splitlines())
    return (
        f"machine:\n  type: worker\n  files:\n    - path: /var/a\n      content: |\n{lines}"
        f"    - path: /var/b\n      content: {json.dumps(content)}\n"
        f"cluster:\n  inlineManifests:\n    - name: a\n      contents: |\n{lines}"
    )


def said(*arguments: str) -> str:
    """Return all that a command says."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        run(arguments)
    return out.getvalue() + err.getvalue()


def everything(before: str, after: str, form: str) -> list[str]:
    """Return all that the commands for files say of two texts."""
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        Path("a.yaml").write_text(before)
        Path("b.yaml").write_text(after)
        Path("c.yaml").write_text("machine:\n  type: worker\n")
        return [
            said("mc", "diff", "a.yaml", "b.yaml", "-o", form),
            said("mc", "diff", "c.yaml", "-p", "@a.yaml", *ON, "-o", form),
            said("mc", "diff", "a.yaml", "-p", "@b.yaml", *ON, "-o", form),
            said("mc", "diff", "a.yaml", "-p", "@b.yaml", *ON, "-o", form, "--semantics", "talosctl"),
            said("mc", "diff", "c.yaml", "-p", before, *ON, "-o", form),
            said("mc", "validate", "a.yaml", "-m", "cloud", *ON, "-o", form),
            said("mc", "patch", "c.yaml", "-p", "@a.yaml", *ON, "--check"),
            said("mc", "convert", "a.yaml", "--to", "1.14", "-o", form),
        ]


@pytest.mark.fuzz
@given(st.sampled_from(CONTENTS), SECRETS, SECRETS, st.sampled_from(FORMS))
def test_no_secret_in_a_content_is_said(content: str, secret: str, other: str, form: str) -> None:
    """Whatever language the content is of; and the words around it are."""
    texts = everything(in_a_file(content.format(secret)), in_a_file(content.format(other)), form)
    for text in texts:
        assert secret not in text
        assert other not in text
    if secret != other:
        assert "machine.files" in texts[0] or "content" in texts[0]


@pytest.mark.fuzz
@given(st.sampled_from(DOCUMENTS), SECRETS, SECRETS, st.sampled_from(FORMS))
def test_no_secret_in_the_configuration_is_said(document: str, secret: str, other: str, form: str) -> None:
    """In values, and in the paths to what stands beside them."""
    before, after = document.format(secret, secret), document.format(other, other)
    for text in (
        *everything(before, after, form),
        *everything(before, before.replace("json_lines", "json_lines\n        extraTags: {a: b}"), form),
    ):
        assert secret not in text
        assert other not in text


@pytest.mark.fuzz
@given(st.sampled_from(MISTAKES + ELSEWHERE), SECRETS, st.sampled_from(FORMS))
def test_no_error_quotes_a_secret(mistake: str, secret: str, form: str) -> None:
    """Errors say where, and what kind of thing stands there."""
    text = mistake.format(secret, secret)
    said_of_all = everything(text, text + "# more\n", form)
    # What stands in a field that is not for secrets is shown by a difference, as everything else there.
    for shown in said_of_all[5:] if mistake in ELSEWHERE else said_of_all:
        assert secret not in shown


@pytest.mark.parametrize("patch", ["hunter2foo bar", "hunter2foo", "machine hunter2foo"])
def test_a_text_that_is_no_patch_is_not_repeated(patch: str) -> None:
    """It may be a patch that was typed wrongly."""
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        Path("a.yaml").write_text("machine: {type: worker}\n")
        shown = said("mc", "patch", "a.yaml", "-p", patch, *ON)
    assert "hunter2foo" not in shown
    assert f"a text of {len(patch)} characters is neither a file nor a patch" in shown


def test_a_copy_that_does_not_fit_names_the_new_place() -> None:
    """And does not say what was copied."""
    patch = '[{"op":"copy","from":"/machine/token","path":"/machine/env"}]'
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        Path("a.yaml").write_text("machine: {type: worker, token: abcdefgh}\n")
        shown = said("mc", "patch", "a.yaml", "-p", patch, *ON)
    assert "machine.env: a text stands where a mapping belongs" in shown
    assert "abcdefgh" not in shown


@pytest.mark.parametrize("form", FORMS)
def test_directives_of_a_conversion_are_shown(form: str) -> None:
    """Deleting a secret is none, and neither are the words that do it."""
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        Path("a.yaml").write_text(
            "machine:\n  type: worker\n  features:\n    hostDNS: {enabled: true}\n"
            "cluster:\n  id: 0raF93qnkMvF-FZNuvyGozXNdLiT2FOWSlyBaW4PR-w=\n  secret: pofHbABZq7VXuObsdLdy/bHmz6hlMHZ3p8+6WKrv1ic=\n"
            "  discovery: {enabled: true}\n"
        )
        shown = said("mc", "convert", "a.yaml", "--to", "1.14", "-o", form)
    assert "$patch: delete" in shown
    assert "pofHbABZq7VXuObsdLdy" not in shown
