"""What somebody has typed into the form of a receipt, and the template that it means."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from central.errors import RequestInvalid
from central.stores.receipts.words import LANGUAGES, LINES
from edge.contract.bundle import LOCALES
from edge.contract.receipt_template import (
    LINES_MAX,
    LINK_CHARS_MAX,
    LINK_PLACES,
    TEXT_CHARS_MAX,
    Logo,
    ReceiptLine,
    ReceiptTemplate,
    check_link,
)

TEXTS_MAX = 12
"""Lines above, and lines below, in one language."""
_ONCE = frozenset(ReceiptLine) - {ReceiptLine.RULE}


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it is filled in, right or wrong.

    Args:
        based_on: The version it began with.
        header: Text of several lines by locale; likewise ``footer``.
        lines: Names, in order.
    """

    based_on: int
    locales: str
    header: Mapping[str, str]
    footer: Mapping[str, str]
    lines: tuple[str, ...]
    logo: Logo | None
    link: str
    example: str = "single"
    is_copy: bool = field(default=False)

    @property
    def logo_base64(self) -> str:
        """The logo as the form carries it from page to page."""
        if self.logo is None:
            return ""
        head = f"{self.logo.width_dots}.{self.logo.height_dots}."
        return head + base64.b64encode(self.logo.bits).decode()


def typed_of(template: ReceiptTemplate) -> Typed:
    """Return the form as it begins."""
    locales = ",".join(template.locales)
    return Typed(
        template.version,
        locales if locales in LANGUAGES else next(iter(LANGUAGES)),
        {locale: "\n".join(template.header.get(locale, ())) for locale in LOCALES},
        {locale: "\n".join(template.footer.get(locale, ())) for locale in LOCALES},
        template.lines,
        template.logo,
        template.holder_link,
    )


def typed(form: MultiDict[str, str], examples: Mapping[str, str]) -> Typed:
    """Return what was sent; RequestInvalid only for what no form of ours sends."""
    based_on = form.get("based_on", "")
    if not (based_on.isascii() and based_on.isdecimal() and len(based_on) <= 18):
        raise RequestInvalid(gettext("Load the page again."))
    example = form.get("example", "single")
    return Typed(
        int(based_on),
        form.get("locales", ""),
        {locale: form.get(f"header_{locale}", "") for locale in LOCALES},
        {locale: form.get(f"footer_{locale}", "") for locale in LOCALES},
        tuple(name for name in form.getlist("line") if name),
        None if form.get("no_logo") else _carried(form.get("logo_dots", "")),
        form.get("link", "").strip(),
        example if example in examples else "single",
        bool(form.get("copy")),
    )


def rearranged(typed: Typed, step: str) -> Typed:
    """Return the form with one line moved up or down or taken out: ``up:3``, ``down:0``, ``out:2``.

    Anything else changes nothing.
    """
    verb, _, place = step.partition(":")
    lines = list(typed.lines)
    if not (place.isascii() and place.isdecimal() and len(place) <= 3 and int(place) < len(lines)):
        return typed
    at = int(place)
    other = {"up": at - 1, "down": at + 1}.get(verb)
    if other is not None and 0 <= other < len(lines):
        lines[at], lines[other] = lines[other], lines[at]
    elif verb == "out":
        del lines[at]
    return replace(typed, lines=tuple(lines))


def template_from(typed: Typed) -> ReceiptTemplate:
    """Return the template that was meant.

    Raises:
        RequestInvalid: with a sentence that says what is wrong with which part.
    """
    if typed.locales not in LANGUAGES:
        raise RequestInvalid(gettext("Choose the languages of the receipt."))
    template = ReceiptTemplate(
        0,
        tuple(typed.locales.split(",")),
        _texts(typed.header, gettext("Lines above")),
        _texts(typed.footer, gettext("Lines below")),
        typed.lines,
        typed.logo,
        typed.link,
    )
    check(template)
    return template


def check(template: ReceiptTemplate) -> None:
    """Raise RequestInvalid if it is none that somebody would want, with what is wrong of it."""
    _check_lines(template)
    _check_link(template.holder_link)


def _check_lines(template: ReceiptTemplate) -> None:
    lines = template.lines
    if len(lines) > LINES_MAX:
        raise RequestInvalid(gettext("A receipt has at most %(n)d lines.", n=LINES_MAX))
    for name in lines:
        if name not in set(ReceiptLine):
            raise RequestInvalid(gettext("No receipt has a line “%(name)s”.", name=name[:40]))
        if lines.count(name) > 1 and name in _ONCE:
            told = gettext(LINES[ReceiptLine(name)])
            raise RequestInvalid(gettext("“%(name)s” can be there only once.", name=told))
    if ReceiptLine.ENTRY not in lines:
        raise RequestInvalid(
            gettext(
                "The journal entry must be on every receipt: without it the paper proves nothing."
            )
        )
    if ReceiptLine.LOGO in lines and template.logo is None:
        raise RequestInvalid(gettext("Choose a picture for the logo, or take its line out."))
    if ReceiptLine.HOLDER_CODE in lines and not template.holder_link:
        raise RequestInvalid(
            gettext("Say what the code for the holder shall hold, or take its line out.")
        )


def _check_link(link: str) -> None:
    try:
        check_link(link)
    except ValueError as exc:
        places = ", ".join(f"{{{place}}}" for place in LINK_PLACES)
        if len(exc.args) > 1:
            raise RequestInvalid(
                gettext(
                    "No receipt knows {%(place)s}. There are %(places)s.",
                    place=str(exc.args[1])[:40], places=places,
                )
            ) from exc  # fmt: skip
        raise RequestInvalid(
            gettext(
                "The holder's code is at most %(n)d ASCII characters; braces only around"
                " %(places)s.",
                n=LINK_CHARS_MAX, places=places,
            )
        ) from exc  # fmt: skip


def _texts(by_locale: Mapping[str, str], what: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for locale, text in by_locale.items():
        lines = [line.strip() for line in text.splitlines()]
        while lines and not lines[-1]:
            lines.pop()
        if len(lines) > TEXTS_MAX:
            raise RequestInvalid(
                gettext("%(what)s: at most %(n)d in each language.", what=what, n=TEXTS_MAX)
            )
        for line in lines:
            if len(line) > TEXT_CHARS_MAX:
                raise RequestInvalid(
                    gettext(
                        "%(what)s: “%(line)s …” is longer than %(n)d characters.",
                        what=what, line=line[:20], n=TEXT_CHARS_MAX,
                    )
                )  # fmt: skip
            if not line.isprintable():
                raise RequestInvalid(
                    gettext("%(what)s: one has a character that cannot be printed.", what=what)
                )
        if lines:
            found[locale] = tuple(lines)
    return found


def _carried(dots: str) -> Logo | None:
    """Return the logo that the form has carried; RequestInvalid if somebody has altered it."""
    if not dots:
        return None
    width, height, bits = (*dots.split(".", 2), "", "")[:3]
    try:
        logo = Logo(int(width), int(height), base64.b64decode(bits, validate=True))
        logo.check()
    except (ValueError, binascii.Error) as exc:
        raise RequestInvalid(gettext("Choose the logo's picture again.")) from exc
    return logo
