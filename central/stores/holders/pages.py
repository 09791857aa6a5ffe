"""The page on the holder's phone, and the calls that it makes.

No cookie, no session: the page is the same for everybody, and works without a network once it was
there. What it asks for it signs with the phone's own key.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, send_from_directory
from flask_limiter import Limiter

from central.config import HubConfig
from central.errors import NotIdentified, RequestInvalid
from central.foundation.db.engine import reading
from central.foundation.language.words import N_
from central.foundation.web.permission import ANYBODY, needs
from central.stores.holders.device import HEADER, KEY_BYTES, signed_by
from central.stores.holders.grant import give, look
from central.stores.holders.link import TOKEN, open_link
from central.stores.holders.tell import codes_told, voucher_told
from central.stores.holders.words import both_languages
from central.stores.keys.keyring import Keyring
from central.stores.vouchers.tables import Voucher
from edge.contract.bundle import LOCALES
from edge.contract.grant import GrantRequest
from edge.contract.ids import VoucherId
from edge.contract.refusal import Refusal

BODY_BYTES_MAX = 4096
STATIC = Path(__file__).parents[2] / "foundation" / "web" / "static" / "holder"


def blueprint(
    keyring: Keyring, config: HubConfig, limiter: Limiter, now_s: Callable[[], int]
) -> Blueprint:
    """Return the routes under ``/h``."""
    pages = Blueprint("holders", __name__, url_prefix="/h")

    @pages.get("/")
    @needs(ANYBODY)
    def show() -> str:
        # The page learns its language from the phone: a kept one must suit whoever reads it.
        return render_template("vouchers/holder.html")

    @pages.get("/words.json")
    @needs(ANYBODY)
    def words() -> Response:
        return jsonify({"first": LOCALES[0], "words": both_languages()})

    @pages.get("/manifest.webmanifest")
    @needs(ANYBODY)
    def manifest() -> Response:
        return Response(render_template("vouchers/manifest.json"), mimetype=_MANIFEST)

    @pages.get("/worker.js")
    @needs(ANYBODY)
    def worker() -> Response:
        # It lies here and not with the other scripts: it rules the folder that it comes from.
        return send_from_directory(STATIC, "worker.js", mimetype="text/javascript")

    @needs(ANYBODY)
    def open_() -> Response:
        asked, device_key = read_asked(request.get_data())
        at_s = now_s()
        voucher_id = open_link(token_of(asked), device_key, at_s)
        have_until_s = number_of(asked, "have_until_s")

        def work() -> dict[str, Any]:
            claims = Voucher.get_by_id(voucher_id).claims()
            return {
                "voucher": voucher_told(VoucherId(voucher_id), keyring, config.currency),
                "codes": codes_told(claims, keyring, at_s, have_until_s),
                "hub_time_s": now_s(),
            }

        return jsonify(reading(work))

    @needs(ANYBODY)
    def grant() -> Response:
        asked, device_key = read_asked(request.get_data())
        at_s = now_s()
        voucher_id = open_link(token_of(asked), device_key, at_s)
        wanted = GrantRequest.parse(str(asked.get("request", "")))
        if asked.get("agreed") is not True:
            return jsonify(look(wanted, voucher_id) | {"hub_time_s": at_s})
        given = give(wanted, voucher_id, keyring, at_s)
        if isinstance(given, Refusal):
            return jsonify({"refusal": str(given), "hub_time_s": at_s})
        digits, held = given
        return jsonify({"grant": digits, "expires_at_s": held.expires_at_s, "hub_time_s": at_s})

    many = limiter.limit("120 per minute")  # many phones may have one address
    pages.add_url_rule("/open", "open", many(open_), methods=["POST"])
    pages.add_url_rule("/grants", "grant", many(grant), methods=["POST"])
    return pages


_MANIFEST = "application/manifest+json"


# --- reading what a phone sends ------------------------------------------------------------------


def read_asked(body: bytes) -> tuple[dict[str, Any], bytes]:
    """Return what a phone asks, and the key of the phone that has signed it.

    Raises:
        RequestInvalid: it is no JSON object, or too long. NotIdentified: the signature is not
            that of the key beside it.
    """
    try:
        asked = json.loads(body) if len(body) <= BODY_BYTES_MAX else None
        device_key = base64.b64decode(str(asked["device"]), validate=True) if asked else b""
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        raise RequestInvalid(N_("This is not what the page sends.")) from None
    if not isinstance(asked, dict) or len(device_key) != KEY_BYTES:
        raise RequestInvalid(N_("This is not what the page sends."))
    if not signed_by(device_key, request.path, body, request.headers.get(HEADER, "")):
        raise NotIdentified(N_("The signature is not that of this phone."))
    return asked, device_key


def token_of(asked: dict[str, Any]) -> str:
    """Return the secret of the link.

    Raises:
        RequestInvalid: it cannot be one.
    """
    token = asked.get("token")
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise RequestInvalid(N_("A link ends with 32 letters and digits."))
    return token


def number_of(asked: dict[str, Any], name: str) -> int:
    """Return a number that a phone has sent, 0 if it has not.

    Raises:
        RequestInvalid: it is no number.
    """
    value = asked.get(name, 0)
    if type(value) is not int or not 0 <= value < 2**53:
        raise RequestInvalid(N_("This is not what the page sends."))
    return value
