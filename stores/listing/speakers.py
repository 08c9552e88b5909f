"""Who said what: the lines of a transcript, by the turns of speakers that they were said in."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stores.core.records import FaceTrack, Span, SpeakerTurn, Utterance, Word
from stores.listing.voice_faces import voice_faces

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

_NEAR = 0.5  # seconds by which times of words are off at most (Whisper's own steps are 0.02 s): ours
_WORD = 0.6  # seconds of a word that count: longer ones are rare. Ours
_SLIP = 0.35  # seconds: what is shorter is no turn but a time that is a little off. Ours: half a short word and a pause


@dataclass(frozen=True, slots=True)
class Said:
    """A line, or the part of it that one voice said; ``speaker``: its number, None if that is not known."""

    speaker: int | None
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class VideoSpeakers:
    """The turns of one video, in order of time.

    Attributes:
        names: of those speakers whose voice goes with the face of a person who has one, by number.
        also: the further names of these, such as in another script.
        sexes: ``man`` or ``woman``, of those whose voice goes with a face of which that is sure. It is told by the face
            alone, never by the pitch of a voice.
    """

    turns: tuple[SpeakerTurn, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    sexes: Mapping[int, str] = field(default_factory=dict)
    also: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def all_names(self, speaker: int) -> tuple[str, ...]:
        """Every name of a speaker; none where nobody knows who it is."""
        return (self.names[speaker], *self.also.get(speaker, ())) if speaker in self.names else ()

    def name(self, speaker: int | None, chinese: bool = False) -> str:
        """What a speaker is called: by name, else ``Speaker 2`` or ``说话人2``; "" if it is not known who it is."""
        if speaker is None:
            return ""
        return self.names.get(speaker) or (f"说话人{speaker}" if chinese else f"Speaker {speaker}")

    def said(self, line: Utterance, corrected: bool = False) -> tuple[Said, ...]:
        """A line by who says it: one part, or several if it changes hands. What a person ``corrected`` stays whole."""
        parts = said_by(line, self.turns)
        if corrected and len(parts) > 1:
            longest = max(parts, key=lambda part: part.span.end - part.span.start)
            return (Said(longest.speaker, line.span, line.text),)
        return parts

    def of(self, line: Utterance) -> str:
        """The names of all who say a line, in order, with commas between them; "" if none is known."""
        names = [self.name(part.speaker) for part in self.said(line) if part.speaker is not None]
        return ", ".join(dict.fromkeys(names))


def speakers_of(store: LibraryStore, video_id: str) -> VideoSpeakers:
    """Who speaks in a video; without turns if nobody does, or that was not looked for.

    Which voice goes with which face is found each time: a person who is named, merged or forgotten is at once so
    here.
    """
    found = store.catalog.records(video_id, "speakers")
    turns = tuple(one for one in found if isinstance(one, SpeakerTurn))
    tracks = [one for one in store.catalog.records(video_id, "faces") if isinstance(one, FaceTrack)] if turns else []
    if not tracks:
        return VideoSpeakers(turns)
    people = {face.evidence_id: person for person, faces in store.people.of_video(video_id) for face in faces}
    named = {person.person_id: person for person in people.values() if person.name}
    by_face: dict[Hashable, list[FaceTrack]] = {}
    for track in tracks:
        person = people.get(track.evidence_id)
        by_face.setdefault(person.person_id if person else track.evidence_id, []).append(track)
    pairs = voice_faces(turns, by_face)
    return VideoSpeakers(
        turns,
        {pair.speaker: named[str(pair.face)].name for pair in pairs if pair.face in named},
        {pair.speaker: pair.sex for pair in pairs if pair.sex},
        {pair.speaker: named[str(pair.face)].also for pair in pairs if pair.face in named},
    )


def said_by(line: Utterance, turns: Sequence[SpeakerTurn]) -> tuple[Said, ...]:
    """A line by who says it, in order; one part without a speaker where no turn is near.

    Each word belongs to the voice that speaks during half of it or more; a word that none does belongs with the word
    before it, the first ones with those after them.
    """
    near = [turn for turn in turns if _apart(turn.span, line.span) <= _NEAR]
    if not near:
        return (Said(None, line.span, line.text),)
    if len({turn.speaker for turn in near}) == 1 or not line.words:
        return (Said(_speaker(line.span, near), line.span, line.text),)
    runs: list[tuple[int, list[Word]]] = []
    for word, speaker in zip(line.words, _speakers(line, near), strict=True):
        if runs and runs[-1][0] == speaker:
            runs[-1][1].append(word)
        else:
            runs.append((speaker, [word]))
    runs = _without_slips(runs)
    if len(runs) == 1:
        return (Said(runs[0][0], line.span, line.text),)
    texts = _texts(line.text, [words for _, words in runs])
    return tuple(
        Said(speaker, Span(_spoken(words[0].span).start, words[-1].span.end, line.span.time_base), text)
        for (speaker, words), text in zip(runs, texts, strict=True)
    )


def _speakers(line: Utterance, turns: Sequence[SpeakerTurn]) -> list[int]:
    """Who says each word."""
    owners: list[int | None] = []
    for word in line.words:
        span = _spoken(word.span)
        shares = _overlaps(span, turns)
        best = max(shares, key=lambda speaker: shares[speaker], default=None)
        owners.append(best if best is not None and 2 * shares[best] >= span.end - span.start else None)
    last = next((owner for owner in owners if owner is not None), None)
    if last is None:
        return [_speaker(line.span, turns)] * len(owners)
    filled: list[int] = []
    for owner in owners:
        last = last if owner is None else owner
        filled.append(last)
    return filled


def _overlaps(span: Span, turns: Sequence[SpeakerTurn]) -> dict[int, int]:
    """Ticks of a span during which each of the voices that speak in it does."""
    found: dict[int, int] = {}
    for turn in turns:
        common = min(turn.span.end, span.end) - max(turn.span.start, span.start)
        if common > 0:
            found[turn.speaker] = found.get(turn.speaker, 0) + common
    return found


def _speaker(span: Span, turns: Sequence[SpeakerTurn]) -> int:
    """Who speaks most of a span, or speaks nearest to it."""
    overlaps = _overlaps(span, turns)
    if overlaps:
        return max(overlaps, key=lambda speaker: overlaps[speaker])
    nearest = min(turns, key=lambda turn: _apart(turn.span, span))
    return nearest.speaker


def _apart(one: Span, other: Span) -> float:
    """Seconds between two spans; 0 if they touch."""
    return max(0.0, float((max(one.start, other.start) - min(one.end, other.end)) * one.time_base))


def _without_slips(runs: list[tuple[int, list[Word]]]) -> list[tuple[int, list[Word]]]:
    """The runs, with those that are too short to be said given to the longer neighbour, the shortest first."""
    while len(runs) > 1:
        lengths = [_seconds(words) for _, words in runs]
        least = min(range(len(runs)), key=lambda number: lengths[number])
        if lengths[least] >= _SLIP:
            break
        beside = [number for number in (least - 1, least + 1) if 0 <= number < len(runs)]
        to = max(beside, key=lambda number: lengths[number])
        runs = _joined(
            (runs[to][0] if number == least else speaker, words) for number, (speaker, words) in enumerate(runs)
        )
    return runs


def _joined(runs: Iterable[tuple[int, list[Word]]]) -> list[tuple[int, list[Word]]]:
    joined: list[tuple[int, list[Word]]] = []
    for speaker, words in runs:
        if joined and joined[-1][0] == speaker:
            joined[-1] = (speaker, [*joined[-1][1], *words])
        else:
            joined.append((speaker, list(words)))
    return joined


def _seconds(words: Sequence[Word]) -> float:
    return float((words[-1].span.end - words[0].span.start) * words[0].span.time_base)


def _spoken(span: Span) -> Span:
    """The end of a word's time: a recogniser lets the first word after a pause begin in the pause."""
    most = max(1, round(_WORD / span.time_base))
    return Span(max(span.start, span.end - most), span.end, span.time_base)


def _texts(text: str, runs: Sequence[Sequence[Word]]) -> list[str]:
    """The text of a line in pieces that begin where the first words of the runs do, as it is written."""
    places, at = [], 0
    for words in runs:
        found = text.find(words[0].text, at)
        if found < 0:
            return [" ".join(word.text for word in some) for some in runs]
        places.append(found)
        at = found
        for word in words:
            at = max(at, text.find(word.text, at)) + len(word.text)
    places[0] = 0
    return [text[a:b].strip() for a, b in zip(places, [*places[1:], len(text)], strict=True)]
