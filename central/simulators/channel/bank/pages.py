"""The counter as a page, ``/bank``, and for programs: a table in, a table back."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from central.simulators.channel.bank import counter
from central.simulators.channel.world import Refuse, World, plain, yuan
from central.simulators.parts.door import only_from_here

SHOWN = 20


def blueprint(world: World) -> Blueprint:
    """Return the routes."""
    site = Blueprint("bank", __name__)

    @site.get("/bank")
    def index() -> str:
        return _page(world)

    @site.post("/bank/files")
    def take() -> tuple[str, int] | AnyResponse:
        only_from_here()
        file = request.files.get("file")
        raw = file.read() if file else request.get_data()
        try:
            with world.books.writing():
                receipt = counter.take(world, raw)
        except Refuse as exc:
            if file is None:
                problem = jsonify({"code": exc.code, "message": exc.message})
                problem.status_code = exc.status
                return problem
            return _page(world, exc.message), exc.status
        if file is None:
            return jsonify(receipt._asdict())
        return redirect(url_for("bank.index"), 303)

    @site.get("/bank/files/<number>/answer")
    def answer(number: str) -> AnyResponse:
        try:
            with world.books.writing():
                raw = counter.answer(world, number)
        except Refuse as exc:
            return Response(exc.message, exc.status, content_type="text/plain; charset=utf-8")
        response = Response(raw, content_type="text/csv")
        response.headers.set("Content-Disposition", "attachment", filename=f"{number}-answer.csv")
        return response

    return site


def _page(world: World, fault: str = "") -> str:
    return render_template(
        "bank.html", batches=counter.batches(world, SHOWN), fault=fault, moment=plain, yuan=yuan,
        balance=world.books.balance(counter.BOOK), account=counter.ACCOUNT, now_s=world.now_s(),
    )  # fmt: skip
