"""Finds, reads and checks the printers of ``firmware_profiles/``: hardware as data."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import ConfigInvalid

# In an installed package the profiles lie inside it; in a checkout beside it.
_PLACES = (
    Path(__file__).parent.parent / "_firmware_profiles",
    Path(__file__).parent.parent.parent / "firmware_profiles",
)


@dataclass(frozen=True, slots=True)
class PrinterProfile:
    """What a receipt printer can do.

    Args:
        columns: Characters of font A in one row.
        width_dots: Printable dots in one row.
        encoding: Encoding of the printer's Chinese character set: ``gbk``.
        answers: Whether it answers status requests; if not, no paper is ever confirmed.
        qr: Whether it draws QR codes by itself.
        connect_ms: How long to wait for a connection; ``io_ms`` for each answer or write.
    """

    id: str
    name: str
    status: str
    columns: int
    width_dots: int
    encoding: str
    answers: bool
    qr: bool
    cut: bool
    connect_ms: int
    io_ms: int


_KEYS: dict[str, dict[str, type]] = {
    "": {"schema": int, "id": str, "kind": str, "name": str, "status": str, "evidence": str},
    "media": {"width_dots": int, "columns": int},
    "text": {"encoding": str},
    "codes": {"qr": str},
    "cut": {"auto": bool},
    "status_query": {"answers": bool},
    "link": {"connect_ms": int, "io_ms": int},
}


def printer_profile(name: str, places: Sequence[Path] = _PLACES) -> PrinterProfile:
    """Return a printer profile by its id.

    Args:
        places: Directories like ``firmware_profiles``; the first that has it counts.

    Raises:
        ConfigInvalid: there is none of that id, or the file has an unknown key or wrong value.
    """
    path = _find("printers", name, places)
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigInvalid(f"{path.name} is not TOML: {exc}") from exc
    _check(data, path)
    _check_values(data, path)
    return PrinterProfile(
        id=data["id"],
        name=data["name"],
        status=data["status"],
        columns=data["media"]["columns"],
        width_dots=data["media"]["width_dots"],
        encoding=data["text"]["encoding"],
        answers=data["status_query"]["answers"],
        qr=data["codes"]["qr"] == "native",
        cut=data["cut"]["auto"],
        connect_ms=data["link"]["connect_ms"],
        io_ms=data["link"]["io_ms"],
    )


def printer_ids() -> list[str]:
    """Return the ids of all printer profiles."""
    return sorted({p.stem for place in _PLACES for p in (place / "printers").glob("*.toml")})


def _find(kind: str, name: str, places: Sequence[Path]) -> Path:
    for place in places:
        for path in (place / kind).glob("*.toml"):
            if path.stem == name:
                return path
    near = difflib.get_close_matches(name, printer_ids(), n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(printer_ids())}"
    raise ConfigInvalid(f"no printer profile {name!r}{hint}")


def _check(data: dict[str, Any], path: Path) -> None:
    flat = {
        "": {k: v for k, v in data.items() if not isinstance(v, dict)},
        **{k: v for k, v in data.items() if isinstance(v, dict)},
    }
    for table, content in flat.items():
        known = _KEYS.get(table, {})
        for key in content:
            if key not in known:
                everything = [f"{t}.{k}".lstrip(".") for t, keys in _KEYS.items() for k in keys]
                name = f"{table}.{key}".lstrip(".")
                near = difflib.get_close_matches(name, everything, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ConfigInvalid(f"{path.name}: unknown key {name}{hint}")
    for table, known in _KEYS.items():
        for key, kind in known.items():
            if type(flat.get(table, {}).get(key)) is not kind:
                name = f"{table}.{key}".lstrip(".")
                raise ConfigInvalid(f"{path.name}: {name} must be {kind.__name__}")


def _check_values(data: dict[str, Any], path: Path) -> None:
    rules = {
        "schema must be 1": data["schema"] == 1,
        "id and kind do not suit the file's place": (data["id"], data["kind"])
        == (path.stem, "printer"),
        "media.columns must be at least 16": data["media"]["columns"] >= 16,
        # GB18030 writes some characters as four bytes whose middle prints as digits.
        "text.encoding must be gbk": data["text"]["encoding"] == "gbk",
        "link.connect_ms and link.io_ms must be positive": min(data["link"].values()) > 0,
    }
    for rule, holds in rules.items():
        if not holds:
            raise ConfigInvalid(f"{path.name}: {rule}")
