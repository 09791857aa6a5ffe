"""What a person types to make the simulated scanner scan, or misbehave."""

from __future__ import annotations

from edge.devices.simulated.scanner import Fault, SimulatedScanner


def obey(device: SimulatedScanner, line: str) -> str:
    """Do what a line says; return what was done."""
    if not line.startswith("!"):
        return "scanned" if device.scan(line.encode()) else "it was not looking, or nobody took it"
    word = line[1:].strip()
    if word == "unplug":
        device.unplug()
    elif word == "plug":
        device.unplug()
        device.plug_in()
    elif word == "spew":
        device.send(b"8" * 1_000_000)
    elif word == "garbage":
        device.send(bytes(range(256)) + b"\r")
    elif word == "half":
        device.send(b"9123456789")
        device.unplug()
    elif word in {str(fault) for fault in Fault}:
        device.faults ^= {Fault(word)}
        return f"{word}: {'on' if Fault(word) in device.faults else 'off'}"
    else:
        return "there is no such word"
    return f"{word}: done"
