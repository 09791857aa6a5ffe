"""Settings of text messages: one TOML file, ``sms.toml`` in ``data_dir``. Without it none is sent.

The secret of the access key is a file of mode 0600 that the settings name; it is in no ``repr``,
log or error.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from central.errors import ConfigInvalid
from central.foundation.notices.files import is_loopback, read_secret, read_settings

_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def mobile_of(text: str) -> str | None:
    """Return a number of the mainland as eleven digits, None if a text is none.

    Spaces, hyphens and +86 are what people write with it.
    """
    plain = re.sub(r"[ -]", "", text)
    plain = plain.removeprefix("+86").removeprefix("0086")
    return plain if _MOBILE.fullmatch(plain) else None


def _endpoint(text: str) -> str:
    parts = urlsplit(text)
    plain = f"{parts.scheme}://{parts.netloc}"
    if text.rstrip("/") != plain or not parts.hostname:
        raise ValueError("an endpoint is https://HOST")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("an endpoint is https://HOST; http is for this machine only")
    return plain


class Templates(BaseModel):
    """The codes of the approved templates, one an event; without one, nobody is told of it.

    Their variables: ``order`` in those of orders, ``price`` in *paid*, ``amount`` in *refunded*;
    ``code`` in *code*, without which nobody signs in by a mobile number; none in *changed*.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    paid: str = ""
    delivered: str = ""
    patience: str = ""
    refunded: str = ""
    answered: str = ""
    code: str = ""
    changed: str = ""


class SmsSettings(BaseModel):
    """Alibaba Cloud's Short Message Service, and what was approved there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        "https://dysmsapi.aliyuncs.com", description="Where requests go."
    )
    access_key_id: str = Field(min_length=1, max_length=128, description="Who asks.")
    secret_file: Path = Field(description="File with the secret of the access key, mode 0600.")
    sign_name: str = Field(min_length=1, max_length=32, description="Approved signature, 签名.")
    templates: Templates = Field(default_factory=Templates)
    timeout_s: float = Field(10, gt=0, le=60, description="How long an answer may take.")

    def secret(self) -> str:
        """Return the secret.

        Raises:
            ConfigInvalid: it cannot be read, or others on this machine can.
        """
        return read_secret(self.secret_file)


def load(file: Path) -> SmsSettings | None:
    """Return the settings in a file; None without the file.

    Raises:
        ConfigInvalid: with a sentence that names the setting and never its value.
    """
    found = read_settings(file, SmsSettings, ("secret_file",))
    if found is not None and not any(found.templates.model_dump().values()):
        raise ConfigInvalid(f"{file}: templates names none, so nobody would be told of anything")
    return found
