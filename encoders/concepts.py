"""The things the picture models can name, in words of two languages, and where they lie in text space.

Two tables (``data/concepts-imagenet.tsv``, ``data/concepts-coco.tsv``) say for every class of the picture
classifier and the object detector what it is called in English and Chinese, which broader nouns cover it
and in which situations it is seen. ``data/concepts-e5-small-q4.npz`` holds one vector for each, made from
those words by ``python -m encoders.build_concepts``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np

from encoders.plurals import singular
from encoders.types import Vectors, WeightsError

DATA = Path(__file__).with_name("data")
TABLES = ("imagenet", "coco")
PROTOTYPES = DATA / "concepts-e5-small-q4.npz"

# How far a word of each kind speaks for the concept: its name surely; a broader noun nearly so; a usual
# situation only sometimes. Ours: an ordering for ranking, not probabilities.
NAME, BROADER, CONTEXT = 1.0, 0.9, 0.5

# The tables list Chinese broader nouns among the situations. A Chinese word is taken for the translation of a
# broader noun when the two nearly always stand with the same concepts: Dice coefficient of their occurrences.
# Source: Dice 1945, Ecology 26(3), used for word alignment by Smadja et al. 1996; the thresholds are ours, read
# off the sorted list of pairs, whose first wrong one is at 0.89 (or has only 3 concepts).
_SAME_WORD = 0.9
_ENOUGH_CONCEPTS = 4

# Their singular is meant where something is named; in a sentence they may be other words ("she leaves").
_NAMED = {"people": "person", "leaves": "leaf"}
# Words whose -s makes another thing of them.
_NOT_PLURAL = frozenset({"glasses", "news", "arms", "goods", "customs", "stairs"})


@dataclass(frozen=True, slots=True)
class Concept:
    """One class, in words.

    Attributes:
        concept_id: ``imagenet:<class 0-999>`` or ``coco:<category 1-90>``.
        name: plain English name.
        zh: Chinese names, most common first.
        broader: broader English nouns, general first.
        context: English words for situations in which it is seen; ``zh_context`` Chinese ones and broader nouns.
    """

    concept_id: str
    name: str
    zh: tuple[str, ...]
    broader: tuple[str, ...]
    context: tuple[str, ...]
    zh_context: tuple[str, ...]

    @property
    def english_text(self) -> str:
        """Name, broader nouns and situations as one English text."""
        return ", ".join((self.name, *self.broader, *self.context))

    @property
    def chinese_text(self) -> str:
        """Names and situations as one Chinese text."""
        return " ".join((*self.zh, *self.zh_context))


class ConceptSpace:
    """All concepts with their prototype vectors.

    Args:
        concepts: in the order of the prototypes, ImageNet's 1000 classes first, in class order.
        prototypes: (c, d) float32 unit rows.
        centre_query, centre_passage: (d,) means that the text encoder takes off.
        revision: of everything that the vectors depend on besides the text model.

    Attributes:
        imagenet, coco: the rows of the two tables.
        vocabulary: every Chinese word of the tables, to cut Chinese text by.
    """

    def __init__(
        self,
        concepts: tuple[Concept, ...],
        prototypes: Vectors,
        centre_query: Vectors,
        centre_passage: Vectors,
        revision: str,
    ) -> None:
        self.concepts = concepts
        self.prototypes = prototypes
        self.centre_query = centre_query
        self.centre_passage = centre_passage
        self.revision = revision
        self._index = {concept.concept_id: i for i, concept in enumerate(concepts)}
        self._terms = _terms(concepts)
        self.vocabulary = frozenset(term for term in self._terms if not term.isascii())
        first = {table: next(i for i, c in enumerate(concepts) if c.concept_id.startswith(table)) for table in TABLES}
        self.imagenet = slice(first["imagenet"], first["coco"])
        self.coco = slice(first["coco"], len(concepts))

    @classmethod
    def load(cls, text_revision: str, path: Path = PROTOTYPES) -> ConceptSpace:
        """The shipped space.

        Args:
            text_revision: revision of the text model whose queries will be compared with the prototypes.

        Raises:
            WeightsError: ``missing`` if the vectors are not there; ``corrupt`` if they were made from other
                tables or by another text model.
        """
        rebuild = "Rebuild it: python -m encoders.build_concepts"
        if not path.is_file():
            raise WeightsError("missing", f"{path} is missing.", rebuild)
        try:
            with np.load(path, allow_pickle=False) as file:
                stored = {name: file[name] for name in file.files}
            made_from = {table: str(stored[f"sha256_{table}"]) for table in TABLES}
            made_by = str(stored["text_revision"])
            prototypes = stored["prototypes"].astype(np.float32)
            centres = stored["centre_query"], stored["centre_passage"]
        except (OSError, ValueError, KeyError) as error:
            raise WeightsError("corrupt", f"{path} cannot be read: {error}", rebuild) from error
        if made_by != text_revision or made_from != table_hashes():
            raise WeightsError("corrupt", f"{path} was made from other concept tables or another text model.", rebuild)
        prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
        return cls(read_concepts(), prototypes, *centres, prototypes_revision(path))

    def index(self, concept_id: str) -> int:
        """Row of a concept in `prototypes`.

        Raises:
            KeyError: if there is no such concept.
        """
        return self._index[concept_id]

    def get(self, concept_id: str) -> Concept:
        """The concept with that id.

        Raises:
            KeyError: if there is no such concept.
        """
        return self.concepts[self._index[concept_id]]

    def background(self, vectors: Vectors) -> tuple[Vectors, Vectors]:
        """How like everything each vector is: mean and standard deviation, both (n,) float32, of its cosines
        to all prototypes, so that a likeness can be told as "so many deviations above usual".

        Args:
            vectors: (n, d) unit rows.
        """
        cosines = vectors @ self.prototypes.T
        return cosines.mean(axis=1, dtype=np.float32), cosines.std(axis=1, dtype=np.float32)

    @cached_property
    def own_background(self) -> tuple[Vectors, Vectors]:
        """`background` of the prototypes themselves."""
        return self.background(self.prototypes)

    def matching(self, term: str) -> dict[str, float]:
        """Concepts that ``term`` (English, also in plural, or Chinese) names, with how surely: 1.0 for a name,
        0.9 for a broader noun, 0.5 for a situation. Upper and lower case are the same. Empty if none.
        """
        found: dict[str, float] = {}
        for form in _forms(term):
            known = self._terms.get(form)
            if known is None:  # as nearly all of a hundred thousand tags are
                continue
            for concept_id, strength in known.items():
                found[concept_id] = max(strength, found.get(concept_id, 0.0))
        return found


def read_concepts() -> tuple[Concept, ...]:
    """Both tables, ImageNet first, in the order of their lines.

    Raises:
        WeightsError: ``missing`` or ``corrupt`` if a table is not there or has other columns.
    """
    concepts = []
    for table in TABLES:
        for number, line in enumerate(_table(table).decode("utf-8").splitlines(), 1):
            columns = line.split("\t")
            if len(columns) != 6:
                raise WeightsError("corrupt", f"concepts-{table}.tsv, line {number}: {len(columns)} columns, not 6")
            key, name, *lists = columns
            zh, broader, context, zh_context = (
                tuple(w.strip() for w in cell.split(";") if w.strip()) for cell in lists
            )
            concepts.append(Concept(f"{table}:{key}", name.strip(), zh, broader, context, zh_context))
    return tuple(concepts)


@cache
def chinese_names() -> Mapping[str, str]:
    """The usual Chinese name of everything that the picture models can name, by its English name."""
    return {concept.name: concept.zh[0] for concept in read_concepts() if concept.zh}


def table_hashes() -> dict[str, str]:
    """sha256 of each table's content, the same whatever the line ends."""
    return {table: hashlib.sha256(_table(table)).hexdigest() for table in TABLES}


