"""Finding proposals: a sample of the library is read, what tags cover is left out, near names are folded in."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agents.evidence import is_background
from agents.tagging.neighbours import NEAR, name_vectors, nearest_of
from agents.tagging.proposals.clusters import clusters
from agents.tagging.proposals.terms import LEAST_VIDEOS, MOST_SHARE, Term, frequent_terms
from agents.words import folded_phrases, is_chinese
from encoders.bundle import Encoders
from encoders.sound_names import SILENCE
from stores.core.records import Evidence, Tag
from stores.core.text_keys import name_key
from stores.library_store import LibraryStore
from stores.tags.vocabulary.naming import clean_name
from stores.tags.vocabulary.proposals import FoundProposal

MOST_VIDEOS = 1_000
"""Videos that are looked through at a time. Source: our choice: what one in a hundred videos has is then found almost
surely (ten of them are expected, three are needed)."""

MOST_LINES = 1_000
"""Lines of one channel of a video that are read."""

MOST_FOUND = 200
"""Proposals made at a time. Source: our choice: more than anybody looks through."""

SURE = 0.5
"""Confidence from which a label counts: it is more likely than not."""

_SPOKEN = ("speech", "screen", "caption")
_SEEN = ("picture", "object", "sound")


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked through: videos, of how many; and what was found."""

    videos: int
    of: int
    found: tuple[FoundProposal, ...]


def find_proposals(
    store: LibraryStore,
    encoders: Encoders,
    tags: Sequence[Tag],
    begin: str = "",
    on_read: Callable[[int, int, str], None] | None = None,
) -> Search:
    """Frequent phrases of speech and screen text, labels and moments that look alike, which no tag covers.

    Args:
        tags: all tags, retired ones, too.
        begin: the id from which on videos are looked through, round the end; ids are in no order that means anything.
        on_read: called with (done, total, what): videos that are read, then names that are encoded.
    """
    of = store.catalog.count()
    videos = store.proposals.sample(MOST_VIDEOS, begin)
    spoken: list[list[Evidence]] = []
    seen: dict[str, list[Evidence]] = {}
    for number, video_id in enumerate(videos):
        if on_read is not None:
            on_read(number, len(videos), "reading videos")
        lines = store.catalog.evidence_of(video_id)
        spoken.append([line for name in _SPOKEN for line in [one for one in lines if one.channel == name][:MOST_LINES]])
        labels = [line for line in lines if line.channel in _SEEN and line.confidence >= SURE]
        seen[video_id] = [line for line in labels if line.text != SILENCE and not is_background(line)]
    terms = frequent_terms(spoken, len(videos)) + _labels(seen, len(videos))
    pictures = {video_id: [one for one in some if one.channel == "picture"] for video_id, some in seen.items()}
    covered = store.proposals.cited(videos)
    terms += [
        _term(cluster.name, "cluster", cluster.videos.values())
        for cluster in clusters(store, encoders, pictures, covered)
    ]
    known = _keys([name for tag in tags for name in (tag.name, *tag.aliases)]) | store.proposals.decided()
    best: dict[str, FoundProposal] = {}
    for term in sorted(terms, key=lambda one: (-len(one.videos), one.source == "cluster", one.key)):
        name = clean_name(term.name)
        key = name_key(name)
        if not key or key in known or term.key in known or key in best or _keys([name]) & known:
            continue
        proofs = [(line.video_id, line.evidence_id, clean_name(line.text)) for line in term.videos.values()]
        score = _score(len(term.videos), len(videos), term.key)
        best[key] = FoundProposal(name, term.source, term.language, score, tuple(proofs))
    chosen = sorted(best.values(), key=lambda one: (-one.score, one.name))[:MOST_FOUND]
    return Search(len(videos), of, tuple(_folded(chosen, store, encoders, tags, on_read)))


def _folded(
    found: Sequence[FoundProposal],
    store: LibraryStore,
    encoders: Encoders,
    tags: Sequence[Tag],
    on_read: Callable[[int, int, str], None] | None,
) -> list[FoundProposal]:
    """Proposals that mean nearly the same as a tag become aliases of it."""
    if not found or not tags:
        return list(found)

    def on_encoded(done: int, of: int) -> None:
        if on_read is not None:
            on_read(done, of, "encoding new tags")

    others = name_vectors([tag.name for tag in tags], encoders, store.tag_vectors, on_encoded)
    vectors = encoders.text.encode_queries([one.name for one in found])
    places, cosines = nearest_of(vectors, others)
    folded = []
    for one, place, near in zip(found, places.tolist(), cosines.tolist(), strict=True):
        tag = tags[place]
        folded.append(one.as_alias(tag.tag_id, round(near, 4)) if near > NEAR else one)
    return folded


def _labels(seen: dict[str, list[Evidence]], videos: int) -> list[Term]:
    """What pictures, objects and sounds were recognised as, as phrases."""
    by_name: defaultdict[str, list[Evidence]] = defaultdict(list)
    for some in seen.values():
        for line in some:
            by_name[line.text].append(line)
    most = max(LEAST_VIDEOS, MOST_SHARE * videos)
    made = (_term(name, lines[0].channel, lines) for name, lines in by_name.items())
    return [term for term in made if LEAST_VIDEOS <= len(term.videos) <= most]


def _term(name: str, source: str, lines: Iterable[Evidence]) -> Term:
    term = Term(name_key(name), "zh" if is_chinese(name) else "en", source)
    term.written[name] += 1
    for line in lines:
        term.videos.setdefault(line.video_id, line)
    return term


def _keys(names: Sequence[str]) -> set[str]:
    return {key for _, key in folded_phrases(names)} | {name_key(name) for name in names}


def _score(videos: int, of: int, key: str) -> float:
    """How much a phrase is worth: its videos, weighed by how well it tells them apart (inverse document frequency), and
    longer ones a little more (C-value's logarithm of the length)."""
    length = len(key) / 2 if is_chinese(key) else len(key.split())
    return round(videos * math.log(1 + of / videos) * math.log2(1 + length), 4)
