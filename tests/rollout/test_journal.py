"""The journal and its seal: what a crash, a full disk, another key or another process do to it."""

from __future__ import annotations

import base64
import errno
import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talospatch.errors import JournalError
from talospatch.rollout.journal import JournalStore
from talospatch.rollout.places import Places
from talospatch.rollout.sealed import Sealer, load_key

SECRET = b"machine: {token: abcdef.0123456789abcdef}"
AT = 1_767_323_045.0


def store_in(path: Path) -> JournalStore:
    return JournalStore(Places.of({"HOME": str(path)}))


def begun(path: Path) -> tuple[JournalStore, str]:
    store = store_in(path)
    journal = store.begin(AT, {"kind": "apply", "scope": "home"}, {"plan": SECRET})
    journal.write("intend", {"node": "10.0.0.5", "machineUuid": "u1"}, at=AT + 1, sealed={"before": SECRET})
    journal.write("ended", {"node": "10.0.0.5"}, at=AT + 2)
    journal.close()
    return store, journal.rollout


def test_what_is_written_is_read_back_and_what_is_sealed_is_not_there_in_clear(tmp_path: Path) -> None:
    """The exact bytes come back; neither they nor their base64 stand in any file."""
    store, rollout = begun(tmp_path)
    record = store.read(rollout)
    assert [entry.event for entry in record.entries] == ["begin", "intend", "ended"]
    assert store.open(record, record.entries[1], "before") == SECRET
    assert store.open(record, record.begin, "plan") == SECRET
    text = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"abcdef.0123456789abcdef" not in text
    assert base64.b64encode(SECRET)[:20] not in text


def test_only_its_owner_may_read_any_of_it(tmp_path: Path) -> None:
    """Files 0600, our directories 0700, the key included."""
    begun(tmp_path)
    for path in tmp_path.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_file():
            assert mode == 0o600, path
        elif path.name == "talospatch":
            assert mode == 0o700, path


def test_a_directory_that_the_user_named_keeps_its_mode(tmp_path: Path) -> None:
    """It may be anything's; what is written into it is still private."""
    tmp_path.chmod(0o755)
    store = JournalStore(Places.of({"HOME": str(tmp_path / "home")}, journal_dir=tmp_path))
    store.begin(AT, {}, {}).close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    (journal,) = tmp_path.glob("*.jsonl")
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


