"""Patterns that come from data, matched in a time that nobody can blow up. Pure.

Python's ``re`` goes back over what it has tried: ``(a+)+b`` takes years over forty letters. Here a
pattern becomes a graph of states, and all states that are possible are walked at once: the work is
at most the length of the text times the number of states, both of which are bounded. The price is
that there are no back references and no look-around, as in RE2.

Understood: literals, ``.``, ``[a-z0-9_]``, ``[^…]``, ``\\d \\w \\s`` (ASCII) and their capitals, a
backslash before a sign, ``( )``, ``(?: )``, ``|``, ``? * + {n} {n,} {n,m}``. The whole text has to
match; ``^`` at the beginning and ``$`` at the end may be written and mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SOURCE_MAX = 200
STATES_MAX = 1_000
TEXT_MAX = 500
"""Characters that are looked at; a longer text never matches."""
_DEPTH_MAX = 20
_TIMES_MAX = 1_000
_BUILT_MAX = 10_000
_SPACE = " \t\n\r\f\v"
_DIGITS = (("0", "9"),)
_WORD = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
_SPACES = tuple((sign, sign) for sign in _SPACE)
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACES}
_SPECIAL = set("\\^$.|?*+()[]{}")

Ranges = tuple[tuple[str, str], ...]


class PatternInvalid(ValueError):
    """This is no pattern that is understood here."""


@dataclass(frozen=True)
class _One:
    """One sign: in one of the ranges, or in none of them."""

    ranges: Ranges
    is_negated: bool = False

    def takes(self, sign: str) -> bool:
        return any(low <= sign <= high for low, high in self.ranges) != self.is_negated


@dataclass(frozen=True)
class _Row:
    parts: tuple[_Node, ...]


@dataclass(frozen=True)
class _Either:
    ways: tuple[_Node, ...]


@dataclass(frozen=True)
class _Times:
    part: _Node
    least: int
    most: int | None


_Node = _One | _Row | _Either | _Times


@dataclass(frozen=True)
class Pattern:
    """A pattern that is understood. Two of the same source are equal.

    Raises:
        PatternInvalid: it is not; the message says where.
    """

    source: str
    _graph: _Graph = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_graph", _Graph(_Reader(self.source).read()))

    @property
    def bare(self) -> str:
        """The source without ``^`` and ``$`` around it."""
        return _bare(self.source)

    def matches(self, text: str) -> bool:
        """Say whether the whole text looks like this."""
        return len(text) <= TEXT_MAX and self._graph.takes(text)


def _bare(source: str) -> str:
    is_closed = source.endswith("$") and not source.endswith("\\$")
    return source.removeprefix("^")[: -1 if is_closed else None]


class _Reader:
    """Recursive descent over the source."""

    def __init__(self, source: str) -> None:
        if len(source) > SOURCE_MAX:
            raise PatternInvalid(f"a pattern has at most {SOURCE_MAX} characters")
        self._source = _bare(source)
        self._at = 0
        self._depth = 0

    def read(self) -> _Node:
        found = self._ways()
        if self._at < len(self._source):
            raise self._wrong("a ) without its (")
        return found

    def _ways(self) -> _Node:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._wrong("too many groups in one another")
        ways = [self._row()]
        while self._taken("|"):
            ways.append(self._row())
        self._depth -= 1
        return ways[0] if len(ways) == 1 else _Either(tuple(ways))

    def _row(self) -> _Node:
        parts = []
        while (sign := self._peek()) and sign not in "|)":
            parts.append(self._times(self._atom()))
        return _Row(tuple(parts))

    def _times(self, part: _Node) -> _Node:
        sign = self._peek()
        if sign and sign in "?*+":
            self._at += 1
            found = _Times(part, int(sign == "+"), 1 if sign == "?" else None)
        elif self._taken("{"):
            found = self._counted(part)
        else:
            return part
        if (again := self._peek()) and again in "?*+{":
            raise self._wrong("one quantifier after another")
        return found

    def _counted(self, part: _Node) -> _Times:
        inner, closing, _ = self._source[self._at :].partition("}")
        least, comma, most = inner.partition(",")
        numbers = [text for text in (least, most) if text]
        if not closing or not least or not all(t.isascii() and t.isdecimal() for t in numbers):
            raise self._wrong("a count is {2}, {2,} or {2,5}")
        self._at += len(inner) + 1
        low, high = int(least), int(most) if most else None if comma else int(least)
        if max(low, high or 0) > _TIMES_MAX or (high is not None and high < low):
            raise self._wrong(f"a count goes upwards, to {_TIMES_MAX} at most")
        return _Times(part, low, high)

    def _atom(self) -> _Node:
        sign = self._next()
        if sign == "(":
            if self._taken("?") and not self._taken(":"):
                raise self._wrong("of the groups with ? only (?: )")
            found = self._ways()
            if not self._taken(")"):
                raise self._wrong("a ( without its )")
            return found
        if sign == "[":
            return self._class()
        if sign == ".":
            return _One((("\n", "\n"),), is_negated=True)
        if sign == "\\":
            return self._escape()
        if sign in _SPECIAL:
            raise self._wrong(f"a bare {sign}")
        return _One(((sign, sign),))

    def _escape(self) -> _One:
        sign = self._next()
        if sign.lower() in _CLASSES:
            return _One(_CLASSES[sign.lower()], is_negated=sign.isupper())
        if sign.isalnum() or not sign.isprintable():
            raise self._wrong(f"\\{sign}")
        return _One(((sign, sign),))

    def _class(self) -> _One:
        is_negated = self._taken("^")
        ranges: list[tuple[str, str]] = []
        while not self._taken("]"):
            sign = self._next()
            if sign == "[":
                raise self._wrong("a [ inside of [ ]")
            low = self._escape() if sign == "\\" else _One(((sign, sign),))
            if low.is_negated:
                raise self._wrong("a capital class inside of [ ]")
            is_range = self._peek() == "-" and self._source[self._at + 1 : self._at + 2] != "]"
            if not is_range:
                ranges += low.ranges
                continue
            self._at += 1
            high = self._next()
            high = self._escape().ranges[0][0] if high == "\\" else high
            if len(low.ranges) != 1 or high < sign:
                raise self._wrong("a range that goes backwards")
            ranges.append((low.ranges[0][0], high))
        if not ranges:
            raise self._wrong("an empty [ ]")
        return _One(tuple(ranges), is_negated)

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _next(self) -> str:
        if not (sign := self._peek()):
            raise self._wrong("it ends too early")
        self._at += 1
        return sign

    def _taken(self, sign: str) -> bool:
        is_there = self._peek() == sign
        self._at += is_there
        return is_there

    def _wrong(self, what: str) -> PatternInvalid:
        return PatternInvalid(f"at {self._at + 1}: {what}")


class _Graph:
    """States, each with where it leads to: by a sign, or by itself."""

    def __init__(self, node: _Node) -> None:
        self._signs: list[_One | None] = []
        self._next: list[list[int]] = []
        self._built = 0
        self._end = self._state()
        self._start = self._closed({self._build(node, self._end)})

    def takes(self, text: str) -> bool:
        now = self._start
        for sign in text:
            ones = ((self._signs[state], state) for state in now)
            now = self._closed(
                {self._next[state][0] for one, state in ones if one and one.takes(sign)}
            )
        return self._end in now

    def _state(self, sign: _One | None = None, *onward: int) -> int:
        if len(self._signs) >= STATES_MAX:
            raise PatternInvalid("it repeats too much")
        self._signs.append(sign)
        self._next.append(list(onward))
        return len(self._signs) - 1

    def _build(self, node: _Node, onward: int) -> int:
        """Return the state where a node begins that leads to ``onward`` where it ends."""
        self._built += 1
        if self._built > _BUILT_MAX:  # an empty group needs no state, a thousand times over
            raise PatternInvalid("it repeats too much")
        if isinstance(node, _One):
            return self._state(node, onward)
        if isinstance(node, _Row):
            for part in reversed(node.parts):
                onward = self._build(part, onward)
            return onward
        if isinstance(node, _Either):
            return self._state(None, *(self._build(way, onward) for way in node.ways))
        if node.most is None:
            loop = self._state(None, onward)
            self._next[loop].insert(0, self._build(node.part, loop))
            onward = loop
        else:
            end = onward
            for _ in range(node.most - node.least):
                onward = self._state(None, self._build(node.part, onward), end)
        for _ in range(node.least):
            onward = self._build(node.part, onward)
        return onward

    def _closed(self, states: set[int]) -> frozenset[int]:
        """Return what is reached from states without any sign, themselves included."""
        seen, todo = set(states), list(states)
        while todo:
            at = todo.pop()
            if self._signs[at] is None:
                fresh = [one for one in self._next[at] if one not in seen]
                seen.update(fresh)
                todo += fresh
        return frozenset(seen)
