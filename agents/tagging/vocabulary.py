"""The tag library prepared for recall: everything is looked up by what a video has, not tag by tag."""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agents.search.scoring import query_scales
from agents.tagging.looks import Others
from agents.tagging.nearest import NearestTags
from agents.tagging.phrases import Names, Phrases
from agents.tagging.usual import SAMPLED, Usual
from encoders.bundle import Encoders
from encoders.concepts import CONTEXT, ConceptSpace
from encoders.situations.activities import activities
from encoders.spaces import collections
from encoders.types import TextEncoder, Vectors
from stores.core.collecting import collected_later
from stores.core.records import Tag
from stores.library_store import LibraryStore
from stores.tags.recall.accepted import Companies
from stores.tags.vectors import KeptTagVectors, text_key

OnEncoded = Callable[[int, int], None]
"""Called with the number of encoded tag texts, and their total."""

TIED = CONTEXT / 2
"""Strength above which a situation is tied to a kind of things: more than half of what names it is of one kind. A
drummer is told by a drum. What goes with things of many kinds (an interview: desks, suits, microphones) is told by none
of them."""

_CHUNK = 256
"""Texts that are kept together."""

_SCALE = 2
"""Columns beside a vector: mean and standard deviation of its scale (`agents.search.scoring`)."""


class TagVectors:
    """Tags indexed by pictures, concepts and lines; made once for all videos.

    Args:
        tags: those that may be recalled.
        kept: persistent vectors; without them all are computed now.
        on_encoded: called while texts are encoded; not called if all are known.

    Attributes:
        tags: as given; everywhere here a tag is the number of its place in them.
        vectors: (t, d) in the space of pictures.
        scales: mean and standard deviation, both (t,), of each vector's cosines to all concepts; None where the
            picture has the scale (`agents.search.pictures`).
        texts: (t, d) in the space of texts, and ``text_scales`` as above; the same where pictures lie in that space.
        nearest_texts: finds the tags near to vectors of texts; nearest_pictures: and of pictures, where each tag has
            its scale.
        companies: which tags go together in the library, once it was asked.
        expected: how many videos will be asked about.
        phrases: names and aliases, as lines say them.
        by_concept: concept to the tags that name it, each with how surely: 1.0 for a name, 0.9 for a broader noun, at
            most 0.5 for a situation, the less the more kinds of things it goes with (`TIED`).
        most_surely: of each tag that names some concept, the highest of these.
        by_fact: name as a measured fact has it to the tags.
        by_activity: number in `encoders.situations.activities.activities` to the tags that name it, if there are any.
        of_activities: all of these tags.
        facets: (t,) the number of each tag's facet.
        ids: of all tags.
    """

    def __init__(
        self,
        tags: Sequence[Tag],
        encoders: Encoders,
        kept: KeptTagVectors | None = None,
        on_encoded: OnEncoded | None = None,
    ) -> None:
        self.tags = tuple(tags)
        self.ids = frozenset(tag.tag_id for tag in self.tags)
        self.vectors, scales = _vectors(self.tags, encoders, kept, on_encoded)
        self.scales = None if encoders.zero_shot else scales
        self.texts, self.text_scales = self.vectors, scales
        if encoders.zero_shot is not None:
            self.texts, self.text_scales = _vectors(self.tags, encoders, kept, on_encoded, "text")
        self._usual: Usual | None = None
        self._lock = threading.Lock()
        self.companies: Companies | None = None
        self.expected = 1
        self._others: Others | None = None
        self.nearest_texts = NearestTags(self.texts, *self.text_scales)
        self.nearest_pictures = self.nearest_texts if encoders.zero_shot is None else None
        with collected_later():
            self._named(encoders.concepts)
        numbers: dict[str, int] = {}
        self.facets = np.array([numbers.setdefault(tag.facet, len(numbers)) for tag in self.tags], np.int64)

    def _named(self, space: ConceptSpace) -> None:
        names = [(number, name) for number, tag in enumerate(self.tags) for name in (tag.name, *tag.aliases)]
        self.phrases = Phrases(names)
        self.by_concept = _by_concept(names, space)
        self.most_surely: dict[int, float] = {}
        for tags_of_one in self.by_concept.values():
            for number, strength in tags_of_one:
                self.most_surely[number] = max(strength, self.most_surely.get(number, 0.0))
        self.by_fact = Names()
        for number, name in names:
            self.by_fact.add(name.casefold().strip(), number)
        named = (dict.fromkeys(tag for name in one.names for tag in self.by_fact.get(name)) for one in activities())
        self.by_activity = {number: tuple(tags) for number, tags in enumerate(named) if tags}
        self.of_activities = frozenset(tag for tags in self.by_activity.values() for tag in tags)

    def usual_of(self, store: LibraryStore, encoders: Encoders) -> Usual:
        """What the library's lines are usually like for these tags, read when it is first asked."""
        with self._lock:
            if self._usual is None:
                sample = store.vectors.sample(collections(encoders).text, SAMPLED)
                self._usual = Usual(sample, self.texts, self.text_scales)
            return self._usual

    def others_in(self, store: LibraryStore) -> Others:
        """Other videos of the library, as long as these tags are used."""
        with self._lock:
            if self._others is None:
                self._others = Others(store)
            self._others.expected = self.expected
            return self._others

    def only(self, number: int, encoders: Encoders) -> TagVectors:
        """A library of one of these tags, whose number is 0 then, for sources that look at each tag by itself. What
        compares tags with each other (``nearest_…``, `usual_of`) has to be asked here."""
        one = copy(self)
        one.tags, some = (self.tags[number],), slice(number, number + 1)
        one.ids = frozenset({self.tags[number].tag_id})
        one.vectors, one.texts, one.facets = self.vectors[some], self.texts[some], self.facets[some]
        one.scales = None if self.scales is None else (self.scales[0][some], self.scales[1][some])
        one.text_scales = self.text_scales[0][some], self.text_scales[1][some]
        one._named(encoders.concepts)
        return one