def test_ids_sort_by_time_and_are_found_by_their_beginning(tmp_path: Path) -> None:
    """``last`` is the newest."""
    store = store_in(tmp_path)
    ids = []
    for at in (AT + 90_000, AT, AT + 5):
        journal = store.begin(at, {"kind": "apply"}, {})
        journal.close()
        ids.append(journal.rollout)
    assert store.ids() == (ids[1], ids[2], ids[0])
    assert store.find("last") == ids[0]
    assert store.find(ids[1]) == ids[1]
    with pytest.raises(JournalError, match="3 rollouts"):
        store.find("20")
    with pytest.raises(JournalError, match="no rollout 'x'"):
        store.find("x")


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 400))
def test_a_torn_end_loses_what_was_not_finished_and_nothing_else(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """At whichever byte the writing stopped; going on cuts it off first."""
    store, rollout = begun(tmp_path_factory.mktemp("torn"))
    path = store.places.journal / f"{rollout}.jsonl"
    data = path.read_bytes()
    first, intend = data.split(b"\n")[:2]
    cut = min(cut, len(data) - len(first) - 2)
    path.write_bytes(data[:-cut])
    record = store.read(rollout)
    assert [entry.event for entry in record.entries] == ["begin", "intend", "ended"][: len(record.entries)]
    assert record.torn == (data[:-cut][-1:] != b"\n")
    journal = store.resume(rollout)
    journal.write("resumed", {}, at=AT + 9)
    journal.close()
    again = store.read(rollout)
    assert not again.torn
    assert [entry.event for entry in again.entries] == [*(entry.event for entry in record.entries), "resumed"]
    assert len(intend) > 0


def test_damage_in_the_middle_is_told_from_a_torn_end(tmp_path: Path) -> None:
    """What follows a damaged line cannot be trusted, so nothing of it is used."""
    store, rollout = begun(tmp_path)
    path = store.places.journal / f"{rollout}.jsonl"
    data = bytearray(path.read_bytes())
    data[data.index(b"intend")] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(JournalError, match="line 2 is damaged"):
        store.read(rollout)


def test_an_entry_moved_from_another_node_does_not_open(tmp_path: Path) -> None:
    """Sealed bytes are bound to rollout, machine and name."""
    sealer = Sealer(b"k" * 32)
    sealed = sealer.seal(SECRET, bound_to="r1\0u1\0before")
    assert sealer.open(sealed, bound_to="r1\0u1\0before") == SECRET
    for other in ("r2\0u1\0before", "r1\0u2\0before", "r1\0u1\0after"):
        with pytest.raises(JournalError, match="belong to something else"):
            sealer.open(sealed, bound_to=other)
    with pytest.raises(JournalError):
        Sealer(b"x" * 32).open(sealed, bound_to="r1\0u1\0before")
    for broken in ("", "AQ==", "not base64!", sealed[:-8]):
        with pytest.raises(JournalError):
            sealer.open(broken, bound_to="r1\0u1\0before")


def test_a_lost_key_says_what_is_lost(tmp_path: Path) -> None:
    """Reading the history still works; opening the bytes says why not."""
    store, rollout = begun(tmp_path)
    store.places.key.unlink()
    fresh = store_in(tmp_path)
    record = fresh.read(rollout)
    with pytest.raises(JournalError, match=r"is lost.*undone or resumed"):
        fresh.open(record, record.begin, "plan")
    with pytest.raises(JournalError, match="is lost"):
        fresh.resume(rollout)


def test_another_key_is_told_from_damage(tmp_path: Path) -> None:
    """By the key's id in the first entry."""
    store, rollout = begun(tmp_path)
    store.places.key.write_bytes(base64.b64encode(b"z" * 32))
    fresh = store_in(tmp_path)
    record = fresh.read(rollout)
    with pytest.raises(JournalError, match=r"was sealed with key [0-9a-f]{8}, and the key here is"):
        fresh.open(record, record.begin, "plan")


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """And one that is no key."""
    store, _rollout = begun(tmp_path)
    store.places.key.chmod(0o644)
    with pytest.raises(JournalError, match="others may read"):
        load_key(store.places, create=True)
    store.places.key.chmod(0o600)
    store.places.key.write_text("hello\n")
    with pytest.raises(JournalError, match="not a journal key"):
        load_key(store.places, create=True)


def test_a_key_may_come_from_the_environment(tmp_path: Path) -> None:
    """For runners without a home directory; it never shows."""
    key = base64.b64encode(b"e" * 32).decode()
    places = Places.of({"HOME": str(tmp_path), "TALOSPATCH_JOURNAL_KEY": key}, journal_dir=tmp_path / "here")
    store = JournalStore(places)
    journal = store.begin(AT, {}, {"plan": SECRET})
    journal.close()
    assert not places.key.exists()
    assert (tmp_path / "here").is_dir()
    assert key not in repr(places)
    assert "65656565" not in repr(load_key(places, create=False))


def test_places_follow_the_base_directory_specification(tmp_path: Path) -> None:
    """State and configuration apart; a relative path is ignored, as the specification says."""
    places = Places.of({"HOME": "/home/u"})
    assert str(places.journal) == "/home/u/.local/state/talospatch"
    assert str(places.key) == "/home/u/.config/talospatch/journal.key"
    places = Places.of({"HOME": "/home/u", "XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "relative"})
    assert str(places.journal) == "/s/talospatch"
    assert str(places.key) == "/home/u/.config/talospatch/journal.key"
    assert Places.of({"HOME": "/h", "TALOSPATCH_JOURNAL_DIR": "/j"}).journal == Path("/j")


def test_a_disk_that_fills_up_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file; the next entry, once there is room again, stands on its own line."""
    store = store_in(tmp_path)
    journal = store.begin(AT, {}, {})
    room = 10
    original = os.write

    def write(descriptor: int, data: bytes) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = original(descriptor, bytes(data)[:room])
        room -= written
        return written

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(JournalError, match="No space left on device"):
        journal.write("intend", {"node": "n"}, at=AT)
    room = 10_000
    journal.write("end", {}, at=AT)
    journal.close()
    record = store.read(journal.rollout)
    assert [entry.event for entry in record.entries] == ["begin", "end"]
    assert not record.torn


def test_a_place_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    """A file where the directory should be."""
    (tmp_path / "state").write_text("")
    store = JournalStore(Places.of({"HOME": str(tmp_path)}, journal_dir=tmp_path / "state" / "journal"))
    with pytest.raises(JournalError, match="cannot make this directory"):
        store.begin(AT, {}, {})
    with pytest.raises(JournalError, match="cannot make this directory"), store.lock("home"):
        pass
    with pytest.raises(JournalError, match="cannot list"):
        store.ids()


def test_each_entry_is_on_the_disk_before_the_call_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """fsync after each line, and of the directory when the file is new."""
    synced: list[str] = []
    original = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").resolve()) if Path("/proc/self/fd").exists() else "?")
        original(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    store = store_in(tmp_path)
    journal = store.begin(AT, {}, {})
    assert any(name.endswith(".jsonl") for name in synced) or "?" in synced
    assert any(name.endswith("/talospatch") for name in synced) or "?" in synced
    before = len(synced)
    journal.write("end", {}, at=AT)
    journal.close()
    assert len(synced) == before + 1


def _hold(path: str, ready: multiprocessing.synchronize.Event, done: multiprocessing.synchronize.Event) -> None:
    with store_in(Path(path)).lock("home"):
        ready.set()
        done.wait(20)


def test_two_rollouts_on_one_cluster_are_kept_apart(tmp_path: Path) -> None:
    """The second process is told who holds it; another cluster is free; a dead holder holds nothing."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(str(tmp_path), ready, done))
    holder.start()
    try:
        assert ready.wait(20)
        store = store_in(tmp_path)
        with pytest.raises(JournalError, match=f"process {holder.pid}"), store.lock("home"):
            pass
        with store.lock("office"):
            pass
    finally:
        done.set()
        holder.join(20)
    with store.lock("home"):
        pass


def test_a_journal_of_a_newer_form_is_not_guessed_at(tmp_path: Path) -> None:
    """Its schema is named."""
    store = store_in(tmp_path)
    journal = store.begin(AT, {}, {})
    journal.close()
    path = store.places.journal / f"{journal.rollout}.jsonl"
    body = json.loads(path.read_text().split(" ", 1)[1])
    body["fields"]["schema"] = 99
    import zlib

    text = json.dumps(body)
    path.write_text(f"{zlib.crc32(text.encode()):08x} {text}\n")
    with pytest.raises(JournalError, match="schema 99"):
        store.read(journal.rollout)
