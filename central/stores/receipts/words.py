"""What the parts of a receipt are called."""

from __future__ import annotations

from central.foundation.language.words import N_
from edge.contract.receipt_template import ReceiptLine

LINES = {
    ReceiptLine.LOGO: N_("Logo"),
    ReceiptLine.STORE: N_("Store's name"),
    ReceiptLine.HEADER: N_("Lines above"),
    ReceiptLine.RULE: N_("Rule across"),
    ReceiptLine.PRODUCT: N_("Product"),
    ReceiptLine.AMOUNT: N_("Amount"),
    ReceiptLine.REMAINING: N_("Uses left, or balance"),
    ReceiptLine.TOTAL: N_("Total, large"),
    ReceiptLine.RECEIPT: N_("Receipt number"),
    ReceiptLine.TIME: N_("Time"),
    ReceiptLine.VOUCHER: N_("End of the voucher's number"),
    ReceiptLine.CLERK: N_("Clerk"),
    ReceiptLine.CHECKED: N_("Checked online or offline"),
    ReceiptLine.ENTRY: N_("Journal entry (never without)"),
    ReceiptLine.FOOTER: N_("Lines below"),
    ReceiptLine.HOLDER_CODE: N_("Code for the holder"),
    ReceiptLine.ENTRY_CODE: N_("Code of the journal entry"),
}
LANGUAGES = {
    "zh-CN,en": N_("Chinese, then English"),
    "en,zh-CN": N_("English, then Chinese"),
    "zh-CN": N_("Chinese only"),
    "en": N_("English only"),
}
EXAMPLES = {
    "single": N_("A voucher used once"),
    "multi": N_("A card of several uses"),
    "stored-value": N_("A gift card"),
    "void": N_("A void"),
}
"""What the picture shows; ``preview`` knows the same names."""
