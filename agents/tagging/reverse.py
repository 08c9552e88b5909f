"""From a tag to the videos that it may fit, through the indexes: none of the others is looked at."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agents.tagging.phrases import Phrases
from agents.tagging.recall.faces import CROWDS, FACES, FRAMED, NAMED, PERSON, WORDS
from agents.tagging.recall.lines import SPOKEN
from agents.tagging.recall.objects import NAMED_GAIN
from agents.tagging.recall.pictures import PICTURE_CENTRE, PICTURE_STEEPNESS
from agents.tagging.recall.sounds import share_of_each
from agents.tagging.recall.texts import ABOUT
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from encoders.situations.activities import things_done_with
from encoders.situations.places import things_met_in
from encoders.sound_names import all_names, goes_with, sound_names
from encoders.spaces import collections
from encoders.styles.names import style_names, style_of
from stores.library_store import LibraryStore
from stores.people.seen import videos_with_faces, videos_with_people
from stores.tags.recall.saving import videos_decided
from stores.tags.recall.seen import any_shown, best_shown, videos_heard, videos_styled

LINES = 1_000
"""Lines in which a name of a tag is looked for, the best by full text."""

NEAREST = 300
"""Pictures, and lines, that are near to a tag. Source: as many as search takes (`agents.search.finder.RECALL`)."""

FIRST_LOOK = 0.15
"""What the indexes must promise of a video for it to be looked at: half of what a tag is kept from for a person
(`agents.tagging.rank.ABSTAIN`), since several sources that are not asked here may speak for it, too."""

LINE_GAIN = 2.0 * ABOUT
"""What a near line promises: twice what it is worth, since other sources mostly speak for such a video, too. Ours."""

_OF_PEOPLE = frozenset((*CROWDS, *(word for words in WORDS.values() for word in words)))
_OF_FACES = _OF_PEOPLE | {word for words in FRAMED.values() for word in words}

MOST_VIDEOS = 500
"""Videos that one tag is decided for, the most promising ones; those that had it are added."""


@dataclass(frozen=True, slots=True)
class _Asked:
    store: LibraryStore
    encoders: Encoders
    tags: TagVectors
    promise: defaultdict[str, float]  # of a video: the doubt that is left

    def raise_to(self, video_id: str, probability: float) -> None:
        """One more source speaks for a video."""
        self.promise[video_id] *= 1.0 - min(max(probability, 0.0), 0.99)


def videos_for(store: LibraryStore, encoders: Encoders, tags: TagVectors, tag_id: str) -> list[str]:
    """The videos that a tag may fit, the most promising first, and those that it was decided for before.

    Found by full text (what is said, written, heard, recognised, known of faces and speakers), by vectors of pictures
    and lines, by concepts, products and searches.
    """
    number = next(n for n, tag in enumerate(tags.tags) if tag.tag_id == tag_id)
    asked = _Asked(store, encoders, tags, defaultdict(lambda: 1.0))
    names = [name for name in (tags.tags[number].name, *tags.tags[number].aliases) if len(name) > 1]
    _by_words(asked, names)
    _by_things(asked, number)
    _by_facts(asked, names)
    _by_pictures(asked, number)
    _by_lines(asked, number)
    for video_id in (*store.products.videos_naming(names, MOST_VIDEOS), *store.clicks.videos_for(names, MOST_VIDEOS)):
        asked.raise_to(video_id, SPOKEN)
    likely = [one for one, doubt in asked.promise.items() if 1.0 - doubt >= FIRST_LOOK]
    likely = sorted(likely, key=lambda one: (asked.promise[one], one))[:MOST_VIDEOS]
    return list(dict.fromkeys((*likely, *videos_decided(store.engine, [tag_id]))))


def _by_words(asked: _Asked, names: Sequence[str]) -> None:
    phrases = Phrases(enumerate(names))
    hits: dict[str, str] = {}
    for name in names:
        hits.update((hit.evidence_id, hit.video_id) for hit in asked.store.fulltext.search(name, LINES))
    for line in asked.store.catalog.evidence(hits).values():
        if phrases.said_in(line.search_text) and not (line.channel == "format" and style_of(line.text)):
            asked.raise_to(line.video_id, SPOKEN * line.confidence)


def _by_things(asked: _Asked, number: int) -> None:
    strengths = {
        concept: strength for concept, tags in asked.tags.by_concept.items() for tag, strength in tags if tag == number
    }
    for video_id, concept, worth in best_shown(asked.store.engine, list(strengths), MOST_VIDEOS):
        asked.raise_to(video_id, NAMED_GAIN * strengths[concept] * worth)
    names = (asked.tags.tags[number].name, *asked.tags.tags[number].aliases)
    space = asked.encoders.concepts
    around = {*things_met_in(space, names), *things_done_with(space, names)}
    for video_id, worth in any_shown(asked.store.engine, sorted(around), MOST_VIDEOS):
        asked.raise_to(video_id, SPOKEN * worth)


def _by_facts(asked: _Asked, names: Sequence[str]) -> None:
    """What is heard, and who is seen."""
    engine, said = asked.store.engine, {name.casefold().strip() for name in names}
    for sound in sound_names():
        if said & {*all_names(sound), *goes_with(sound)}:
            share = 1.0 if said & set(all_names(sound)) else share_of_each(sound)
            for video_id, sure in videos_heard(engine, sound, MOST_VIDEOS):
                asked.raise_to(video_id, share * sure)
    for style, shares in style_names().items():
        fits = max([shares[name] for name in said & shares.keys()], default=0.0)
        for video_id, sure in videos_styled(engine, style, MOST_VIDEOS) if fits else ():
            asked.raise_to(video_id, fits * sure)
    for face, words in WORDS.items():
        if said & set(words):
            for video_id in videos_with_faces(engine, face, MOST_VIDEOS):
                asked.raise_to(video_id, NAMED)
    if said & _OF_PEOPLE:
        # How many people are seen at once, and how surely, is seen where it is decided.
        for video_id, sure in any_shown(engine, [PERSON], MOST_VIDEOS):
            asked.raise_to(video_id, SPOKEN * sure)
    if said & _OF_FACES:
        for video_id in {one for face in FACES for one in videos_with_faces(engine, face, MOST_VIDEOS)}:
            asked.raise_to(video_id, SPOKEN)
    for video_id in videos_with_people(engine, names, MOST_VIDEOS):
        asked.raise_to(video_id, NAMED)


def _by_pictures(asked: _Asked, number: int) -> None:
    tags, encoders = asked.tags, asked.encoders
    hits = asked.store.vectors.query(collections(encoders).picture, tags.vectors[number], NEAREST)
    for hit in {hit.video_id: hit for hit in reversed(hits)}.values():  # the best of each video
        if tags.scales is None:
            z = PICTURE_CENTRE  # the picture has the scale: looked at
        else:
            z = (hit.similarity - float(tags.scales[0][number])) / max(float(tags.scales[1][number]), 1e-6)
        asked.raise_to(hit.video_id, 1.0 / (1.0 + math.exp(-PICTURE_STEEPNESS * (z - PICTURE_CENTRE))))


def _by_lines(asked: _Asked, number: int) -> None:
    tags, encoders = asked.tags, asked.encoders
    hits = asked.store.vectors.query(collections(encoders).text, tags.texts[number], NEAREST)
    mean, deviation = float(tags.text_scales[0][number]), max(float(tags.text_scales[1][number]), 1e-6)
    for hit in {hit.video_id: hit for hit in reversed(hits)}.values():
        z = (hit.similarity - mean) / deviation
        # Its worth is seen in full where it is decided; here only what stands out is followed.
        asked.raise_to(hit.video_id, LINE_GAIN / (1.0 + math.exp(-PICTURE_STEEPNESS * (z - PICTURE_CENTRE))))
