"""The shapes of the catalogue's API."""

from __future__ import annotations

from typing import Annotated, Any

from flask_openapi3.models import RawModel
from pydantic import BaseModel, Field

from central.foundation.pictures import KINDS
from central.foundation.web.describe import WHOLE, BodyJson, Whole
from central.supply.catalogue.regions import CODE

_SLUG = "^[a-z0-9][a-z0-9-]{0,31}$"
_SKU = "^[A-Z0-9][A-Z0-9-]{0,31}$"


class TypePath(BaseModel):
    """Which product type."""

    type_id: str = Field(pattern=_SLUG, description="Its id.")


class TypeVersionPath(TypePath):
    """Which version of which product type."""

    type_version: int = Field(ge=1, le=2**31 - 1, description="Counted from 1.")


class SkuPath(BaseModel):
    """Which SKU."""

    sku: str = Field(pattern=_SKU, description="Its id.")


class TypeNamesJson(BodyJson):
    """A name in both languages."""

    zh: str = Field(max_length=200, description="Chinese.")
    en: str = Field(max_length=200, description="English.")


class TypeBodyJson(BodyJson):
    """What a type asks for, how it is delivered, how long it is good."""

    fields: list[dict[str, Any]] = Field(
        default=[], max_length=30,
        description="id, kind (text, number, choice, phone, email, date), label, help, required,"
        " pattern, min, max, choices, pii.",
    )  # fmt: skip
    delivery: dict[str, str] = Field(
        description="What the buyer sees, by language (zh-CN, en), with places such as {key}."
    )
    validity: dict[str, Any] = Field(
        default={"kind": "unlimited"}, description="unlimited; days with days; until with until_s."
    )


class NewTypeJson(BodyJson):
    """A product type."""

    id: str = Field(pattern=_SLUG, description="Its id, for ever.")
    names: TypeNamesJson = Field(description="What it is called.")
    fulfilment: str = Field(
        description="local_key, supplier_key, direct_topup, link, own_voucher, manual, bundle."
    )
    body: TypeBodyJson = Field(description="Its first version.")


class ReviseTypeJson(BodyJson):
    """The next version of a product type."""

    names: TypeNamesJson = Field(description="What it is called.")
    body: TypeBodyJson = Field(description="The next version.")


class ProductTypeJson(BaseModel):
    """A product type in one of its versions."""

    id: str = Field(description="Its id.")
    names: dict[str, str] = Field(description="By language.")
    fulfilment: str = Field(description="How it comes to the buyer.")
    version: int = Field(description="Counted from 1; an order keeps it.")
    body: TypeBodyJson = Field(description="What it asks for and how it is delivered.")
    json_schema: dict[str, Any] = Field(description="Its fields as JSON Schema 2020-12.")
    made_by: str = Field(description="Who made this version.")
    made_at_s: int = Field(description="Unix seconds.")


class ProductTypesJson(BaseModel):
    """Every type in its newest version."""

    types: list[ProductTypeJson] = Field(description="By id.")


class TypedFieldsJson(BodyJson):
    """What a buyer has typed."""

    fields: dict[str, Any] = Field(description="By the id of the field.")


class CheckedFieldsJson(BaseModel):
    """What was typed, cleaned; or all that is wrong with it."""

    values: dict[str, Any] = Field(description="Cleaned; empty if something is wrong.")
    faults: dict[str, str] = Field(description="A sentence for each field that is wrong.")


class RenderJson(BodyJson):
    """A delivery that has not happened."""

    locale: str = Field("en", pattern="^(zh-CN|en)$", description="zh-CN, en.")
    given: dict[str, str] = Field(description="What is put into the places: key, link, order …")
    fields: dict[str, Any] = Field(default={}, description="What the buyer has typed.")


class RenderedJson(BaseModel):
    """What the buyer would see."""

    text: str = Field(description="Plain text.")


class CategoryJson(BodyJson):
    """A category; it stays below its parent."""

    id: str = Field(pattern=_SLUG, description="Its id; sharing rules name it.")
    names: TypeNamesJson = Field(description="What it is called.")
    parent: str | None = Field(None, pattern=_SLUG, description="Null for one on top.")
    place: Whole = Field(0, ge=-(2**31), lt=2**31, description="Among its neighbours.")


class CategoriesJson(BaseModel):
    """The tree, each below its parent."""

    categories: list[CategoryJson] = Field(description="As the tree is read.")


class AltJson(BodyJson):
    """What a picture shows, for whoever does not see it; empty for nothing more than the name."""

    zh: str = Field("", max_length=200, description="In Chinese.")
    en: str = Field("", max_length=200, description="In English.")


