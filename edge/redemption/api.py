"""The local HTTP API for an existing POS. Described in openapi.json beside this file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from flask import Blueprint, Response, jsonify, request

from edge.contract.grant import GRANT_LIFE_S
from edge.contract.ids import Epoch, Seq, VoucherId, voucher_id_text
from edge.contract.journal_entry import EntryKind
from edge.contract.lease import LEASE_ID_BYTES, Lease
from edge.contract.money import MINOR_MAX, Money
from edge.contract.refusal import WAY_OUT
from edge.errors import N_, EdgeError, IdempotencyMissing, NotFound, RequestInvalid
from edge.journal.store import Journal, Recorded
from edge.receipt.key_papers import CHARS_MAX, LINES_MAX, KeyPaper, KeyPapers
from edge.receipt.spool import Spool
from edge.redemption.decide import Wish
from edge.redemption.redeem import Presented, Redeemer, Verification
from edge.redemption.void import Part, Voider
from edge.web.problem import problem_response, refusal_problem
from edge.web.session import For, allowed
from edge.web.words import REFUSALS, WAYS_OUT, best_locale, translate

OPENAPI = Path(__file__).with_name("openapi.json")

BODY_BYTES_MAX = 16 * 1024
NUMBER = "int(max=9223372036854775807)"
"""A number in a path, as far as the database counts; any larger one is a 404."""
KEY_CHARS_MAX = 200
HOURS, HOURS_MAX = 24, 720
"""How long value is lent for: if nobody says, and at most."""
_MEMBERS = {"scan": str, "amount": dict, "uses": int, "basket": str, "clerk": str}


class Watched(Protocol):
    """The unit as a whole."""

    def status(self) -> dict[str, Any]:
        """Return what ``GET /v1/status`` says."""

    def wake_printer(self) -> None:
        """Say that a paper is owed."""

    def sync_now(self) -> dict[str, bool]:
        """Push and pull once; say which succeeded."""

    def borrow(self, lease_id: bytes, voucher_id: VoucherId, amount: int, life_s: int) -> Lease:
        """Have the hub lend part of a voucher to this unit."""


def blueprint(  # noqa: C901 - a list of routes
    redeemer: Redeemer,
    journal: Journal,
    spool: Spool,
    key_papers: KeyPapers,
    unit: Watched,
    default_locale: str,
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
        key = _idempotency_key()
        recorded = redeemer.redeem(read_presented(read_body(), key))
        return answer(recorded, spool, locale())

    @api.post("/v1/verifications")
    @allowed(For.API)
    def verify() -> Response:
        presented = read_presented(read_body(), "")
        return jsonify(verification_json(redeemer.verify(presented.text, presented.wish), locale()))

    @api.post("/v1/grant-requests")
    @allowed(For.API)
    def ask_phone() -> Response:
        asked = redeemer.ask_phone(read_presented(read_body(), ""))
        if not asked.link:
            body = verification_json(Verification(asked.decision, asked.identified), locale())
            detail = str(body.get("detail", ""))
            return problem_response(refusal_problem(detail, body), locale())
        body = {
            "url": asked.link, "amount": asked.decision.amount, "grant_life_s": GRANT_LIFE_S,
        }  # fmt: skip
        return jsonify(body), 201  # type: ignore[return-value]

    @api.post("/v1/leases")
    @allowed(For.API)
    def borrow() -> Response:
        key, body = _idempotency_key(), read_body()
        hours = body.pop("hours", HOURS)
        if type(hours) is not int or not 1 <= hours <= HOURS_MAX:
            raise RequestInvalid(N_("The member hours is 1 to 720."), member="hours")
        presented = read_presented(body, key)
        looked = redeemer.verify(presented.text, presented.wish)
        if looked.identified is None or not looked.decision.amount:
            told = verification_json(looked, locale())
            return problem_response(refusal_problem(str(told.get("detail", "")), told), locale())
        lease_id = hashlib.sha256(b"VX1 lease\x00" + key.encode()).digest()[:LEASE_ID_BYTES]
        claims = looked.identified.claims
        lease = unit.borrow(lease_id, claims.voucher_id, looked.decision.amount, hours * 3600)
        answer = {
            "voucher_id": voucher_id_text(lease.voucher_id), "amount": lease.amount,
            "expires_at_s": lease.expires_at_s,
        }  # fmt: skip
        return jsonify(answer), 201  # type: ignore[return-value]

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

    @api.post(f"/v1/redemptions/<{NUMBER}:epoch>/<{NUMBER}:seq>/key-papers")
    @allowed(For.API)
    def key_paper(epoch: int, seq: int) -> Response:
        request_id = key_paper_request(_idempotency_key(), epoch, seq)
        said = read_key_paper(read_body())
        recorded = journal.get(Epoch(epoch), Seq(seq))
        if not recorded or not recorded.entry.accepted:
            raise NotFound(N_("No receipt has this number."))
        job = key_papers.add(Epoch(epoch), Seq(seq), request_id, said)
        if job is None:
            raise RequestInvalid(N_("This receipt has too many papers with keys."))
        unit.wake_printer()
        return jsonify({"key_paper": job.key_paper, "state": str(job.state)}), 202  # type: ignore[return-value]

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


def voids_blueprint(voider: Voider, spool: Spool, default_locale: str) -> Blueprint:
    """Return the route under ``/v1`` that takes an acceptance back."""
    api = Blueprint("voids_api", __name__)

    @api.post(f"/v1/redemptions/<{NUMBER}:epoch>/<{NUMBER}:seq>/voids")
    @allowed(For.API)
    def void(epoch: int, seq: int) -> Response:
        part, clerk = read_back(read_body(), _idempotency_key())
        recorded = voider.void(Epoch(epoch), Seq(seq), clerk, part)
        locale = best_locale(request.headers.get("Accept-Language"), default_locale)
        return jsonify(redemption_json(recorded, spool, locale)), 201  # type: ignore[return-value]

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


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise IdempotencyMissing(N_("Send a new Idempotency-Key with each new redemption."))
    if len(key) > KEY_CHARS_MAX:
        raise RequestInvalid(N_("An Idempotency-Key has at most 200 characters."))
    return key


def key_paper_request(key: str, epoch: int, seq: int) -> bytes:
    """Return the 16 bytes that a key paper is known by: of the caller's key and of the entry."""
    return hashlib.sha256(f"VX1 key paper {epoch}/{seq} {key}".encode()).digest()[:16]


