"""Settings of the mail server: one TOML file, ``mail.toml`` in ``data_dir``. Without it no mail.

The password is a file of mode 0600 that the settings name; it is in no ``repr``, log or error.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from central.errors import ConfigInvalid
from central.foundation.notices.files import is_loopback, read_secret, read_settings

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]"
                      r"[A-Za-z0-9-]{0,62}")  # fmt: skip
_PATHS = ("password_file", "ca_file")


class Security(StrEnum):
    """How what is said to the server is kept secret."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"
    """On this machine only."""


def is_address(text: str) -> bool:
    """Say whether a text is one plain mail address, and nothing else."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def _sender(text: str) -> str:
    if not is_address(text):
        raise ValueError("an address is name@host.example")
    return text


class MailSettings(BaseModel):
    """The server that takes our mail."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field(min_length=1, max_length=253, description="The server.")
    port: int = Field(587, ge=1, le=65535, description="587 for starttls, 465 for tls.")
    security: Security = Field(
        Security.STARTTLS, description="starttls; tls; none for a server on this machine."
    )
    user: str = Field("", description="Who logs in; empty if nobody has to.")
    password_file: Path | None = Field(None, description="File with the password, mode 0600.")
    ca_file: Path | None = Field(
        None, description="Certificates that the server's is checked against; the system's if none."
    )
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        alias="from", description="Address that mail comes from."
    )
    timeout_s: float = Field(10, gt=0, le=60, description="How long one answer may take.")
    deadline_s: float = Field(
        60, gt=0, le=100, description="How long a whole mail may take, whatever the server does."
    )

    def check(self) -> None:
        """Refuse settings that would tell a stranger the password, or the mail."""
        if self.security is Security.NONE and not is_loopback(self.host):
            raise ConfigInvalid("mail: security none is for a server on this machine only")
        if bool(self.user) != (self.password_file is not None):
            raise ConfigInvalid("mail: user and password_file go together")


def load(file: Path) -> MailSettings | None:
    """Return the settings in a file; None without the file.

    Raises:
        ConfigInvalid: with a sentence that names the setting and never its value.
    """
    found = read_settings(file, MailSettings, _PATHS)
    if found is not None:
        found.check()
    return found


def password(settings: MailSettings) -> str:
    """Return the password; empty if nobody has to log in.

    Raises:
        ConfigInvalid: it cannot be read, or others on this machine can.
    """
    return "" if settings.password_file is None else read_secret(settings.password_file)
