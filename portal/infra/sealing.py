"""Encryption of files at rest: libsodium's secretstream (XChaCha20-Poly1305), piece by piece.

Form: MAGIC, the stream's header, then boxes of BOX bytes, the last shorter and marked final. A
changed, swapped, missing or added box is noticed, as is a file put in another's place.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from portal.infra.settings import settings

MAGIC = b"EHF1"
PIECE = 64 * 1024
"""Bytes of clear text in each box but the last."""
BOX = PIECE + sodium.crypto_secretstream_xchacha20poly1305_ABYTES
HEADER = sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES
FINAL = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
MESSAGE = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE


class Tampered(Exception):
    """What is stored is not what we stored: changed, cut off, or another file's."""


class KeyMissing(Exception):
    """The file was sealed under a key that is not among the settings."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of 32 bytes; `id` tells keys apart without telling anything about them."""

    secret: bytes

    @property
    def id(self) -> str:
        return hashlib.blake2b(self.secret, digest_size=8, person=b"files key id").hexdigest()


def current_key() -> Key:
    """The key under which files are sealed now: the setting FILES_KEY.

    Raises:
        ValueError: it is missing in production, or is not 64 hexadecimal digits.
    """
    return _key(settings().secret("files_key"))


def key_with(key_id: str) -> Key:
    """The key of that id, the current one or one of FILES_KEYS_BEFORE.

    Raises:
        KeyMissing: none of the settings' keys has this id.
    """
    before = [_key(word) for word in settings().files_keys_before.split()]
    for key in (current_key(), *before):
        if key.id == key_id:
            return key
    raise KeyMissing(key_id)


def _key(digits: str) -> Key:
    try:
        secret = bytes.fromhex(digits.strip())
    except ValueError:
        secret = b""
    if len(secret) != sodium.crypto_secretstream_xchacha20poly1305_KEYBYTES:
        # The digits themselves stay out of the message.
        raise ValueError("a key of files is 64 hexadecimal digits: openssl rand -hex 32")
    return Key(secret)


def sealed(pieces: Iterable[bytes], key: Key, name: str) -> Iterator[bytes]:
    """`pieces`, of any sizes, as they are to be stored under `name`."""
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    yield MAGIC + sodium.crypto_secretstream_xchacha20poly1305_init_push(state, key.secret)
    for piece, last in _with_last(_in_sizes(pieces, PIECE)):
        tag = FINAL if last else MESSAGE
        yield sodium.crypto_secretstream_xchacha20poly1305_push(state, piece, name.encode(), tag)


def unsealed(stored: Iterable[bytes], key: Key, name: str) -> Iterator[bytes]:
    """The clear text of what is stored under `name`, each piece proved genuine before it is given.

    Raises:
        Tampered: as soon as a box does not fit; at the latest at the end, if that is missing.
    """
    boxes = _after_header(stored)
    header = next(boxes)
    if not header.startswith(MAGIC) or len(header) != len(MAGIC) + HEADER:
        raise Tampered(name)
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, header[len(MAGIC) :], key.secret)
    tag = MESSAGE
    for box in boxes:
        if tag == FINAL:
            raise Tampered(name)
        piece, tag = _opened(state, box, name)
        yield piece
    if tag != FINAL:
        raise Tampered(name)


def _opened(
    state: sodium.crypto_secretstream_xchacha20poly1305_state, box: bytes, name: str
) -> tuple[bytes, int]:
    try:
        return sodium.crypto_secretstream_xchacha20poly1305_pull(state, box, name.encode())
    except (CryptoError, ValueError, RuntimeError) as error:
        raise Tampered(name) from error


def _after_header(stored: Iterable[bytes]) -> Iterator[bytes]:
    """The header first, whatever there is of it, then the boxes."""
    waiting = bytearray()
    wanted = len(MAGIC) + HEADER
    for chunk in stored:
        waiting += chunk
        while len(waiting) >= wanted:
            yield bytes(waiting[:wanted])
            del waiting[:wanted]
            wanted = BOX
    if waiting or wanted != BOX:
        yield bytes(waiting)


def _in_sizes(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`, the last shorter (empty if there are none at all)."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) > size:
            yield bytes(waiting[:size])
            del waiting[:size]
    yield bytes(waiting)


def _with_last(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    before = next(pieces)
    for piece in pieces:
        yield before, False
        before = piece
    yield before, True
