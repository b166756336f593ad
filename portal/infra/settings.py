"""Every setting there is, read from the environment; docs/operations.md lists them (a test)."""

import os
import secrets
from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS = ("secret_key", "sealing_key", "files_key", "audit_key", "edge_secret")
"""What production must be given. The embedded default makes its own."""

SHORTEST_SECRET = 32


class NotReady(ValueError):
    """Production cannot start like this; the sentence is for who runs it."""


class Settings(BaseSettings):
    """Defaults are the embedded portal's: everything below `portal_home`, nothing configured."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    # Where the embedded default keeps its database, files, mails and secrets.
    portal_home: Path = Path("var")
    # On: no demonstration people, no /dev/mail, no SAMPLE texts, secrets must be given.
    production: bool = Field(default=False, validation_alias="PORTAL_PRODUCTION")
    # SQLAlchemy address of PostgreSQL; empty: SQLite below portal_home.
    database_url: str = ""
    # Redis of the job queue; empty: a private child process with a socket below portal_home.
    redis_url: str = ""
    # Where encrypted files are kept: file:///folder or s3://bucket; empty: below portal_home.
    files_url: str = ""
    # 64 hexadecimal digits under which files are sealed; those used before, separated by spaces.
    files_key: str = ""
    files_keys_before: str = ""
    # Who takes our mail: smtp://user:password@host:port; empty: a folder below portal_home.
    smtp_url: str = ""
    # Whose letters they are: "Name <address>", empty: no-reply at our host; where answers go.
    mail_from: str = ""
    mail_reply_to: str = ""
    # Jobs one worker process does at the same time.
    worker_threads: int = 4
    # Socket of clamd, a path or host:port; empty: the portal's own checks only.
    clamd_socket: str = ""
    # Peers for patients' records (later slices).
    records_fhir_url: str = ""
    records_dicomweb_url: str = ""
    # The port of the web server and the address people reach it at.
    port: int = 8000
    base_url: str = ""
    # How many proxies of ours stand before the web server: their X-Forwarded-For is believed.
    trusted_proxies: int = 0
    # Signs cookies and one-use links.
    secret_key: str = ""
    # Encrypts second-factor secrets and kept typing; apart from secret_key, which may be changed.
    sealing_key: str = ""
    # Signs the checkpoints of the audit.
    audit_key: str = ""
    # Cost of one Argon2id: KiB, passes, lanes (RFC 9106 §4, second recommended option).
    argon2_memory: int = 65536
    argon2_passes: int = 3
    argon2_lanes: int = 4
    # Days of the scheme (reference: Important Notes for Registration, 2026): settings, not code.
    settling_days: int = 14
    documents_days: int = 60
    setup_days: int = 60
    support_days: int = 14
    # Where issuing keys are: a folder, or pkcs11:token=NAME?module-path=LIBRARY; empty: below home.
    ca_keys: str = ""
    # Open the issuing keys in files, the token, and the offline root's key.
    ca_passphrase: str = ""
    ca_pin: str = ""
    ca_root_passphrase: str = ""
    # Days a certificate of a service location lasts (our proposal; nothing official is known).
    certificate_days: int = 365
    # Where relying parties fetch lists and ask about certificates; empty: the portal's own address.
    pki_url: str = ""
    # Proves that a request came through our nginx, which checked the client's certificate.
    edge_secret: str = ""
    # The address at which nginx asks for a certificate; empty: https://localhost:SECURE_PORT.
    secure_url: str = ""
    secure_port: int = 8443
    # A signed-in person is signed out after this long without a page, and at the latest after.
    session_idle_minutes: int = 30
    session_hours: int = 12
    # Papers: where the system's Noto fonts are, where the faces cut from them are kept.
    font_sources: Path = Path("/usr/share/fonts")
    font_cache: Path = Path(__file__).parents[2] / ".cache" / "fonts"
    # The eHealth mark on labels, a PNG or SVG file; empty: a placeholder that says SAMPLE.
    label_mark: str = ""
    # How much is logged: DEBUG, INFO, WARNING.
    log_level: str = "INFO"

    @cached_property
    def embedded(self) -> bool:
        """Whether this is the one-command portal with its own SQLite database."""
        return not self.database_url

    @cached_property
    def home(self) -> Path:
        """`portal_home`, absolute, made if it is not there."""
        home = self.portal_home.resolve()
        home.mkdir(parents=True, exist_ok=True)
        return home

    @cached_property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'portal.db'}"

    @cached_property
    def redis(self) -> str:
        return self.redis_url or f"unix://{self.home / 'redis.sock'}"

    @cached_property
    def address(self) -> str:
        """The address people reach the portal at, without a slash at the end."""
        return (self.base_url or f"http://localhost:{self.port}").rstrip("/")

    @cached_property
    def pki_address(self) -> str:
        """The address written into certificates, without a slash at the end.

        By number where it is this machine: "localhost" is no name that a linter lets pass.
        """
        return (self.pki_url or self.address.replace("//localhost", "//127.0.0.1")).rstrip("/")

    @cached_property
    def secure_address(self) -> str:
        """The address at which nginx asks for a certificate, without a slash at the end."""
        return (self.secure_url or f"https://localhost:{self.secure_port}").rstrip("/")

    def secret(self, name: str) -> str:
        """The setting `name`, or in the embedded default a random secret kept below home.

        Raises:
            NotReady: production was asked for without this secret, or with a short one.
        """
        given = str(getattr(self, name)).strip()
        if self.production and len(given) < SHORTEST_SECRET:
            raise NotReady(
                f"production needs the setting {name.upper()}, of at least {SHORTEST_SECRET}"
                " characters: openssl rand -hex 32"
            )
        return given or self._kept_secret(name)

    def token_pin(self) -> str:
        """CA_PIN as its token knows it: of any length, and never one that we made up.

        Raises:
            NotReady: there is none. A guess would be counted by the token, which then locks.
        """
        if not (given := self.ca_pin.strip()):
            raise NotReady("CA_KEYS names a token: give its PIN in the setting CA_PIN")
        return given

    def prove(self) -> None:
        """See, in production, that the address and every secret are there.

        Raises:
            NotReady: one is missing. A process says so at its start, not when it needs it.
        """
        if not self.production:
            return
        if not self.base_url.startswith("https://"):
            # Letters and QR codes would lead to localhost; cookies would travel in the clear.
            raise NotReady("production needs the setting BASE_URL, beginning with https://")
        for name in SECRETS:
            self.secret(name)

    def prove_signing(self) -> None:
        """See, in production, that who issues can open keys in files; a token has its PIN.

        Raises:
            NotReady: it cannot. For workers alone: nobody else needs the passphrase.
        """
        if self.production and not self.ca_keys.startswith("pkcs11:"):
            self.secret("ca_passphrase")

    def _kept_secret(self, name: str) -> str:
        folder = self.home / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / name
        draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
        if not path.exists():
            draft.write_text(secrets.token_hex(32))
            draft.chmod(0o600)
            # A hard link appears whole or not at all: of two processes starting, one wins.
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text()


_current: Settings | None = None


def settings() -> Settings:
    """This process's settings."""
    global _current
    if _current is None:
        _current = Settings()
    return _current


def use_settings(chosen: Settings | None) -> None:
    """Put other settings in place; None reads the environment anew. For tests and benches."""
    global _current
    _current = chosen
