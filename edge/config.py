"""Settings of a unit: a TOML file, then ``EDGE_*`` variables, then ``--set`` on the command line.

The only place that reads the environment. An unknown setting is an error that names the nearest
one there is; secrets are never settings but files.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from edge.contract.bundle import LOCALES
from edge.errors import ConfigInvalid

ENV_PREFIX = "EDGE_"
_PRINTER = re.compile(r"tcp://|serial:/|usb:/|usb:[0-9a-fA-F]{4}:[0-9a-fA-F]{4}(:|$)")
"""How an address begins; whoever opens it reads the rest."""


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
    phone_url: str = setting(
        "", "Address of the holder's page for customers' phones; empty: /h/ at hub.url."
    )


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

    to: str = setting(
        "",
        "Where it is: tcp://HOST:PORT, serial:PATH, serial:PATH?baud=N, usb:PATH, or by extra "
        "`usb` usb:VENDOR:PRODUCT, usb:VENDOR:PRODUCT:SERIAL (ids in hex); empty for none.",
    )
    profile: str = setting(
        "generic-80-gbk", "What printer it is: a file of firmware_profiles/printers, without .toml."
    )
    drawer: str = setting(
        "never",
        "When the cash drawer opens: never, or accepted: with each receipt, not its copies.",
    )


@dataclass(frozen=True, slots=True)
class DevicesSection:
    """What is attached to this unit."""

    profiles_dir: Path = setting(
        Path("/etc/tearoff/profiles"),
        "Directory like firmware_profiles with the site's own files; they count before ours.",
    )


@dataclass(frozen=True, slots=True)
class PeersSection:
    """The other units of the same store, asked over the local network before one accepts."""

    host: str = setting(
        "0.0.0.0",  # noqa: S104 - authenticated, and opened only once there are peers
        "Address to listen at for them (UDP), once the hub has named any; empty for not at all.",
    )
    port: int = setting(8478, "Port to listen at; any free one if it is taken, or 0.")
    announce: str = setting(
        "", "HOST:PORT that the others are told by the hub; empty for what is found out."
    )
    static: str = setting(
        "", "HOST:PORT of others, with spaces between, where the hub cannot tell them."
    )
    discover: bool = setting(
        default=True,
        doc="Whether the others are sought in this network by multicast (mDNS); needs extra `lan`.",
    )


@dataclass(frozen=True, slots=True)
class ClockSection:
    """How far this machine's own clocks can be trusted."""

    battery: bool = setting(
        default=True,
        doc="Whether the system clock runs on while the machine is off; false without a battery.",
    )
    drift_ppm: int = setting(100, "How far its quartz may drift: 100 is 8.6 seconds a day.")


@dataclass(frozen=True, slots=True)
class KioskSection:
    """The page at which customers redeem alone, `/kiosk`."""

    page: bool = setting(
        default=False, doc="Whether there is one; it works on this machine's own screen only."
    )


@dataclass(frozen=True, slots=True)
class CameraSection:
    """The camera."""

    device: str = setting(
        "",
        "Where it is: /dev/video0, its number, or a video in its place; empty for none.",
    )
    profile: str = setting(
        "uvc-480", "What camera it is: a file of firmware_profiles/cameras, without .toml."
    )


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """All settings of a unit."""

    unit: UnitSection = field(default_factory=UnitSection)
    hub: HubSection = field(default_factory=HubSection)
    api: ApiSection = field(default_factory=ApiSection)
    store: StoreSection = field(default_factory=StoreSection)
    devices: DevicesSection = field(default_factory=DevicesSection)
    printer: PrinterSection = field(default_factory=PrinterSection)
    peers: PeersSection = field(default_factory=PeersSection)
    clock: ClockSection = field(default_factory=ClockSection)
    kiosk: KioskSection = field(default_factory=KioskSection)
    camera: CameraSection = field(default_factory=CameraSection)
    scanners: Mapping[str, str] = field(default_factory=dict)

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
    "devices": DevicesSection,
    "printer": PrinterSection,
    "camera": CameraSection,
    "peers": PeersSection,
    "clock": ClockSection,
    "kiosk": KioskSection,
}

