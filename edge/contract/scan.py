"""From what a scanner delivers to one of three kinds of scan."""

from __future__ import annotations

import re
from typing import NamedTuple

from edge.contract.dynamic_code import QR_CODE_DIGITS, SHORT_PREFIX, SHORT_TEXT_DIGITS
from edge.contract.handle import HANDLE_DIGITS, damm_digit
from edge.contract.refusal import Refusal
from edge.contract.voucher_token import PREFIX, TEXT_DIGITS, TokenInvalid

SCAN_CHARS_MAX = 4096
"""What an intake may deliver at most; a voucher is far shorter."""

# What a scanner may be set to put in front: the AIM symbology identifier (ISO/IEC 15424) of a QR
# code or a Code 128, then the ECI of UTF-8. Nothing else is ever taken away from a scan.
_SCANNER_PREFIX = re.compile(r"(?:\]Q[12]|\]C0)?(?:\\000026)?", re.ASCII)
_WHITE_SPACE = " \t\r\n"


class TokenScan(NamedTuple):
    """A token, with its rotating code if the QR was a dynamic one."""

    text: str
    code: str | None = None


class ShortScan(NamedTuple):
    """A typed or Code 128 short code whose check digit is right."""

    handle: str
    code: str


def read_scan(delivered: str) -> TokenScan | ShortScan:
    """Say what kind of scan a text is. No signature and no code is checked here.

    Raises:
        TokenInvalid: ``not-a-token``, or ``mistyped`` if only the check digit is wrong.
    """
    if len(delivered) > SCAN_CHARS_MAX:
        raise TokenInvalid(Refusal.NOT_A_TOKEN)
    text = delivered.strip(_WHITE_SPACE)
    prefix = _SCANNER_PREFIX.match(text)
    text = text[prefix.end() :] if prefix else text
    if not (text.isascii() and text.isdecimal()):
        raise TokenInvalid(Refusal.NOT_A_TOKEN)
    if text[0] == PREFIX and len(text) == TEXT_DIGITS:
        return TokenScan(text)
    if text[0] == PREFIX and len(text) == TEXT_DIGITS + QR_CODE_DIGITS:
        return TokenScan(text[:TEXT_DIGITS], text[TEXT_DIGITS:])
    if text[0] == SHORT_PREFIX and len(text) == SHORT_TEXT_DIGITS:
        static, check, code = text[:11], text[11], text[12:]
        if damm_digit(static) != check:
            raise TokenInvalid(Refusal.MISTYPED)
        return ShortScan(static[-HANDLE_DIGITS:], code)
    raise TokenInvalid(Refusal.NOT_A_TOKEN)
