"""What systemd, udev and the screen are told, as text. Pure.

Sources: systemd.service(5), systemd.exec(5), sysusers.d(5), udev(7). The device majors are those
of the kernel's Documentation/admin-guide/devices.txt.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

SERVICE = "tearoff-unit"
KIOSK = "tearoff-kiosk"
USER = "tearoff"
GROUPS = ("dialout", "lp", "video", "input")
"""Serial lines, printers at USB, cameras, scanners that are keyboards."""
WATCHDOG_S = 30
STATE_DIR = PurePosixPath("/var/lib/tearoff-unit")

UNIT_PATH = PurePosixPath(f"/etc/systemd/system/{SERVICE}.service")
UNIT_WANT = PurePosixPath(f"/etc/systemd/system/multi-user.target.wants/{SERVICE}.service")
KIOSK_PATH = PurePosixPath(f"/etc/systemd/system/{KIOSK}.service")
KIOSK_WANT = PurePosixPath(f"/etc/systemd/system/graphical.target.wants/{KIOSK}.service")
SYSUSERS_PATH = PurePosixPath(f"/etc/sysusers.d/{SERVICE}.conf")
UDEV_PATH = PurePosixPath("/etc/udev/rules.d/70-tearoff-unit.rules")
OURS = "# Written by tearoff-unit install-service; remove-service takes it away.\n"
"""The first line of each file. A file without it is somebody else's, and left alone."""

SCANNER_VENDORS = {
    "05e0": "Zebra (Symbol)", "05f9": "Datalogic", "0c2e": "Honeywell (Metrologic)",
    "1eab": "Newland",
}  # fmt: skip
"""USB vendor ids of those who make scanners and nothing with a modem in it."""
_AWAKE = 'TEST=="power/control", ATTR{power/control}="on"'


class Setup(NamedTuple):
    """What is to be installed.

    Args:
        program: Absolute path of ``tearoff-unit``.
        config: Absolute path of the settings; empty if there are none.
        data_dir: Where the unit keeps what it knows.
        anchor_dir: Directory of an anchor elsewhere; empty if it lies in ``data_dir``.
        kiosk: Address that the screen shows; empty for none.
        browser: Absolute path of Chromium.
        usb_printer: Vendor and product of a printer that the unit reaches without the kernel's
            driver, as in ``04b8:0202``; empty for none.
    """

    program: str
    config: str
    data_dir: str = str(STATE_DIR)
    anchor_dir: str = ""
    user: str = USER
    kiosk: str = ""
    browser: str = "/usr/bin/chromium"
    usb_printer: str = ""


def files_of(setup: Setup) -> dict[PurePosixPath, str]:
    """Return the text of each file."""
    files = {
        UNIT_PATH: unit_file(setup),
        SYSUSERS_PATH: sysusers_file(setup),
        UDEV_PATH: udev_file(setup.usb_printer),
    }
    if setup.kiosk:
        files[KIOSK_PATH] = kiosk_file(setup)
    return files


def links_of(setup: Setup) -> dict[PurePosixPath, str]:
    """Return the links by which systemd starts the services, as ``systemctl enable`` makes them."""
    links = {UNIT_WANT: str(UNIT_PATH)}
    if setup.kiosk:
        links[KIOSK_WANT] = str(KIOSK_PATH)
    return links


