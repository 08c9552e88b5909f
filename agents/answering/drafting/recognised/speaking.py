"""Claims about who says something, and what one of several speakers says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.answering.drafting.recognised.while_seen import said_while_seen
from agents.questions.speaking import AsksWhat, AsksWho, asks_about_speakers
from agents.words import content_terms, coverage
from stores.core.records import Evidence, Utterance
from stores.core.text_keys import search_key
from stores.library_store import LibraryStore
from stores.listing.speakers import Said, VideoSpeakers, speakers_of
from stores.people.seen import newest_first, videos_with_faces, videos_with_people

MOST_LINES = 6
"""Lines told of one speaker, the longest ones of each video, in order. Ours: what is read in a glance."""

MOST_VIDEOS = 3
"""Videos that somebody's lines are told of; of more it is said how many there are."""

MOST_READ = 100_000
"""Videos with somebody's face of which the newest are chosen. Ours: their ids alone are read."""

MOST_LOOKED = 40
"""Videos that are looked at for somebody's voice, the newest; all in which they speak are cited. Ours."""

_WORDS = r"[^\W_]+"

_ENOUGH = 0.75
"""Share of the asked words that a line must say. Ours: a word in four may have been misheard."""


def draft_speaking(material: Material) -> list[Claim]:
    """The lines of the speaker that is asked about, in all videos where they are heard, or who says the line that is
    asked about; nothing where the voice is not known, or nobody by that name, number or sex speaks. Where no voice of a
    woman (or man) is known, what is said while one is alone in the picture. A number is one of a single video."""
    asked = asks_about_speakers(material.question.text)
    if isinstance(asked, AsksWho):
        return material.not_shown(_who(material, asked))
    if isinstance(asked, AsksWhat):
        return material.not_shown(_what(material, asked))
    return []


def names_a_speaker(text: str, store: LibraryStore, scope: Sequence[str] | None) -> bool:
    """Whether a question is about what somebody says who can be looked for: by a name that is known, or woman or man.

    Args:
        scope: the videos that may be looked at; None for all.
    """
    asked = asks_about_speakers(text)
    return isinstance(asked, AsksWhat) and bool(asked.sex or (asked.name and _seen(store, asked, scope)))


def of_unknown_voice(text: str, store: LibraryStore, scope: Sequence[str] | None) -> str:
    """The name in a question about what somebody says who is seen, but none of whose voices is known; else ""."""
    asked = asks_about_speakers(text)
    if not isinstance(asked, AsksWhat) or not asked.name:
        return ""
    seen = _seen(store, asked, scope)
    if not seen or len(seen) > MOST_LOOKED or any(_meant(speakers_of(store, one), asked) for one in seen):
        return ""
    return asked.name


def _seen(store: LibraryStore, asked: AsksWhat, scope: Sequence[str] | None) -> list[str]:
    """Those of some videos in which the face is seen of the question is about."""
    if asked.sex:
        found = videos_with_faces(store.engine, asked.sex, MOST_READ)
    else:
        found = videos_with_people(store.engine, [asked.name], MOST_READ)
    within = None if scope is None else frozenset(scope)
    return found if within is None else [one for one in found if one in within]


