"""The address of each picture. It holds the picture's own hash, so it may be kept for ever."""

from __future__ import annotations

from flask import Blueprint, Response, request

from central.errors import NotFound
from central.foundation.language.words import N_
from central.foundation.pictures import MIME
from central.foundation.web.permission import ANYBODY, needs
from central.supply.catalogue import pictures

YEAR_S = 365 * 86_400
HASH_CHARS = 64


def blueprint() -> Blueprint:
    """Return the route. Buyers have not logged in, so it is for anybody."""
    pages = Blueprint("pictures", __name__)

    @needs(ANYBODY)
    def one(picture: str) -> Response:
        if len(picture) != HASH_CHARS:
            raise NotFound(N_("There is no such picture."))
        response = Response(pictures.content(picture), content_type=MIME)
        response.set_etag(picture)
        response.cache_control.public = True
        response.cache_control.max_age = YEAR_S
        response.cache_control.immutable = True
        response.make_conditional(request)
        return response

    # Opened by itself, whatever it might turn out to be, it does nothing.
    one.talisman_view_options = {  # type: ignore[attr-defined]
        "content_security_policy": "default-src 'none'; sandbox"
    }
    pages.add_url_rule("/pictures/<picture>.webp", "one", one)
    return pages