def prototypes_revision(path: Path = PROTOTYPES) -> str:
    """First 8 hex digits of the hash of the shipped vectors.

    Raises:
        WeightsError: ``missing`` if the file is not there.
    """
    try:
        now = path.stat()
        return _hash_of(path, now.st_mtime_ns, now.st_size)
    except OSError as error:
        raise WeightsError("missing", f"{path} is missing.", "Run: python -m encoders.build_concepts") from error


@lru_cache(maxsize=8)
def _hash_of(path: Path, _modified: int, _size: int) -> str:
    # Asked for with every video, and nearly a megabyte long.
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def _table(table: str) -> bytes:
    path = DATA / f"concepts-{table}.tsv"
    try:
        return path.read_bytes().replace(b"\r\n", b"\n")
    except OSError as error:
        raise WeightsError("missing", f"{path} cannot be read: {error}") from error


def _terms(concepts: tuple[Concept, ...]) -> Mapping[str, dict[str, float]]:
    terms: dict[str, dict[str, float]] = {}
    translations = _translations(concepts)
    for concept in concepts:
        chinese = {word for noun in concept.broader for word in translations.get(noun, ())} & {*concept.zh_context}
        for strength, words in (
            (CONTEXT, (*concept.context, *concept.zh_context)),
            (BROADER, (*concept.broader, *chinese)),
            (NAME, (concept.name, *concept.zh)),
        ):
            for word in words:
                # Plural entries of the tables ("sports") are found by their singular as well.
                for form in _forms(word):
                    terms.setdefault(form, {})[concept.concept_id] = strength
    return terms


def _translations(concepts: tuple[Concept, ...]) -> dict[str, set[str]]:
    """Chinese words for broader English nouns, as far as the tables themselves tell."""
    nouns = Counter(noun for concept in concepts for noun in concept.broader)
    words = Counter(word for concept in concepts for word in concept.zh_context)
    both = Counter((n, w) for concept in concepts for n in concept.broader for w in concept.zh_context)
    found: dict[str, set[str]] = {}
    for concept in concepts:
        found.setdefault(concept.name, set()).update(concept.zh)
    for (noun, word), count in both.items():
        if count >= _ENOUGH_CONCEPTS and 2 * count / (nouns[noun] + words[word]) >= _SAME_WORD:
            found.setdefault(noun, set()).add(word)
    return found


def _forms(term: str) -> set[str]:
    """The term in lower case with single spaces, and its singular if it looks like an English plural."""
    plain = " ".join(term.lower().split())
    head, _, last = plain.rpartition(" ")
    if last in _NOT_PLURAL or len(last) < 3 or not last.isascii():
        return {plain} - {""}
    return {plain, f"{head} {_NAMED.get(last) or singular(last)}".strip()} - {""}
