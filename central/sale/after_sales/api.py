"""After-sales for programs: cases, what they show, and their answers. See ``/openapi.json``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from central.foundation.people.roles import Permission
from central.foundation.pictures import BODY_BYTES_MAX, MIME
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, is_allowed, needs, takes
from central.sale.after_sales import answer, ask, store
from central.sale.after_sales import api_json as shapes
from central.sale.after_sales.model import Case
from central.sale.after_sales.once import once
from central.sale.orders import store as orders
from central.sale.orders.office import Office

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="after-sales", description="What buyers say is wrong, and what they are answered.")
_PICTURE: dict[str, Any] = {
    "description": "OK",
    "content": {MIME: {"schema": {"type": "string", "format": "binary"}}},
}
Once = Callable[[str, list[object], Callable[[], Case]], Response]


def blueprint(office: Office) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "after_sales_api", __name__, url_prefix="/v1/after-sales", abp_tags=[_TAG],
        abp_security=SECURITY, abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    def done(key: str, wish: list[object], work: Callable[[], Case]) -> Response:
        return jsonify(_case(once(actor(), key, wish, office.now_s(), work)))

    _add_looking(api, office)
    _add_asking(api, office, done)
    _add_answers(api, office, done)
    return api


def _add_looking(api: APIBlueprint, office: Office) -> None:
    @api.get("", summary="Cases", responses={200: shapes.AfterSalesJson})
    @needs(Permission.ORDERS_READ)
    def some(query: shapes.WhichAfterSales) -> Response:
        # One more than is told says whether there is another page.
        found = store.page(query.limit + 1, query.state, query.before)
        told, rest = found[: query.limit], found[query.limit :]
        return jsonify({"cases": [_case(c) for c in told], "next": told[-1].id if rest else None})

    @api.get(
        "/<case_id>", summary="One case",
        responses={200: shapes.OneAfterSaleJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.ORDERS_READ)
    def one(path: shapes.AfterSalePath) -> Response:
        case = store.get(path.case_id)
        is_open = is_allowed(Permission.ORDERS_PRIVATE)
        evidence = [
            {"id": e.id, "at_s": e.at_s, "who": e.who, "said": e.said,
             "has_picture": e.picture is not None}
            for e in (store.evidence(case.id) if is_open else ask.shown_to_all(case, office))
        ]  # fmt: skip
        return jsonify({"case": _case(case), "evidence": evidence})

    @api.get(
        "/<case_id>/pictures/<evidence_id>", summary="A picture that somebody has shown",
        responses={200: _PICTURE, **problems(404)},
    )  # fmt: skip
    @needs(Permission.AFTER_SALES_MANAGE)
    def picture(path: shapes.EvidencePath) -> Response:
        kind, content = ask.picture(path.case_id, path.evidence_id, office)
        return Response(content, content_type=kind)


def _add_asking(api: APIBlueprint, office: Office, done: Once) -> None:
    @api.post(
        "", summary="Open a case about a unit of an order",
        responses={200: shapes.AfterSaleJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.AFTER_SALES_MANAGE)
    def new(header: shapes.CaseKeyHeader, body: shapes.NewAfterSaleJson) -> Response:
        unit = orders.unit(body.unit)
        said = ask.Said(body.said)
        return done(
            header.key, ["open", unit.id, str(body.reason), body.said],
            lambda: ask.open_case(unit.order, unit.n, body.reason, said, actor(), office),
        )  # fmt: skip

    @api.post(
        "/<case_id>/evidence", summary="Add what somebody says",
        responses={200: shapes.AfterSaleJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.AFTER_SALES_MANAGE)
    def add(
        path: shapes.AfterSalePath, header: shapes.CaseKeyHeader, body: shapes.MoreSaidJson
    ) -> Response:
        return done(
            header.key, ["say", path.case_id, body.said],
            lambda: ask.add_evidence(path.case_id, ask.Said(body.said), actor(), office),
        )  # fmt: skip

    @api.post(
        "/<case_id>/pictures", summary="Add a picture that shows it",
        responses={200: shapes.AfterSaleJson, **problems(404, 409, 413)},
    )  # fmt: skip
    @needs(Permission.AFTER_SALES_MANAGE)
    @takes(BODY_BYTES_MAX)
    def show(
        path: shapes.AfterSalePath, header: shapes.CaseKeyHeader, raw: shapes.EvidencePicture
    ) -> Response:
        data = raw.get_data()
        said = ask.Said("", ask.drawn(data))
        return done(
            header.key, ["show", path.case_id, hashlib.sha256(data).hexdigest()],
            lambda: ask.add_evidence(path.case_id, said, actor(), office),
        )  # fmt: skip


def _add_answers(api: APIBlueprint, office: Office, done: Once) -> None:
    @api.post(
        "/<case_id>/replace", summary="Answer with another key of our stock",
        responses={200: shapes.AfterSaleJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.AFTER_SALES_MANAGE)
    def replace(
        path: shapes.AfterSalePath, header: shapes.CaseKeyHeader, body: shapes.CaseAnswerJson
    ) -> Response:
        return done(
            header.key, ["replace", path.case_id, body.answer],
            lambda: answer.replace(path.case_id, body.answer, actor(), office),
        )  # fmt: skip

    @api.post(
        "/<case_id>/refund", summary="Answer with the price, or part of it",
        responses={200: shapes.AfterSaleJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.AFTER_SALES_MANAGE)
    def give_back(
        path: shapes.AfterSalePath, header: shapes.CaseKeyHeader, body: shapes.GiveBackJson
    ) -> Response:
        return done(
            header.key, ["refund", path.case_id, body.answer, body.amount_minor],
            lambda: answer.give_back(
                path.case_id, body.answer, actor(), office, body.amount_minor
            ),
        )  # fmt: skip

    @api.post(
        "/<case_id>/refuse", summary="Answer with no, and why",
        responses={200: shapes.AfterSaleJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.AFTER_SALES_MANAGE)
    def refuse(
        path: shapes.AfterSalePath, header: shapes.CaseKeyHeader, body: shapes.CaseAnswerJson
    ) -> Response:
        return done(
            header.key, ["refuse", path.case_id, body.answer],
            lambda: answer.reject(path.case_id, body.answer, actor(), office),
        )  # fmt: skip


def _case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id, "order": case.order, "unit": case.unit, "reason": case.reason,
        "state": case.state, "opened_by": case.opened_by, "opened_at_s": case.opened_at_s,
        "answer_until_s": case.answer_until_s, "answer": case.answer,
        "closed_by": case.closed_by, "closed_at_s": case.closed_at_s, "refund": case.refund,
        "claim": case.claim,
    }  # fmt: skip
