"""The tag library prepared for recall: everything is looked up by what a video has, not tag by tag."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.search.scoring import query_scales
from agents.tagging.phrases import Names, Phrases
from encoders.bundle import Encoders
from encoders.concepts import ConceptSpace
from encoders.types import Vectors
from stores.core.collecting import collected_later
from stores.core.records import Tag
from stores.tags.vectors import KeptTagVectors, text_key

OnEncoded = Callable[[int, int], None]
"""Called with the number of encoded tag texts, and their total."""

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
        phrases: names and aliases, as lines say them.
        by_concept: concept to the tags that name it, each with how surely.
        by_fact: name as a measured fact has it to the tags.
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
        self.vectors, self.scales = _vectors(self.tags, encoders, kept, on_encoded)
        with collected_later():
            names = [(number, name) for number, tag in enumerate(self.tags) for name in (tag.name, *tag.aliases)]
            self.phrases = Phrases(names)
            self.by_concept = _by_concept(names, encoders.concepts)
            self.by_fact = Names()
            for number, name in names:
                self.by_fact.add(name.casefold().strip(), number)
        numbers: dict[str, int] = {}
        self.facets = np.array([numbers.setdefault(tag.facet, len(numbers)) for tag in self.tags], np.int64)


def _vectors(
    tags: Sequence[Tag], encoders: Encoders, kept: KeptTagVectors | None, on_encoded: OnEncoded | None
) -> tuple[Vectors, tuple[NDArray[np.float32], NDArray[np.float32]] | None]:
    """The vectors of all tags and their scales; only what is not kept is encoded, some at a time, and kept.

    An interruption takes effect between two batches, and nothing encoded before it is lost.
    """
    texts = [" ".join((tag.name, *tag.aliases)) for tag in tags]
    keys = [text_key(text) for text in texts]
    # Tags may share a text: its numbers are made once, in the row of the first of them.
    places: dict[bytes, int] = {}
    firsts = np.array([places.setdefault(key, row) for row, key in enumerate(keys)])
    space, width = _space(encoders), encoders.image_text.dim
    numbers = np.zeros((len(keys), width + _SCALE), np.float32)
    known = kept.load(space, places, numbers) if kept else np.zeros(len(keys), np.bool_)
    others = np.flatnonzero(firsts != np.arange(len(keys)))
    known[others] = True
    missing = np.flatnonzero(~known)
    batch = getattr(encoders.image_text, "query_batch", 32)
    saved = done = 0
    try:
        for start in range(0, len(missing), batch):
            if on_encoded is not None:
                on_encoded(start, len(missing))
            rows = missing[start : start + batch]
            numbers[rows] = _encoded([texts[row] for row in rows], encoders)
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
    vectors = numbers[:, :width]
    return vectors, None if encoders.zero_shot else (numbers[:, width], numbers[:, width + 1])


def _keep(kept: KeptTagVectors, space: str, names: Sequence[bytes], numbers: Vectors, rows: NDArray[np.int64]) -> None:
    kept.save(space, [names[row] for row in rows], numbers[rows])


def _encoded(texts: Sequence[str], encoders: Encoders) -> Vectors:
    vectors = encoders.image_text.encode_queries(texts)
    scales = np.zeros((len(texts), _SCALE), np.float32)
    if encoders.zero_shot is None:
        scales[:] = [(scale.mean, scale.deviation) for scale in query_scales(vectors, encoders.concepts)]
    return np.hstack([vectors, scales])


def _space(encoders: Encoders) -> str:
    """Names all that the numbers depend on; what belongs to another model or other concepts is left alone."""
    return f"{encoders.revision('image_text')}+{encoders.revision('concepts')}"


def _by_concept(names: Sequence[tuple[int, str]], space: ConceptSpace) -> dict[str, list[tuple[int, float]]]:
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for number, name in names:
        for concept, strength in space.matching(name).items():
            tags = found[concept]
            tags[number] = max(strength, tags.get(number, 0.0))
    return {concept: list(tags.items()) for concept, tags in found.items()}
