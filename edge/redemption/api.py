"""The local HTTP API for an existing POS. Described in openapi.json beside this file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from flask import Blueprint, Response, jsonify, request

from edge.contract.ids import Epoch, Seq, voucher_id_text
from edge.contract.journal_entry import EntryKind
from edge.contract.money import MINOR_MAX, Money
from edge.contract.refusal import WAY_OUT
from edge.errors import N_, EdgeError, IdempotencyMissing, NotFound, RequestInvalid
from edge.journal.store import Journal, Recorded
from edge.receipt.spool import Spool
from edge.redemption.decide import Wish
from edge.redemption.redeem import Presented, Redeemer, Verification
from edge.web.problem import problem_response, refusal_problem
from edge.web.session import For, allowed
from edge.web.words import REFUSALS, WAYS_OUT, best_locale, translate

OPENAPI = Path(__file__).with_name("openapi.json")

BODY_BYTES_MAX = 16 * 1024
NUMBER = "int(max=9223372036854775807)"
"""A number in a path, as far as the database counts; any larger one is a 404."""
KEY_CHARS_MAX = 200
_MEMBERS = {"scan": str, "amount": dict, "uses": int, "basket": str, "clerk": str}


class Watched(Protocol):
    """The unit as a whole."""

    def status(self) -> dict[str, Any]:
        """Return what ``GET /v1/status`` says."""

    def sync_now(self) -> dict[str, bool]:
        """Push and pull once; say which succeeded."""


def blueprint(  # noqa: C901 - a list of routes
    redeemer: Redeemer, journal: Journal, spool: Spool, unit: Watched, default_locale: str
) -> Blueprint:
    """Return the routes under ``/v1``.

    Args:
        unit: Answers the questions about the unit as a whole.
    """
    api = Blueprint("api", __name__)

    def locale() -> str:
        return best_locale(request.headers.get("Accept-Language"), default_locale)

    @api.post("/v1/redemptions")
    @allowed(For.API)
    def redeem() -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            raise IdempotencyMissing(N_("Send a new Idempotency-Key with each new redemption."))
        if len(key) > KEY_CHARS_MAX:
            raise RequestInvalid(N_("An Idempotency-Key has at most 200 characters."))
        recorded = redeemer.redeem(read_presented(_body(), key))
        return answer(recorded, spool, locale())

    @api.post("/v1/verifications")
    @allowed(For.API)
    def verify() -> Response:
        presented = read_presented(_body(), "")
        return jsonify(verification_json(redeemer.verify(presented.text, presented.wish), locale()))

    @api.get(f"/v1/redemptions/<{NUMBER}:epoch>/<{NUMBER}:seq>")
    @allowed(For.API)
    def one(epoch: int, seq: int) -> Response:
        recorded = journal.get(Epoch(epoch), Seq(seq))
        if not recorded or recorded.entry.kind is EntryKind.EPOCH:
            raise NotFound(N_("No scan has this number."))
        return jsonify(redemption_json(recorded, spool, locale()))

    @api.post(f"/v1/redemptions/<{NUMBER}:epoch>/<{NUMBER}:seq>/copies")
    @allowed(For.API)
    def copy(epoch: int, seq: int) -> Response:
        if not spool.of(Epoch(epoch), Seq(seq)):
            raise NotFound(N_("No receipt has this number."))
        number = spool.add_copy(Epoch(epoch), Seq(seq))
        return jsonify({"copy": number, "state": "queued"}), 202  # type: ignore[return-value]

    @api.get("/v1/status")
    @allowed(For.API)
    def get_status() -> Response:
        return jsonify(unit.status())

    @api.post("/v1/sync")
    @allowed(For.API)
    def sync() -> Response:
        return jsonify(unit.sync_now())

    @api.get("/openapi.json")
    @allowed(For.ANYBODY)
    def openapi() -> Response:
        return Response(OPENAPI.read_bytes(), content_type="application/json")

    return api


def closed_blueprint(
    why: Callable[[], EdgeError], status: Callable[[], dict[str, Any]]
) -> Blueprint:
    """Return an API that answers everything but its status with the reason it is closed."""
    closed = Blueprint("api", __name__)

    @closed.get("/v1/status")
    @allowed(For.API)
    def get_status() -> Response:
        return jsonify(status())

    @closed.route("/v1/<path:_path>", methods=["GET", "POST"])
    @allowed(For.API)
    def anything(_path: str) -> Response:
        raise why()

    return closed


# --- in ------------------------------------------------------------------------------------------


def _body() -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise RequestInvalid(N_("Send JSON: Content-Type: application/json."))
    data = request.get_data(cache=False)
    if len(data) > BODY_BYTES_MAX:
        raise RequestInvalid(N_("The body is too long."))
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise RequestInvalid(N_("The body is not JSON.")) from None
    if not isinstance(body, dict):
        raise RequestInvalid(N_("The body is a JSON object."))
    return body


def read_presented(body: dict[str, Any], key: str) -> Presented:
    """Read a request body.

    Raises:
        RequestInvalid: names the member that is wrong, never its value.
    """
    for name, value in body.items():
        if name not in _MEMBERS:
            shown = name[:40].encode("utf-8", "replace").decode()  # JSON may hold half a character
            raise RequestInvalid(N_("There is no such member."), member=shown)
        if value is not None and type(value) is not _MEMBERS[name]:
            raise RequestInvalid(N_("The member is of the wrong type."), member=name)
    if not isinstance(body.get("scan"), str):
        raise RequestInvalid(N_("The member scan is missing."), member="scan")
    for name in ("basket", "clerk"):
        text = body.get(name)
        if text is not None and not (1 <= len(text) <= 64 and text.isprintable()):
            raise RequestInvalid(N_("The member has 1 to 64 printable characters."), member=name)
    uses = body.get("uses")
    if uses is not None and not 1 <= uses <= 0xFFFFFFFF:
        raise RequestInvalid(N_("The member uses is a positive number."), member="uses")
    wish = Wish(_money(body.get("amount")), uses)
    return Presented(body["scan"], key, wish, body.get("basket"), body.get("clerk"))


def _money(value: dict[str, Any] | None) -> Money | None:
    if value is None:
        return None
    if set(value) != {"amount", "currency"} or type(value["amount"]) is not int:
        raise RequestInvalid(
            N_("The member amount is {amount: whole minor units, currency: ISO code}."),
            member="amount",
        )
    if not 1 <= value["amount"] <= MINOR_MAX:
        raise RequestInvalid(N_("The amount is positive and fits into 64 bits."), member="amount")
    try:
        return Money(value["amount"], value["currency"])
    except (TypeError, ValueError):
        raise RequestInvalid(N_("The currency is an ISO 4217 code."), member="amount") from None


# --- out -----------------------------------------------------------------------------------------


def answer(recorded: Recorded, spool: Spool, locale: str) -> Response:
    """Return 201 for an acceptance, and the problem ``voucher-refused`` for a refusal."""
    body = redemption_json(recorded, spool, locale)
    if recorded.entry.accepted:
        response = jsonify(body)
        response.status_code = 201
        return response
    extra = {k: v for k, v in body.items() if k not in {"accepted", "detail"}}
    return problem_response(refusal_problem(body["detail"], extra), locale)


def redemption_json(recorded: Recorded, spool: Spool, locale: str) -> dict[str, Any]:
    """Return what a caller is told of a recorded scan."""
    entry, digest, notes = recorded
    body: dict[str, Any] = {
        "accepted": entry.accepted,
        "entry": {
            "unit": entry.unit, "epoch": entry.epoch, "seq": entry.seq, "hash": digest.hex(),
        },
        "at_s": entry.wall_s,
        "clock_uncertainty_s": entry.uncertainty_s,
        "mode": entry.mode.name.lower() if entry.mode else None,
        "voucher_id": None if entry.voucher_id is None else voucher_id_text(entry.voucher_id),
        "product": notes.product,
        "amount": entry.amount,
        "worth_minor": notes.worth_minor if entry.accepted else None,
        "remaining": notes.remaining,
        "basket": entry.basket,
        "clerk": entry.clerk,
    }  # fmt: skip
    if entry.reason:
        way_out = WAY_OUT[entry.reason]
        sentences = (REFUSALS[entry.reason], WAYS_OUT[way_out])
        body |= {
            "reason": str(entry.reason),
            "way_out": str(way_out),
            "detail": " ".join(translate(locale, sentence) for sentence in sentences),
        }
    else:
        jobs = spool.of(entry.epoch, entry.seq)
        body |= {
            "receipt": {
                "number": entry.receipt,
                "state": str(jobs[-1].state) if jobs else None,
                "copies": max((job.copy for job in jobs), default=0),
            }
        }
    return body


def verification_json(verification: Verification, locale: str) -> dict[str, Any]:
    """Return what a caller is told of a voucher that was only looked at."""
    decision, found = verification
    body: dict[str, Any] = {
        "valid": decision.accepted,
        "voucher_id": voucher_id_text(found.claims.voucher_id) if found else None,
        "kind": found.claims.kind.name.lower().replace("_", "-") if found else None,
        "product": found.claims.product if found else None,
        "remaining": (decision.remaining + decision.amount) if found else None,
    }
    if decision.reason and decision.way_out:
        sentences = (REFUSALS[decision.reason], WAYS_OUT[decision.way_out])
        body |= {
            "reason": str(decision.reason),
            "way_out": str(decision.way_out),
            "detail": " ".join(translate(locale, sentence) for sentence in sentences),
        }
    return body
