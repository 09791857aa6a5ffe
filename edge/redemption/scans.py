"""Scans on their way to whoever redeems them: a phone or a POS brings one, a screen takes it."""

from __future__ import annotations

import re

from flask import Blueprint, Response, jsonify, request

from edge.devices.scanners.gather import Scanners
from edge.devices.scanners.inbox import Inbox, Verdict, Waiting
from edge.errors import N_, RequestInvalid, ScanTaken, TooManyScans
from edge.redemption.api import NUMBER, read_body
from edge.redemption.redeem import new_key
from edge.web.session import For, allowed, is_at_the_unit

WAIT_S_MAX = 20.0
"""Shorter than what a browser or a proxy takes for a dead connection."""
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
_LOOKER = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


def blueprint(scanners: Scanners) -> Blueprint:
    """Return the routes under ``/v1/scans`` and ``/v1/scanners``."""
    inbox = scanners.inbox
    scans = Blueprint("scans", __name__)

    @scans.post("/v1/scans")
    @allowed(For.API)
    def bring() -> tuple[Response, int]:
        source, raw = read_brought(read_body())
        verdict = inbox.offer(source, 1, raw)
        if verdict in {Verdict.FULL, Verdict.TOO_FAST}:
            raise TooManyScans(N_("Wait for the answers before you scan more."))
        return jsonify({"verdict": str(verdict), "watched": inbox.is_watched()}), 202

    @scans.get("/v1/scans/next")
    @allowed(For.API)
    def following() -> Response:
        looker, wait_s = read_question(request.args)
        waiting = inbox.next(looker, wait_s, is_near=is_at_the_unit())
        return jsonify(waiting_json(waiting)) if waiting else Response(status=204)

    @scans.post(f"/v1/scans/<{NUMBER}:number>/take")
    @allowed(For.API)
    def take(number: int) -> Response:
        return jsonify(waiting_json(taken(inbox, number, request.headers.get("Idempotency-Key"))))

    @scans.post("/v1/scanners/<source>/<command>")
    @allowed(For.API)
    def tell(source: str, command: str) -> tuple[Response, int]:
        scanners.tell(source, command.replace("-", "_"))
        return jsonify({"sent": True}), 202

    return scans


def taken(inbox: Inbox, number: int, key: str | None) -> Waiting:
    """Return a scan that is ours from now on.

    Raises:
        ScanTaken: it is not there any more.
    """
    waiting = inbox.take(number, (key or new_key())[:200])
    if waiting is None:
        raise ScanTaken(N_("Another screen has taken it, or it is too old. Scan again if need be."))
    return waiting


def read_brought(body: dict[str, object]) -> tuple[str, bytes]:
    """Return the source and the bytes of a scan that somebody brings.

    Raises:
        RequestInvalid: names the member that is wrong, never its value.
    """
    for name in body:
        if name not in {"text", "source"}:
            shown = name[:40].encode("utf-8", "replace").decode()
            raise RequestInvalid(N_("There is no such member."), member=shown)
    text, source = body.get("text"), body.get("source")
    if not isinstance(text, str):
        raise RequestInvalid(N_("The member text is missing."), member="text")
    if source is not None and not (isinstance(source, str) and _SOURCE.fullmatch(source)):
        raise RequestInvalid(
            N_("The member source is 1 to 32 of a to z, 0 to 9 and the hyphen."), member="source"
        )
    # JSON may hold half a character; as bytes it is what it is: no text.
    return f"api:{source}" if source else "api", text.encode("utf-8", "surrogatepass")


def read_question(args: dict[str, str]) -> tuple[str, float]:
    """Return who asks for the next scan, and for how long he waits.

    Raises:
        RequestInvalid: one of the two is wrong.
    """
    looker, wait = args.get("looker", "api"), args.get("wait_s", "0")
    if not _LOOKER.fullmatch(looker):
        raise RequestInvalid(N_("looker is 1 to 64 letters, digits and hyphens."), member="looker")
    if not (wait.isascii() and wait.isdecimal() and len(wait) <= 4):
        raise RequestInvalid(N_("wait_s is a whole number of seconds."), member="wait_s")
    return looker, min(float(wait), WAIT_S_MAX)


def waiting_json(waiting: Waiting) -> dict[str, object]:
    """Return what a screen is told of a scan."""
    return {
        "number": waiting.number,
        "text": waiting.scan.text,
        "source": waiting.scan.source,
        "fault": str(waiting.fault) if waiting.fault else None,
    }
