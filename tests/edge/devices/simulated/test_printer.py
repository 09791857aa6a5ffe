"""The simulated printer: what it prints, what it answers, and each of its faults."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator

import pytest

from edge.devices.simulated.escpos_commands import CUT_SHORT
from edge.devices.simulated.escpos_paper import Cut, Drawer, StatusKind, StatusRequest
from edge.devices.simulated.machine import (
    BUFFER_BYTES,
    PAPER_BYTES_MAX,
    WAITING_BYTES_MAX,
    Faults,
    Machine,
    automatic_status,
    real_time_status,
    status_in_turn,
)
from edge.devices.simulated.printer import SimulatedPrinter

RECEIPT = b"\x1b@\x1c&" + "金额：￥88.00".encode("gbk") + b"\x1c.\n\x1dVB\x00"
ASK_PRINTER, ASK_OFFLINE, ASK_ERROR, ASK_PAPER = (b"\x10\x04" + bytes([n]) for n in (1, 2, 3, 4))
ASK_DONE = b"\x1dr\x01"
READY = b"\x12"
DONE = b"\x00"


@pytest.fixture(name="printer")
def _printer() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter() as printer:
        yield printer


def connect(printer: SimulatedPrinter) -> socket.socket:
    return socket.create_connection(printer.address, timeout=5)


def ask(client: socket.socket, data: bytes, count: int = 1) -> bytes:
    """Send and return exactly so many bytes of answer."""
    client.sendall(data)
    answer = b""
    while len(answer) < count:
        received = client.recv(count - len(answer))
        assert received, f"closed after {answer!r}"
        answer += received
    return answer


def is_broken(client: socket.socket) -> bool:
    """Whether the printer has closed the connection; waits for it."""
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def is_silent(client: socket.socket) -> bool:
    """Whether nothing has been answered until now."""
    return not select.select([client], [], [], 0)[0]


def send_all(printer: SimulatedPrinter, data: bytes) -> None:
    """Send from a client of its own and wait until all of it has arrived."""
    with connect(printer) as client:
        ask(client, data + ASK_PRINTER)


def test_a_receipt_becomes_a_paper(printer: SimulatedPrinter) -> None:
    with connect(printer) as client:
        assert ask(client, ASK_OFFLINE + ASK_PAPER, 2) == READY * 2
        assert ask(client, RECEIPT + ASK_DONE) == DONE
    [paper] = printer.papers()
    assert (paper.number, paper.text, paper.raw) == (1, "金额：￥88.00", RECEIPT)
    assert paper.unknown_commands == ()
    assert paper.png().startswith(b"\x89PNG")
    assert printer.open_paper().raw == b""


def test_papers_are_numbered_and_each_has_its_own_bytes(printer: SimulatedPrinter) -> None:
    with connect(printer) as client:
        for n in (1, 2, 3):
            ask(client, b"%d\n\x1dV\x00" % n + ASK_DONE)
    papers = printer.papers()
    assert [(p.number, p.text, p.raw) for p in papers] == [
        (n, str(n), b"%d\n\x1dV\x00" % n) for n in (1, 2, 3)
    ]


def test_the_address_is_the_one_of_the_setting() -> None:
    with SimulatedPrinter() as printer:
        host, port = printer.address
        assert printer.url == f"tcp://{host}:{port}"
        assert port > 0


def test_waiting_for_papers_returns_them_or_gives_up(printer: SimulatedPrinter) -> None:
    with connect(printer) as client:
        client.sendall(RECEIPT * 3)
        assert len(printer.wait_for_papers(3, 5)) == 3
    with pytest.raises(TimeoutError, match="3 papers of 4"):
        printer.wait_for_papers(4, 0.01)


def test_events_are_told_in_order(printer: SimulatedPrinter) -> None:
    send_all(printer, b"\x1bp\x00\x32\x32" + RECEIPT)
    assert printer.events() == [
        Drawer(2, 100, 100),
        Cut(is_partial=True, feed_dots=0),
        StatusRequest(StatusKind.REAL_TIME, 1),
    ]


def test_real_time_requests_are_answered_while_a_body_is_in_flight(
    printer: SimulatedPrinter,
) -> None:
    with connect(printer) as client:
        half = len(RECEIPT) - 4
        assert ask(client, RECEIPT[:half] + ASK_OFFLINE) == READY
        assert printer.papers() == []
        assert ask(client, RECEIPT[half:] + ASK_DONE) == DONE
    assert printer.papers()[0].raw == RECEIPT


def test_a_request_inside_an_image_is_image(printer: SimulatedPrinter) -> None:
    image = b"\x1dv0\x00\x03\x00\x04\x00" + ASK_OFFLINE * 4
    with connect(printer) as client:
        assert ask(client, image + b"\x1dV\x00" + ASK_DONE) == DONE
        assert is_silent(client)
    assert printer.papers()[0].raw == image + b"\x1dV\x00"


def test_an_unknown_command_is_shown_on_its_paper(printer: SimulatedPrinter) -> None:
    send_all(printer, b"\x1b@\x1b{1x\n" + RECEIPT)
    [unknown] = printer.papers()[0].unknown_commands
    assert (unknown.offset, unknown.hex) == (2, "1b7b")


def test_one_client_at_a_time(printer: SimulatedPrinter) -> None:
    with connect(printer) as first, connect(printer) as second:
        assert ask(first, ASK_PRINTER) == READY
        second.sendall(ASK_PRINTER)
        assert ask(first, RECEIPT + ASK_DONE) == DONE
        assert is_silent(second)
        first.close()
        assert ask(second, b"") == READY


STATUS = [
    ({}, (0x12, 0x12, 0x12, 0x12), 0x00, "10000000"),
    ({"paper_low": True}, (0x12, 0x12, 0x12, 0x1E), 0x03, "10000300"),
    ({"paper_end": True}, (0x1A, 0x32, 0x12, 0x7E), None, "18000f00"),
    ({"cover_open": True}, (0x1A, 0x16, 0x12, 0x12), None, "38000000"),
    ({"error": True}, (0x1A, 0x52, 0x1A, 0x12), None, "18080000"),
]


@pytest.mark.parametrize(("wrong", "real_time", "in_turn", "automatic"), STATUS)
def test_status_bytes_are_those_of_a_real_printer(
    wrong: dict[str, bool], real_time: tuple[int, ...], in_turn: int | None, automatic: str
) -> None:
    faults = Faults(**wrong)
    assert tuple(real_time_status(n, faults) for n in (1, 2, 3, 4)) == real_time
    assert all(byte & 0x93 == 0x12 for byte in real_time)
    assert status_in_turn(1, faults) & 0x90 == 0
    assert in_turn is None or status_in_turn(1, faults) == in_turn
    assert automatic_status(faults).hex() == automatic


@pytest.mark.parametrize("fault", ["paper_end", "cover_open", "error"])
def test_off_line_it_keeps_the_body_and_answers_only_in_real_time(
    printer: SimulatedPrinter, fault: str
) -> None:
    printer.faults.change(**{fault: True})
    with connect(printer) as client:
        answer = ask(client, RECEIPT + ASK_DONE + ASK_PRINTER)
        assert answer[0] & 0x93 == 0x12
        assert answer[0] & 0x08
        assert printer.papers() == []
        assert printer.open_paper().raw == b""
        printer.faults.change(**{fault: False})
        assert ask(client, b"") == DONE
    assert [paper.raw for paper in printer.papers()] == [RECEIPT]


def test_what_waits_is_printed_after_the_client_has_gone(printer: SimulatedPrinter) -> None:
    printer.faults.cover_open = True
    send_all(printer, RECEIPT)
    assert printer.papers() == []
    printer.faults.cover_open = False
    assert printer.wait_for_papers(1)[0].raw == RECEIPT


def test_off_line_it_stops_in_the_middle_of_a_paper() -> None:
    faults = Faults()
    machine = Machine(576, faults, buffered=False)
    machine.receive(b"one\n")
    faults.paper_end = True
    machine.receive(b"two\n")
    assert machine.open_paper.text == "one"
    faults.paper_end = False
    machine.go_on()
    assert machine.open_paper.text == "one\ntwo"


def test_off_line_it_stops_receiving_when_it_is_full() -> None:
    machine = Machine(576, Faults(cover_open=True), buffered=False)
    machine.receive(b"x" * WAITING_BYTES_MAX)
    assert machine.is_full
    assert machine.receive(ASK_PRINTER) == b"\x1a"


def test_low_paper_is_said_and_printed_on(printer: SimulatedPrinter) -> None:
    printer.faults.paper_low = True
    with connect(printer) as client:
        assert ask(client, ASK_OFFLINE + ASK_PAPER, 2) == b"\x12\x1e"
        assert ask(client, RECEIPT + ASK_DONE) == b"\x03"
    assert len(printer.papers()) == 1


def test_a_mute_printer_prints(printer: SimulatedPrinter) -> None:
    printer.faults.mute = True
    with connect(printer) as client:
        client.sendall(ASK_OFFLINE + RECEIPT + ASK_DONE)
        printer.wait_for_papers(1)
        printer.faults.mute = False
        # The first byte that ever comes answers this.
        printer.faults.paper_low = True
        assert ask(client, ASK_PAPER) == b"\x1e"


def test_garbage_is_no_answer_to_anything(printer: SimulatedPrinter) -> None:
    printer.faults.garbage = True
    with connect(printer) as client:
        answers = ask(client, ASK_OFFLINE, 3) + ask(client, RECEIPT + ASK_DONE, 3)
    assert not any(b & 0x93 == 0x12 or b & 0x90 == 0 or b & 0x93 == 0x10 for b in answers)
    assert len(printer.papers()) == 1


def test_a_wrong_acknowledgement_is_no_answer_to_gs_r(printer: SimulatedPrinter) -> None:
    printer.faults.wrong_ack = True
    with connect(printer) as client:
        assert ask(client, ASK_OFFLINE) == READY
        [answer] = ask(client, RECEIPT + ASK_DONE)
    assert answer & 0x90 != 0


@pytest.mark.parametrize("requests", [b"", ASK_OFFLINE + ASK_PAPER])
def test_it_drops_the_connection_after_so_many_bytes(
    printer: SimulatedPrinter, requests: bytes
) -> None:
    printer.faults.drop_after = 10
    with connect(printer) as client:
        if requests:
            assert ask(client, requests, 2) == READY * 2
        client.sendall(b"12345678\n9 and more\n" + RECEIPT)
        assert is_broken(client)
    assert printer.open_paper().text == "12345678"
    printer.faults.drop_after = None
    send_all(printer, RECEIPT)
    [paper] = printer.papers()
    assert paper.text == "12345678\n金额：￥88.00"
    assert paper.unknown_commands == ()


def test_dropped_in_a_command_it_begins_anew(printer: SimulatedPrinter) -> None:
    printer.faults.drop_after = 20
    with connect(printer) as client:
        client.sendall(b"\x1dv0\x00\x48\x00\x48\x00" + bytes(72 * 72))
        assert is_broken(client)
    printer.faults.drop_after = None
    send_all(printer, RECEIPT)
    assert printer.papers()[0].text == "金额：￥88.00"


def test_it_stops_reading_after_so_many_bytes(printer: SimulatedPrinter) -> None:
    printer.faults.stall_after = len(RECEIPT)
    with connect(printer) as client:
        client.sendall(RECEIPT)
        printer.wait_for_papers(1)
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.sendall(bytes(64 << 20))


def test_a_stalled_printer_goes_on_when_the_fault_is_gone(printer: SimulatedPrinter) -> None:
    printer.faults.stall_after = len(RECEIPT)
    with connect(printer) as client:
        client.sendall(RECEIPT + ASK_DONE)
        printer.wait_for_papers(1)
        assert is_silent(client)
        printer.faults.stall_after = None
        assert ask(client, b"") == DONE


def test_a_stalled_printer_serves_the_next_when_the_client_gives_up(
    printer: SimulatedPrinter,
) -> None:
    printer.faults.stall_after = len(RECEIPT)
    for n in (1, 2):
        with connect(printer) as client:
            client.sendall(RECEIPT + ASK_DONE)
            printer.wait_for_papers(n)


def test_a_slow_printer_takes_its_time(printer: SimulatedPrinter) -> None:
    printer.faults.slow_bytes_per_s = 1000
    begin_s = time.monotonic()
    with connect(printer) as client:
        ask(client, b"x" * 199 + b"\n" + ASK_DONE)
    # 203 bytes in pieces of 50; after the last there is no waiting for the answer.
    assert time.monotonic() - begin_s > 0.15
    assert printer.open_paper().text.count("x") == 199


def test_a_client_that_ends_in_a_command_is_told_on(printer: SimulatedPrinter) -> None:
    with connect(printer) as client:
        client.sendall(b"x\n\x1dv0\x00\x48\x00\x48\x00")
    send_all(printer, RECEIPT)
    [paper] = printer.papers()
    assert [unknown.why for unknown in paper.unknown_commands] == [CUT_SHORT]
    assert paper.text.endswith("金额：￥88.00")


def test_automatic_status_is_sent_at_once_and_at_every_change(printer: SimulatedPrinter) -> None:
    with connect(printer) as client:
        assert ask(client, b"\x1da\xff", 4).hex() == "10000000"
        printer.faults.cover_open = True
        assert ask(client, b"", 4).hex() == "38000000"
        printer.faults.cover_open = False
        assert ask(client, b"", 4).hex() == "10000000"
        assert ask(client, b"\x1da\x00" + ASK_PRINTER) == READY
        printer.faults.paper_low = True
        assert ask(client, ASK_PRINTER) == READY


def test_a_buffered_printer_prints_when_it_is_asked_whether_it_has() -> None:
    with SimulatedPrinter(buffered=True) as printer, connect(printer) as client:
        assert ask(client, RECEIPT + ASK_PRINTER) == READY
        assert printer.papers() == []
        assert ask(client, ASK_DONE) == DONE
        assert [paper.raw for paper in printer.papers()] == [RECEIPT]


def test_a_buffered_printer_prints_what_does_not_fit() -> None:
    machine = Machine(576, Faults(), buffered=True)
    for _ in range(BUFFER_BYTES // 2):
        machine.receive(b"x\n")
    assert machine.open_paper.raw == b""
    machine.receive(b"x\n")
    assert machine.open_paper.raw == b"x\n"


def test_a_power_cycle_loses_what_was_only_received() -> None:
    with SimulatedPrinter(buffered=True) as printer:
        with connect(printer) as client:
            assert ask(client, RECEIPT + ASK_PRINTER) == READY
            printer.power_cycle()
            assert is_broken(client)
        send_all(printer, b"again\n" + ASK_DONE)
        assert printer.papers() == []
        assert printer.open_paper().text == "again"


def test_a_power_cycle_forgets_settings_and_keeps_the_paper(printer: SimulatedPrinter) -> None:
    send_all(printer, b"one\n\x1d!\x11lost")
    printer.power_cycle()
    send_all(printer, b"two\n\x1dV\x00")
    [paper] = printer.papers()
    assert paper.text == "one\ntwo"


def test_a_power_cycle_breaks_a_stalled_connection(printer: SimulatedPrinter) -> None:
    printer.faults.stall_after = len(RECEIPT)
    with connect(printer) as client:
        client.sendall(RECEIPT + b"more")
        printer.wait_for_papers(1)
        printer.power_cycle()
        assert is_broken(client)


@pytest.mark.parametrize("clear", [b"\x10\x05\x02", b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"])
def test_a_client_can_clear_what_waits(clear: bytes) -> None:
    machine = Machine(576, Faults(cover_open=True), buffered=False)
    machine.receive(b"waiting\n" + clear)
    machine.receive(b"kept\n")
    machine.receive(b"")
    assert machine.open_paper.raw == b""
    machine = Machine(576, Faults(), buffered=True)
    machine.receive(b"lost\n" + clear + b"kept\n" + ASK_DONE)
    assert machine.open_paper.text == "kept"


def test_a_paper_that_is_never_cut_is_torn_off() -> None:
    machine = Machine(576, Faults(), buffered=False)
    for _ in range(PAPER_BYTES_MAX // 4096 + 1):
        machine.receive(b"\x1d(L\xfb\x0f" + bytes(4091))
    assert machine.printed == 1
    assert len(machine.open_paper.raw) < PAPER_BYTES_MAX


def test_stopped_it_refuses_and_started_it_is_where_it_was(printer: SimulatedPrinter) -> None:
    send_all(printer, RECEIPT)
    with connect(printer) as client:
        ask(client, ASK_PRINTER)
        printer.stop()
        assert is_broken(client)
    with pytest.raises(ConnectionRefusedError):
        connect(printer)
    assert len(printer.papers()) == 1
    printer.faults.paper_low = True
    printer.start()
    send_all(printer, RECEIPT)
    assert len(printer.papers()) == 2


def test_a_fault_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(AttributeError, match="'paper_out'"):
        Faults().paper_out = True
    with pytest.raises(AttributeError, match="'_lock'"):
        Faults().change(_lock=None)


def test_a_copy_of_the_faults_does_not_change() -> None:
    faults = Faults(mute=True)
    copy = faults.now()
    faults.change(mute=False, paper_end=True)
    assert (copy.mute, copy.paper_end) == (True, False)
    assert (faults.mute, faults.paper_end) == (False, True)
    assert faults != copy