class NewItemJson(BodyJson):
    """What is sold, as a buyer is to see it."""

    id: str = Field(pattern=_SLUG, description="Its id.")
    type: str = Field(pattern=_SLUG, description="Of which product type it is, for ever.")
    names: TypeNamesJson = Field(description="What it is called.")
    category: str | None = Field(None, pattern=_SLUG, description="Null for none.")
    descriptions: TypeNamesJson | None = Field(None, description="Null for none.")
    media: str = Field(
        "", max_length=500,
        description="Address of a picture, https://… or /media/…; shown if it has no pictures.",
    )  # fmt: skip


class ItemPath(BaseModel):
    """Which item."""

    item_id: str = Field(pattern=_SLUG, description="Its id.")


class ItemPicturePath(ItemPath):
    """Which picture of which item."""

    hash: str = Field(pattern="^[0-9a-f]{64}$", description="Its own, as the item says it.")


class AltTexts(BaseModel):
    """What a picture shows, for whoever does not see it."""

    alt_zh: str = Field("", max_length=200, description="In Chinese.")
    alt_en: str = Field("", max_length=200, description="In English.")


class PictureFile(RawModel):
    """The picture's file, at most 8 MiB and 50 million pixels; it is drawn anew."""

    mimetypes: list[str] = list(KINDS)  # noqa: RUF012 - as RawModel has it


class ChangedPictureJson(BodyJson):
    """What is to be another way."""

    alt: AltJson | None = Field(None, description="What it shows; null to leave it.")
    place: Annotated[int, Field(ge=0, lt=100), WHOLE] | None = Field(
        None, description="Among the item's, 0 for the main one; null to leave it."
    )


class ItemPictureJson(BaseModel):
    """A picture of an item. What stands at its addresses never changes."""

    hash: str = Field(description="SHA-256 of the large one, hex.")
    path: str = Field(description="Address of the large one, at most 1600 pixels a side.")
    small_path: str = Field(description="Address of the small one, at most 480.")
    width: int = Field(description="Pixels, of the large one.")
    height: int = Field(description="Likewise.")
    alt: AltJson = Field(description="What it shows.")


class ItemPicturesJson(BaseModel):
    """The pictures of an item."""

    pictures: list[ItemPictureJson] = Field(description="The main one first.")


class ItemJson(NewItemJson):
    """What is sold, as a buyer sees it."""

    pictures: list[ItemPictureJson] = Field(description="The main one first.")


class ItemsJson(BaseModel):
    """Every item."""

    items: list[ItemJson] = Field(description="By id.")


class PartJson(BodyJson):
    """A part of a bundle."""

    sku: str = Field(pattern=_SKU, description="Which SKU.")
    quantity: Whole = Field(ge=1, le=1000, description="How many of it.")


class NewSkuJson(BodyJson):
    """A SKU as it is to be: a draft in all, one that was offered in its names."""

    id: str = Field(pattern=_SKU, description="Its id.")
    item: str = Field(pattern=_SLUG, description="Of which item.")
    names: TypeNamesJson = Field(description="What it is called.")
    face_minor: Annotated[int, Field(ge=1, lt=2**63), WHOLE] | None = Field(
        None, description="What is printed on it, minor units; null for nothing."
    )
    currency: str | None = Field(None, pattern="^[A-Z]{3}$", description="Of the face value.")
    product: Annotated[int, Field(ge=1, le=0xFFFFFF), WHOLE] | None = Field(
        None, description="Number in the tokens of our own vouchers."
    )
    parts: list[PartJson] = Field(default=[], max_length=50, description="Of a bundle.")


class SkuJson(NewSkuJson):
    """A SKU."""

    state: str = Field(description="draft, live, retired.")


class SkusJson(BaseModel):
    """Every SKU."""

    skus: list[SkuJson] = Field(description="By id.")


class VoucherTermsJson(BodyJson):
    """Where and how vouchers of ours are good that are ordered from now on."""

    store_group: Whole = Field(0, ge=0, le=65535, description="Whose stores take it; 0 for all.")
    is_dynamic: bool = Field(default=False, description="Only the rotating code of a phone counts.")
    is_online_only: bool = Field(default=False, description="Never accepted without a network.")
    region: str = Field(
        "", pattern=f"^{CODE}$",
        description="Where they are meant to be redeemed: 44, 4403 or 440305; empty for everywhere."
        " Elsewhere they are accepted, and headquarters is told.",
    )  # fmt: skip


class OfferedSkuJson(BaseModel):
    """A SKU with all that an order has to know of it."""

    sku: SkuJson = Field(description="What can be ordered.")
    item: ItemJson = Field(description="As a buyer sees it.")
    type: ProductTypeJson = Field(description="Its type, newest version.")
    fields_schema: dict[str, Any] = Field(
        description="`fields` of an order of it, as JSON Schema 2020-12; those of a bundle's parts"
        " are called `PART.field`."
    )
    categories: list[str] = Field(description="From its own upwards.")
    voucher_terms: VoucherTermsJson | None = Field(
        None, description="How its vouchers are good; null if it sells none of ours."
    )
