"""``tearoff-unit scan-image``: the code in each picture, for a person or a script."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from edge.devices.pictures.decoder import PictureDecoder
from edge.devices.pictures.model import FORMATS
from edge.errors import ConfigInvalid, DecoderUnavailable, RequestInvalid

BUDGET_S = 4.0
ANSWER_S = 60.0


def read_formats(text: str) -> tuple[str, ...]:
    """Return the symbologies of a list with commas.

    Raises:
        ConfigInvalid: one of them is not known.
    """
    wanted = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    unknown = set(wanted) - set(FORMATS)
    if unknown or not wanted:
        named = ", ".join(sorted(unknown)) or "(none)"
        raise ConfigInvalid(f"unknown format {named}; there are {', '.join(FORMATS)}")
    return wanted


@click.command("scan-image")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, for scripts.")
@click.option(
    "--formats", default="qr", show_default=True, metavar="LIST",
    help="Which symbologies to look for, with commas between: qr, code128, pdf417.",
)  # fmt: skip
@click.option(
    "--budget", "budget_s", default=BUDGET_S, show_default=True, type=click.FloatRange(0.01, 60),
    help="Seconds of the processor after which no further way of looking at a picture is tried.",
)  # fmt: skip
def scan_image(
    files: tuple[Path, ...], as_json: bool, formats: str, budget_s: float  # noqa: FBT001
) -> None:  # fmt: skip
    """Read the code in each picture of FILES, as the till does. Exit code 1 if one has none.

    With --json: file, text (null if none), format, stage (which look read it), ms, and error (slug
    and says) where a file cannot be opened.
    """
    wanted = read_formats(formats)
    decoder = PictureDecoder(answer_s=ANSWER_S)
    missed = False
    try:
        for file in files:
            row = _row(decoder, file, wanted, budget_s)
            missed |= row["text"] is None
            click.echo(json_line(row) if as_json else _line(row))
    finally:
        decoder.stop()
    sys.exit(1 if missed else 0)


def _row(
    decoder: PictureDecoder, file: Path, formats: tuple[str, ...], budget_s: float
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "file": str(file), "text": None, "format": None, "stage": None, "ms": None,
    }  # fmt: skip
    try:
        answer = decoder.answer(file.read_bytes(), formats, budget_s)
    except OSError as exc:
        return row | {"error": {"slug": "unreadable", "says": exc.strerror or str(exc)}}
    except RequestInvalid as exc:
        return row | {"error": {"slug": exc.extra["picture"], "says": exc.extra["says"]}}
    except DecoderUnavailable as exc:
        if not decoder.is_installed:
            raise
        says = "the decoder died of this picture or took too long"
        return row | {"error": {"slug": exc.slug, "says": says}}
    row["ms"] = answer.ms
    return row | answer.reading._asdict() if answer.reading else row


def _line(row: dict[str, Any]) -> str:
    if row["text"] is not None:
        told = shown(row["text"])
    else:
        told = row["error"]["says"] if "error" in row else "no code"
    return f"{row['file']}: {told}"


def shown(text: str) -> str:
    """Return a text as a terminal may have it: whoever printed a code may command no terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def json_line(row: dict[str, Any]) -> str:
    """Return one JSON object in a line; no control character in it stands for itself."""
    text = json.dumps(row, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
