"""Code 128 as ESC/POS sends it: bytes -> symbol values -> bars. Pure; nothing of a printer here.

The bytes name their code sets themselves: ``{A``, ``{B`` or ``{C`` first and at each change,
``{S`` for one character of the other set, ``{1`` to ``{4`` for FNC1 to FNC4, ``{{`` for a brace.
In set C a byte *is* the value 0 to 99, not two digits.

Source: ISO/IEC 15417, table 1 (bars) and annex A (check character); the bytes are those of Epson's
reference for GS k, m = 73.
"""

from __future__ import annotations

from typing import NamedTuple

_START = {"A": 103, "B": 104, "C": 105}
_CHANGE = {"A": 101, "B": 100, "C": 99}
_SHIFT, _FNC1, _FNC2, _FNC3, _STOP = 98, 102, 97, 96, 106
_FNC4 = {"A": 101, "B": 100}

QUIET_MODULES = 10
"""Blank modules on either side that a scanner may need."""

# Widths of bar, blank, bar, blank … of each value, 0 to 106.
_WIDTHS = (
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212",
    "221213", "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221",
    "223211", "221132", "221231", "213212", "223112", "312131", "311222", "321122", "321221",
    "312212", "322112", "322211", "212123", "212321", "232121", "111323", "131123", "131321",
    "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331", "132131",
    "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131",
    "311123", "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111",
    "111224", "111422", "121124", "121421", "141122", "141221", "112214", "112412", "122114",
    "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111", "111242",
    "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
)  # fmt: skip


class Code128(NamedTuple):
    """A symbol: what a scanner reads, and all values from start to stop."""

    content: str
    values: tuple[int, ...]


def read_code128(data: bytes) -> Code128:
    """Return the symbol of the data bytes of GS k.

    Raises:
        ValueError: no code set at the start, or a byte that its code set has not.
    """
    if len(data) < 2 or data[:1] != b"{" or chr(data[1]) not in _START:
        raise ValueError("the data of a Code 128 begin with {A, {B or {C")
    chosen = chr(data[1])
    values, content, at = [_START[chosen]], "", 2
    shifted = ""
    while at < len(data):
        code_set, shifted = shifted or chosen, ""
        if data[at] != ord("{"):
            value, text = _value(data[at], code_set)
            at += 1
        else:
            function = chr(data[at + 1]) if at + 1 < len(data) else ""
            value, text = _function(function, code_set)
            at += 2
            if function in _CHANGE:
                chosen = function
            elif function == "S":
                shifted = "B" if chosen == "A" else "A"
        values.append(value)
        content += text
    if shifted:
        raise ValueError("nothing follows the shift")
    return Code128(content, (*values, _check(values), _STOP))


def modules(values: tuple[int, ...]) -> list[bool]:
    """Return the modules from left to right, True for black, without the quiet zones."""
    widths = "".join(_WIDTHS[value] for value in values)
    return [i % 2 == 0 for i, width in enumerate(widths) for _ in range(int(width))]


def _value(byte: int, code_set: str) -> tuple[int, str]:
    if code_set == "C" and byte <= 99:
        return byte, f"{byte:02d}"
    if code_set != "C" and 0x20 <= byte <= (0x5F if code_set == "A" else 0x7F):
        return byte - 0x20, chr(byte)
    if code_set == "A" and byte < 0x20:
        return byte + 0x40, chr(byte)
    raise ValueError(f"code set {code_set} of Code 128 has no byte 0x{byte:02x}")


def _function(name: str, code_set: str) -> tuple[int, str]:
    if name == "{" and code_set == "B":
        return _value(ord("{"), "B")
    if name in _CHANGE and name != code_set:
        return _CHANGE[name], ""
    if name == "1":
        return _FNC1, ""
    if code_set != "C" and name in {"2", "3", "4", "S"}:
        return {"2": _FNC2, "3": _FNC3, "4": _FNC4[code_set], "S": _SHIFT}[name], ""
    raise ValueError(f"code set {code_set} of Code 128 has no {{{name}")


def _check(values: list[int]) -> int:
    return (values[0] + sum(i * value for i, value in enumerate(values))) % 103
