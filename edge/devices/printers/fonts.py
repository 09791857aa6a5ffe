"""Where this machine has fonts with Chinese characters, and which of them has a character.

Pillow is imported when something is drawn, so that a unit without it can import this module.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FONT_FOLDERS = (Path("/usr/share/fonts/truetype"), Path("/usr/share/fonts/opentype"))
FONT_FILES = (
    "wqy/wqy-microhei.ttc",  # fonts-wqy-microhei, 5 MB
    "wqy/wqy-zenhei.ttc",  # fonts-wqy-zenhei, 17 MB
    "noto/NotoSansCJK-Regular.ttc",  # fonts-noto-cjk, 89 MB
)
SYMBOL_FILES = ("dejavu/DejaVuSans.ttf",)
"""What the Chinese fonts lack: signs, other alphabets, faces."""


def find_font() -> Path | None:
    """Return the first font with Chinese characters that Debian has put on this machine."""
    return next(iter(_existing(FONT_FILES)), None)


def font_of(char: str, size: int) -> FreeTypeFont | None:
    """Return the first font that has a character, in a size; None if none has it."""
    for file in _existing(FONT_FILES + SYMBOL_FILES):
        font = _sized(file, size)
        if _has(font, char):
            return font
    return None


def _existing(names: tuple[str, ...]) -> list[Path]:
    places = (folder / name for name in names for folder in FONT_FOLDERS)
    return [place for place in places if place.is_file()]


@lru_cache(maxsize=8)
def _sized(file: Path, size: int) -> FreeTypeFont:
    from PIL import ImageFont  # noqa: PLC0415

    return ImageFont.truetype(file, size)


def _has(font: FreeTypeFont, char: str) -> bool:
    # FreeType draws the same box for each character that a font has not.
    def ink(text: str) -> tuple[tuple[int, int], bytes]:
        mask = font.getmask(text)
        return mask.size, bytes(mask)

    return ink(char) != ink("\U0010fffe")
