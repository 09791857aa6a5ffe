"""Files over the local API and on the clerk's page, whose browser may be that of a phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flask import Blueprint, Response, jsonify, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from edge.carried.desk import Desk
from edge.errors import EdgeError, RequestInvalid
from edge.receipt.document import local_time
from edge.web.session import For, allowed
from edge.web.words import N_, best_locale, translate

FILE_BYTES_MAX = 64 << 20
"""All that a unit of a hundred million vouchers may know fits in."""
OCTETS = "application/octet-stream"


def blueprint(
    desk: Desk, strip: Callable[[str], Sequence[NamedTuple]], default_locale: str
) -> Blueprint:
    """Return the routes.

    Args:
        strip: Returns the status strip in a language.
    """
    files = Blueprint("files", __name__)

    def locale() -> str:
        chosen = session.get("locale")
        return chosen or best_locale(request.headers.get("Accept-Language"), default_locale)

    @files.post("/v1/bundle-files")
    @allowed(For.API)
    def take() -> Response:
        request.max_content_length = FILE_BYTES_MAX
        if request.mimetype != OCTETS:
            raise RequestInvalid(N_("Send the file: Content-Type: application/octet-stream."))
        return jsonify(desk.take(request.get_data(cache=False)))

    @files.get("/v1/journal-file")
    @allowed(For.API)
    def give() -> Response:
        given = desk.give()
        headers = {"Content-Disposition": f'attachment; filename="{given.name}"'}
        return Response(given.data, content_type=OCTETS, headers=headers)

    @files.get("/files")
    @allowed(For.CLERK)
    def show() -> str:
        facts = desk.facts()
        pulled_at_s = facts["pulled_at_s"]
        zone = facts["timezone"]
        return render_template(
            "files.html",
            heard=None if pulled_at_s is None else local_time(pulled_at_s, zone),
            unsent=facts["unsent"],
            acked=facts["acked"],
            note=session.pop("file_note", None),
            clerk=session["clerk"],
            strip=strip(locale()),
        )

    @files.post("/files")
    @allowed(For.CLERK)
    def hand_in() -> BaseResponse:
        request.max_content_length = FILE_BYTES_MAX
        file = request.files.get("file")
        try:
            taken = desk.take(file.read() if file else b"")
        except EdgeError as exc:
            session["file_note"] = ["bad", translate(locale(), exc.detail or exc.title)]
        else:
            told = N_("The file was taken.") if taken["new"] else N_("This unit knew all of it.")
            session["file_note"] = ["good", translate(locale(), told)]
        return redirect(url_for("files.show"))

    @files.get("/files/journal")
    @allowed(For.CLERK)
    def take_along() -> Response:
        return give()

    return files
