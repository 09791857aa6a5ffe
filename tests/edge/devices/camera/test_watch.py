"""One frame after another: which looks it gets, what is told, and when nothing is looked at."""

from __future__ import annotations

import numpy as np
import pytest

from edge.devices.camera.watch import (
    ABSENT_S,
    BARS_EVERY,
    IDLE_AFTER_S,
    RESCUES,
    ZBAR_EVERY,
    Agreement,
    MotionGate,
    Shown,
    Watcher,
)
from edge.devices.profiles import CameraProfile, load
from edge.devices.profiles.keys import declared
from tests.edge.devices import pictures as p
from tests.edge.devices.pictures import Gray
from tests.edge.devices.pictures import hard as h

EVERY_S = 1 / 30
QR = p.on_a_desk(p.a_qr("first of all", module_px=5))
OTHER = p.on_a_desk(p.a_qr("another one", module_px=5))
BARS = p.on_a_desk(p.a_code128("1234567890", module_px=2))
DESK = np.full((480, 640), 180, np.uint8)


NOISE = [np.random.default_rng(n).normal(0, 2, DESK.shape).astype(np.int16) for n in range(4)]


def noisy(picture: Gray, number: int) -> Gray:
    noise = NOISE[number % 4]
    fitting = np.vstack([noise] * (picture.shape[0] // 480))
    return np.asarray(np.clip(picture + fitting, 0, 255), np.uint8)


class Film:
    """Shows a watcher frames at the pace of a camera, and keeps what it tells."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.now_s = 100.0
        self.told: list[tuple[str, str]] = []
        self.looked = 0

    def show(self, picture: Gray, wait_s: float) -> Film:
        """Show a picture for a while, each time with other noise."""
        for number in range(round(wait_s / EVERY_S)):
            self.now_s += EVERY_S
            before = self.watcher._frames
            for reading in self.watcher.look(noisy(picture, number), self.now_s):
                self.told.append((reading.text, reading.stage))
            self.looked += self.watcher._frames - before
        return self

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.told]


def a_film(*formats: str, rescues: tuple[str, ...] = tuple(RESCUES), zbar: bool = False) -> Film:
    return Film(Watcher(formats or ("qr",), rescues, with_zbar=zbar))


# --- what is told --------------------------------------------------------------------------------


def test_a_code_that_stays_is_told_once() -> None:
    assert a_film().show(DESK, 0.2).show(QR, 1.5).texts == ["first of all"]


def test_a_code_is_told_again_only_after_it_was_away_for_a_while() -> None:
    film = a_film().show(QR, 0.2).show(DESK, ABSENT_S / 2).show(QR, 0.2)
    assert film.texts == ["first of all"]
    assert film.show(DESK, ABSENT_S + 0.2).show(QR, 0.2).texts == ["first of all"] * 2


def test_another_code_is_told_at_once() -> None:
    assert a_film().show(QR, 0.2).show(OTHER, 0.1).texts == ["first of all", "another one"]


def test_what_only_one_rescue_reads_is_read_within_a_round_and_told_once() -> None:
    hard = h.a_scene("dark", 700, h.SIZES[0])
    film = a_film().show(hard.picture, len(RESCUES) * EVERY_S * 1.1)
    assert film.told == [(hard.text, "contrast")]
    assert film.show(hard.picture, 1.5).texts == [hard.text], "its rescue keeps its turn"


def test_without_rescues_and_the_second_engine_there_is_one_look() -> None:
    hard = h.a_scene("dark", 700, h.SIZES[0]).picture
    assert a_film(rescues=()).show(hard, 0.5).texts == []


def test_the_second_engine_looks_now_and_then() -> None:
    hard = h.a_scene("glare", 701, h.SIZES[0])
    film = a_film(rescues=(), zbar=True).show(hard.picture, ZBAR_EVERY * EVERY_S * 3)
    assert film.told == [(hard.text, "zbar")]


def test_bars_are_looked_for_only_if_the_profile_says_so_and_believed_when_seen_twice() -> None:
    assert a_film("qr").show(BARS, 0.5).texts == []
    film = a_film("qr", "code128").show(BARS, BARS_EVERY * EVERY_S)
    assert film.texts == []
    assert film.show(BARS, BARS_EVERY * EVERY_S).told == [("1234567890", "bars")]


def test_a_camera_may_be_for_bars_alone() -> None:
    film = a_film("code128").show(QR, 0.5)
    assert film.texts == []
    assert film.show(BARS, 0.5).texts == ["1234567890"]


def test_two_codes_in_one_frame_are_both_told() -> None:
    both = np.vstack([QR, OTHER])
    assert sorted(a_film().show(both, 0.2).texts) == ["another one", "first of all"]


# --- a still picture -----------------------------------------------------------------------------


def test_in_front_of_a_still_picture_three_looks_a_second_are_enough() -> None:
    film = a_film().show(DESK, IDLE_AFTER_S + 0.1)
    before = film.looked
    film.show(DESK, 2)
    assert 5 <= film.looked - before <= 7


def test_what_moves_is_looked_at_at_once() -> None:
    film = a_film().show(DESK, IDLE_AFTER_S + 1)
    assert film.show(QR, EVERY_S).texts == ["first of all"]


def test_a_code_that_lies_still_for_long_is_told_once() -> None:
    assert a_film().show(QR, IDLE_AFTER_S + 8).texts == ["first of all"]


@pytest.mark.parametrize("share", [0.08, 0.3])
def test_the_gate_sees_a_hand_and_no_noise(share: float) -> None:
    gate = MotionGate()
    for number in range(10):
        gate.is_still(noisy(DESK, number), float(number))
    assert gate.is_still(noisy(DESK, 11), 11.0)
    hand = DESK.copy()
    hand[: int(480 * share), : int(640 * share)] = 60
    assert not gate.is_still(noisy(hand, 12), 12.0)


# --- memory --------------------------------------------------------------------------------------


def test_a_code_is_gone_only_after_both_time_and_frames() -> None:
    shown = Shown(0.8, 3)
    assert shown.is_new("a", 0.0)
    shown.next_frame()
    assert not shown.is_new("a", 50.0), "one frame in fifty seconds: the camera was held up"
    for _ in range(4):
        shown.next_frame()
    assert not shown.is_new("a", 50.5)
    for _ in range(4):
        shown.next_frame()
    assert shown.is_new("a", 60.0)


def test_two_frames_agree_only_if_they_are_near_in_time() -> None:
    agreed = Agreement()
    assert not agreed.by_two("a", 0.0)
    assert agreed.by_two("a", 1.0)
    assert not agreed.by_two("a", 9.0)
    assert not agreed.by_two("b", 9.0)


def test_neither_memory_grows_for_ever() -> None:
    shown, agreed = Shown(0.8, 3), Agreement()
    for number in range(1000):
        shown.next_frame()
        shown.is_new(f"{number}", number * 0.1)
        agreed.by_two(f"{number}", number * 0.1)
    assert len(shown._seen) < 20
    assert len(agreed._read_s) < 30


# --- profiles ------------------------------------------------------------------------------------


def test_a_profile_may_name_exactly_the_rescues_that_there_are() -> None:
    [key] = [one for one in declared(CameraProfile) if one.name == "decode.rescue"]
    assert key.bounds.choices == tuple(RESCUES)
    assert load("camera", "uvc-480").decode.rescue == tuple(RESCUES)
