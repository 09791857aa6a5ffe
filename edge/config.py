"""Settings of a unit: a TOML file, then ``EDGE_*`` variables, then ``--set`` on the command line.

The only place that reads the environment. An unknown setting is an error that names the nearest
one there is; secrets are never settings but files.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from edge.contract.bundle import LOCALES
from edge.errors import ConfigInvalid

ENV_PREFIX = "EDGE_"


def setting(default: Any, doc: str) -> Any:
    """Declare one setting with its default and its one line of documentation."""
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True)
class UnitSection:
    """Where this unit keeps what it knows, and which language it speaks first."""

    data_dir: Path = setting(
        Path("/var/lib/tearoff-unit"),
        "Directory of database, keys and anchor; made with mode 0700.",
    )
    locale: str = setting("zh-CN", "Language where nobody asks for another: zh-CN or en.")


@dataclass(frozen=True, slots=True)
class HubSection:
    """How the hub is reached."""

    url: str = setting("", "Address of the hub, https://…; empty for a unit without a network.")
    ca_file: str = setting("", "PEM file of the authorities to trust instead of the system's.")
    timeout_s: int = setting(10, "Seconds to wait for the hub's answer to a push or pull.")
    sync_every_s: int = setting(15, "Seconds from pull to pull; a push follows each scan at once.")


@dataclass(frozen=True, slots=True)
class ApiSection:
    """The local HTTP API and the clerk's page."""

    host: str = setting(
        "127.0.0.1", "Address to listen on; if it is not loopback, put TLS in front."
    )
    port: int = setting(8090, "Port to listen on; 0 for any free one.")
    threads: int = setting(4, "Requests served at the same time.")


@dataclass(frozen=True, slots=True)
class StoreSection:
    """What guards the journal."""

    anchor_file: str = setting(
        "", "File of the anchor, best on another medium; empty for data_dir."
    )


@dataclass(frozen=True, slots=True)
class PrinterSection:
    """The receipt printer."""

    to: str = setting("", "Where it is: tcp://HOST:PORT; empty for a unit without a printer.")
    profile: str = setting(
        "generic-80-gbk", "What printer it is: a file of firmware_profiles/printers, without .toml."
    )


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """All settings of a unit."""

    unit: UnitSection = field(default_factory=UnitSection)
    hub: HubSection = field(default_factory=HubSection)
    api: ApiSection = field(default_factory=ApiSection)
    store: StoreSection = field(default_factory=StoreSection)
    printer: PrinterSection = field(default_factory=PrinterSection)

    @property
    def anchor_path(self) -> Path:
        """Return where the anchor lies."""
        return Path(self.store.anchor_file) if self.store.anchor_file else self.data("anchor")

    def data(self, name: str) -> Path:
        """Return the path of a file of the unit's own."""
        return self.unit.data_dir / name


class Origin(NamedTuple):
    """A setting as it is in force, and who said so."""

    name: str
    value: Any
    origin: str


SECTIONS: dict[str, type] = {
    "unit": UnitSection,
    "hub": HubSection,
    "api": ApiSection,
    "store": StoreSection,
    "printer": PrinterSection,
}


def load(
    file: Path | None = None,
    env: Mapping[str, str] | None = None,
    overrides: Iterable[str] = (),
) -> tuple[EdgeConfig, list[Origin]]:
    """Return the settings in force, and where each comes from.

    Args:
        file: TOML file; None for none.
        env: Environment; the process's own when None.
        overrides: ``section.name=value`` texts.

    Raises:
        ConfigInvalid: with a sentence that names the setting and, if one is near, the right name.
    """
    values: dict[str, tuple[Any, str]] = {}
    for name, value in _from_file(file):
        values[_known(name, f"{file}")] = (value, str(file))
    for name, value in _from_env(os.environ if env is None else env):
        variable = ENV_PREFIX + name.upper().replace(".", "__")
        values[_known(name, f"the variable {variable}")] = (value, "environment")
    for text in overrides:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigInvalid(f"--set wants section.name=value, not {text!r}")
        values[_known(name, "--set")] = (value, "command line")
    sections: dict[str, Any] = {}
    origins: list[Origin] = []
    for section, kind in SECTIONS.items():
        given: dict[str, Any] = {}
        for item in dataclasses.fields(kind):
            name = f"{section}.{item.name}"
            value, origin = values.get(name, (item.default, "default"))
            given[item.name] = _converted(name, value, item)
            origins.append(Origin(name, given[item.name], origin))
        sections[section] = kind(**given)
    config = EdgeConfig(**sections)
    _check(config)
    return config, origins


def _from_file(file: Path | None) -> Iterable[tuple[str, Any]]:
    if file is None:
        return []
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except OSError as exc:
        raise ConfigInvalid(f"{file} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigInvalid(f"{file} is not TOML: {exc}") from exc
    pairs: list[tuple[str, Any]] = []
    for section, content in data.items():
        if isinstance(content, dict):
            pairs += [(f"{section}.{name}", value) for name, value in content.items()]
        else:
            pairs.append((section, content))
    return pairs


def _from_env(env: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return [
        (name.removeprefix(ENV_PREFIX).lower().replace("__", "."), value)
        for name, value in sorted(env.items())
        if name.startswith(ENV_PREFIX)
    ]


def _known(name: str, where: str) -> str:
    names = [
        f"{s}.{item.name}" for s, kind in SECTIONS.items() for item in dataclasses.fields(kind)
    ]
    if name in names:
        return name
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names)}"
    raise ConfigInvalid(f"{where} sets {name}, which does not exist{hint}")


def _converted(name: str, value: Any, item: dataclasses.Field[Any]) -> Any:
    kind = type(item.default) if not isinstance(item.default, Path) else Path
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ConfigInvalid(f"{name} is a whole number")
        try:
            return int(value)
        except ValueError as exc:
            raise ConfigInvalid(f"{name} is a whole number, not {value!r}") from exc
    if not isinstance(value, str | Path) or not str(value).isprintable():
        raise ConfigInvalid(f"{name} is printable text")
    if kind is Path and not str(value):
        raise ConfigInvalid(f"{name} is empty")
    return Path(value) if kind is Path else str(value)


def _check(config: EdgeConfig) -> None:
    if config.unit.locale not in LOCALES:
        raise ConfigInvalid(f"unit.locale is one of {', '.join(LOCALES)}")
    if not config.api.host:
        raise ConfigInvalid("api.host is empty; 0.0.0.0 stands for every address of this machine")
    if not 0 <= config.api.port <= 65535:
        raise ConfigInvalid("api.port is a port number, 0 to 65535")
    if not 1 <= config.api.threads <= 64:
        raise ConfigInvalid("api.threads is 1 to 64")
    if config.hub.url and not config.hub.url.startswith(("https://", "http://")):
        raise ConfigInvalid("hub.url begins with https:// (http:// only on a trusted wire)")
    if "@" in config.hub.url:
        raise ConfigInvalid("hub.url holds no name and no password: the unit signs with its key")
    if not 1 <= config.hub.timeout_s <= 600:
        raise ConfigInvalid("hub.timeout_s is 1 to 600")
    if not 1 <= config.hub.sync_every_s <= 86400:
        raise ConfigInvalid("hub.sync_every_s is 1 to 86400")
    if config.printer.to and not config.printer.to.startswith("tcp://"):
        raise ConfigInvalid("printer.to is tcp://HOST:PORT")
