"""What becomes of picture files: whatever is sent, what is shown is drawn anew by us."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from central.errors import PictureRefused
from central.foundation.pictures import FILE_BYTES_MAX, redrawn
from tests.central.foundation.pictures import a_picture, bomb, moving, written

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
WHOLE = {kind: a_picture(kind, (400, 300)) for kind in ("PNG", "JPEG", "WEBP")}


def seen(data: bytes, side: int = 100) -> Image.Image:
    """Return our picture of a file."""
    [ours] = redrawn(data, side)
    drawn = Image.open(io.BytesIO(ours.content))
    assert (drawn.format, drawn.size) == ("WEBP", (ours.width, ours.height))
    return drawn


def colours(drawn: Image.Image, *places: tuple[int, int]) -> list[str]:
    bands = dict(zip("rgb", drawn.convert("RGB").split(), strict=True))

    def strongest(at: tuple[int, int]) -> str:
        return max(bands, key=lambda name: float(str(bands[name].getpixel(at))))

    return [strongest(at) for at in places]


@pytest.mark.parametrize("kind", WHOLE)
def test_a_picture_is_made_smaller_and_never_larger(kind: str) -> None:
    large, small = redrawn(WHOLE[kind], 1600, 100)
    assert (large.width, large.height, small.width, small.height) == (400, 300, 100, 75)
    assert colours(seen(WHOLE[kind]), (10, 10), (90, 10)) == ["r", "b"]
    assert "WEBP" not in repr(large)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "not-a-picture"),
        (b"GIF89a" + bytes(40), "not-a-picture"),
        (SVG, "not-a-picture"),
        (written(Image.new("RGB", (4, 4)), "GIF"), "not-a-picture"),
        (written(Image.new("RGB", (4, 4)), "BMP"), "not-a-picture"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 40, "not-a-picture"),
        (bomb(200_000, 200_000), "too-many-pixels"),
        (bomb(10_000, 9_000), "too-many-pixels"),
        (bomb(8_000, 6_300), "too-many-pixels"),
        (bomb(20_000, 1), "too-many-pixels"),
        (bomb(2_000, 2_000), "damaged"),
        (moving("PNG"), "animated"),
        (moving("WEBP"), "animated"),
        (bytes(FILE_BYTES_MAX + 1), "too-many-bytes"),
        *((WHOLE[kind][: len(WHOLE[kind]) * 2 // 3], "damaged") for kind in ("PNG", "JPEG")),
        (WHOLE["WEBP"][: len(WHOLE["WEBP"]) * 2 // 3], "not-a-picture"),
    ],
    ids=lambda told: told if isinstance(told, str) else "",
)
def test_what_is_no_whole_picture_is_refused_with_its_fault(data: bytes, fault: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        redrawn(data, 100)
    assert refused.value.extra == {"fault": fault}


def test_what_a_file_hides_is_not_in_ours() -> None:
    """A camera's place and maker, a comment, and a web page hung on behind the picture."""
    exif = Image.Exif()
    exif[0x010F] = "SECRET CAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    files = [
        a_picture("JPEG", exif=exif, comment=b"SECRET", icc_profile=b"SECRET" * 30),
        a_picture("PNG", exif=exif, icc_profile=b"SECRET" * 30),
        a_picture("WEBP", exif=exif.tobytes(), xmp=b"SECRET", icc_profile=b"SECRET" * 30),
    ]  # fmt: skip
    for data in files:
        [ours] = redrawn(data + b"<script>SECRET</script>PK\x03\x04", 100)
        assert b"SECRET" not in ours.content
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(seen(data).info)


@pytest.mark.parametrize(
    ("turned", "size", "where"),
    [(1, (40, 20), "rb"), (3, (40, 20), "br"), (6, (20, 40), "rb"), (8, (20, 40), "br")],
)
def test_a_photograph_stands_as_it_was_taken(
    turned: int, size: tuple[int, int], where: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = turned
    drawn = seen(a_picture("JPEG", exif=exif, quality=95))
    assert drawn.size == size
    last = (size[0] - 3, size[1] - 3)
    assert colours(drawn, (2, 2), last) == list(where)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "YCbCr"])
def test_every_kind_of_colour_is_understood(mode: str) -> None:
    kind = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"
    if mode == "I;16":
        grey = Image.new(mode, (10, 10), 0x8000)
    else:
        grey = Image.new("RGBA", (10, 10), (128, 128, 128, 200)).convert(mode)
    drawn = seen(written(grey, kind))
    assert drawn.mode == ("RGBA" if mode in {"LA", "P", "RGBA"} else "RGB")
    level = drawn.convert("RGB").split()[0].getpixel((5, 5))
    assert isinstance(level, int | float)
    assert mode == "1" or abs(level - 128) < 12, level


def test_a_phones_photograph_with_a_second_one_inside_is_no_film() -> None:
    assert colours(seen(moving("MPO")), (4, 4)) == ["r"]


def test_a_bomb_costs_nothing(monkeypatch: Any) -> None:
    """Its size is read from its head; nothing of it is unpacked."""
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("was unpacked"))
    with pytest.raises(PictureRefused):
        redrawn(bomb(8_000, 8_000), 100)
