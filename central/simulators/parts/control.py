"""What steering a simulator needs: its token, and bodies that are read strictly."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, Response, jsonify, request


def control_blueprint(token: str) -> Blueprint:
    """Return a blueprint under ``/control`` that only whoever has the token gets to."""
    api = Blueprint("control", __name__, url_prefix="/control")

    @api.before_request
    def check() -> Response | None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = scheme == "Bearer" and hmac.compare_digest(given.encode(), token.encode())
        return None if right else problem(401, "send the token of data_dir")

    @api.errorhandler(ValueError)
    def wrong(error: ValueError) -> Response:
        return problem(400, str(error))

    return api


def json_body() -> dict[str, Any]:
    """Return the JSON object that was sent.

    Raises:
        ValueError: it is none.
    """
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise ValueError("the body is a JSON object")  # noqa: TRY004 - a caller's fault
    return found


def text_of(found: dict[str, Any], name: str, default: str | None = None) -> str:
    """Return a field that is a text; ValueError if it is none."""
    value = found.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text")  # noqa: TRY004 - a caller's fault
    return value


def whole_of(found: dict[str, Any], name: str, default: int) -> int:
    """Return a field that is a whole number; ValueError if it is none."""
    value = found.get(name, default)
    if type(value) is not int:
        raise ValueError(f"{name} is a whole number")
    return value


def done() -> Response:
    """Say that it is done."""
    return jsonify({"done": True})


def problem(status: int, detail: str) -> Response:
    """Say why it is not."""
    response = jsonify({"title": "The simulator cannot do this", "detail": detail})
    response.status_code = status
    return response
