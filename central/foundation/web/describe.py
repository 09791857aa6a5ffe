"""How the API's problems are described at ``/openapi.json``: the same for every route."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from edge.contract.problem import CONTENT_TYPE


def _unfloated(value: object) -> object:
    # To JSON Schema 1.0 is an integer; to a strict model it is none.
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_unfloated)
"""Of a number with bounds that may be null: ``Annotated[int, Field(ge=0), WHOLE] | None``. The
bounds come first and belong to the number, or the description does not have them."""
Whole = Annotated[int, WHOLE]
"""A whole number in a body: never a word, never true."""


class BodyJson(BaseModel):
    """What a program sends: exactly the fields that are described, of exactly their types."""

    model_config = ConfigDict(strict=True, extra="forbid")


class FaultJson(BaseModel):
    """One fault of a request."""

    where: str = Field(description="Name of the parameter.")
    what: str = Field(description="What is wrong with it.")


class ProblemJson(BaseModel):
    """Why a request was not done (RFC 9457)."""

    type: str = Field(description="/problems/ and a slug that is stable for ever.")
    title: str = Field(description="What kind of problem it is.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field("", description="What is wrong this time.")
    instance: str = Field("", description="Names this occurrence in the hub's log.")
    errors: list[FaultJson] = Field([], description="Of a request that does not suit its schema.")


_MEANING = {
    400: "The request cannot be read.",
    401: "No API key, or one that is not known.",
    403: "The key's role does not have the permission.",
    404: "There is no such thing.",
    409: "It does not fit what is there already.",
    413: "The body is larger than this address takes: 1 MiB, of a picture 8 MiB.",
    422: "A parameter does not suit its schema.",
    429: "Too many tries; wait.",
    500: "An error inside the hub; instance names it in the log.",
    502: "Nobody knows whether the payment channel has done it.",
    503: "Something that it needs is not installed on the hub's machine.",
}


def problems(*statuses: int) -> dict[int | str, Any]:
    """Return the descriptions of these problems, as ``responses`` of a route or a blueprint."""
    return {
        status: {
            "description": _MEANING[status],
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemJson"}}},
        }
        for status in statuses
    }
