"""What a printer remembers between commands, and the commands that only set it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.devices.simulated.escpos_paper import TextStyle

LINE_SPACING_DOTS = 30
"""What ESC 2 and ESC @ set: 3.75 mm."""


@dataclass
class Settings:
    """What ESC @ resets, with the values it resets to."""

    times: tuple[int, int] = (1, 1)
    hanzi_times: tuple[int, int] = (1, 1)
    is_emphasised: bool = False
    is_struck_twice: bool = False
    underline_dots: int = 0
    hanzi_underline_dots: int = 0
    is_reverse: bool = False
    font: int = 0
    code_page: int = 0
    national_set: int = 0
    is_chinese: bool = False
    line_spacing_dots: int = LINE_SPACING_DOTS
    bar_dots: int = 162
    bar_module_dots: int = 3
    legend: int = 0
    legend_font: int = 0
    qr_module_dots: int = 3
    qr_level: str = "L"
    qr_data: bytes = b""

    def style(self, *, is_hanzi: bool) -> TextStyle:
        """Return the style of the next character."""
        return TextStyle(
            *(self.hanzi_times if is_hanzi else self.times),
            bold=self.is_emphasised or self.is_struck_twice,
            underline_dots=self.hanzi_underline_dots if is_hanzi else self.underline_dots,
            reverse=self.is_reverse,
        )


def _is_odd(operands: bytes) -> bool:
    return operands[0] & 1 == 1


SETTINGS: Mapping[str, tuple[tuple[str, ...], Callable[[bytes], object]]] = {
    "ESC -": (("underline_dots", "hanzi_underline_dots"), lambda o: o[0] & 3),
    "ESC 2": (("line_spacing_dots",), lambda _: LINE_SPACING_DOTS),
    "ESC 3": (("line_spacing_dots",), lambda o: o[0]),
    "ESC E": (("is_emphasised",), _is_odd),
    "ESC G": (("is_struck_twice",), _is_odd),
    "ESC M": (("font",), lambda o: o[0] & 1),
    "ESC R": (("national_set",), lambda o: o[0]),
    "FS &": (("is_chinese",), lambda _: True),
    "FS .": (("is_chinese",), lambda _: False),
    "FS W": (("hanzi_times",), lambda o: (2, 2) if o[0] & 1 else (1, 1)),
    "GS !": (("times", "hanzi_times"), lambda o: ((o[0] >> 4) + 1, (o[0] & 7) + 1)),
    "GS B": (("is_reverse",), _is_odd),
    "GS H": (("legend",), lambda o: o[0] & 3),
    "GS f": (("legend_font",), lambda o: o[0] & 1),
    "GS h": (("bar_dots",), lambda o: o[0]),
    "GS w": (("bar_module_dots",), lambda o: o[0]),
}
"""Which settings a command sets, to which function of its operands.

An operand of 48 or 49 is the digit 0 or 1 and means the same.
"""
