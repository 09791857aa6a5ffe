"""The picture of a receipt, as a unit would print it.

The unit's own program draws it (``python -m edge.receipt.preview``): the hub may import of a unit
the contract alone, and a second drawing of our own would one day show what no printer prints. It
is a process that knows nothing but its request, has ten seconds, and keeps nothing.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from functools import lru_cache
from typing import NamedTuple

from flask_babel import gettext

from central.errors import PictureMissing
from edge.contract import canonical
from edge.contract.receipt_template import ReceiptTemplate

PAPERS_MM = (58, 80)
EXAMPLES = ("single", "multi", "stored-value", "void")
TIMEOUT_S = 10
_AT_ONCE = threading.BoundedSemaphore(2)
_KEPT = 64


class Sample(NamedTuple):
    """What the template is looked at with.

    Args:
        example: One of ``EXAMPLES``.
        copy: 0 for the original.
    """

    store_name: str
    currency: str
    timezone: str
    example: str = "single"
    copy: int = 0


def pictures(template: ReceiptTemplate, sample: Sample) -> dict[int, str]:
    """Return a PNG in base64 for each width of paper.

    Raises:
        PictureMissing: the program that draws is not installed, or was too slow.
    """
    request = json.dumps(
        {
            "template": canonical.encode(template.to_body()).hex(),
            "papers_mm": PAPERS_MM,
            **sample._asdict(),
        }
    )
    return dict(zip(PAPERS_MM, _drawn(request), strict=True))


@lru_cache(maxsize=_KEPT)
def _drawn(request: str) -> tuple[str, ...]:
    if not _AT_ONCE.acquire(timeout=TIMEOUT_S):
        raise PictureMissing(gettext("Too many pictures are being drawn. Try again."))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edge.receipt.preview"],
            input=request.encode(), capture_output=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise PictureMissing(gettext("The picture was not drawn in time. Try again.")) from exc
    finally:
        _AT_ONCE.release()
    if done.returncode == 3:
        raise PictureMissing(
            gettext(
                "The program that draws receipts is not installed: pip install 'tearoff[edge]'."
            )
        )
    if done.returncode:
        raise PictureMissing(gettext("The picture could not be drawn."))
    found = json.loads(done.stdout)
    return tuple(base64.b64encode(bytes.fromhex(png)).decode() for png in found["pictures"])
