"""Policies on pages: for each store group what its tills may accept, and what they would say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import get_locale, gettext
from flask_limiter import Limiter
from flask_login import current_user
from werkzeug.wrappers import Response

from central.errors import Conflict, NotFound, NotPermitted, PreviewMissing, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_, REFUSALS
from central.foundation.people import second_factor
from central.foundation.people.roles import Permission
from central.foundation.seal import Seal
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.stores.policies import form as forms
from central.stores.policies import words
from central.stores.policies.form import Typed
from central.stores.policies.overview import history, policies_of, who_has
from central.stores.policies.preview import answer
from central.stores.units.steer import (
    all_policies,
    body_of,
    policy_at,
    policy_of,
    put_back,
    set_policy,
)
from edge.contract.policy import STALENESS_ORDER, Policy


def blueprint(currency: str, people: Seal, limiter: Limiter, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes.

    Args:
        people: Opens second factors: whoever changes a policy shows who he is once more.
    """
    pages = Blueprint("policies", __name__)
    # Each of them tells whether a password is right.
    limited = limiter.limit("20 per minute; 120 per hour")
    proof = _proof(people, now_s)

    @pages.get("/policies")
    @needs(Permission.POLICIES_READ)
    def show() -> str:
        groups = [(one, _having(one.group, one.newest.version)) for one in all_policies()]
        return render_template("policies/policies.html", groups=groups)

    @pages.get("/policies/<int:group>")
    @needs(Permission.POLICIES_READ)
    def one(group: int) -> str:
        found = policies_of(group)
        policy = policy_of(found.group, currency, now_s())
        version = request.args.get("version", type=int)
        if version is not None and version != policy.version:
            return _old_page(group, version, policy, currency)
        return _page(group, forms.typed_of(policy, currency), currency)

    @pages.post("/policies/<int:group>")
    @needs(Permission.POLICIES_MANAGE)
    @limited
    def change(group: int) -> str | Response | tuple[str, int]:
        found = policies_of(group)
        typed = _typed(group, currency)
        if request.form.get("do") != "save":
            return _page(group, typed, currency)
        try:
            policy = forms.policy_from(typed, currency)
            proof()
            set_policy(
                found.group, body_of(policy), by=actor(), at_s=now_s(), based_on=typed.based_on
            )
        except (Conflict, NotPermitted, RequestInvalid) as exc:
            return _page(group, typed, currency, note=["bad", in_words(exc.detail, gettext)]), 400
        session["note"] = ["good", gettext("Saved. Tills work by it after their next pull.")]
        return redirect(url_for("policies.one", group=group))

    @pages.post("/policies/<int:group>/answer")
    @needs(Permission.POLICIES_MANAGE)
    def look(group: int) -> str:
        # A part of the page, asked for again and again: it leaves the session alone.
        return render_template(
            "policies/_answer.html", seen=_seen(_typed(group, currency), currency)
        )

    @pages.post("/policies/<int:group>/versions/<int:version>")
    @needs(Permission.POLICIES_MANAGE)
    @limited
    def go_back(group: int, version: int) -> Response:
        based_on = request.form.get("based_on", type=int) or 0
        with told(gettext("Version %(n)d is in force again, as a new one.", n=version)):
            proof()
            found = policies_of(group).group
            put_back(found, version, by=actor(), at_s=now_s(), based_on=based_on)
        return redirect(url_for("policies.one", group=group))

    return pages


def _proof(people: Seal, now_s: Callable[[], int]) -> Callable[[], None]:
    """Raise NotPermitted unless whoever has sent this form is who has logged in."""

    def check() -> None:
        given = request.form.get("password", ""), request.form.get("code", "")
        if not second_factor.proves(current_user.name, *given, people, now_s()):
            raise NotPermitted(N_("Password or code is wrong. Nothing has changed."))

    return check


def _typed(group: int, currency: str) -> Typed:
    policy = policy_of(policies_of(group).group, currency, 0)
    return forms.typed(request.form, forms.typed_of(policy, currency))


def _having(group: int, version: int) -> tuple[int, int]:
    units = who_has(policies_of(group).group)
    return sum(unit.version == version for unit in units), len(units)


def _seen(typed: Typed, currency: str) -> dict[str, Any]:
    """Return what a till would say, or why nobody knows."""
    try:
        policy, case = forms.policy_from(typed, currency), forms.case_from(typed, currency)
        locale = str(get_locale()).startswith("zh")
        answered = answer(policy, case, "zh-CN" if locale else "en")
    except (PreviewMissing, RequestInvalid) as exc:
        return {"problem": in_words(exc.detail, gettext)}
    drawn = policy.online_permille if answered.accepted and answered.mode == "degraded" else 0
    return {"answer": answered, "drawn": drawn}


def _page(group: int, typed: Typed, currency: str, *, note: list[str] | None = None) -> str:
    found = policies_of(group)
    return render_template(
        "policies/policy.html", found=found, typed=typed, seen=_seen(typed, currency),
        units=who_has(found.group), changes=history(found.group, currency),
        note=note or session.pop("note", None), floor_field=forms.floor_field,
        mode_words=words.MODES, floor_modes=words.FLOOR_MODES, ages=words.AGES,
        staleness=STALENESS_ORDER, overruled=words.OVERRULED, refusal_words=REFUSALS,
        kinds=words.KINDS, networks=words.NETWORKS,
    )  # fmt: skip


def _old_page(group: int, version: int, policy: Policy, currency: str) -> str:
    found = policies_of(group)
    old = policy_at(found.group, version, currency)
    if old is None:
        raise NotFound(N_("There is no such version."))
    return render_template(
        "policies/version.html", found=found, version=version, in_force=policy.version,
        said=words.said(old, currency), changed=words.differences(policy, old, currency),
        note=session.pop("note", None),
    )  # fmt: skip
