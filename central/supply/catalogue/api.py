"""What programs may ask and tell of the catalogue. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_babel import gettext
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.pictures import BODY_BYTES_MAX
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, for_one_agent, needs, takes
from central.supply.catalogue import api_json as shapes
from central.supply.catalogue import pictures, shelf
from central.supply.catalogue.asked import asked_for, versions_of
from central.supply.catalogue.model import Category, CategoryId, Item, ItemId, Part, Sku, SkuId
from central.supply.catalogue.pictures import ItemPicture
from central.supply.catalogue.voucher_terms import VoucherTerms, set_terms, terms_of
from central.supply.product_types import store as product_types
from central.supply.product_types.delivery import NothingToDeliver, render
from central.supply.product_types.fields import check_fields
from central.supply.product_types.json_schema import json_schema
from central.supply.product_types.model import Names, TypeVersion
from central.supply.product_types.type_body import to_body
from edge.contract.money import Money

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="catalogue", description="What is sold: types, categories, items, SKUs.")


def blueprint(now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "catalogue_api", __name__, url_prefix="/v1/catalogue", abp_tags=[_TAG],
        abp_security=SECURITY, abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip
    _add_types(api, now_s)
    _add_trying(api)
    _add_shelf(api)
    _add_pictures(api, now_s)
    _add_skus(api, now_s)
    return api


def _add_types(api: APIBlueprint, now_s: Callable[[], int]) -> None:
    @api.get("/types", summary="Every product type", responses={200: shapes.ProductTypesJson})
    @needs(Permission.CATALOGUE_READ)
    def types() -> Response:
        return jsonify({"types": [type_body(one) for one in product_types.everything()]})

    @api.get(
        "/types/<type_id>/versions/<type_version>", summary="A version of a product type",
        responses={200: shapes.ProductTypeJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_READ)
    def type_version(path: shapes.TypeVersionPath) -> Response:
        return jsonify(type_body(product_types.get(path.type_id, path.type_version)))

    @api.post(
        "/types", summary="Add a product type",
        responses={200: shapes.ProductTypeJson, **problems(409)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def add_type(body: shapes.NewTypeJson) -> Response:
        made = product_types.add(
            body.id, _names(body.names), body.fulfilment, body.body.model_dump(), by=actor(),
            at_s=now_s(),
        )  # fmt: skip
        return jsonify(type_body(made))

    @api.post(
        "/types/<type_id>", summary="Make the next version of a product type",
        responses={200: shapes.ProductTypeJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def revise_type(path: shapes.TypePath, body: shapes.ReviseTypeJson) -> Response:
        made = product_types.revise(
            path.type_id, _names(body.names), body.body.model_dump(), by=actor(), at_s=now_s()
        )
        return jsonify(type_body(made))


def _add_trying(api: APIBlueprint) -> None:
    @api.post(
        "/types/<type_id>/check", summary="Check what a buyer has typed",
        responses={200: shapes.CheckedFieldsJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_READ)
    def check(path: shapes.TypePath, body: shapes.TypedFieldsJson) -> Response:
        checked = check_fields(product_types.get(path.type_id).body.fields, body.fields)
        faults = {name: fault.text(gettext) for name, fault in checked.faults.items()}
        return jsonify({"values": dict(checked.values), "faults": faults})

    @api.post(
        "/types/<type_id>/render", summary="What a buyer would see",
        responses={200: shapes.RenderedJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_READ)
    def rendered(path: shapes.TypePath, body: shapes.RenderJson) -> Response:
        version = product_types.get(path.type_id).body
        try:
            text = render(version, body.locale, body.given, body.fields)
        except NothingToDeliver as exc:
            raise RequestInvalid(f"Nothing is given for {{{exc}}}.") from exc
        return jsonify({"text": text})


def _add_shelf(api: APIBlueprint) -> None:
    @api.get("/categories", summary="The tree", responses={200: shapes.CategoriesJson})
    @for_one_agent
    @needs(Permission.CATALOGUE_READ)
    def categories() -> Response:
        return jsonify({"categories": [_category_body(one) for _, one in shelf.categories()]})

    @api.post(
        "/categories", summary="Add a category",
        responses={200: shapes.CategoryJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def add_category(body: shapes.CategoryJson) -> Response:
        parent = CategoryId(body.parent) if body.parent else None
        made = Category(CategoryId(body.id), _names(body.names), parent, body.place)
        return jsonify(_category_body(shelf.add_category(made)))

    @api.get("/items", summary="Every item", responses={200: shapes.ItemsJson})
    @for_one_agent
    @needs(Permission.CATALOGUE_READ)
    def items() -> Response:
        shown = pictures.of_items()
        told = [_item_body(one, shown.get(one.id, [])) for one in shelf.items()]
        return jsonify({"items": told})

    @api.post(
        "/items", summary="Add or change an item",
        responses={200: shapes.ItemJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def put_item(body: shapes.NewItemJson) -> Response:
        category = CategoryId(body.category) if body.category else None
        about = _names(body.descriptions) if body.descriptions else None
        item = Item(ItemId(body.id), body.type, _names(body.names), category, about, body.media)
        saved = shelf.put_item(item)
        return jsonify(_item_body(saved, pictures.of_item(saved.id)))


def _add_pictures(api: APIBlueprint, now_s: Callable[[], int]) -> None:
    @api.post(
        "/items/<item_id>/pictures", summary="Add a picture to an item; again is harmless",
        responses={200: shapes.ItemPictureJson, **problems(404, 409, 413)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    @takes(BODY_BYTES_MAX)
    def add_picture(
        path: shapes.ItemPath, query: shapes.AltTexts, raw: shapes.PictureFile
    ) -> Response:
        alt = {"zh-CN": query.alt_zh, "en": query.alt_en}
        made = pictures.add(path.item_id, raw.get_data(), alt, by=actor(), at_s=now_s())
        return jsonify(_picture_body(made))

    @api.post(
        "/items/<item_id>/pictures/<hash>", summary="Say what a picture shows, or move it",
        responses={200: shapes.ItemPicturesJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def change_picture(path: shapes.ItemPicturePath, body: shapes.ChangedPictureJson) -> Response:
        alt = _names(body.alt) if body.alt else None
        pictures.revise(path.item_id, path.hash, alt, body.place)
        return _pictures_of(path.item_id)

    @api.post(
        "/items/<item_id>/pictures/<hash>/remove", summary="Take a picture away",
        responses={200: shapes.ItemPicturesJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def remove_picture(path: shapes.ItemPicturePath) -> Response:
        pictures.remove(path.item_id, path.hash)
        return _pictures_of(path.item_id)


def _pictures_of(item: str) -> Response:
    return jsonify({"pictures": [_picture_body(one) for one in pictures.of_item(item)]})


def _add_skus(api: APIBlueprint, now_s: Callable[[], int]) -> None:
    @api.get("/skus", summary="Every SKU", responses={200: shapes.SkusJson})
    @for_one_agent
    @needs(Permission.CATALOGUE_READ)
    def skus() -> Response:
        return jsonify({"skus": [sku_body(one) for one in shelf.skus()]})

    @api.get(
        "/skus/<sku>", summary="A SKU with item, type and categories",
        responses={200: shapes.OfferedSkuJson, **problems(404)},
    )  # fmt: skip
    @for_one_agent
    @needs(Permission.CATALOGUE_READ)
    def sku(path: shapes.SkuPath) -> Response:
        found = shelf.offered(path.sku)
        return jsonify(
            {
                "sku": sku_body(found.sku),
                "item": _item_body(found.item, pictures.of_item(found.item.id)),
                "fields_schema": json_schema(asked_for(found, versions_of(found))),
                "type": type_body(found.type), "categories": list(found.categories),
                "voucher_terms": terms_of(path.sku, now_s())._asdict()
                if found.sku.product else None,
            }
        )  # fmt: skip

    @api.post(
        "/skus", summary="Add or change a SKU",
        responses={200: shapes.SkuJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def put_sku(body: shapes.NewSkuJson) -> Response:
        return jsonify(sku_body(shelf.put_sku(_sku(body), by=actor(), at_s=now_s())))

    @api.post(
        "/skus/<sku>/voucher-terms", summary="Say where and how its vouchers are good",
        responses={200: shapes.VoucherTermsJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def voucher_terms(path: shapes.SkuPath, body: shapes.VoucherTermsJson) -> Response:
        wanted = VoucherTerms(**body.model_dump())
        set_terms(path.sku, wanted, by=actor(), at_s=now_s())
        return jsonify(wanted._asdict())

    @api.post(
        "/skus/<sku>/offer", summary="Let a SKU be ordered",
        responses={200: shapes.SkuJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def offer(path: shapes.SkuPath) -> Response:
        return jsonify(sku_body(shelf.offer(path.sku, now_s())))

    @api.post(
        "/skus/<sku>/retire", summary="Take a SKU off the shelf",
        responses={200: shapes.SkuJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.CATALOGUE_MANAGE)
    def retire(path: shapes.SkuPath) -> Response:
        return jsonify(sku_body(shelf.retire(path.sku, now_s())))


def type_body(found: TypeVersion) -> dict[str, Any]:
    """Return a version of a type as JSON."""
    return {
        "id": found.id, "names": dict(found.names), "fulfilment": str(found.fulfilment),
        "version": found.version, "body": to_body(found.body),
        "json_schema": json_schema(found.body.fields), "made_by": found.made_by,
        "made_at_s": found.made_at_s,
    }  # fmt: skip


def sku_body(sku: Sku) -> dict[str, Any]:
    """Return a SKU as JSON."""
    return {
        "id": sku.id, "item": sku.item, "names": _names_body(sku.names),
        "face_minor": sku.face.minor if sku.face else None,
        "currency": sku.face.currency if sku.face else None, "product": sku.product,
        "parts": [{"sku": part.sku, "quantity": part.quantity} for part in sku.parts],
        "state": str(sku.state),
    }  # fmt: skip


def _item_body(item: Item, shown: list[ItemPicture]) -> dict[str, Any]:
    return {
        "id": item.id, "type": item.type, "names": _names_body(item.names),
        "category": item.category,
        "descriptions": _names_body(item.descriptions) if item.descriptions else None,
        "media": item.media, "pictures": [_picture_body(one) for one in shown],
    }  # fmt: skip


def _picture_body(one: ItemPicture) -> dict[str, Any]:
    return {
        "hash": one.hash, "path": f"/pictures/{one.hash}.webp",
        "small_path": f"/pictures/{one.small}.webp", "width": one.width, "height": one.height,
        "alt": _names_body(one.alt),
    }  # fmt: skip


def _category_body(one: Category) -> dict[str, Any]:
    names = _names_body(one.names)
    return {"id": one.id, "names": names, "parent": one.parent, "place": one.place}


def _sku(body: shapes.NewSkuJson) -> Sku:
    if (body.face_minor is None) != (body.currency is None):
        raise RequestInvalid(N_("A face value has an amount and a currency."))
    face = None if body.face_minor is None else Money(body.face_minor, body.currency or "")
    parts = tuple(Part(SkuId(part.sku), part.quantity) for part in body.parts)
    return Sku(
        SkuId(body.id), ItemId(body.item), _names(body.names), face, body.product, parts
    )  # fmt: skip


def _names(names: shapes.TypeNamesJson | shapes.AltJson) -> Names:
    return {"zh-CN": names.zh, "en": names.en}


def _names_body(names: Names) -> dict[str, str]:
    return {"zh": names["zh-CN"], "en": names["en"]}
