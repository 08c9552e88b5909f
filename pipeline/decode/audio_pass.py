"""The one pass over the sound of a video: 16 kHz mono, in units of bounded length. Runs in the decoding child."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.decode.open import audio_stream, shown
from pipeline.decode.phase import OppositePhase
from pipeline.decode.protocol import Emit
from pipeline.decode.seeking import decoding_from
from pipeline.decode.timeline import RESTART_SECONDS
from stores.core.errors import MediaError

SAMPLE_RATE = 16_000
# Missing sound (a muted stretch of a stream, a lost packet) is filled with silence, so that later words keep their
# times; steps under this are jitter of timestamps. Ours: shorter than a syllable.
_GAP_SECONDS = 0.2
_SILENCE = 60 * SAMPLE_RATE  # samples of it at a time: a stream may be muted for hours
# A unit ends where it is quietest in its last ten seconds, so that no word is cut. Ours.
_SEARCH_SECONDS = 10
_QUIET_SECONDS = 0.1
# Tenths of a second on either side that count, with falling weight; and those nearby of which the quietest is taken.
# Below -80 dB all is equally silent. Ours.
_AROUND = 5
_NEAR = 2
_SILENT = 1e-8
# After a seek, decoders need some frames until their sound is right. Source: 80 ms for Opus (RFC 7845 section 4.6),
# two frames of 21 ms for AAC, the bit reservoir of 511 bytes for MP3.
_RUN_UP_SECONDS = 1


def listen_to(
    path: str,
    start: float,
    duration: float,
    unit_seconds: float,
    emit: Emit,
    begin: float | None = None,
    end: float | None = None,
    search_seconds: float = _SEARCH_SECONDS,
    track: str = "",
) -> None:
    """Decode the sound and emit it as ``sound`` messages of at most ``unit_seconds`` each.

    Args:
        start: seconds in the file's timestamps that are second 0 of the video.
        duration: seconds of the video, as far as known; silence is not filled in beyond it.
        begin, end: seconds of the video between which sound is wanted, None for its beginning and its end. Each is
            moved to the quietest place of the ``search_seconds`` before it, so that no word is cut.
        track: number, from 1, or language of the audio track to hear, if it is not the usual one.

    Raises:
        MediaError: as `opened`; AUDIO_DECODE_FAILED if there is no sound track, no decoder, or nothing decodable.
    """
    file = _File(path, start, duration, track)
    if begin is not None:
        begin = _quiet_place(file, begin, search_seconds, emit)
    if end is not None:
        end = _quiet_place(file, end, search_seconds, emit)
    unit = max(2 * _SEARCH_SECONDS, round(unit_seconds)) * SAMPLE_RATE
    waiting: list[NDArray[np.float32]] = []
    count, first = 0, 0.0
    for at, samples in _sound(file, begin, end, emit):
        first = first if waiting else at
        waiting.append(samples)
        count += len(samples)
        while count >= unit:
            whole = np.concatenate(waiting)
            tail = unit - _SEARCH_SECONDS * SAMPLE_RATE
            cut = tail + _quietest(whole[tail:unit])
            emit("sound", {"start": first}, whole[:cut])
            waiting, count, first = [whole[cut:]], len(whole) - cut, first + cut / SAMPLE_RATE
    if count:
        emit("sound", {"start": first}, np.concatenate(waiting))


@dataclass(frozen=True, slots=True)
class _File:
    """A file, and which of its sound is wanted, as in `listen_to`."""

    path: str
    start: float
    duration: float
    track: str

    def stream(self, container: Any, path: str) -> Any:
        """The audio track."""
        stream = audio_stream(container, self.track)
        if stream is None:
            raise MediaError("AUDIO_DECODE_FAILED", f"{shown(path)} has no sound track with a known codec.")
        return stream


def _quiet_place(file: _File, near: float, search: float, emit: Emit) -> float:
    """The quietest place in the ``search`` seconds before ``near``; the parts on both sides take the same steps."""
    found = list(_sound(file, near - search, near, emit))
    if not found:
        return near
    return found[0][0] + _quietest(np.concatenate([samples for _, samples in found])) / SAMPLE_RATE


def _sound(
    file: _File, begin: float | None, end: float | None, emit: Emit
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """(second of the first sample, samples) from ``begin`` to ``end``, one after the other, without holes."""
    place = None if begin is None else Fraction(file.start) + Fraction(begin) - _RUN_UP_SECONDS
    with decoding_from(file.path, file.stream, lambda _container, _stream: place, emit, file.duration) as decoding:
        first = next(decoding.frames, None)
        if first is None:
            raise MediaError(
                "AUDIO_DECODE_FAILED",
                f"The sound of {shown(file.path)} cannot be decoded.",
                "Copy or download it again.",
            )
        for at, samples in _stretches(chain([first], decoding.frames), file.start, file.duration, emit):
            late = 0 if begin is None else min(len(samples), max(0, round((begin - at) * SAMPLE_RATE)))
            over = len(samples) if end is None else max(0, round((end - at) * SAMPLE_RATE))
            if late < min(over, len(samples)):
                yield at + late / SAMPLE_RATE, samples[late:over]
            if over < len(samples):
                return


def _stretches(
    frames: Iterator[Any], start: float, duration: float, emit: Emit
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """(second of the first sample, samples) one after the other, without holes."""
    resampler: Any = None
    kind = None
    origin: float | None = None
    heard = 0.0  # seconds of input since the origin
    given = 0  # samples of output since the origin
    phase = OppositePhase()
    shifts = [0.0]  # what was added to times since a clock started again in a spliced file, the newest last

    def told(samples: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        nonlocal given
        given += len(samples)
        return (origin or 0.0) + (given - len(samples)) / SAMPLE_RATE, samples

    for frame in frames:
        emit("alive", {}, None)
        at = float(frame.pts * frame.time_base) - start if frame.pts is not None else None
        if origin is None:
            origin = at if at is not None else 0.0
        hole = 0.0 if at is None else at + shifts[-1] - (origin + heard)
        if at is not None and abs(hole) >= RESTART_SECONDS:
            # A clock that starts again; or a single frame with a wrong time, after which the old clock goes on.
            known = next(
                (shift for shift in reversed(shifts) if abs(at + shift - origin - heard) < RESTART_SECONDS), None
            )
            if known is not None:
                shifts.remove(known)
                shifts.append(known)
            elif hole < 0:
                shifts.append(origin + heard - at)
            hole = at + shifts[-1] - (origin + heard)
        at = at + shifts[-1] if at is not None else None
        if hole > _GAP_SECONDS and at is not None and at <= max(duration, origin + heard) + 1:
            missing = round(hole * SAMPLE_RATE)
            for done in range(0, missing, _SILENCE):
                yield told(np.zeros(min(_SILENCE, missing - done), np.float32))
            heard += hole
        heard += frame.samples / frame.sample_rate
        frame.pts = None  # the resampler would otherwise keep its own idea of holes
        if kind != (frame.format.name, frame.layout.name, frame.sample_rate):
            # A broadcast may go from stereo to 5.1 and back; a resampler takes one kind only.
            for samples in _flushed(resampler):
                yield told(samples)
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            kind = frame.format.name, frame.layout.name, frame.sample_rate
        for done in resampler.resample(phase.mended(frame)):
            yield told(done.to_ndarray().reshape(-1))
    for samples in _flushed(resampler):
        yield told(samples)


def _flushed(resampler: Any) -> list[NDArray[np.float32]]:
    return [done.to_ndarray().reshape(-1) for done in resampler.resample(None)] if resampler else []


def _quietest(samples: NDArray[np.float32]) -> int:
    """Index in the middle of the quietest stretch of ``samples``, where it is quiet around it, too.

    The middle of a long pause is better than a tenth of a second within a word that is as quiet.
    """
    width = round(_QUIET_SECONDS * SAMPLE_RATE)
    steps = len(samples) // width
    if not steps:
        return 0
    energies = (samples[: steps * width].reshape(steps, width) ** 2).mean(axis=1)
    levels = np.log10(np.maximum(energies, _SILENT))
    weights = np.concatenate([np.arange(1, _AROUND + 1), np.arange(_AROUND + 1, 0, -1)]) / (_AROUND + 1) ** 2
    # What lies beyond counts as loud: of a pause at the very end, only a part would be known.
    around = np.convolve(np.pad(levels, _AROUND, constant_values=levels.max()), weights, mode="valid")
    best = int(around.argmin())
    last = best
    while last + 1 < steps and around[last + 1] <= around[best]:
        last += 1
    middle = (best + last) // 2
    near = range(max(0, middle - _NEAR), min(steps, middle + _NEAR + 1))
    chosen = min(near, key=lambda step: (levels[step], abs(step - middle)))
    return chosen * width + width // 2
