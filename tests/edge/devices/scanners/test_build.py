"""From a line of the settings to a scanner, and every way to write it wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import EdgeConfig, load
from edge.devices.scanners.build import SCANNERS_MAX, named_scanners, scanners_of
from edge.devices.scanners.hid_device import HidScanner
from edge.devices.scanners.serial_line import SerialScanner
from edge.errors import ConfigInvalid


def config_of(*overrides: str) -> EdgeConfig:
    return load(env={}, overrides=[f"scanners.{text}" for text in overrides])[0]


def test_each_scanner_has_the_name_that_the_operator_gave_it() -> None:
    config = config_of(
        "counter=serial:/dev/ttyUSB0?baud=115200#gm65-uart", "window=hid:/dev/input/event3"
    )
    named = named_scanners(config)
    assert {n: (o.kind, o.path, o.profile.id, o.baud) for n, o in named.items()} == {
        "counter": ("serial", "/dev/ttyUSB0", "gm65-uart", 115200),
        "window": ("hid", "/dev/input/event3", "hid-us", 0),
    }
    made = scanners_of(config)
    assert isinstance(made["counter"], SerialScanner)
    assert isinstance(made["window"], HidScanner)


def test_a_file_and_a_variable_name_scanners_too(tmp_path: Path) -> None:
    file = tmp_path / "unit.toml"
    file.write_text('[scanners]\ncounter = "serial:/dev/ttyACM0"\n')
    config, origins = load(file, {"EDGE_SCANNERS__DOOR": "serial:/dev/ttyACM1"})
    assert config.scanners == {"counter": "serial:/dev/ttyACM0", "door": "serial:/dev/ttyACM1"}
    assert ("scanners.door", "serial:/dev/ttyACM1", "environment") in origins


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("counter=ttyUSB0", "scanners.counter is serial:/dev/…#PROFILE or hid:/dev/input/…"),
        ("counter=usb:/dev/x", "scanners.counter is serial:"),
        ("counter=serial:relative", "scanners.counter is serial:"),
        ("counter=serial:/dev/x#gm65-art", "did you mean gm65-uart?"),
        ("counter=serial:/dev/x#hid-us", "the profile hid-us is for hid, not serial"),
        ("counter=hid:/dev/x#gm65-uart", "is for serial, not hid"),
        ("counter=serial:/dev/x?speed=9600", "only ?baud=NUMBER"),
        ("counter=serial:/dev/x?baud=", "only ?baud=NUMBER"),
        ("counter=serial:/dev/x?baud=12", "baud is 300 to 4000000"),
        ("counter=hid:/dev/x?baud=9600", "only ?baud=NUMBER"),
        ("Counter 2=serial:/dev/x", "a name is 1 to 20"),
        ("=serial:/dev/x", "did you mean"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(text: str, told: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        named_scanners(config_of(text))
    if told != "did you mean":
        assert told in caught.value.detail


def test_there_are_eight_at_most() -> None:
    many = [f"s{n}=serial:/dev/x{n}" for n in range(SCANNERS_MAX + 1)]
    with pytest.raises(ConfigInvalid, match="more than 8"):
        named_scanners(config_of(*many))