def unit_file(setup: Setup) -> str:
    """Return the systemd unit."""
    own_place = setup.data_dir == str(STATE_DIR)
    places = [] if own_place else [setup.data_dir]
    places += [setup.anchor_dir] if setup.anchor_dir else []
    # "-": an anchor's stick that is not plugged in must not keep the till from starting.
    writes = "".join(f"ReadWritePaths=-{_quoted(place)}\n" for place in places)
    state = f"StateDirectory={SERVICE}\nStateDirectoryMode=0700\n" if own_place else ""
    lives_at_home = any(
        path.startswith(("/home/", "/root/")) for path in (setup.program, setup.config, *places)
    )
    settings = f" --config {_quoted(setup.config)}" if setup.config else ""
    home = "read-only" if lives_at_home else "yes"
    return f"""{OURS}[Unit]
Description=Tearoff unit: verifies and redeems vouchers at this till
# It works without a network and without the right time, so it waits for neither.
After=local-fs.target
# However often it ends: a till that stays off is the worst of all.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={_quoted(setup.program)}{settings} run
Restart=always
RestartSec=2
# Fed as long as the unit verifies a voucher and its database answers; no device has a say.
WatchdogSec={WATCHDOG_S}
TimeoutStartSec=120
TimeoutStopSec=20
OOMScoreAdjust=-500
# Keys must not lie in a core dump.
LimitCORE=0

User={setup.user}
SupplementaryGroups={" ".join(GROUPS)}
{state}{writes}UMask=0077

# Serial lines, printers at USB (major 180 and 189), scanners that are keyboards, cameras.
DevicePolicy=closed
DeviceAllow=char-ttyUSB rw
DeviceAllow=char-ttyACM rw
DeviceAllow=char-ttyAMA rw
DeviceAllow=char-ttyS rw
DeviceAllow=char-usb rw
DeviceAllow=char-usb_device rw
DeviceAllow=char-input rw
DeviceAllow=char-video4linux rw

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
PrivateMounts=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def kiosk_file(setup: Setup) -> str:
    """Return the systemd unit of the screen: Chromium alone, in cage, on the first console.

    cage shows one program on the whole screen and nothing else; Raspberry Pi OS and Debian have it
    as a package of that name.
    """
    flags = (
        "--kiosk --no-first-run --noerrdialogs --disable-session-crashed-bubble"
        " --disable-pinch --overscroll-history-navigation=0 --disable-features=Translate"
        " --password-store=basic --check-for-update-interval=31536000 --ozone-platform=wayland"
    )
    return f"""{OURS}[Unit]
Description=The screen of the Tearoff unit
# The unit says itself when it answers; before that there is nothing to show.
Wants={SERVICE}.service
After={SERVICE}.service systemd-user-sessions.service
Conflicts=getty@tty1.service
After=getty@tty1.service
StartLimitIntervalSec=0

[Service]
User={KIOSK}
PAMName=login
TTYPath=/dev/tty1
TTYReset=yes
TTYVHangup=yes
TTYVTDisallocate=yes
StandardInput=tty-fail
StandardOutput=journal
StateDirectory={KIOSK}
Environment=HOME=/var/lib/{KIOSK} XDG_SESSION_TYPE=wayland
ExecStart=/usr/bin/cage -s -- {_quoted(setup.browser)} {flags} {_quoted(setup.kiosk)}
Restart=always
RestartSec=3

[Install]
WantedBy=graphical.target
"""


def sysusers_file(setup: Setup) -> str:
    """Return the users and groups, for systemd-sysusers; what exists already stays as it is."""
    lines = [f'u {setup.user} - "Tearoff unit" {STATE_DIR}']
    lines += [f"m {setup.user} {group}" for group in GROUPS]
    if setup.kiosk:
        lines.append(f'u {KIOSK} - "Screen of the Tearoff unit" /var/lib/{KIOSK}')
    return OURS + "\n".join(lines) + "\n"


def udev_file(usb_printer: str = "") -> str:
    """Return the udev rules.

    ModemManager writes AT commands to every serial line that it finds, and a scanner takes them
    for its settings; and a scanner or printer that USB has put to sleep loses what comes first.
    A printer that is reached without the kernel's driver is a device of its own, which root alone
    may use; the unit gets this one and no other.
    """
    lines = [
        OURS.rstrip("\n"),
        'SUBSYSTEM=="usbmisc", KERNEL=="lp[0-9]*", GROUP="lp", MODE="0660"',
    ]
    for vendor, name in SCANNER_VENDORS.items():
        lines += [
            f"# {name}",
            f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{vendor}", ENV{{ID_MM_DEVICE_IGNORE}}="1"',
            f'ACTION=="add", SUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor}", {_AWAKE}',
        ]
    # Class 7 is "printer" (USB Device Class Definition for Printing Devices 1.1).
    lines += [
        "# Printers",
        f'ACTION=="add", SUBSYSTEM=="usb", ENV{{ID_USB_INTERFACES}}=="*:0701*:*", {_AWAKE}',
    ]
    if usb_printer:
        vendor, _, product = usb_printer.partition(":")
        this = f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor}", ATTR{{idProduct}}=="{product}"'
        lines += [
            "# The printer of the settings",
            f'{this}, ENV{{DEVTYPE}}=="usb_device", GROUP="lp", MODE="0660"',
            f'ACTION=="add", {this}, {_AWAKE}',
        ]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """Return a word as systemd reads it back: specifiers and variables stay what they are."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if set(word) & set(" \t'\"\\;") else escaped
