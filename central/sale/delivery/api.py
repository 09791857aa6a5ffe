"""What was delivered, for the program of an agent. See ``/openapi.json``."""

from __future__ import annotations

from flask import Response, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.errors import NotPermitted
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, for_one_agent, needs, own_agent
from central.sale.delivery.reveal import reveal_to_program
from central.sale.orders import store
from central.sale.orders.api import SECURITY, order_for_asker
from central.sale.orders.api_json import OrderUnitPath
from central.sale.orders.office import Office
from central.supply.cards.access.log import Asker
from central.supply.cards.vault.keys import Vault

_TAG = Tag(name="orders", description="What is bought, paid, delivered, and given back.")


class GoodsJson(BaseModel):
    """What was delivered. Keep it as you keep money."""

    unit: str = Field(description="Of which unit.")
    text: str = Field(description="What a buyer sees, by the delivery text of its type.")
    token: str = Field(description="Of a voucher, its token, for a QR code; empty of others.")
    link: str = Field(description="Puts a voucher on a phone; empty if it is on one.")
    is_dynamic: bool = Field(description="It counts from a phone alone, not by its token.")


def blueprint(office: Office, vault: Vault) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "goods_api", __name__, url_prefix="/v1/orders", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    @api.post(
        "/<order_id>/units/<unit_id>/goods",
        summary="What was delivered to an agent; it counts as seen, and each look is logged",
        responses={200: GoodsJson, **problems(404, 409, 429)},
    )  # fmt: skip
    @for_one_agent
    @needs(Permission.ORDERS_GOODS)
    def goods(path: OrderUnitPath) -> Response:
        order, own = order_for_asker(path.order_id), own_agent()
        if own is not None and order.buyer != own:
            raise NotPermitted(N_("What a customer has bought is shown to him alone."))
        unit = store.unit_of(order.id, path.unit_id)
        asker = Asker(actor(), request.remote_addr or "")
        shown = reveal_to_program(order, unit.n, asker, vault, office)
        return jsonify(shown._asdict())

    return api
