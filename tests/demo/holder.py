"""The customer's phone: holds a voucher and the secrets of its own codes, and nothing else."""

from __future__ import annotations

import time
from typing import Any

from edge.contract.dynamic_code import (
    QR_CODE_DIGITS,
    SHORT_CODE_DIGITS,
    SHORT_PREFIX,
    code_at_step,
    step_at,
)
from edge.contract.handle import damm_digit
from edge.contract.keys import KEY_EPOCH_S, CodeAlgorithm


class Phone:
    """One dynamic voucher on a phone, from the holder's file of ``tearoff-hub issue --out``."""

    def __init__(self, voucher: dict[str, Any]) -> None:
        self._voucher = voucher

    def qr(self) -> str:
        """Return what the phone's QR says right now."""
        return str(self._voucher["text"]) + self._code(QR_CODE_DIGITS)

    def short_code(self) -> str:
        """Return the 18 digits that the phone shows right now."""
        static = SHORT_PREFIX + str(self._secrets()["handle"])
        return static + damm_digit(static) + self._code(SHORT_CODE_DIGITS)

    def _secrets(self) -> dict[str, Any]:
        epoch_s = int(time.time()) // KEY_EPOCH_S * KEY_EPOCH_S
        rows: list[dict[str, Any]] = self._voucher["holder"]
        return next(row for row in rows if row["from_s"] == epoch_s)

    def _code(self, digits: int) -> str:
        secrets = self._secrets()
        seed = bytes.fromhex(secrets["seed_hex"])
        step = step_at(int(time.time()))
        return code_at_step(seed, step, digits, CodeAlgorithm[secrets["algorithm"]])
