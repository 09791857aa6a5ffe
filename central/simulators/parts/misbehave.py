"""A fault that needs the connection: to break it."""

from __future__ import annotations

from flask import Response, request

CUT = "tearoff.cut"


def cut() -> Response:
    """Return an answer that never arrives: the server resets the connection instead."""
    request.environ[CUT] = True
    return Response(status=502)
