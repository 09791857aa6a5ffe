"""What programs may read of settlement, and tell it. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from central.foundation.language.said import in_words
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, needs
from central.foundation.web.problem import say
from central.money.settlement import api_json as shapes
from central.money.settlement import store as books
from central.money.settlement.drill import drill
from central.money.settlement.export.files import FORMATS, export
from central.money.settlement.fees.agree import agree
from central.money.settlement.model import State
from central.money.settlement.payable.owners import owners, set_owner
from central.money.settlement.payable.pay import figures
from central.money.settlement.payable.watermark import watermarks
from central.money.settlement.ports import Stores
from central.money.settlement.run import run
from central.money.settlement.statements.answer import confirm, dispute, settle_dispute

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="settlement", description="What stores are owed, agreed to and paid.")
_FILES: dict[int | str, Any] = {
    200: {
        "description": "The file.",
        "content": {
            content_type.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for content_type in FORMATS.values()
        },
    }
}


def blueprint(stores: Stores, currency: str, now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "settlement_api", __name__, url_prefix="/v1/settlement", abp_tags=[_TAG],
        abp_security=SECURITY, abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip
    _reads(api, stores, now_s)
    _answers(api, now_s)
    _house(api, stores, currency, now_s)
    return api


def _reads(api: APIBlueprint, stores: Stores, now_s: Callable[[], int]) -> None:
    @api.get(
        "/statements", summary="Statements, the newest day first",
        responses={200: shapes.StatementsJson},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def statements(query: shapes.WhichStatements) -> Response:
        state = State(query.state) if query.state else None
        wanted = books.Wanted(query.store, state, query.month)
        found = books.statements(wanted, query.limit)
        return jsonify({"statements": [shapes.of_statement(one) for one in found]})

    @api.get(
        "/statements/<statement_no>", summary="One statement with its lines",
        responses={200: shapes.OneStatementJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def one(path: shapes.StatementPath) -> Response:
        return jsonify(shapes.in_full(path.statement_no))

    @api.get(
        "/statements/<statement_no>/lines/<int:n>", summary="One line, down to its signed entry",
        responses={200: shapes.LineViewJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def line(path: shapes.LinePath) -> Response:
        return jsonify(shapes.of_view(drill(stores, path.statement_no, path.n)))

    @api.get(
        "/statements/<statement_no>/export/<ending>", summary="An issued statement as a file",
        responses={**_FILES, **problems(404, 409, 503)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def file(path: shapes.FilePath, query: shapes.Language) -> Response:
        made = export(stores, path.statement_no, path.ending, query.locale)
        return Response(made.content, content_type=made.content_type)

    @api.get(
        "/payables", summary="What each store's payable statements come to",
        responses={200: shapes.PayablesJson},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def payables() -> Response:
        return jsonify({"payables": [shapes.of_figure(figure) for figure in figures(now_s())]})

    @api.get(
        "/watermarks", summary="Up to when everything is known, and which unit keeps it back",
        responses={200: shapes.WatermarksJson},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def marks() -> Response:
        found = watermarks(stores.journals(), now_s()).values()
        return jsonify({"groups": [shapes.of_mark(mark) for mark in found]})


def _answers(api: APIBlueprint, now_s: Callable[[], int]) -> None:
    changed = {200: shapes.StoreStatementJson, **problems(404, 409)}

    @api.post("/statements/<statement_no>/confirm", summary="The store agrees", responses=changed)
    @needs(Permission.SETTLEMENT_MANAGE)
    def agreed(path: shapes.StatementPath) -> Response:
        return jsonify(shapes.of_statement(confirm(path.statement_no, actor(), now_s())))

    @api.post(
        "/statements/<statement_no>/dispute", summary="The store does not agree with some lines",
        responses=changed,
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def disputed(path: shapes.StatementPath, body: shapes.DisputeJson) -> Response:
        found = dispute(path.statement_no, body.lines, body.reason, actor(), now_s())
        return jsonify(shapes.of_statement(found))

    @api.post(
        "/statements/<statement_no>/lines/<int:n>/settle", summary="A line's dispute is over",
        responses=changed,
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def settled(path: shapes.LinePath, body: shapes.NoteJson) -> Response:
        settle_dispute(path.statement_no, path.n, body.note, actor(), now_s())
        return jsonify(shapes.of_statement(books.statement(path.statement_no)))


def _house(api: APIBlueprint, stores: Stores, currency: str, now_s: Callable[[], int]) -> None:
    @api.post(
        "/run", summary="Do what is due: issue, confirm by silence, release",
        responses={200: shapes.RunJson},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def run_now() -> Response:
        done = run(stores, now_s(), actor())
        told = {
            "issued": [one.no for one in done.issued],
            "problems": [in_words(one, say()) for one in done.problems],
        }
        return jsonify(done._asdict() | told)

    @api.get("/owners", summary="Whose stores are", responses={200: shapes.OwnersJson})
    @needs(Permission.SETTLEMENT_READ)
    def whose() -> Response:
        found = [{"store": store, "owner": owner} for store, owner in owners().items()]
        return jsonify({"owners": found})

    @api.post(
        "/owners/<store>", summary="Say whose a store is from now on",
        responses={200: shapes.OwnedJson},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def own(path: shapes.StorePath, body: shapes.OwnerJson) -> Response:
        set_owner(stores, path.store, body.owner, actor(), now_s())
        return jsonify({"store": path.store, "owner": body.owner})

    @api.get(
        "/fees/<store>", summary="What a store has agreed to pay", responses={200: shapes.FeesJson}
    )
    @needs(Permission.SETTLEMENT_READ)
    def fees(path: shapes.StorePath) -> Response:
        return jsonify({"fees": [shapes.of_model(model) for model in books.fee_models(path.store)]})

    @api.post(
        "/fees/<store>", summary="What a store pays from a day on",
        responses={200: shapes.FeeModelJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def agree_fees(path: shapes.StorePath, body: shapes.NewFeesJson) -> Response:
        model = agree(stores, path.store, body.model(), currency=currency, by=actor(), at_s=now_s())
        return jsonify(shapes.of_model(model))
