"""Sealing what the journal keeps of configurations: they hold the cluster's secrets.

AES-256-GCM. The sealed text is bound to its rollout, machine and name, so that bytes of one node cannot be passed off as another's.
"""

from __future__ import annotations

import base64
import binascii
import os
import zlib
from hashlib import sha256
from pathlib import Path

from talospatch.errors import JournalError
from talospatch.rollout.disk import create_once, said
from talospatch.rollout.places import KEY_VARIABLE, Places

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORM = b"\x01"  # AES-256-GCM over zlib
_LARGEST = 1 << 30  # bytes that an opened text may have
_SHARED = 0o077
LOST = "what was sealed with the former key, the bytes that nodes had before a rollout, is lost: those rollouts cannot be undone or resumed"


class Sealer:
    """Seals and opens with one key.

    Attributes:
        key_id: eight hex digits that tell one key from another and nothing about it.
    """

    __slots__ = ("_key", "key_id")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise JournalError(f"the journal's key has {len(key)} bytes and must have {KEY_BYTES}; {LOST}")
        self._key = key
        self.key_id = sha256(b"talospatch journal key" + key).hexdigest()[:8]

    def __repr__(self) -> str:
        return f"Sealer(key_id={self.key_id!r})"

    def seal(self, data: bytes, *, bound_to: str) -> str:
        """Return ``data`` sealed, as text.

        Args:
            data: anything.
            bound_to: what it belongs to; opening it needs the same text.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(nonce, zlib.compress(data, 6), _FORM + bound_to.encode())
        return base64.b64encode(_FORM + nonce + sealed).decode()

    def open(self, text: str, *, bound_to: str) -> bytes:
        """Return what was sealed.

        Raises:
            JournalError: it was sealed with another key, for something else, or was changed since.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            raw = base64.b64decode(text, validate=True)
            if raw[:1] != _FORM or len(raw) < 1 + _NONCE_BYTES:
                raise JournalError("sealed bytes of the journal have a form that this version does not know")
            packed = AESGCM(self._key).decrypt(raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :], _FORM + bound_to.encode())
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(packed, _LARGEST)
            if not unpacker.eof:
                raise JournalError("sealed bytes of the journal are larger than anything that we write")
        except InvalidTag:
            problem = "were changed, belong to something else, or were sealed with another key"
        except (binascii.Error, ValueError, zlib.error):
            problem = "are damaged"
        else:
            return data
        raise JournalError(f"sealed bytes of the journal {problem} (key {self.key_id})")


def load_key(places: Places, *, create: bool) -> Sealer:
    """Return the sealer of the user's key.

    Args:
        places: where the key is.
        create: make one where there is none; False where something sealed is to be opened.

    Raises:
        JournalError: there is none, others may read it, or it is no key.
    """
    if places.given_key:
        return Sealer(_decoded(places.given_key, KEY_VARIABLE))
    path = places.key
    if not _exists(path):
        if not create:
            raise JournalError(f"{path}: the journal's key is not there; {LOST}. Put the file back from a backup, or set {KEY_VARIABLE}")
        create_once(path, base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
    with said("cannot read the journal's key", path):
        mode = path.stat().st_mode
        text = path.read_bytes()[:200].decode("ascii", "replace")
    if mode & _SHARED:
        raise JournalError(f"{path}: others may read the journal's key (mode {mode & 0o777:04o}); chmod 600 it, if you still trust it")
    return Sealer(_decoded(text, str(path)))


def _exists(path: Path) -> bool:
    with said("cannot read the journal's key", path):
        return path.exists()


def _decoded(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise JournalError(f"{source}: this is not a journal key, which is base64 of {KEY_BYTES} bytes; {LOST}")
    return key
