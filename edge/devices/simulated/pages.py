"""What a simulated printer has printed, as web pages: papers, their text, and its faults.

For the demo and for people who write receipts. Everything comes from here: no template folder,
no other host.
"""

from __future__ import annotations

from flask import Flask, Response, abort, redirect, render_template_string, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from edge.devices.simulated.machine import PrintedPaper
from edge.devices.simulated.printer import SimulatedPrinter

PAPERS_SHOWN_MAX = 50

_CSP = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_LABELS = {
    "paper_end": ("缺纸", "Paper end"),
    "paper_low": ("纸将尽", "Paper low"),
    "cover_open": ("盖已打开", "Cover open"),
    "error": ("切刀故障", "Cutter error"),
    "mute": ("不应答", "Never answers"),
    "garbage": ("应答乱码", "Answers nonsense"),
    "wrong_ack": ("错误确认", "Wrong acknowledgement"),
}
"""The faults that can be switched here: all that are on or off."""

_PAGE = """\
<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>小票 Receipts</title>
<link rel="stylesheet" href="{{ url_for('style') }}">
<link rel="icon" href="{{ url_for('icon') }}">
<script src="{{ url_for('script') }}" defer></script>
<noscript><meta http-equiv="refresh" content="2"></noscript>
</head>
<body>
<header>
<h1>小票 <span lang="en">Receipts</span></h1>
<p>模拟打印机 <span lang="en">Simulated printer</span> <code>{{ printer.url }}</code></p>
</header>
<section id="faults" aria-label="故障 Faults">
{% for name, zh, en, is_on in faults %}
<form method="post" action="{{ url_for('switch', name=name) }}">
<button name="on" value="{{ 0 if is_on else 1 }}" aria-pressed="{{ 'true' if is_on else 'false' }}">
<span class="lamp" aria-hidden="true">{{ '●' if is_on else '○' }}</span>
{{ zh }} <span lang="en">{{ en }}</span></button>
</form>
{% endfor %}
</section>
<main id="papers">
{% for paper in papers %}
<article id="paper-{{ paper.number }}" data-version="{{ paper.raw|length }} {{ paper.is_open }}">
<h2>№ {{ paper.number }}
{% if paper.is_open %} · 还没切 <span lang="en">Not cut yet</span>{% endif %}</h2>
<div class="sides">
<img src="{{ url_for('picture', number=paper.number, v=paper.raw|length) }}"
 alt="小票 {{ paper.number }} 的图像 picture of the paper">
<div class="reading">
{% if paper.unknown_commands %}
<div class="alarm"><strong>⚠ 打印机不认识的命令 <span lang="en">Unknown commands</span></strong>
<ul>{% for unknown in paper.unknown_commands %}
<li><code>{{ unknown.hex }}</code> @ {{ unknown.offset }}: <span lang="en">{{ unknown.why }}</span>
</li>{% endfor %}</ul></div>
{% endif %}
<pre>
{{ paper.text }}</pre>
<p>{{ paper.raw|length }} 字节 <span lang="en">bytes</span></p>
</div>
</div>
</article>
{% else %}
<p class="empty">还没有小票。<span lang="en">No receipt has been printed yet.</span></p>
{% endfor %}
</main>
</body>
</html>
"""

_STYLE = """\
:root {
  color-scheme: light dark;
  --ground: #eceae6; --sheet: #fff; --ink: #1c1b19; --soft: #5c5953; --line: #8a867e;
  --alarm: #a3160e; --alarm-ground: #fdecea; --on: #8a5a00; --on-ground: #fff0cf;
  --gap: 1rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #17181a; --sheet: #232528; --ink: #eceae6; --soft: #aaa69e; --line: #6d6a65;
    --alarm: #ffb4ab; --alarm-ground: #4a1512; --on: #ffd98a; --on-ground: #43340f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: var(--gap); max-width: 76rem;
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  overflow-anchor: none; /* the script keeps the place itself */
}
h1 { margin: 0; font-size: 1.75rem; }
h2 { margin: 0 0 var(--gap); font-size: 1.25rem; }
header p { margin: 0 0 var(--gap); color: var(--soft); }
code, pre { font: 1rem/1.4 ui-monospace, "WenQuanYi Micro Hei Mono", "Noto Sans Mono CJK SC",
  monospace; }
#faults { display: flex; flex-wrap: wrap; gap: .5rem; margin-bottom: var(--gap); }
#faults form { margin: 0; }
button {
  min-height: 44px; padding: .25rem .9rem; font: inherit; cursor: pointer;
  color: var(--ink); background: var(--sheet); border: 2px solid var(--line); border-radius: 6px;
}
button[aria-pressed="true"] {
  color: var(--on); background: var(--on-ground); border-color: currentColor; font-weight: 700;
}
button:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
article, .empty {
  margin: 0 0 var(--gap); padding: var(--gap); background: var(--sheet); border-radius: 8px;
}
.sides { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
img {
  max-width: 100%; height: auto; padding: 0 16px; background: #fff;
  box-shadow: 0 1px 6px rgb(0 0 0 / 35%);
}
.reading { flex: 1 1 20rem; min-width: 0; }
.reading p { color: var(--soft); }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.alarm {
  margin-bottom: var(--gap); padding: .75rem; color: var(--alarm); overflow-wrap: anywhere;
  background: var(--alarm-ground); border: 2px solid currentColor; border-radius: 6px;
}
.alarm ul { margin: .5rem 0 0; padding-left: 1.25rem; }
"""

