"""Writes the golden receipts anew: ``python -m tests.edge.receipt.write_golden``."""

from __future__ import annotations

from edge.receipt.layout import lay_out
from tests.edge.receipt.papers import GOLDEN, GOLDENS, drawn

if __name__ == "__main__":
    for name, document in GOLDENS.items():
        for columns in (48, 32):
            text = drawn(lay_out(document, columns), columns)
            (GOLDEN / f"{name}-{columns}.txt").write_text(text, "utf-8")
