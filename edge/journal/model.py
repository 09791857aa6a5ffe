"""What an anchor says of a journal."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import GENESIS


class Mark(NamedTuple):
    """What the anchor says.

    Args:
        step_floor: The newest time step of a rotating code that was ever accepted here.
        receipt: Number of the newest receipt.
    """

    epoch: Epoch = Epoch(0)
    seq: Seq = Seq(0)
    hash: bytes = GENESIS
    step_floor: int = 0
    receipt: int = 0


class AnchorState(StrEnum):
    """What was found at the start."""

    GOOD = "good"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    """Neither slot bears this unit's MAC: altered, torn twice, or another unit's."""
