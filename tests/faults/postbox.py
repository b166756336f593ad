"""A mail server that takes every letter and remembers each time one was handed to it."""

import email
import email.policy
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller

from tests.services import free_port


@dataclass
class Postbox:
    """What was handed over, by Message-ID: how often, to whom and about what."""

    port: int = field(default_factory=free_port)
    times: Counter[str] = field(default_factory=Counter)
    about: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def repeats(self) -> int:
        """Hand-overs of a letter that had been handed over before."""
        return self.times.total() - len(self.times)

    def letters_about(self, words: str) -> list[tuple[str, int]]:
        """Recipient and number of different letters to them with `words` in the subject."""
        found: dict[str, int] = defaultdict(int)
        for recipient, subject in self.about.values():
            found[recipient] += words in subject
        return [(who, letters) for who, letters in found.items() if letters]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        said = email.message_from_bytes(envelope.content, policy=email.policy.default)
        name = str(said["Message-ID"])
        self.about[name] = (envelope.rcpt_tos[0], str(said["Subject"]))
        self.times[name] += 1
        return "250 OK"


@contextmanager
def postbox() -> Iterator[Postbox]:
    made = Postbox()
    server = Controller(made, hostname="127.0.0.1", port=made.port)
    server.start()
    try:
        yield made
    finally:
        server.stop()
