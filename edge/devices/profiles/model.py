"""The keys of a profile, by kind of device; what is not here cannot be said in one. Pure.

``firmware_profiles/README.md`` explains each key to the person who writes a file.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.devices.profiles.keys import COMMAND, FOURCC, PROFILE_ID, REFERENCE, USB_ID, key, table

STATUSES = ("verified", "reported", "untested")
"""Seen on the device; said by somebody who has it; read in manuals only."""
ENCODINGS = ("gbk", "ascii", "cp437", "cp850", "cp858", "cp866", "cp1252")
"""GB18030 is not among them: it writes some characters as four bytes whose middle prints as
digits, so that an amount can read as another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """By what a device is known to be of this profile."""

    usb: tuple[str, ...] = key("USB ids, vendor:product.", (), pattern=USB_ID)
    by_id: tuple[str, ...] = key("Patterns of names below /dev/…/by-id, with * and ?.", ())
    names: tuple[str, ...] = key("Patterns of the name that device or board gives itself.", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How one talks to the device; times are for each step."""

    kinds: tuple[str, ...] = key(
        "What it can be attached by.", (), choices=("tcp", "serial", "usb", "hid", "video")
    )
    port: int = key("TCP port.", 9100, low=1, high=65535)
    baud: int = key("Bits a second of a serial line.", 9600, low=300, high=4_000_000)
    data_bits: int = key("Data bits.", 8, low=7, high=8)
    parity: str = key("Parity.", "none", choices=("none", "even", "odd"))
    stop_bits: int = key("Stop bits.", 1, low=1, high=2)
    flow: str = key("Flow control.", "none", choices=("none", "rtscts", "xonxoff"))
    connect_ms: int = key("How long to wait for a connection.", 2000, low=1, high=60_000)
    io_ms: int = key("How long to wait for each answer or write.", 5000, low=1, high=120_000)
    chunk_bytes: int = key("Bytes written at once.", 512, low=1, high=65_536)
    chunk_pause_ms: int = key("Pause after each; for printers without flow control.", 0, high=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """The paper."""

    width_dots: int = key("Printable dots in a row.", low=192, high=2048)
    columns: int = key("Characters of normal size in a row.", low=16, high=120)
    dpi: int = key("Dots an inch.", 203, low=100, high=600)
    paper_mm: int = key("Width of the roll.", low=20, high=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The characters, and the commands for their size and place."""

    encoding: str = key("What its own characters are; other lines are drawn.", choices=ENCODINGS)
    code_page: int = key(
        "Number of that code page for ESC t; -1 to send none.", -1, low=-1, high=255
    )
    hanzi_on: bytes = key("Before a line with Chinese characters.", bytes.fromhex("1c26"))
    hanzi_off: bytes = key("After it.", bytes.fromhex("1c2e"))
    initialise: bytes = key("At the beginning of each paper.", bytes.fromhex("1b40"))
    large_on: bytes = key("Twice as wide and high.", bytes.fromhex("1d2111"))
    large_off: bytes = key("Back to normal size.", bytes.fromhex("1d2100"))
    centre: bytes = key("What follows stands in the middle.", bytes.fromhex("1b6101"))
    left: bytes = key("What follows stands at the left.", bytes.fromhex("1b6100"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Pictures: a logo, a line that it has no characters for, a code that it cannot draw."""

    command: str = key(
        "How it takes them.", "gs_v0", choices=("gs_v0", "esc_star", "star_x", "none")
    )
    rows_max: int = key("Rows of dots in one gs_v0.", 64, low=8, high=4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Codes that a scanner can read."""

    qr: str = key(
        "QR codes: its own (Epson's or Star's commands), drawn, or as text.",
        choices=("native", "star", "raster", "none"),
    )
    code128: str = key("Code 128, likewise.", "raster", choices=("native", "raster", "none"))
    module_dots: int = key("Dots of a QR module.", 4, low=2, high=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutTable:
    """The end of a paper."""

    auto: bool = key("Whether it has a cutter.")
    command: bytes = key("Feeds to the cutter and cuts.", bytes.fromhex("1d564200"))
    feed_lines: int = key("Lines to feed when nothing is cut.", 3, high=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawerTable:
    """The cash drawer at the printer."""

    pulse: bytes = key("Opens it; empty if there is no socket for one.", b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusQuery:
    """How it is asked whether it can print, and whether it has."""

    dialect: str = key("What it answers.", choices=("epson", "star", "none"))
    confirms: bool = key(
        "Whether its last answer comes only after everything is printed.", default=True
    )
    done_ms: int = key(
        "How long to wait for that: as long as a whole paper takes.", 15_000, low=1, high=120_000
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where one scan ends and the next begins, and what is not part of it."""

    protocol: str = key("Bare lines, or packets of Zebra's SSI.", "lines", choices=("lines", "ssi"))
    terminator: str = key("What ends a scan.", choices=("cr", "lf", "crlf", "idle"))
    idle_ms: int = key("A pause that ends one too.", 30, low=5, high=2000)
    strip: tuple[bytes, ...] = key("What is taken off its beginning, as often as it is there.", ())
    length_min: int = key("Bytes of the shortest scan.", 4, low=1, high=4096)
    length_max: int = key("Bytes of the longest scan.", 4096, low=1, high=4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What the scanner is told; an empty command is one that it does not have."""

    setup: tuple[bytes, ...] = key("In this order after it was opened.", (), pattern=COMMAND)
    setup_answer: bytes = key("What it answers to each of these.", b"", pattern=COMMAND)
    trigger_on: bytes = key("Begin to look for one code.", b"", pattern=COMMAND)
    trigger_off: bytes = key("Stop looking.", b"", pattern=COMMAND)
    host_mode: bytes = key("Scan only when told.", b"", pattern=COMMAND)
    continuous_mode: bytes = key("Scan without end.", b"", pattern=COMMAND)
    sense_mode: bytes = key("Scan when something comes before it.", b"", pattern=COMMAND)
    enable: bytes = key("Allow scanning.", b"", pattern=COMMAND)
    disable: bytes = key("Forbid scanning.", b"", pattern=COMMAND)
    save: bytes = key("Keep the settings without power.", b"", pattern=COMMAND)
    ack: bytes = key("After a scan that was taken.", b"", pattern=COMMAND)
    nak: bytes = key("After a scan that was garbled.", b"", pattern=COMMAND)


SYMBOLOGIES = ("qr", "code128", "pdf417", "datamatrix", "ean13")


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbologies:
    """Which codes count: each further one is a source of false reads."""

    enabled: tuple[str, ...] = key("Codes it is used for.", ("qr",), choices=SYMBOLOGIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What the camera is asked for."""

    width: int = key("Pixels.", low=160, high=4096)
    height: int = key("Pixels.", low=120, high=4096)
    fps: int = key("Pictures a second.", 30, low=1, high=120)
    fourcc: str = key("Form of its pictures.", "MJPG", pattern=FOURCC)


RESCUES = ("threshold", "contrast", "blur", "stretch", "unsharp", "enlarged", "quiet-paper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decode:
    """How codes are looked for in its pictures."""

    formats: tuple[str, ...] = key(
        "Codes it is used for.", ("qr",), choices=("qr", "code128", "pdf417")
    )
    rescue: tuple[str, ...] = key(
        "Further attempts, one a picture in turn.",
        RESCUES,
        choices=RESCUES,
    )
    zbar: bool = key("Whether a second engine looks too, every fifth picture.", default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A screen that shows the clerk's page."""

    width_px: int = key("Pixels.", low=240, high=7680)
    height_px: int = key("Pixels.", low=240, high=7680)
    touch: bool = key("Whether it can be touched.")
    rotate_degrees: int = key("Turned clockwise: 0, 90, 180 or 270.", 0, high=270)


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """The parts of a terminal, each a profile of its kind; empty for none."""

    printer: str = key("Printer profile.", "", pattern=REFERENCE)
    scanner: str = key("Scanner profile.", "", pattern=REFERENCE)
    camera: str = key("Camera profile.", "", pattern=REFERENCE)
    display: str = key("Display profile.", "", pattern=REFERENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Facts of the machine itself."""

    arch: str = key("What ``uname -m`` says.", choices=("aarch64", "x86_64", "armv7l"))
    ram_mb: int = key("Megabytes of memory.", low=128, high=1 << 20)
    rtc: bool = key("Whether its clock goes on without power.")
    drift_ppm: int = key("How far its clock may be off, microseconds a second.", 100, high=1000)
    storage: str = key("Where the database lies.", choices=("sd", "emmc", "usb", "ssd", "nvme"))
    watchdog: bool = key("Whether it has a hardware watchdog.", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What every profile says.

    Args:
        sha256: Of all values that the file and those that it inherits from set, without the words
            for people: two units that have the same drive the device alike.
    """

    schema: int = key("Version of these keys: 1.", low=1, high=1)
    id: str = key("The file's name without .toml.", pattern=PROFILE_ID)
    kind: str = key("What it is.")
    name: str = key("For people.")
    vendor: str = key("Who makes it.", "")
    inherits: str = key(
        "A profile of the same kind; this one says what differs.", "", pattern=REFERENCE
    )
    status: str = key("How far it was tried.", choices=STATUSES)
    evidence: str = key("Where the values come from.")
    match: Match = table(Match)
    sha256: str

    @property
    def label(self) -> str:
        """Return id, beginning of the hash and status: ``uvc-480 722d27af7ba4, untested``."""
        return f"{self.id} {self.sha256[:12]}, {self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterProfile(Profile):
    """A receipt printer."""

    link: Link = table(Link)
    media: Media = table(Media)
    text: Text = table(Text)
    image: Image = table(Image)
    codes: Codes = table(Codes)
    cut: CutTable = table(CutTable)
    drawer: DrawerTable = table(DrawerTable)
    status_query: StatusQuery = table(StatusQuery)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerProfile(Profile):
    """A scanner of codes."""

    link: Link = table(Link)
    frame: Frame = table(Frame)
    commands: Commands = table(Commands)
    symbologies: Symbologies = table(Symbologies)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraProfile(Profile):
    """A camera."""

    link: Link = table(Link)
    capture: Capture = table(Capture)
    decode: Decode = table(Decode)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayProfile(Profile):
    """A screen."""

    screen: Screen = table(Screen)


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalProfile(Profile):
    """A whole terminal: a board and what is attached to it."""

    devices: Devices = table(Devices)
    board: Board = table(Board)


KINDS: dict[str, type[Profile]] = {
    "printer": PrinterProfile,
    "scanner": ScannerProfile,
    "camera": CameraProfile,
    "display": DisplayProfile,
    "terminal": TerminalProfile,
}
"""Files of a kind lie in the directory of its plural: ``printers/``."""