def _vectors(
    tags: Sequence[Tag],
    encoders: Encoders,
    kept: KeptTagVectors | None,
    on_encoded: OnEncoded | None,
    task: Literal["image_text", "text"] = "image_text",
) -> tuple[Vectors, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The vectors of all tags and their scales; only what is not kept is encoded, some at a time, and kept.

    An interruption takes effect between two batches, and nothing encoded before it is lost.
    """
    texts = texts_of(tags)
    keys = [text_key(text) for text in texts]
    # Tags may share a text: its numbers are made once, in the row of the first of them.
    places: dict[bytes, int] = {}
    firsts = np.array([places.setdefault(key, row) for row, key in enumerate(keys)])
    model = encoders.image_text if task == "image_text" else encoders.text
    scaled = encoders.concepts if task == "text" or encoders.zero_shot is None else None
    space, width = space_of(encoders, task), model.dim
    numbers = np.zeros((len(keys), width + _SCALE), np.float32)
    known = kept.load(space, places, numbers) if kept else np.zeros(len(keys), np.bool_)
    others = np.flatnonzero(firsts != np.arange(len(keys)))
    known[others] = True
    missing = np.flatnonzero(~known)
    batch = getattr(model, "query_batch", 32)
    saved = done = 0
    try:
        for start in range(0, len(missing), batch):
            if on_encoded is not None:
                on_encoded(start, len(missing))
            rows = missing[start : start + batch]
            numbers[rows] = _encoded([texts[row] for row in rows], model, scaled)
            done = start + len(rows)
            if kept and done - saved >= _CHUNK:
                _keep(kept, space, keys, numbers, missing[saved:done])
                saved = done
    finally:
        if kept and done > saved:
            _keep(kept, space, keys, numbers, missing[saved:done])
    if on_encoded is not None and len(missing):
        on_encoded(len(missing), len(missing))
    if kept and len(missing):
        kept.prune(space, places.keys())
    numbers[others] = numbers[firsts[others]]
    return numbers[:, :width], (numbers[:, width].copy(), numbers[:, width + 1].copy())


def _keep(kept: KeptTagVectors, space: str, names: Sequence[bytes], numbers: Vectors, rows: NDArray[np.int64]) -> None:
    kept.save(space, [names[row] for row in rows], numbers[rows])


def _encoded(texts: Sequence[str], model: TextEncoder, scaled: ConceptSpace | None) -> Vectors:
    vectors = model.encode_queries(texts)
    scales = np.zeros((len(texts), _SCALE), np.float32)
    if scaled is not None:
        scales[:] = [(scale.mean, scale.deviation) for scale in query_scales(vectors, scaled)]
    return np.hstack([vectors, scales])


def texts_of(tags: Sequence[Tag]) -> list[str]:
    """What is encoded of each tag."""
    return [" ".join((tag.name, *tag.aliases)) for tag in tags]


def space_of(encoders: Encoders, task: str = "image_text") -> str:
    """Names all that the numbers depend on; what belongs to another model or other concepts is left alone."""
    return f"{encoders.revision(task)}+{encoders.revision('concepts')}"


def _by_concept(names: Sequence[tuple[int, str]], space: ConceptSpace) -> dict[str, list[tuple[int, float]]]:
    of_tags: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for number, name in names:
        for concept, strength in space.matching(name).items():
            known = of_tags[number]
            known[concept] = max(strength, known.get(concept, 0.0))
    found: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, named in of_tags.items():
        around = [concept for concept, strength in named.items() if strength <= CONTEXT]
        loosened = 1.0 / _kinds(space, around) if around else 1.0
        for concept, strength in named.items():
            found[concept].append((number, strength * loosened if strength <= CONTEXT else strength))
    return dict(found)


def _kinds(space: ConceptSpace, concepts: Iterable[str]) -> float:
    """Of how many kinds some things are: the perplexity of their most general nouns, 1 if all are of one kind.

    Source: the effective number of types, Hill 1973, Ecology 54(2), order 1.
    """
    counts = Counter(kind_of(space, concept) for concept in concepts)
    total = counts.total()
    return math.exp(-sum(count / total * math.log(count / total) for count in counts.values()))


def kind_of(space: ConceptSpace, concept_id: str) -> str:
    """The most general noun of a concept; its name if it has none."""
    concept = space.get(concept_id)
    return concept.broader[0] if concept.broader else concept.name
