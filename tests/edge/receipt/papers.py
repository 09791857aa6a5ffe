"""Receipts to lay out and print, and a way to see them as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.contract.bundle import Product
from edge.contract.ids import ProductId
from edge.contract.journal_entry import EntryKind
from edge.contract.policy import Mode
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.voucher_token import VoucherKind
from edge.devices.paper import Row, Style
from edge.receipt.document import Document, Shop, Stub, receipt
from tests import builders as b

GOLDEN = Path(__file__).parent / "golden"
SHOP = Shop("静安店", "CNY", "Asia/Shanghai")
CHINESE = {
    "COPY": "副本", "VOID": "作废", "Amount": "金额", "Uses": "次数", "Uses left": "剩余次数",
    "Balance": "余额", "Receipt": "小票号", "Time": "时间", "Voucher": "券号", "Clerk": "店员",
    "Checked": "核验", "Entry": "流水", "Total": "合计", "online": "联网", "offline": "离线",
}  # fmt: skip
LUNCH, COFFEE, CARD = (b.a_catalogue().products[ProductId(number)] for number in (7, 8, 9))
LONG = Product(
    ProductId(10),
    {"zh-CN": "上海静安寺旗舰店双人豪华海鲜自助午餐券含饮料与停车两小时工作日通用不含节假日敬请"
              "留意",
     "en": "Deluxe seafood lunch buffet for two, drinks included; not on public holidays"},
    VoucherKind.SINGLE,
    8800,
)  # fmt: skip


def translate(locale: str, text: str) -> str:
    """Like the catalogues of the unit, but this test's own."""
    return CHINESE.get(text, text) if locale == "zh-CN" else text


def a_stub(**bent: Any) -> Stub:
    """A lunch voucher worth 88.00, redeemed alone; names of the stub, or else of its entry."""
    values = {
        name: bent.pop(name, default)
        for name, default in (
            ("hash", bytes(range(32))), ("product", LUNCH), ("worth_minor", 8800),
            ("remaining", 0),
        )
    }  # fmt: skip
    return Stub(entry=b.an_entry(**bent), **values)


def a_receipt(
    stub: Stub | None = None,
    *,
    template: ReceiptTemplate | None = None,
    shop: Shop = SHOP,
    copy: int = 0,
) -> Document:
    return receipt(stub or a_stub(), shop, template or b.a_receipt_template(), translate, copy=copy)


def only(*locales: str) -> ReceiptTemplate:
    return b.a_receipt_template(locales=locales)


GOLDENS: dict[str, Document] = {
    "single-zh": a_receipt(template=only("zh-CN")),
    "single-en": a_receipt(template=only("en")),
    "single-both": a_receipt(),
    "coffee-copy-both": a_receipt(
        a_stub(product=COFFEE, worth_minor=3000, remaining=8, amount=2), copy=2
    ),
    "card-online-en": a_receipt(
        a_stub(product=CARD, worth_minor=3000, remaining=7000, amount=3000, mode=Mode.ONLINE),
        template=only("en"),
    ),
    "void-zh": a_receipt(
        a_stub(kind=EntryKind.VOID, mode=None, clerk=None), template=only("zh-CN")
    ),
    "long-both": a_receipt(a_stub(product=LONG, clerk="A clerk whose name goes on and on and on")),
    "own-lines-both": a_receipt(a_stub(clerk="小王"), template=b.a_full_template(), copy=1),
    "own-lines-card-zh": a_receipt(
        a_stub(product=CARD, worth_minor=3000, remaining=7000, amount=3000),
        template=b.a_full_template(locales=("zh-CN",)),
    ),
    "unknown-product-zh": a_receipt(a_stub(product=None, worth_minor=None), template=only("zh-CN")),
}
"""What is kept under ``golden/``, for paper of 48 and of 32 columns."""


def drawn(rows: Sequence[Row], columns: int) -> str:
    """Return rows as text: ``|`` at the edge of the paper, ``#`` beside large ones."""
    out = []
    for row in rows:
        if row.style is Style.CUT:
            out.append("- - 8< - -")
        elif row.picture is not None:
            out.append(f"[{row.picture.width_dots} x {row.picture.height_dots} dots]")
        elif row.style is Style.QR:
            out.append(f"[QR {row.text}]")
        else:
            out.append(f"{'#' if row.style is Style.LARGE else '|'}{row.text}")
    return f"{columns} columns\n" + "\n".join(out) + "\n"