NAMED: dict[str, str] = {
    "scanners": (
        'The scanners of this unit, each under a name of yours: `NAME = "KIND:PATH#PROFILE"`,'
        " eight at most. KIND is `serial` (`serial:/dev/serial/by-id/…#gm65-uart`; `?baud=9600`"
        " after the path if it is not the profile's) or `hid` (a scanner that types:"
        " `hid:/dev/input/by-id/…#hid-us`). The variable is `EDGE_SCANNERS__NAME`."
        " `tearoff-unit scanner list` shows what is attached."
    ),
}
"""Sections whose settings have names that the operator gives, each a text."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}", re.ASCII)


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
    for section in NAMED:
        named = {n: v for n, v in sorted(values.items()) if n.startswith(f"{section}.")}
        origins += [
            Origin(name, _text(name, value), origin) for name, (value, origin) in named.items()
        ]
        sections[section] = {
            name.partition(".")[2]: str(value) for name, (value, _) in named.items()
        }
    config = EdgeConfig(**sections)
    _check(config)
    return config, origins


def service_manager(env: Mapping[str, str] | None = None) -> tuple[str, float | None]:
    """Return where the service manager listens, and how many seconds it waits for a sign of life.

    An empty text and None where there is none. Source: sd_notify(3), sd_watchdog_enabled(3).
    """
    env = os.environ if env is None else env
    period_us = env.get("WATCHDOG_USEC", "")
    is_ours = env.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
    watches = is_ours and period_us.isascii() and period_us.isdecimal() and int(period_us) > 0
    return env.get("NOTIFY_SOCKET", ""), int(period_us) / 1e6 if watches else None


def _from_file(file: Path | None) -> Iterable[tuple[str, Any]]:
    if file is None:
        return []
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except OSError as exc:
        raise ConfigInvalid(f"{file} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as exc:
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
    section, _, own = name.partition(".")
    if name in names or (section in NAMED and _NAME.fullmatch(own)):
        return name
    if section in NAMED and own:
        raise ConfigInvalid(f"{where} sets {name}; a name is 1 to 20 of a to z, 0 to 9 and -")
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names)}"
    raise ConfigInvalid(f"{where} sets {name}, which does not exist{hint}")


def _converted(name: str, value: Any, item: dataclasses.Field[Any]) -> Any:
    kind: type = type(item.default) if not isinstance(item.default, Path) else Path
    if kind is bool:
        if str(value).lower() not in {"true", "false"}:
            raise ConfigInvalid(f"{name} is true or false, not {value!r}")
        return str(value).lower() == "true"
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ConfigInvalid(f"{name} is a whole number")
        try:
            return int(value)
        except ValueError as exc:
            raise ConfigInvalid(f"{name} is a whole number, not {value!r}") from exc
    _text(name, value)
    if kind is Path and not str(value):
        raise ConfigInvalid(f"{name} is empty")
    return Path(value) if kind is Path else str(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str | Path) or not str(value).isprintable():
        raise ConfigInvalid(f"{name} is printable text")
    return str(value)


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
    _check_printer(config.printer)
    if not 0 <= config.clock.drift_ppm <= 10_000:
        raise ConfigInvalid("clock.drift_ppm is 0 to 10000")
    _check_peers(config)


def _check_peers(config: EdgeConfig) -> None:
    if not 0 <= config.peers.port <= 65535:
        raise ConfigInvalid("peers.port is a port number, 0 to 65535")
    for text in (config.peers.announce, *config.peers.static.replace(",", " ").split()):
        host, colon, port = text.rpartition(":")
        if text and not (host and colon and port.isdecimal() and 0 < int(port) < 65536):
            raise ConfigInvalid(f"peers are at HOST:PORT, not {text!r}")


def _check_printer(printer: PrinterSection) -> None:
    if printer.drawer not in {"never", "accepted"}:
        raise ConfigInvalid("printer.drawer is never or accepted")
    if printer.to and not _PRINTER.match(printer.to):
        raise ConfigInvalid(
            "printer.to is tcp://HOST:PORT, serial:PATH, usb:PATH or usb:VENDOR:PRODUCT in hex"
        )
