"""The two engines that see codes in gray pixels: zxing-cpp, and zbar where it is installed.

OpenCV's own QR decoder is not used: a payload that is not UTF-8 makes it raise.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from edge.devices.pictures.model import Found

if TYPE_CHECKING:
    from edge.devices.pictures.model import Gray

ZBAR_SIDE_MAX = 1280
"""Larger ones cost zbar more than they gain."""


def zxing(gray: Gray, formats: Iterable[str]) -> list[Found]:
    """Return the codes that zxing-cpp sees, in no order.

    Only the symbologies that are asked for: every further one is a source of false reads.
    """
    import zxingcpp  # noqa: PLC0415 - a unit without a camera must not need it

    wanted, names = _zxing_formats(frozenset(formats))
    found = zxingcpp.read_barcodes(gray, wanted, text_mode=zxingcpp.TextMode.Plain)
    # The text and not the bytes: zxing-cpp knows the character set that the code declares.
    return [Found(one.text, names[one.format]) for one in found if one.text]


@cache
def _zxing_formats(formats: frozenset[str]) -> tuple[Any, dict[Any, str]]:
    import zxingcpp  # noqa: PLC0415

    kinds = {
        # "QRCode" would be Micro QR too, of which the smallest corrects nothing.
        "qr": zxingcpp.BarcodeFormat.QRCodeModel2,
        "code128": zxingcpp.BarcodeFormat.Code128,
        "pdf417": zxingcpp.BarcodeFormat.PDF417,
    }
    names = {kind: name for name, kind in kinds.items()}
    # What is asked for as a model is told as its family.
    names |= {zxingcpp.BarcodeFormat.QRCode: "qr", zxingcpp.BarcodeFormat.CompactPDF417: "pdf417"}
    return zxingcpp.BarcodeFormats([kinds[name] for name in sorted(formats)]), names


def zbar(gray: Gray, formats: Iterable[str]) -> list[Found]:
    """Return the codes that zbar sees; none if Debian's libzbar0 is missing, as doctor says."""
    pyzbar = _pyzbar()
    if pyzbar is None:
        return []
    kinds = {"qr": pyzbar.ZBarSymbol.QRCODE, "code128": pyzbar.ZBarSymbol.CODE128}
    names = {"QRCODE": "qr", "CODE128": "code128"}
    wanted = [kinds[name] for name in formats if name in kinds]
    found = pyzbar.decode(gray, symbols=wanted) if wanted else []
    texts = ((one.data.decode("utf-8", "replace"), names[one.type]) for one in found)
    return [Found(text, name) for text, name in texts if text]


def zbar_is_there() -> bool:
    """Load zbar if it can be loaded."""
    return _pyzbar() is not None


def _pyzbar() -> Any:
    try:
        from pyzbar import pyzbar  # type: ignore[import-untyped] # noqa: PLC0415
    except ImportError:
        return None
    return pyzbar
