"""What every test stands on: an environment without the user's own settings, and how much random input is tried."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The user's own files and settings must neither be read nor written by a test.
SCRUBBED = (
    "TALOSCONFIG",
    "TALOS_HOME",
    "KUBECONFIG",
    "KUBERNETES_SERVICE_HOST",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    *(name for name in os.environ if name.startswith("LOKI_")),
)

# A shell that starts us in the background has us ignore these signals, and every command under test would inherit that.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

settings.register_profile(
    "talospatch",
    deadline=None,
    max_examples=int(os.environ.get("TALOSPATCH_FUZZ", "60")),
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="TALOSPATCH_FUZZ" not in os.environ,
    database=None,
)
settings.load_profile("talospatch")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A home of its own for each test; nothing inherited that changes what a command does."""
    home: Path = tmp_path_factory.mktemp("home")
    for name in SCRUBBED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