_ICON = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M8 3h16v26l-4-3-4 3-4-3-4 3z"
fill="#fff" stroke="#5c5953" stroke-width="2"/><path d="M12 10h8M12 15h8" stroke="#5c5953"
stroke-width="2"/></svg>
"""

# Papers are compared one by one, so that a picture that has not changed is not loaded again, a
# button keeps its focus, and what one is reading stays where it is when a paper comes in above.
_SCRIPT = """\
const read = async () => {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const shown = [...document.querySelectorAll("article")];
  const anchor = shown.find((paper) => paper.getBoundingClientRect().bottom > 0);
  const before = anchor?.getBoundingClientRect().top;
  const kept = new Map(shown.map((paper) => [paper.id + paper.dataset.version, paper]));
  const papers = [...fresh.querySelector("#papers").children].map(
    (paper) => kept.get(paper.id + paper.dataset?.version) ?? paper,
  );
  const now = document.querySelector("#papers");
  if (papers.length !== now.children.length || papers.some((p, i) => p !== now.children[i])) {
    now.replaceChildren(...papers);
    const there = anchor && document.getElementById(anchor.id);
    if (there && scrollY > 0) scrollBy(0, there.getBoundingClientRect().top - before);
  }
  fresh.querySelectorAll("#faults button").forEach((button, i) => {
    const old = document.querySelectorAll("#faults button")[i];
    if (old.getAttribute("aria-pressed") === button.getAttribute("aria-pressed")) return;
    for (const name of ["aria-pressed", "value"]) old.setAttribute(name, button.getAttribute(name));
    old.innerHTML = button.innerHTML;
  });
};
const again = () => setTimeout(() => read().catch(() => {}).finally(again), 2000);
again();
"""


def printer_pages(printer: SimulatedPrinter) -> Flask:
    """Return the pages of one printer: ``/``, ``/papers.json``, ``/papers/N.png``.

    They have no login: serve them on loopback only.
    """
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.after_request(_guard)

    @app.get("/")
    def index() -> str:
        shown = _papers(printer)[-PAPERS_SHOWN_MAX:][::-1]
        now = printer.faults.now()
        faults = [(name, zh, en, getattr(now, name)) for name, (zh, en) in _LABELS.items()]
        return render_template_string(_PAGE, printer=printer, papers=shown, faults=faults)

    @app.get("/papers.json")
    def papers() -> list[dict[str, object]]:
        return [_as_json(paper) for paper in printer.papers()]

    @app.get("/papers/<int:number>.png")
    def picture(number: int) -> Response:
        found = {paper.number: paper for paper in _papers(printer)}.get(number) or abort(404)
        return Response(found.png(), mimetype="image/png")

    @app.post("/faults/<name>")
    def switch(name: str) -> AnyResponse:
        if _is_from_elsewhere():
            abort(403)
        if name not in _LABELS:
            abort(404)
        printer.faults.change(**{name: request.form.get("on") == "1"})
        return redirect(url_for("index"), 303)

    @app.get("/printer.css")
    def style() -> Response:
        return Response(_STYLE, mimetype="text/css")

    @app.get("/icon.svg")
    def icon() -> Response:
        return Response(_ICON, mimetype="image/svg+xml")

    @app.get("/printer.js")
    def script() -> Response:
        return Response(_SCRIPT, mimetype="text/javascript")

    return app


def _guard(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_from_elsewhere() -> bool:
    """Say whether a page of another site sent this form: it must not open the cover."""
    return request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}


def _papers(printer: SimulatedPrinter) -> list[PrintedPaper]:
    """Return what was cut off, and last what hangs out of the printer if there is anything."""
    papers = printer.papers()
    rest = printer.open_paper()
    return [*papers, rest] if rest.paper.strips or rest.unknown_commands else papers


def _as_json(paper: PrintedPaper) -> dict[str, object]:
    return {
        "number": paper.number,
        "text": paper.text,
        "bytes_hex": paper.raw.hex(),
        "unknown_commands": [unknown._asdict() for unknown in paper.unknown_commands],
    }
