"""Two faults that need the connection: to break it, and to say nothing on it."""

from __future__ import annotations

from flask import Response, request

from central.simulators.channel.world import World

CUT = "tearoff.cut"


def cut() -> Response:
    """Return an answer that never arrives: the server resets the connection instead."""
    request.environ[CUT] = True
    return Response(status=502)


def hang(world: World) -> None:
    """Say nothing for longer than anybody waits."""
    world.pause(world.slow_s)
