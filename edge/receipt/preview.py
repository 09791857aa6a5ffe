"""The picture of a receipt that nobody has printed: ``python -m edge.receipt.preview``.

A process of its own, because the hub, which shows the picture beside its form, may import nothing
of a unit but the contract. It reads one request from standard input and writes the answer to
standard output; it knows neither settings nor database nor network. The picture is what the
simulated printer makes of the very bytes that a unit would send.

A request is JSON: ``template`` (hex of the body of a signed receipt template), ``example`` (a name
of ``EXAMPLES``), ``papers_mm`` (of 58 and 80), ``store_name``, ``currency``, ``timezone``,
``copy``. The answer is JSON, ``{"pictures": [hex of a PNG for each paper]}``.

It ends with status 0; 2 if the request is none that it knows; 3 if python-escpos, Pillow or
qrcode is not installed. What is wrong is on standard error.
"""

from __future__ import annotations

import json
import sys
from typing import Any, BinaryIO, TextIO

from edge.contract import canonical
from edge.contract.bundle import Product
from edge.contract.ids import Epoch, ProductId, Seq, UnitId, VoucherId
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.policy import Mode
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.voucher_token import VoucherKind
from edge.devices.escpos_bytes import escpos_bytes
from edge.devices.profiles import load
from edge.devices.simulated.escpos_reader import read
from edge.devices.simulated.paper_picture import draw_paper, find_font
from edge.errors import ConfigInvalid
from edge.receipt.document import Shop, Stub, receipt
from edge.receipt.layout import lay_out
from edge.web.words import translate

REQUEST_BYTES_MAX = 128 * 1024
PROFILES = {58: "generic-58-gbk", 80: "generic-80-gbk"}
"""What stands for all printers of a width."""

_UNIT = UnitId("S0412-K1")
_ENTRY = JournalEntry(
    unit=_UNIT, epoch=Epoch(1), seq=Seq(57), prev=bytes(32), kind=EntryKind.REDEMPTION,
    wall_s=1_775_908_800, uncertainty_s=2, boot=bytes(8), monotonic_ms=0,
    voucher_id=VoucherId(0x0A1B2C3D4E5F), amount=1, mode=Mode.ONLINE, clerk="li", receipt=57,
)  # fmt: skip
_HASH = bytes.fromhex("5eaf00d1c0ffee00") * 4


def _product(kind: VoucherKind, chinese: str, english: str) -> Product:
    return Product(ProductId(7), {"zh-CN": chinese, "en": english}, kind, 8800)


EXAMPLES = {
    "single": Stub(
        _ENTRY, _HASH, _product(VoucherKind.SINGLE, "双人午餐券", "Lunch for two"), 8800, 0
    ),
    "multi": Stub(
        _ENTRY, _HASH, _product(VoucherKind.MULTI, "咖啡十次卡", "Ten coffees"), 1500, 7
    ),
    "stored-value": Stub(
        _ENTRY._replace(amount=3000), _HASH,
        _product(VoucherKind.STORED_VALUE, "礼品卡", "Gift card"), 3000, 17_000,
    ),
    "void": Stub(
        _ENTRY._replace(kind=EntryKind.VOID, mode=None), _HASH,
        _product(VoucherKind.SINGLE, "双人午餐券", "Lunch for two"), 8800, 1,
    ),
}  # fmt: skip
"""Receipts of each kind, with which a template can be looked at."""


class NotARequest(ValueError):
    """The request is none that this program knows."""


def pictures(request: Any) -> list[bytes]:
    """Return the PNG for each paper of a request.

    Raises:
        NotARequest: it is malformed.
        ImportError: something that draws is not installed.
    """
    try:
        body = canonical.decode(bytes.fromhex(request["template"]))
        template = ReceiptTemplate.from_body(body)
        stub = EXAMPLES[request["example"]]
        profiles = [load("printer", PROFILES[paper]) for paper in request["papers_mm"]]
        shop = Shop(
            str(request["store_name"])[:64], str(request["currency"]), str(request["timezone"])
        )
        copy = int(request["copy"])
    except (KeyError, TypeError, ValueError, ConfigInvalid) as exc:
        raise NotARequest(f"{type(exc).__name__}: {exc}") from exc
    document = receipt(stub, shop, template, translate, copy=copy)
    font = find_font()
    drawn = []
    for profile in profiles:
        sent = escpos_bytes(lay_out(document, profile.media.columns), profile)
        reading = read(sent, profile.media.width_dots)
        drawn.append(draw_paper(reading.papers[0] if reading.papers else reading.rest, font))
    return drawn


def main(source: BinaryIO, target: TextIO) -> int:
    """Answer the one request; return the exit status."""
    try:
        found = pictures(json.loads(source.read(REQUEST_BYTES_MAX)))
    except ImportError as exc:
        sys.stderr.write(f"not installed: {exc.name}\n")
        return 3
    except ValueError as exc:
        sys.stderr.write(f"not a request: {exc}\n")
        return 2
    json.dump({"pictures": [png.hex() for png in found]}, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout))
