"""The state of a run, kept in its folder after every epoch."""

from __future__ import annotations

from pathlib import Path

STATE = "state.pt"
"""The file of it."""


def whole(path: Path, content: bytes) -> None:
    """Writes a file that is there as a whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def packed(epochs: int, state: bytes) -> bytes:
    """A state and the number of epochs that are done, as one content: never one without the other."""
    return epochs.to_bytes(8, "big") + state


def unpacked(content: bytes) -> tuple[int, bytes]:
    """What `packed` gave."""
    return int.from_bytes(content[:8], "big"), content[8:]
