"""The kiosk: a screen at which a customer redeems his voucher alone.

The unit's own scanners read it, the unit redeems it, and this page shows what became of it. The
text of a voucher never reaches the page. It works on the unit's own screen, or for a clerk who has
logged in; from anywhere else it answers nobody.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from flask import Blueprint, Response, jsonify, render_template, request, session

from edge.bundles.store import BundleStore
from edge.contract.money import Money
from edge.contract.refusal import WAY_OUT, WayOut
from edge.contract.sync_message import UnitState
from edge.devices.ports import Scan
from edge.devices.scanners.gather import ScannerSeen
from edge.devices.scanners.inbox import Inbox, Verdict
from edge.devices.scanners.states import State
from edge.errors import EdgeError, NotFound, NotPermitted, RequestInvalid, ScanTaken, TooManyScans
from edge.redemption.answer import Answer, answer_of, answer_to_problem
from edge.redemption.decide import Wish
from edge.redemption.pages import (
    currency_of,
    forget_all_but_the_language,
    locale_of,
    read_wish,
)
from edge.redemption.redeem import Presented, Redeemer
from edge.redemption.scans import read_question, taken
from edge.web.session import For, allowed, is_at_the_unit, refuse_other_sites
from edge.web.words import N_, translate

ASKED_S = 60.0
"""How long a voucher may wait for its amount."""
ASKED_MAX = 16
TEXT_CHARS_MAX = 4096

WAYS_OUT: dict[WayOut, str] = {
    WayOut.NONE: N_("It cannot be used."),
    WayOut.SCAN_AGAIN: N_("Please show it again."),
    WayOut.FRESH_CODE: N_("Please show the code that your phone displays right now."),
    WayOut.ENTER_AMOUNT: N_("Please enter the amount."),
    WayOut.OTHER_STORE: N_("It is good in another store."),
    WayOut.WAIT: N_("Please try again a little later."),
    WayOut.NETWORK: N_("Please go to the counter."),
    WayOut.ASK_HEADQUARTERS: N_("Please go to the counter."),
}
"""What a customer can do, who cannot do what a clerk can."""


class Asked(NamedTuple):
    """A voucher that this kiosk has taken, and which may still wait for its amount.

    Args:
        done_by: The key of the request that was accepted; empty if none was.
    """

    scan: Scan
    since_s: float
    done_by: str = ""


class Kiosk:
    """Redeems what the scanners of this unit read, once each. Safe to call from many threads.

    Args:
        steady_s: Reads a steady counter of seconds.
        scanners: Returns the devices as they are right now.
    """

    def __init__(
        self, redeemer: Redeemer, bundles: BundleStore, inbox: Inbox,
        scanners: Callable[[], Sequence[ScannerSeen]], steady_s: Callable[[], float],
    ) -> None:  # fmt: skip
        self.inbox = inbox
        self.bundles = bundles
        self._redeemer = redeemer
        self._scanners = scanners
        self._steady_s = steady_s
        self._boot = secrets.token_hex(8)
        self._asked: dict[int, Asked] = {}
        self._lock = threading.Lock()

    def redeem(self, number: int, wish: Wish, locale: str) -> Answer:
        """Redeem a scan; the same number with the same amount has the same answer for ever.

        Raises:
            EdgeError: nothing was decided.
        """
        amount = f":{wish.amount.minor}" if wish.amount else ""
        key = f"kiosk:{self._boot}:{number}{amount}"
        asked = self._take(number, key)
        recorded = self._redeemer.redeem(
            Presented(asked.scan.text, key, wish, source=asked.scan.source)
        )
        if recorded.entry.accepted:
            with self._lock:
                self._asked[number] = asked._replace(done_by=key)
        answer = answer_of(recorded, self.bundles.word, locale, f"{number}")
        # How it was checked is the clerk's business.
        checked = translate(locale, N_("Checked"))
        answer = answer._replace(facts=tuple(f for f in answer.facts if f[0] != checked))
        if recorded.entry.reason:
            way_out = WAYS_OUT[WAY_OUT[recorded.entry.reason]]
            answer = answer._replace(way_out=translate(locale, way_out))
        return answer

    def out_of_order(self) -> str:
        """Return why this kiosk redeems nothing, in English; empty if it does."""
        word = self.bundles.word
        if word is None or word.state is not UnitState.ACTIVE:
            return N_("This machine has been stopped.")
        devices = self._scanners()
        if devices and not any(d.state is State.READY and not d.hangs for d in devices):
            return N_("The scanner does not work.")
        return ""

    def _take(self, number: int, key: str) -> Asked:
        with self._lock:
            now_s = self._steady_s()
            for old in list(self._asked):
                if now_s - self._asked[old].since_s > ASKED_S or len(self._asked) > ASKED_MAX:
                    del self._asked[old]
            asked = self._asked.get(number)
            if asked is None:
                # What waited too long for its amount is forgotten here and in the inbox.
                scan = taken(self.inbox, number, f"kiosk:{self._boot}").scan
                if now_s - scan.steady_s > ASKED_S:
                    raise ScanTaken(N_("It took too long. Please show it again."))
                asked = self._asked[number] = Asked(scan, now_s)
        if asked.done_by not in {"", key}:
            raise ScanTaken(N_("This voucher was redeemed a moment ago."))
        return asked


def blueprint(  # noqa: C901 - a list of routes
    kiosk: Kiosk | None, default_locale: str, names: Callable[[], list[str]]
) -> Blueprint:
    """Return the kiosk's pages.

    Args:
        kiosk: None for a unit that redeems nothing at all; the page then says so.
        names: Returns the clerks who may leave the kiosk by their PIN.
    """
    pages = Blueprint("kiosk", __name__)

    @pages.before_request
    def only_here() -> None:
        if not (is_at_the_unit() or session.get("clerk")):
            raise NotPermitted(N_("The kiosk's page works on the unit's own screen only."))
        refuse_other_sites()

    @pages.get("/kiosk")
    @allowed(For.ANYBODY)
    def show() -> str:
        if session.get("kiosk"):  # the clerk who came from here has left
            forget_all_but_the_language()
        return render_template("kiosk.html", clerks=bool(names()))

    @pages.get("/kiosk/state")
    @allowed(For.ANYBODY)
    def state() -> Response:
        why = kiosk.out_of_order() if kiosk else N_("This machine is not set up yet.")
        return jsonify({"why": translate(locale_of(default_locale), why)})

    @pages.get("/kiosk/next")
    @allowed(For.ANYBODY)
    def following() -> Response:
        looker, wait_s = read_question(request.args)
        waiting = None
        if kiosk and not kiosk.out_of_order():
            waiting = kiosk.inbox.next(looker, wait_s, is_near=is_at_the_unit())
        # The number is all that the page needs; the text stays with the unit.
        return jsonify({"number": waiting.number}) if waiting else Response(status=204)

    @pages.post("/kiosk/typed")
    @allowed(For.ANYBODY)
    def typed() -> Response:
        text = request.form.get("text", "")[: TEXT_CHARS_MAX + 1]
        verdict = running().inbox.offer("page", 1, text.encode("utf-8", "surrogatepass"))
        if verdict in {Verdict.FULL, Verdict.TOO_FAST}:
            raise TooManyScans(N_("Wait for the answers before you scan more."))
        return Response(status=204)

    @pages.post("/kiosk/redeem")
    @allowed(For.ANYBODY)
    def redeem() -> str:
        number, locale = request.form.get("scan", ""), locale_of(default_locale)
        if not (number.isascii() and number.isdecimal()):
            raise RequestInvalid(N_("The member scan is missing."), member="scan")
        open_kiosk = running()
        try:
            wish = Wish(read_amount(open_kiosk))
            answer = open_kiosk.redeem(int(number[:18]), wish, locale)
        except EdgeError as exc:
            answer = answer_to_problem(exc, locale)
            counter = translate(locale, N_("Please go to the counter."))
            answer = answer._replace(way_out="" if isinstance(exc, ScanTaken) else counter)
        return render_template("_kiosk_answer.html", answer=answer)

    def running() -> Kiosk:
        if kiosk is None:
            raise NotFound(N_("This machine is not set up yet."))
        return kiosk

    return pages


def read_amount(kiosk: Kiosk) -> Money | None:
    """Return the amount that was typed, or the whole of it.

    Raises:
        RequestInvalid: it is not a number.
    """
    return read_wish(request.form, currency_of(kiosk.bundles)).amount
