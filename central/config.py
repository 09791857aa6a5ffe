"""Settings of the hub: a TOML file, then ``HUB_*`` variables, then ``--set``.

The only place that reads the environment. An unknown setting is an error that names the nearest
one there is; secrets are never settings but files in ``data_dir``.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from central.errors import ConfigInvalid
from edge.contract.ids import parse_issuer_id

ENV_PREFIX = "HUB_"
DEFAULT_FILE = Path("/etc/tearoff/hub.toml")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise ValueError(f"there is no time zone {name!r}") from exc
    return name


class HubConfig(BaseModel):
    """All settings of the hub."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: Path = Field(
        Path("/var/lib/tearoff-hub"),
        description="Directory of keys and SQLite file; made with mode 0700.",
    )
    database: str = Field(
        "", description="postgresql://… of a server; empty for SQLite in data_dir.", repr=False
    )
    host: str = Field(
        "127.0.0.1", description="Address to listen on; if it is not loopback, put TLS in front."
    )
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    threads: int = Field(4, ge=1, le=64, description="Requests served at the same time.")
    held_above: int = Field(
        0, ge=0, description="An order of more minor units waits for a person; 0: none does."
    )
    second_person_above: int = Field(
        1_000_000, ge=0,
        description="What is entered by hand and is more minor units waits for a second person.",
    )  # fmt: skip
    agent_unpaid_orders: int = Field(
        100, ge=1, description="Orders that one agent may have unpaid at a time."
    )
    agent_stock_percent: int = Field(
        50, ge=0, le=100,
        description="Part of a SKU's keys that are kept for one agent's unpaid orders, at most.",
    )  # fmt: skip
    jobs: bool = Field(
        default=True,
        description="Whether this process does the hub's work by the clock; one of several may.",
    )
    second_factor_required: bool = Field(
        default=False,
        description="Whether everybody at headquarters must log in with a second factor.",
    )
    grant_write_off_h: int = Field(
        72,
        ge=1,
        le=8760,
        description="Hours after its end that what a phone's grant holds is kept for a lost till.",
    )
    url: str = Field(
        "", description="Address that browsers see; https://… switches secure cookies on."
    )
    issuer: Annotated[str, AfterValidator(parse_issuer_id)] = Field(
        "hub.local",
        description="Name in every signature, hub.example; never change it once vouchers are out.",
    )
    currency: str = Field(
        "CNY", pattern="^[A-Z]{3}$", description="ISO 4217 code of what vouchers are worth."
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Shanghai", description="IANA time zone in which business days begin."
    )
    locale: str = Field(
        "zh-CN",
        pattern="^(zh-CN|en)$",
        description="Language where nobody asks for another: zh-CN or en.",
    )

    @property
    def sqlite_file(self) -> Path:
        """Where the database lies if it is SQLite."""
        return self.data_dir / "hub.db"

    @property
    def channels_file(self) -> Path:
        """Settings of the payment channels; without the file there are none."""
        return self.data_dir / "channels.toml"

    @property
    def sms_file(self) -> Path:
        """Settings of text messages; without the file nobody is told by text."""
        return self.data_dir / "sms.toml"

    @property
    def mail_file(self) -> Path:
        """Settings of the mail server; without the file nobody is told by mail."""
        return self.data_dir / "mail.toml"

    @property
    def statements_file(self) -> Path:
        """How banks and suppliers write their files; without it none can be taken."""
        return self.data_dir / "statements.toml"


def load(
    file: Path | None = None,
    env: Mapping[str, str] | None = None,
    overrides: Iterable[str] = (),
) -> HubConfig:
    """Return the settings in force.

    Args:
        file: TOML file; None for none.
        env: Environment; the process's own when None.
        overrides: ``name=value`` texts.

    Raises:
        ConfigInvalid: with a sentence that names the setting and, if one is near, the right name.
    """
    values: dict[str, Any] = {}
    for name, value in _from_file(file).items():
        values[_known(name, str(file))] = value
    for name, value in sorted((os.environ if env is None else env).items()):
        if name.startswith(ENV_PREFIX):
            values[_known(name.removeprefix(ENV_PREFIX).lower(), name)] = value
    for text in overrides:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigInvalid(f"--set wants name=value, not {text!r}")
        values[_known(name, "--set")] = value
    try:
        return HubConfig(**values)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        raise ConfigInvalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _from_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as exc:
        raise ConfigInvalid(f"{file} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigInvalid(f"{file} is not TOML: {exc}") from exc


def _known(name: str, where: str) -> str:
    names = list(HubConfig.model_fields)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names)}"
    raise ConfigInvalid(f"{where} sets {name}, which does not exist{hint}")
