"""Who of the customers asks: a cookie of his own, beside that of the people at headquarters.

The cookie holds a token of 256 random bits that is made when somebody signs in; a token that a
browser brings along without our having made it opens nothing.
"""

from __future__ import annotations

from flask import g, request
from werkzeug.wrappers import Response

from central.sale.customers import store
from central.sale.customers.codes import kinds
from central.sale.customers.model import SESSION_S
from central.sale.customers.store import SignedIn
from central.sale.orders.office import Office

COOKIE = "tearoff-customer"


class Door:
    """Lets customers in and out, one browser each."""

    def __init__(self, office: Office, *, is_secure: bool) -> None:
        self._office = office
        self._is_secure = is_secure

    @property
    def is_there(self) -> bool:
        """Whether anybody can sign in: there is a way to send a code."""
        return bool(kinds(self._office))

    def who(self) -> SignedIn | None:
        """Return who asks; None for a guest. Looked up once a request."""
        if "customer" not in g:
            token = request.cookies.get(COOKIE, "")
            office = self._office
            g.customer = store.signed_in(token, office.now_s(), office.seal) if token else None
        found: SignedIn | None = g.customer
        return found

    def me(self) -> SignedIn:
        """Return who asks, on a route that is for customers."""
        found = self.who()
        assert found is not None, "the guard lets nobody else in"
        return found

    def let_in(self, response: Response, token: str) -> Response:
        """Have the browser keep the token; what it had before ends."""
        before = self.who()
        if before is not None:
            store.end_session(before.token)
        response.set_cookie(
            COOKIE, token, max_age=SESSION_S, httponly=True, secure=self._is_secure, samesite="Lax"
        )
        return response

    def let_out(self, response: Response) -> Response:
        """Have the browser forget the token."""
        response.delete_cookie(COOKIE, httponly=True, secure=self._is_secure, samesite="Lax")
        return response
