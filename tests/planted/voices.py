"""Sentences spoken in a process of their own: a voice goes on where it stopped, and would sound otherwise each time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import numpy as np

from tests.planted.film import Say

_CODE = """
import json, sys
from tests.unit.encoders.speech import speak
for said in json.load(sys.stdin):
    sound = speak(*said)
    sys.stdout.buffer.write(len(sound).to_bytes(4, "little") + sound.astype("<f4").tobytes())
"""


def spoken(says: Sequence[Say]) -> list[np.ndarray]:
    """Each sentence as float32 mono at 16 kHz: the same sentences in the same order always sound the same."""
    asked = json.dumps([(said.text, said.voice, said.speed) for said in says])
    ran = subprocess.run([sys.executable, "-c", _CODE], input=asked.encode(), stdout=subprocess.PIPE, check=True)
    sounds, rest = [], ran.stdout
    while rest:
        size = 4 + 4 * int.from_bytes(rest[:4], "little")
        sounds.append(np.frombuffer(rest[4:size], "<f4").copy())
        rest = rest[size:]
    return sounds
