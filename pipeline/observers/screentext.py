"""Screen text: read in frames that have changed, and tracked while it stays."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any

from encoders.types import TextBox, TextReader
from pipeline.boxes import overlap
from pipeline.decode.frames import Frames, Sampling
from pipeline.similarity.change import Glance, glance, local_change
from stores.core.ids import record_id
from stores.core.records import Blob, ScreenText, Span, StageOutput, Video

Box = tuple[float, float, float, float]
_LINES = "lines.json"


@dataclass(frozen=True, slots=True)
class ScreenTextConfig:
    """When text is read, and when two readings are the same text.

    Attributes:
        every_seconds: interval between frames: captions stay on screen for two seconds or more.
        long_side: pixels; text below about 1 % of the picture's height is not read.
        changed: grey difference (0–255) of any cell of a glance to the last frame read, from which a frame is read.
            Measured: one caption after another 24, recompression noise 1.
        alike: similarity (`difflib` ratio) from which two readings are the same text, if their boxes overlap, too.
        overlap: intersection over union of their boxes from which they do.
    """

    every_seconds: float = 2.0
    long_side: int = 736
    changed: float = 12.0
    alike: float = 0.75
    overlap: float = 0.3


@dataclass(slots=True)
class _Line:
    text: str
    confidence: float
    box: Box
    start: int
    end: int


class ScreenTextObserver:
    """Finds each text once, with the whole span in which it is on screen."""

    name = "screentext"

    def __init__(self, reader: TextReader, config: ScreenTextConfig | None = None) -> None:
        self.config = config or ScreenTextConfig()
        self._reader = reader

    def wants(self, video: Video) -> Sampling:
        """A large frame every two seconds."""
        return Sampling(self.name, self.config.every_seconds, self.config.long_side, 2, batch=1)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._video = video
        self._open: list[_Line] = []
        self._closed: list[_Line] = []
        self._read: Glance | None = None
        self._first: int | None = None
        self._end: int | None = None

    def see(self, frames: Frames) -> None:
        """The next frames."""
        self._end = frames.end
        for pixels, tick in zip(frames.pixels, frames.ticks.tolist(), strict=True):
            grey = glance(pixels)
            self._first = tick if self._first is None else self._first
            for line in self._open:
                line.end = tick
            if self._read is None or local_change(grey, self._read) >= self.config.changed:
                self._read = grey
                self._track(self._reader.read(pixels), tick)

    def finish(self) -> StageOutput:
        """The texts, in order of appearance."""
        return join_screentext([self._output()], self._video, self.config)

    def finish_part(self, span: Span) -> StageOutput:
        """The lines read in a part, for `join_screentext`."""
        return self._output()

    def _output(self) -> StageOutput:
        known = {
            "first": self._first,
            "end": self._end,
            "closed": [asdict(line) for line in self._closed],
            "open": [asdict(line) for line in self._open],
        }
        return StageOutput(blobs=(Blob(_LINES, json.dumps(known).encode()),))

    def _track(self, found: list[TextBox], tick: int) -> None:
        """Continue the lines that are still there, close the others, open new ones."""
        still: list[_Line] = []
        for box in found:
            known = next(
                (line for line in self._open if line not in still and _is_same_text(line, box, self.config)), None
            )
            if known is None:
                still.append(_Line(box.text, float(box.confidence), _rounded(box.box), tick, tick))
                continue
            if box.confidence > known.confidence:
                known.text, known.confidence, known.box = box.text, float(box.confidence), _rounded(box.box)
            still.append(known)
        self._closed += [line for line in self._open if line not in still]
        self._open = still


def join_screentext(parts: Iterable[StageOutput], video: Video, config: ScreenTextConfig) -> StageOutput:
    """The texts of a video from the outputs of `ScreenTextObserver.finish_part` for its parts, in order.

    A line at the end of one part that is still there at the beginning of the next is one line.
    """
    opened: list[_Line] = []
    closed: list[_Line] = []
    end = video.duration
    for part in parts:
        known = json.loads(part.blobs[0].data)
        first = known["first"]
        if known["end"] is not None:
            end = known["end"]  # the file is truncated there
        if first is None:
            continue  # a part without frames changes nothing
        for line in opened:
            line.end = first
        still: list[_Line] = []
        lines = [(_line(line), state) for state in ("closed", "open") for line in known[state]]
        for line, state in lines:
            before = next(
                (
                    one
                    for one in opened
                    if line.start == first and one not in still and _is_same_text(one, line, config)
                ),
                None,
            )
            if before is not None:
                still.append(before)
                line.start = before.start
                if before.confidence >= line.confidence:
                    line.text, line.confidence, line.box = before.text, before.confidence, before.box
            if state == "closed":
                closed.append(line)
        closed += [line for line in opened if line not in still]
        opened = [line for line, state in lines if state == "open"]
    for line in opened:
        line.end = max(end, line.end + 1)
    records = []
    for line in sorted([*closed, *opened], key=lambda known: (known.start, known.box[1], known.box[0])):
        span = Span(line.start, max(line.end, line.start + 1), video.time_base)
        evidence_id = record_id("txt", video.video_id, span, line.text, line.box)
        records.append(ScreenText(evidence_id, span, line.text, round(line.confidence, 4), line.box))
    return StageOutput(records=tuple(records))


def _line(known: dict[str, Any]) -> _Line:
    return _Line(**{**known, "box": _rounded(known["box"])})


def _is_same_text(line: _Line, other: _Line | TextBox, config: ScreenTextConfig) -> bool:
    alike = SequenceMatcher(None, line.text, other.text, autojunk=False).ratio() >= config.alike
    return alike and overlap(line.box, other.box) >= config.overlap


def _rounded(box: Box) -> Box:
    x0, y0, x1, y1 = (round(float(edge), 4) for edge in box)
    return x0, y0, x1, y1
