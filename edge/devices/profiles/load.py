"""Finds a profile, puts it together with what it inherits from, and checks it."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

from edge.devices.profiles.keys import fields_of, flat_values
from edge.devices.profiles.model import (
    KINDS,
    CameraProfile,
    DisplayProfile,
    PrinterProfile,
    Profile,
    ScannerProfile,
    TerminalProfile,
)
from edge.errors import ConfigInvalid

# In an installed package the profiles lie inside it; in a checkout beside it.
SHIPPED = (
    Path(__file__).parents[2] / "_firmware_profiles",
    Path(__file__).parents[3] / "firmware_profiles",
)
FILE_BYTES_MAX = 64 * 1024
INHERITED_MAX = 8
"""How long a line of inheritance may be."""
# Said of one device; the file that inherits says its own.
_NOT_INHERITED = ("schema", "id", "kind", "name", "inherits", "status", "evidence")
_FOR_PEOPLE = ("name", "vendor", "inherits", "status", "evidence")

Places = Sequence[Path]


def places(site: Path | None = None) -> tuple[Path, ...]:
    """Return where profiles are looked for: a site's own directory, then those that ship."""
    return (*([site] if site else []), *SHIPPED)


class Found(NamedTuple):
    """A file, and the places after the one it was found in."""

    path: Path
    further: Places


@overload
def load(kind: Literal["printer"], name: str, where: Places = ...) -> PrinterProfile: ...
@overload
def load(kind: Literal["scanner"], name: str, where: Places = ...) -> ScannerProfile: ...
@overload
def load(kind: Literal["camera"], name: str, where: Places = ...) -> CameraProfile: ...
@overload
def load(kind: Literal["display"], name: str, where: Places = ...) -> DisplayProfile: ...
@overload
def load(kind: Literal["terminal"], name: str, where: Places = ...) -> TerminalProfile: ...
@overload
def load(kind: str, name: str, where: Places = ...) -> Profile: ...
def load(kind: str, name: str, where: Places = SHIPPED) -> Profile:
    """Return a profile by kind and id.

    Args:
        kind: One of KINDS.
        where: Directories like ``firmware_profiles``, see ``places``; the first that has it
            counts, and may inherit from the same id in a later one.

    Raises:
        ConfigInvalid: there is none of that id, a file has an unknown key or a wrong value, or
            the inheritance leads nowhere or in a circle.
    """
    return _profile(kind, _find(kind, name, where), where)


def read_file(path: Path, where: Places = SHIPPED) -> Profile:
    """Return the profile in one file, wherever it lies; for checking one that is being written.

    Raises:
        ConfigInvalid: as for ``load``.
    """
    kind = _toml(path).get("kind")
    if kind not in KINDS:
        raise ConfigInvalid(f"{path.name}: kind must be one of {', '.join(KINDS)}")
    return _profile(str(kind), Found(path, where), where)


def ids(kind: str, where: Places = SHIPPED) -> list[str]:
    """Return the ids of all profiles of a kind."""
    return sorted({p.stem for place in where for p in (place / f"{kind}s").glob("*.toml")})


def _merged(kind: str, found: Found, where: Places) -> dict[str, Any]:
    """Return what a file and those that it inherits from say, by dotted key.

    A key of the file counts before an inherited one; a list is replaced as a whole.
    """
    seen: list[Path] = []
    whole: dict[str, Any] = {}
    while True:
        path = found.path
        if path in seen or len(seen) >= INHERITED_MAX:
            line = " -> ".join(each.stem for each in [*seen, path])
            why = "in a circle" if path in seen else "too far"
            raise ConfigInvalid(f"{seen[0].name}: inherits leads {why}: {line}")
        flat = flat_values(KINDS[kind], _toml(path), path.name)
        inherited = {name: value for name, value in flat.items() if name not in _NOT_INHERITED}
        whole = (inherited if seen else flat) | whole
        seen.append(path)
        parent = flat.get("inherits", "")
        if not parent:
            return whole
        # A site's file may carry the name of the one that it alters.
        further = found.further if parent == path.stem else where
        try:
            found = _find(kind, parent, further)
        except ConfigInvalid as exc:
            raise ConfigInvalid(f"{path.name}: inherits: {exc.detail}") from exc


def _profile(kind: str, found: Found, where: Places) -> Profile:
    flat, path = _merged(kind, found, where), found.path
    fields = fields_of(KINDS[kind], flat, path.name)
    if (fields["id"], fields["kind"]) != (path.stem, kind):
        raise ConfigInvalid(
            f"{path.name}: id and kind do not suit the file's place: {path.stem}, {kind}"
        )
    profile = KINDS[kind](**fields, sha256=_digest(flat))
    _check(profile, path.name)
    return profile


def _digest(flat: dict[str, Any]) -> str:
    driving = {name: value for name, value in flat.items() if name not in _FOR_PEOPLE}
    text = json.dumps(driving, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _check(profile: Profile, where: str) -> None:
    """Refuse what is wrong only in combination."""
    rules: dict[str, bool] = {"evidence must not be empty": bool(profile.evidence.strip())}
    if isinstance(profile, PrinterProfile):
        media, needs_image = profile.media, "raster" in {profile.codes.qr, profile.codes.code128}
        rules |= {
            "media.columns must fit into media.width_dots, eight dots each at least": (
                media.columns * 8 <= media.width_dots
            ),
            "media.width_dots must be a multiple of 8": media.width_dots % 8 == 0,
            "image.command is none, so codes cannot be raster": not (
                needs_image and profile.image.command == "none"
            ),
        }
    if isinstance(profile, ScannerProfile):
        frame = profile.frame
        rules["frame.length_min must not be above frame.length_max"] = (
            frame.length_min <= frame.length_max
        )
    if isinstance(profile, DisplayProfile):
        rules["screen.rotate_degrees must be 0, 90, 180 or 270"] = (
            profile.screen.rotate_degrees % 90 == 0
        )
    for rule, holds in rules.items():
        if not holds:
            raise ConfigInvalid(f"{where}: {rule}")


def _find(kind: str, name: str, where: Places) -> Found:
    if kind not in KINDS:
        raise ConfigInvalid(f"there is no kind {kind!r} of profile, only {', '.join(KINDS)}")
    for at, place in enumerate(where):
        for path in (place / f"{kind}s").glob("*.toml"):
            if path.stem == name:  # never a path made of the name: it may hold anything
                return Found(path, where[at + 1 :])
    known = ids(kind, where)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
    raise ConfigInvalid(f"no {kind} profile {name!r}{hint}")


def _toml(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ConfigInvalid(f"{path.name} is longer than {FILE_BYTES_MAX} bytes")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise ConfigInvalid(f"{path.name} cannot be read: {exc.strerror}") from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigInvalid(f"{path.name} is not TOML: {exc}") from exc
