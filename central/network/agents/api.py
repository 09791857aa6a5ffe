"""What programs of headquarters may ask and tell of agents. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from central.foundation.people.roles import Permission
from central.foundation.web.describe import BodyJson, problems
from central.foundation.web.permission import actor, needs
from central.money.ledger.rules import business_day
from central.money.sharing.model import AgentId
from central.network.agents import change, upstream
from central.network.agents.model import Agent

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="network", description="Agents, and who stands above whom.")
_ID = "^[A-Z0-9][A-Z0-9-]{0,31}$"
_LEVEL = "^[a-z][a-z0-9-]{0,31}$"


class AgentPath(BaseModel):
    """Which agent."""

    agent_id: str = Field(pattern=_ID, description="EAST-1")


class NewAgentJson(BodyJson):
    """An agent to be added."""

    id: str = Field(pattern=_ID, description="Capitals, digits and hyphens.")
    name: str = Field(min_length=1, max_length=64, description="As people call him.")
    level: str = Field(pattern=_LEVEL, description="general, province, city, promoter.")
    parent: str | None = Field(
        None, pattern=_ID, description="Who is above him; null for the house."
    )


class ParentJson(BodyJson):
    """Where an agent shall stand."""

    parent: str | None = Field(
        pattern=_ID, description="Who shall be above him; null for the house."
    )


class LevelJson(BodyJson):
    """Which level an agent shall have."""

    level: str = Field(pattern=_LEVEL, description="general, province, city, promoter.")


class HeirJson(BodyJson):
    """Who takes those below an agent who leaves."""

    heir: str | None = Field(None, pattern=_ID, description="His own parent if nobody is named.")


class AgentJson(BaseModel):
    """An agent as he is now."""

    id: str = Field(description="Such as EAST-1.")
    name: str = Field(description="As people call him.")
    parent: str | None = Field(description="Who is above him; null for the house.")
    level: str = Field(description="general, province, city, promoter.")
    state: str = Field(description="active, suspended, terminated.")
    bound_at_s: int = Field(description="Since when he stands under this parent.")
    added_at_s: int = Field(description="Unix seconds.")


class AgentsJson(BaseModel):
    """All agents."""

    agents: list[AgentJson] = Field(description="In the order of their ids.")


class SpanJson(BaseModel):
    """What an agent was from one moment until before another."""

    parent: str | None = Field(description="Who was above him.")
    level: str = Field(description="His level.")
    state: str = Field(description="active, suspended, terminated.")
    from_s: int = Field(description="Since when.")
    to_s: int | None = Field(description="Until before when; null for now.")
    actor: str = Field(description="Who changed it.")


class OneAgentJson(BaseModel):
    """An agent, what he was, and who is above him now, the nearest first."""

    agent: AgentJson = Field(description="As he is now.")
    upstream: list[str] = Field(description="Who is above him, the nearest first.")
    history: list[SpanJson] = Field(description="What he was, the oldest first.")


class TerminatedJson(BaseModel):
    """An agent who has left, and who was moved for that."""

    agent: AgentJson = Field(description="As he is now.")
    moved: list[AgentJson] = Field(description="Who stands elsewhere for that.")


def blueprint(timezone: str, now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "agents_api", __name__, url_prefix="/v1/agents", abp_tags=[_TAG], abp_security=SECURITY,
        abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip
    changes = {200: AgentJson, **problems(404, 409)}

    @api.get("", summary="All agents", responses={200: AgentsJson})
    @needs(Permission.AGENTS_READ)
    def all_agents() -> Response:
        return jsonify({"agents": [agent._asdict() for agent in upstream.agents()]})

    @api.get("/<agent_id>", summary="One agent", responses={200: OneAgentJson, **problems(404)})
    @needs(Permission.AGENTS_READ)
    def one(path: AgentPath) -> Response:
        agent = upstream.get(AgentId(path.agent_id))
        above = [link.agent for link in upstream.chain_at(agent.id, now_s())[1:]]
        spans = [span._asdict() for span in upstream.history(agent.id)]
        return jsonify({"agent": agent._asdict(), "upstream": above, "history": spans})

    @api.post("", summary="Add an agent", responses={200: AgentJson, **problems(409)})
    @needs(Permission.AGENTS_MANAGE)
    def add(body: NewAgentJson) -> Response:
        new = change.NewAgent(body.id, body.name, body.level, body.parent)
        return _answer(change.add(new, now_s(), actor()))

    @api.post("/<agent_id>/move", summary="Put an agent under somebody else", responses=changes)
    @needs(Permission.AGENTS_MANAGE)
    def move(path: AgentPath, body: ParentJson) -> Response:
        return _answer(change.move(AgentId(path.agent_id), body.parent, now_s(), actor()))

    @api.post("/<agent_id>/level", summary="Give an agent another level", responses=changes)
    @needs(Permission.AGENTS_MANAGE)
    def level(path: AgentPath, body: LevelJson) -> Response:
        return _answer(change.set_level(AgentId(path.agent_id), body.level, now_s(), actor()))

    @api.post("/<agent_id>/suspend", summary="Let an agent earn nothing", responses=changes)
    @needs(Permission.AGENTS_MANAGE)
    def suspend(path: AgentPath) -> Response:
        return _answer(change.suspend(AgentId(path.agent_id), now_s(), actor()))

    @api.post("/<agent_id>/resume", summary="Let an agent work again", responses=changes)
    @needs(Permission.AGENTS_MANAGE)
    def resume(path: AgentPath) -> Response:
        return _answer(change.resume(AgentId(path.agent_id), now_s(), actor()))

    @api.post(
        "/<agent_id>/terminate", summary="End an agent's work for ever",
        responses={200: TerminatedJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.AGENTS_MANAGE)
    def terminate(path: AgentPath, body: HeirJson) -> Response:
        at_s = now_s()
        agent, moved = change.terminate(
            AgentId(path.agent_id), at_s, actor(), body.heir, day=business_day(at_s, timezone)
        )
        return jsonify({"agent": agent._asdict(), "moved": [one._asdict() for one in moved]})

    return api


def _answer(agent: Agent) -> Response:
    return jsonify(agent._asdict())
