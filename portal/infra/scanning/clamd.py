"""Asks clamd whether a file holds a known virus. No answer means: not scanned."""

import socket
import struct
import time
from dataclasses import dataclass

SECONDS = 5.0
"""For connecting, sending and the answer together."""
PIECE = 1 << 16
LONGEST_ANSWER = 4096
ENCRYPTED = "Heuristics.Encrypted."
"""Not a virus: whether a locked file is accepted is the examination's to say."""


class NotScanned(Exception):
    """The scanner is not there, does not answer, or could not look at the file."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the scanner recognised."""

    signature: str


def scan(content: bytes, address: str, *, seconds: float = SECONDS) -> Found | None:
    """What clamd at `address` (a socket's path or host:port) finds in `content`; None if nothing.

    Raises:
        NotScanned: refused, silent, or an ERROR (too large, out of memory, reloading …).
    """
    try:
        answer = _asked(content, address, time.monotonic() + seconds)
    except OSError as error:
        raise NotScanned(type(error).__name__) from error
    return _understood(answer)


def _asked(content: bytes, address: str, until: float) -> str:
    with _connected(address, until) as line:
        line.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE]
            line.settimeout(max(until - time.monotonic(), 0.001))
            line.sendall(struct.pack("!L", len(piece)) + piece)
        line.sendall(struct.pack("!L", 0))
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
            line.settimeout(max(until - time.monotonic(), 0.001))
            piece = line.recv(LONGEST_ANSWER)
            if not piece:
                break
            answer += piece
    return answer.rstrip(b"\0").decode(errors="replace").strip()


def _connected(address: str, until: float) -> socket.socket:
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in address:
        return socket.create_connection((host, int(port)), until - time.monotonic())
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(until - time.monotonic())
    try:
        line.connect(address.removeprefix("unix://"))
    except OSError:
        line.close()
        raise
    return line


def _understood(answer: str) -> Found | None:
    if answer == "stream: OK":
        return None
    signature = answer.removeprefix("stream: ").removesuffix(" FOUND")
    if not answer.endswith(" FOUND"):
        raise NotScanned(answer[:100] or "no answer")
    return None if signature.startswith(ENCRYPTED) else Found(signature)
