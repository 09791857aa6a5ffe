"""What is found in a picture. Plain values: the unit's own process imports this."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Gray = NDArray[np.uint8]
    """uint8[height, width]; 0 is black."""

FORMATS = ("qr", "code128", "pdf417")


class Found(NamedTuple):
    """A code as an engine saw it.

    Args:
        text: Never empty; may hold anything, control characters too.
        format: One of FORMATS.
    """

    text: str
    format: str


class Reading(NamedTuple):
    """A code that was read and is believed.

    Args:
        format: One of FORMATS.
        stage: Which look at the picture read it.
        ms: Milliseconds from the picture in memory to the text.
    """

    text: str
    format: str
    stage: str
    ms: float