def _what(material: Material, asked: AsksWhat) -> list[Claim]:
    if asked.number is not None:
        those = ((one, speakers_of(material.store, one)) for one in _videos(material, ""))
        return next(filter(None, (_told(material, asked, *one) for one in those)), [])
    there = _with_them(material, asked)
    speakers = {one: speakers_of(material.store, one) for one in there[:MOST_LOOKED]}
    found = [claims for one in speakers.items() if (claims := _told(material, asked, *one))]
    if not found and asked.sex:
        seen = (said_while_seen(material, one, asked.sex, some, MOST_LINES) for one, some in speakers.items())
        found = [claims for claims in seen if claims]
    if len(found) < 2:
        return [claim for claims in found for claim in claims]
    first = found[:MOST_VIDEOS]
    chosen = [claim for claims in first for claim in _longest(claims, MOST_LINES // len(first))]
    of_videos = [replace(one, text=f"{material.name(one.citations[0].video_id)}: {one.text}") for one in chosen]
    more = len(there) > MOST_LOOKED
    return of_videos if len(first) == len(found) and not more else [_how_many(material, found, more), *of_videos]


def _how_many(material: Material, found: Sequence[Sequence[Claim]], more: bool) -> Claim:
    """In how many videos somebody speaks, and in which; ``more``: there are others, which were not looked at."""
    cited = tuple(claims[0].citations[0] for claims in found)
    names = ", ".join(material.name(one.video_id) for one in cited)
    count = str(len(cited))
    if material.chinese:
        text = f"{'至少' if more else ''}{count}个视频：{names}"
    else:
        text = f"{'At least ' if more else ''}{count} videos: {names}"
    return Claim(text, cited, "computed", value=count)


def _told(material: Material, asked: AsksWhat, video_id: str, speakers: VideoSpeakers) -> list[Claim]:
    """What they say in one video, the longest lines."""
    numbers = _meant(speakers, asked)
    if not numbers:
        return []
    lines = [each for each in _lines(material, video_id, speakers) if each[0].speaker in numbers]
    return _longest([_claim(material, speakers, *each) for each in lines], MOST_LINES)


def _longest(claims: Sequence[Claim], most: int) -> list[Claim]:
    kept = {id(one) for one in sorted(claims, key=lambda one: -len(one.text))[:most]}
    return [one for one in claims if id(one) in kept]


def _with_them(material: Material, asked: AsksWhat) -> list[str]:
    """Videos in which somebody is seen who is asked about, the newest first."""
    if material.named:
        return list(material.named)
    return newest_first(material.store.engine, _seen(material.store, asked, material.scope))


def _who(material: Material, asked: AsksWho) -> list[Claim]:
    terms = content_terms(asked.what, material.encoders.concepts.vocabulary)
    best: tuple[float, Claim] | None = None
    for video_id in _videos(material, asked.what):
        speakers = speakers_of(material.store, video_id)
        for said, line in _lines(material, video_id, speakers):
            exact = _plain(asked.what) in _plain(said.text)
            share = 1.0 + exact if exact else coverage(terms, said.text) if terms else 0.0
            if share >= _ENOUGH and (best is None or share > best[0]):
                best = share, _claim(material, speakers, said, line)
    return [best[1]] if best else []


def _meant(speakers: VideoSpeakers, asked: AsksWhat) -> set[int]:
    there = {turn.speaker for turn in speakers.turns}
    if asked.number is not None:
        return there & {asked.number}
    if asked.sex:
        return {number for number, sex in speakers.sexes.items() if sex == asked.sex}
    wanted = search_key(asked.name)
    return {number for number in speakers.names if wanted in map(search_key, speakers.all_names(number))}


def _lines(material: Material, video_id: str, speakers: VideoSpeakers) -> Iterator[tuple[Said, Evidence]]:
    """What each known speaker says, line by line, with the line it is part of."""
    if not speakers.turns:
        return
    spoken = {line.evidence_id: line for line in material.lines(video_id, ("speech",))}
    for record in material.store.catalog.records(video_id, "speech"):
        if isinstance(record, Utterance) and record.evidence_id in spoken:
            for said in speakers.said(record):
                if said.speaker is not None:
                    yield said, spoken[record.evidence_id]


def _plain(text: str) -> str:
    """The words of a text alone, with a space on either side."""
    return f" {' '.join(re.findall(_WORDS, search_key(text)))} "


def _claim(material: Material, speakers: VideoSpeakers, said: Said, line: Evidence) -> Claim:
    face = _face(material, speakers.names.get(said.speaker or 0, ""), said, line.video_id)
    # What a claim says must be found again in what it cites: the name in a face, else the number in a turn, in English.
    name = face.text if face is not None else f"Speaker {said.speaker}"
    text = f"{name}：“{said.text}”" if material.chinese else f"{name}: “{said.text}”"
    turns = [
        turn
        for turn in material.all_lines(line.video_id, ("speaker",))
        if turn.span.overlap(said.span) and turn.text == f"speaker {said.speaker}"
    ]
    return Claim(text, (cite(line), *map(cite, turns[:1]), *([cite(face)] if face is not None else [])), "quote")


def _face(material: Material, name: str, said: Said, video_id: str) -> Evidence | None:
    """Where the one who says something is seen: at that time, or as near to it as there is."""
    faces = [one for one in material.all_lines(video_id, ("face",)) if name and one.text == name]
    start = said.span.seconds[0]
    return min(faces, key=lambda one: (not one.span.overlap(said.span), abs(one.span.seconds[0] - start)), default=None)


def _videos(material: Material, what: str) -> list[str]:
    if material.named:
        return list(material.named)
    hits = material.store.fulltext.search(what, 40, video_ids=material.scope, channels=("speech",)) if what else []
    return list(dict.fromkeys([*(hit.video_id for hit in hits), *material.best_videos(MOST_VIDEOS)]))[:6]
