"""What a till would answer under a policy, before anybody signs it.

The unit's own program decides (``python -m edge.redemption.preview``): the hub may import of a
unit the contract alone, and a second decision of our own would one day say what no till says. It
is a process that knows nothing but its request, has ten seconds, and keeps nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from functools import lru_cache
from typing import NamedTuple

from flask_babel import gettext

from central.errors import PreviewMissing
from edge.contract import canonical
from edge.contract.policy import Policy

TIMEOUT_S = 10
_AT_ONCE = threading.BoundedSemaphore(2)
_KEPT = 256


class Case(NamedTuple):
    """What happens at the till.

    Args:
        kind: Of ``words.KINDS``; likewise ``network``.
        worth_minor: What is to be taken.
        staleness: Of the till's newest status list.
        silent_h: Hours without headquarters.
        accepted: What it has accepted alone since then; likewise ``accepted_minor``.
        recent: How many of these in the last ten minutes.
        online_only: The voucher may only be taken with headquarters.
        code_required: The voucher counts only with its rotating code, which is right.
    """

    kind: str = "single"
    worth_minor: int = 0
    network: str = "alone"
    staleness: str = "fresh"
    silent_h: int = 0
    accepted: int = 0
    accepted_minor: int = 0
    recent: int = 0
    online_only: bool = False
    code_required: bool = False


class TillAnswer(NamedTuple):
    """What the till would say.

    Args:
        mode: The guarantee, in small letters; None if it was refused before one was sought.
        reason: Why it is refused; None if it is accepted. Likewise ``way_out``.
        overrulable: A supervisor may let it be accepted all the same.
        title: What the screen says; likewise ``advice``, what can be done next.
    """

    accepted: bool
    mode: str | None
    reason: str | None
    way_out: str | None
    overrulable: bool
    title: str
    advice: str


def answer(policy: Policy, case: Case, locale: str) -> TillAnswer:
    """Return what a till would answer.

    Raises:
        PreviewMissing: the program that decides could not be run, or was too slow.
    """
    body = canonical.encode(policy.to_body()).hex()
    request = {"policy": body, "locale": locale, "cases": [case._asdict()]}
    return _answered(json.dumps(request))


@lru_cache(maxsize=_KEPT)
def _answered(request: str) -> TillAnswer:
    if not _AT_ONCE.acquire(timeout=TIMEOUT_S):
        raise PreviewMissing(gettext("Too many are asking at once. Try again."))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edge.redemption.preview"],
            input=request.encode(), capture_output=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise PreviewMissing(gettext("There was no answer in time. Try again.")) from exc
    finally:
        _AT_ONCE.release()
    if done.returncode:
        raise PreviewMissing(gettext("The program of the tills gave no answer."))
    [found] = json.loads(done.stdout)["answers"]
    return TillAnswer(**found)