def read_key_paper(body: dict[str, Any]) -> KeyPaper:
    """Read what a key paper is to say.

    Raises:
        RequestInvalid: names the member that is wrong, never its value.
    """
    for name in body:
        if name not in {"title", "lines"}:
            raise RequestInvalid(N_("There is no such member."), member=name[:40])
    lines = body.get("lines")
    if not isinstance(lines, list) or not 1 <= len(lines) <= LINES_MAX:
        raise RequestInvalid(N_("Such a paper has 1 to 40 lines."), member="lines")
    for name, text in [("title", body.get("title")), *(("lines", line) for line in lines)]:
        if not isinstance(text, str) or not (1 <= len(text) <= CHARS_MAX and text.isprintable()):
            raise RequestInvalid(N_("A line has 1 to 200 printable characters."), member=name)
    return KeyPaper(str(body["title"]), tuple(lines))


def read_body() -> dict[str, Any]:
    """Return the JSON object that was sent.

    Raises:
        RequestInvalid: it is none.
    """
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
    return Presented(body["scan"], key, wish, body.get("basket"), body.get("clerk"), "api")


def read_back(body: dict[str, Any], key: str) -> tuple[Part | None, str | None]:
    """Read how much is to be taken back, None for all that is left, and who does it.

    Raises:
        RequestInvalid: names the member that is wrong, never its value.
    """
    for member in body.keys() & {"scan", "basket"}:
        raise RequestInvalid(N_("There is no such member."), member=member)
    wanted = read_presented({"scan": ""} | body, key)
    part = None if wanted.wish == Wish() else Part(wanted.wish, key)
    return part, wanted.clerk


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
        "source": notes.source,
    }  # fmt: skip
    if entry.voids:
        body["voids"] = {"epoch": entry.voids[0], "seq": entry.voids[1]}
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
