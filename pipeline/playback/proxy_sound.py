"""The sound of a proxy: copied, or encoded again without gaps. Runs in the child."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

# A jump of the clock by more than this is a gap to be filled, or sound to be left out; less is jitter. Ours.
_JITTER_SECONDS = 0.04
_RATES = (44_100, 48_000)
_BIT_RATE = 128_000


class CopiedSound:
    """The packets of the source, moved so that the video begins at 0.

    Args:
        out: the container that is written.
        stream: of the source.
        start: seconds of the source's clock that are 0 in the video.
    """

    def __init__(self, out: Any, stream: Any, start: Fraction) -> None:
        self._out = out
        self._stream = out.add_stream_from_template(stream)
        self._offset = round(start / Fraction(stream.time_base))

    def add(self, packet: Any) -> None:
        """The next packet of the source."""
        if not packet.size or packet.dts is None:
            return
        packet.dts -= self._offset
        packet.pts = (packet.pts if packet.pts is not None else packet.dts + self._offset) - self._offset
        packet.stream = self._stream
        self._out.mux(packet)

    def end(self) -> None:
        """No packet follows."""


class EncodedSound:
    """Sound that is decoded and encoded again: what is missing becomes silence, so that the rest keeps its times.

    Args:
        out: the container that is written.
        stream: of the source.
        start: seconds of the source's clock that are 0 in the video.
        seconds: of the video, beyond which nothing is filled in; 0 if unknown.
    """

    def __init__(self, out: Any, stream: Any, start: Fraction, seconds: float) -> None:
        context = stream.codec_context
        self._out, self._source, self._start = out, stream, start
        self._rate = context.sample_rate if context.sample_rate in _RATES else _RATES[-1]
        self._layout = "mono" if context.layout.nb_channels == 1 else "stereo"
        codec = "aac" if "aac" in av.codecs_available else "libopus"
        self._stream = out.add_stream(codec, rate=self._rate, layout=self._layout)
        self._stream.bit_rate = _BIT_RATE
        self._most = round(seconds * self._rate) if seconds else None
        self._resampler: Any = None
        self._written = 0  # samples

    def add(self, packet: Any) -> None:
        """The next packet of the source."""
        try:
            frames = packet.decode()
        except (av.error.InvalidDataError, av.error.EOFError):
            return
        for frame in frames:
            for samples, at in self._resampled(frame):
                self._place(samples, at)

    def end(self) -> None:
        """No packet follows."""
        self._out.mux(self._stream.encode(None))

    def _resampled(self, frame: Any) -> Iterator[tuple[NDArray[np.float32], int | None]]:
        """Samples (channels, n) and the place of the first one, in samples of the video."""
        if frame.pts is None:
            at = None
        else:
            at = round((frame.pts * Fraction(frame.time_base) - self._start) * self._rate)
        frame.pts = None
        try:
            made = self._resample(frame)
        except ValueError:  # the sound has another form from here on
            self._resampler = None
            made = self._resample(frame)
        for piece in made:
            yield piece.to_ndarray(), at
            at = None

    def _resample(self, frame: Any) -> list[Any]:
        if self._resampler is None:
            self._resampler = av.AudioResampler("fltp", self._layout, self._rate)
        made: list[Any] = self._resampler.resample(frame)
        return made

    def _place(self, samples: NDArray[np.float32], at: int | None) -> None:
        gap = 0 if at is None else at - self._written
        # The very first sample decides how much silence leads.
        if self._written and abs(gap) <= _JITTER_SECONDS * self._rate:
            gap = 0
        if gap > 0 and (self._most is None or self._written + gap <= self._most):
            while gap:
                some = min(gap, self._rate)
                self._write(np.zeros((len(samples), some), np.float32))
                gap -= some
        elif gap < 0:
            samples = samples[:, -gap:]
        self._write(samples)

    def _write(self, samples: NDArray[np.float32]) -> None:
        if not samples.shape[1]:
            return
        frame: Any = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self._layout)
        frame.sample_rate, frame.time_base = self._rate, Fraction(1, self._rate)
        frame.pts = self._written
        self._written += samples.shape[1]
        self._out.mux(self._stream.encode(frame))
