"""Redemptions and conflicts on a page."""

from __future__ import annotations

from flask import Blueprint, render_template

from central.foundation.people.roles import Permission
from central.foundation.web.permission import needs
from central.stores.redemptions.overview import conflicts, outcomes, scans
from central.supply.catalogue.products import catalogue


def blueprint() -> Blueprint:
    """Return the routes."""
    pages = Blueprint("redemptions", __name__)

    @pages.get("/redemptions")
    @needs(Permission.REDEMPTIONS_READ)
    def show() -> str:
        return render_template(
            "redemptions/redemptions.html",
            scans=scans(100),
            outcomes=outcomes(),
            products=catalogue().products,
        )

    @pages.get("/conflicts")
    @needs(Permission.REDEMPTIONS_READ)
    def show_conflicts() -> str:
        return render_template(
            "redemptions/conflicts.html", conflicts=conflicts(), products=catalogue().products
        )

    return pages
