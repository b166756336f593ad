"""Issuing keys: in a PKCS#11 token that never lets them out, or in an encrypted file.

The signature is RSASSA-PKCS1-v1_5 with SHA-256, and no other: the same bytes get the same
signature, from a file and from a token alike. So signing again after a crash makes the same
certificate again, never a second one of the same serial. (Deterministic ECDSA would do as well,
but no PKCS#11 token offers it: asked for, it is silently left out.)
"""

import os
import threading
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

import pkcs11
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_der_public_key,
    load_pem_private_key,
)
from pkcs11.util.rsa import encode_rsa_public_key

from portal.infra.settings import settings

SIZE = 3072
"""Bits of an issuing key (NIST SP 800-57 part 1: good beyond 2030)."""
ROOT_SIZE = 4096


class KeyUnavailable(Exception):
    """The issuing key cannot be reached just now: the token or file is gone, or locked."""


class KeyRefused(KeyUnavailable):
    """The token refuses our PIN. Asking again would be counted, and locks the token."""


PIN_REFUSED = (
    pkcs11.PinExpired,
    pkcs11.PinIncorrect,
    pkcs11.PinInvalid,
    pkcs11.PinLenRange,
    pkcs11.PinLocked,
)
_refused: set[tuple[str, str, str]] = set()
"""Tokens and the PINs they refused in this process: a wrong PIN is tried once, whoever asks."""


class Signer(Protocol):
    """A key that signs certificates and lists."""

    @property
    def public_key(self) -> RSAPublicKey: ...

    def sign(self, message: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 over `message`.

        Raises:
            KeyUnavailable: the key cannot be reached.
        """
        ...


class FileSigner:
    """A key in an encrypted PKCS#8 file, opened once a process."""

    def __init__(self, path: Path, passphrase: str) -> None:
        try:
            opened = load_pem_private_key(path.read_bytes(), passphrase.encode())
        except (OSError, ValueError) as error:
            raise KeyUnavailable(f"{path.name}: {type(error).__name__}") from error
        assert isinstance(opened, RSAPrivateKey)
        self.private_key = opened

    @property
    def public_key(self) -> RSAPublicKey:
        return self.private_key.public_key()

    def sign(self, message: bytes) -> bytes:
        return self.private_key.sign(message, PKCS1v15(), SHA256())


class TokenSigner:
    """A key in a PKCS#11 token. One session a process, one signature at a time."""

    def __init__(self, uri: "TokenAddress", pin: str, label: str) -> None:
        self.address, self.pin, self.label = uri, pin, label
        self._lock = threading.Lock()
        self._opened: tuple[int, Any] | None = None

    @property
    def public_key(self) -> RSAPublicKey:
        with self._lock, _reaching(self.label):
            found = self._session().get_key(
                object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=self.label
            )
            return _as_public(encode_rsa_public_key(found))

    def sign(self, message: bytes) -> bytes:
        try:
            return self._sign(message)
        except KeyRefused:
            raise
        except KeyUnavailable:
            # The token was taken out and put back, or its session has ended: open it anew, once.
            self.forget()
            return self._sign(message)

    def _sign(self, message: bytes) -> bytes:
        with self._lock, _reaching(self.label):
            key = self._session().get_key(
                object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self.label
            )
            signed = key.sign(message, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)
            return bytes(signed)

    def _session(self) -> Any:
        # A forked child must not use its parent's session.
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), open_token(self.address, self.pin))
        return self._opened[1]

    def forget(self) -> None:
        """Open the token anew next time: it was taken out, or its session has ended."""
        self._opened = None


class _reaching:
    """Whatever goes wrong with the token means that it is not available."""

    def __init__(self, label: str) -> None:
        self.label = label

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: object, _trace: object) -> None:
        if kind is not None and issubclass(kind, pkcs11.PKCS11Error | RuntimeError):
            raise KeyUnavailable(f"{self.label}: {kind.__name__}")


class TokenAddress:
    """`pkcs11:token=ehealth?module-path=/usr/lib/softhsm/libsofthsm2.so` (RFC 7512)."""

    def __init__(self, uri: str) -> None:
        path, _, query = uri.removeprefix("pkcs11:").partition("?")
        parts = dict(part.partition("=")[::2] for part in path.split(";"))
        self.token = unquote(parts.get("token", ""))
        self.module = parse_qs(query).get("module-path", [""])[0]
        if not self.token or not self.module:
            raise ValueError("CA_KEYS needs pkcs11:token=NAME?module-path=LIBRARY")


def open_token(address: TokenAddress, pin: str, *, writing: bool = False) -> Any:
    """A session of the token.

    Raises:
        KeyRefused: it does not take the PIN, now or before in this process.
    """
    attempt = (address.module, address.token, pin)
    if attempt in _refused:
        raise KeyRefused(f"{address.token}: the PIN was refused before")
    token = pkcs11.lib(address.module).get_token(token_label=address.token)
    try:
        return token.open(user_pin=pin, rw=writing)
    except PIN_REFUSED as error:
        _refused.add(attempt)
        raise KeyRefused(f"{address.token}: {type(error).__name__}") from error
    except pkcs11.UserAlreadyLoggedIn:
        # Another session of this process has: in PKCS#11 that holds for all of them.
        return token.open(rw=writing)


def signer(label: str) -> Signer:
    """The issuing key of that name, where the setting CA_KEYS says.

    Raises:
        KeyUnavailable: it is not there, or does not open.
    """
    return _signer(settings().ca_keys, str(folder()), label)


@cache
def _signer(keys: str, home: str, label: str) -> Signer:
    if keys.startswith("pkcs11:"):
        return TokenSigner(TokenAddress(keys), settings().token_pin(), label)
    return FileSigner(Path(home) / f"{label}.pem", settings().secret("ca_passphrase"))


def make_key(label: str) -> RSAPublicKey:
    """A fresh issuing key of that name in the token or folder; its public half."""
    if settings().ca_keys.startswith("pkcs11:"):
        return _make_in_token(label)
    return write_key(folder() / f"{label}.pem", SIZE, settings().secret("ca_passphrase"))


def _make_in_token(label: str) -> RSAPublicKey:
    address = TokenAddress(settings().ca_keys)
    with _reaching(label), open_token(address, settings().token_pin(), writing=True) as token:
        public, _private = token.generate_keypair(pkcs11.KeyType.RSA, SIZE, label=label, store=True)
        return _as_public(encode_rsa_public_key(public))


def _as_public(der: bytes) -> RSAPublicKey:
    found = load_der_public_key(der)
    assert isinstance(found, RSAPublicKey)
    return found


def write_key(path: Path, size: int, passphrase: str) -> RSAPublicKey:
    """A fresh RSA key in a new file that only its owner may read, encrypted.

    Raises:
        FileExistsError: there is a key of that name.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = generate_private_key(65537, size)
    encrypted = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
    )
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(encrypted)
    return key.public_key()


def folder() -> Path:
    """Where issuing keys are kept unless a token has them."""
    given = settings().ca_keys
    return Path(given) if given and not given.startswith("pkcs11:") else settings().home / "ca"


def forget_keys() -> None:
    """Open keys anew: after settings or the token changed."""
    _signer.cache_clear()
    _refused.clear()
