"""What claims are drafted from: the question, what was found for it, and the library to read on in."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from agents.answering.checking.quantities import quantities
from agents.answering.claims import Citation, Claim
from agents.answering.drafting.things import Thing, confident, thing_of
from agents.answering.orders import is_order, may_be_quoted
from agents.answering.wording import file_name
from agents.evidence import is_background
from agents.questions.question import Question
from agents.search.finder import Found
from encoders.bundle import Encoders
from encoders.styles.names import style_of
from stores.core.records import CHANNELS, Channel, Evidence, Span, Video
from stores.library_store import LibraryStore

LEAST_LIKELY = 0.4
"""Score of a moment whose video is looked at: a little below a match, since more is asked of a claim than likeness."""

MOST_NAMES = 6
"""Names that a thing may have to be looked for by each; a broad noun ("animal") has hundreds."""

MOST_LINES_READ = 50_000
"""Lines of one video that are read to be counted or timed, the first ones: many hours of it. Ours."""

TOUCHED = 0.3
"""Seconds that a line must share with a moment to be of it: neighbours touch. Ours."""

_CLOCK = re.compile(r"(?<!\d)(?:(\d{1,2}):)?(\d{1,2}):(\d{2})(?!\d)")
_SECONDS = re.compile(
    r"\b(?:at|after|in(?:to)?)?\s*(?:second\s+(?P<behind>\w+)|(?P<before>[\w-]+)\s+seconds?\s+(?:in(?:to)?|after)\b)|"
    "第(?P<chinese>[一二三四五六七八九十\\d]+)秒",
    re.I,
)


def second_in(text: str) -> float | None:
    """The time of a video that a question names ("at 0:08", "eight seconds into", "第8秒"); None if it names none."""
    if clock := _CLOCK.search(text):
        hours, minutes, seconds = clock.groups()
        return 3600.0 * int(hours or 0) + 60.0 * int(minutes) + int(seconds)
    found = _SECONDS.search(text)
    if found is None:
        return None
    said = next(iter(quantities(next(filter(None, found.groups())))), None)
    return said.value if said is not None else None


@dataclass(frozen=True, slots=True)
class Material:
    """All that a draft may rest on.

    Attributes:
        question: the question, understood.
        found: moments for it; None if nothing was searched.
        scope: the videos that may be cited; None for all.
        named: the videos that the question or the conversation names, in their order; the only one of the scope is
            meant by every question.
        moment: the place that the conversation is at (video, start and end in seconds); only what is there counts;
            None for everywhere.
        shown: evidence that was shown before and is left out of lists, because more is wanted.
    """

    question: Question
    found: Found | None
    scope: tuple[str, ...] | None
    named: tuple[str, ...]
    store: LibraryStore
    encoders: Encoders
    moment: tuple[str, float, float] | None = None
    shown: frozenset[str] = frozenset()
    _read: dict[tuple[object, ...], list[Evidence]] = field(default_factory=dict, repr=False)

    @property
    def chinese(self) -> bool:
        """Whether to answer in Chinese."""
        return self.question.chinese

    @property
    def within(self) -> list[str] | None:
        """The videos that are looked at: those named, else those of the scope, which may be none; None for all."""
        if self.named:
            return list(self.named)
        return None if self.scope is None else list(self.scope)

    def things(self) -> list[Thing]:
        """The things that the question names, those that models know first; its content words, if it names none."""
        concepts = self.encoders.concepts
        named = [thing for text in self.question.things if (thing := thing_of(text, concepts)).terms]
        words = [thing for term in self.question.terms if (thing := thing_of(term.text, concepts)).recognisable]
        together = " ".join(term.text for term in self.question.terms)
        known = [thing for thing in named if thing.recognisable]
        counted = next((thing.count for text in self.question.things if (thing := thing_of(text, concepts)).count), 0)
        if not known and len(words) == 1:
            colours = thing_of(self.question.text, concepts).colours if self.question.wants != "colour" else ()
            words = [replace(thing, count=counted, colours=thing.colours or colours) for thing in words]
        return (known or words) + [thing for thing in named if not thing.recognisable] or (
            [thing_of(together, concepts)] if together else []
        )

    def not_shown(self, claims: Iterable[Claim]) -> list[Claim]:
        """Those of some claims that cite anything that was not shown before."""
        return [one for one in claims if not self.shown.issuperset(each.evidence_id for each in one.citations)]

    def video(self, video_id: str) -> Video | None:
        """A video by its id."""
        return self.store.catalog.video(video_id)

    def name(self, video_id: str) -> str:
        """Its file name."""
        return file_name(self.store.catalog.display_uri(video_id))

    def lines(self, video_id: str, channels: Sequence[Channel] = CHANNELS) -> list[Evidence]:
        """The lines of a video that say something, by time."""
        return self.telling(self.all_lines(video_id, channels))

    def telling(self, lines: Sequence[Evidence]) -> list[Evidence]:
        """Those of some lines that say something to the question."""
        quoted = may_be_quoted(self.question)
        return [line for line in lines if not is_background(line) and (quoted or not is_order(line))]

    def all_lines(self, video_id: str, channels: Sequence[Channel] = CHANNELS) -> list[Evidence]:
        """The same with the line for its scenery. Read once; only around the place that the conversation is at."""
        key = (video_id, self.moment, *channels)
        if key not in self._read:
            self._read[key] = self._lines_there(video_id, channels)
        return self._read[key]

    def _lines_there(self, video_id: str, channels: Sequence[Channel]) -> list[Evidence]:
        video = self.video(video_id)
        if video is None or (self.moment is not None and self.moment[0] != video_id):
            return []
        since, until = self.moment[1:] if self.moment is not None else (0.0, math.inf)
        start = max(0, math.floor(since / video.time_base) - 1)
        end = max(1, video.duration) if until == math.inf else math.ceil(until / video.time_base) + 1
        lines = self.store.catalog.evidence_during(
            video_id, Span(start, max(start, end), video.time_base), channels, MOST_LINES_READ
        )
        return [line for line in lines if self.at_the_moment(line)]

    def at_the_moment(self, line: Evidence) -> bool:
        """Whether a line lies at the place that the conversation is at; any does if that is at none."""
        if self.moment is None:
            return True
        video_id, since, until = self.moment
        start, end = line.span.seconds
        return line.video_id == video_id and min(end, until) - max(start, since) >= min(TOUCHED, end - start)

    def best_videos(self, most: int = 3) -> list[str]:
        """The videos that are named, else those of the best moments."""
        if self.named:
            return list(self.named)[:most]
        if self.found is None:
            return []
        likely = [moment.video_id for moment in self.found.moments if moment.score >= LEAST_LIKELY]
        return list(dict.fromkeys(likely))[:most] or self.recognised(most)

    def recognised(self, most: int) -> list[str]:
        """Videos in which one of the things was recognised by the very name that models give it."""
        names = sorted({name for thing in self.things() if not thing.person for name in thing.names})
        if not names or len(names) > MOST_NAMES:
            return []
        videos: dict[str, None] = {}
        for name in names:
            hits = self.store.fulltext.search(name, 20, video_ids=self.scope, channels=("object", "picture"))
            lines = self.store.catalog.evidence([hit.evidence_id for hit in hits])
            videos |= {line.video_id: None for line in confident(lines.values()) if line.text.casefold() == name}
        return list(videos)[:most]

    def seen(self, video_id: str, thing: Thing) -> list[Evidence]:
        """The lines of a video that show a thing, certain enough to be named, by time."""
        pictured = self.lines(video_id, ("object", "picture", "caption"))
        second = second_in(self.question.text)
        if second is not None and self.question.intent != "when":
            pictured = [one for one in pictured if one.span.seconds[0] <= second < one.span.seconds[1]]
        return confident([line for line in pictured if thing.shown_by(line)])

    def whole(self, video_id: str) -> Citation | None:
        """A citation of a whole video, for what is known of the file itself; None if nothing is known of it yet."""
        lines = [line for line in self.all_lines(video_id, ("format", "object")) if line.span.start == 0]
        # How stretches of it are made says nothing of the file.
        lines = [line for line in lines if style_of(line.text) is None]
        lines = lines or [line for line in self.all_lines(video_id) if style_of(line.text) is None][:1]
        if not lines:
            return None
        longest = max(lines, key=lambda line: (line.span.end, line.channel == "format"))
        return Citation(longest.evidence_id, video_id, longest.span, longest.channel, "")
