"""Timestamps of a file as ticks from the start of the video, strictly increasing."""

from __future__ import annotations

from fractions import Fraction

# A step back of more than this is a restarted clock (a wrapped or spliced MPEG transport stream), not reordering.
# Source: reordering buffers hold at most 16 frames (H.264 annex A), i.e. under 2 s at 10 frames a second.
RESTART_SECONDS = 2.0


class Timeline:
    """Ticks of frames in presentation order.

    Args:
        start: timestamp that becomes tick 0.
        time_base: seconds per tick.
        frame_rate: frames per second, for frames without a timestamp; 0 if unknown.
    """

    def __init__(self, start: int, time_base: Fraction, frame_rate: Fraction) -> None:
        self._offset = -start
        self._restart = RESTART_SECONDS / time_base
        # 25 frames per second where the file does not say.
        self._step = max(1, round(1 / ((frame_rate or 25) * time_base)))
        self.last = -1
        self.restarts = 0  # how often the clock was restarted

    def tick(self, pts: int | None, dts: int | None, duration: int | None) -> int | None:
        """The tick of the next frame; None for a frame to leave out, because its tick is not after the last one.

        Args:
            pts, dts: presentation and decoding timestamps, in the time base, as far as known.
            duration: of this frame, if known; also the estimate for the next one.
        """
        stamp = pts if pts is not None else dts
        if stamp is None:
            tick = self.last + self._step if self.last >= 0 else 0
        else:
            tick = stamp + self._offset
            if self.last >= 0 and tick <= self.last - self._restart:
                self.restarts += 1
                self._offset += self.last + self._step - tick
                tick = self.last + self._step
        if duration:
            self._step = duration
        if tick <= self.last:
            return None
        self.last = max(0, tick)
        return self.last

    @property
    def end(self) -> int:
        """The tick at which the last frame ends, as far as known."""
        return self.last + self._step if self.last >= 0 else 0
