"""Phrases that are frequent in what videos say and show: counted video by video, at a cost that is bounded.

English: up to four words in a row that neither begin nor end with a grammatical one; a single word only where it is
written like a name. Chinese, without a dictionary of words: up to six characters in a row that stand between at least
three different neighbours on either side (accessor variety: Feng et al. 2004, "Accessor Variety Criteria for Chinese
Word Extraction", threshold 3). A phrase that is only part of a longer one is left out by its C-value (Frantzi et al.
2000): less the longer ones it is part of, on average, it has to be in as many videos as a proposal needs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agents.words import FUNCTION_CHARACTERS, FUNCTION_WORDS, GREETINGS, SCAFFOLD_TERMS, SCAFFOLD_WORDS
from encoders.plurals import singular
from stores.core.records import Evidence
from stores.core.text_keys import CJK, search_key

LEAST_VIDEOS = 3
"""Videos that a proposal rests on. Source: our choice: what two videos share may be chance, or a copy."""

MOST_SHARE = 0.5
"""Share of the videos looked at above which a phrase tells none of them apart. Source: our choice: what more videos
have than have not is no subject of theirs."""

MOST_KEPT = 300_000
"""Phrases counted at a time; beyond it the rare ones are dropped (lossy counting: Manku & Motwani 2002)."""

_VARIETY = 3
_WORDS = 4
_CHARACTERS = 6
_SPLIT = re.compile(r"[^\w'’ \-]+|\s{2,}")
_LATIN = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_RUNS = re.compile(f"[{CJK}]{{2,}}")
_LINE = 500  # characters of a line that are read
_EMPTY = FUNCTION_WORDS | SCAFFOLD_WORDS | GREETINGS
_EDGES = FUNCTION_CHARACTERS | frozenset("我你他她它们一不没又再还要会能可以到来去说为这那之其")
"""Characters that carry grammar where a phrase begins or ends (the paper's adhesive characters)."""


@dataclass(slots=True)
class Term:
    """A phrase: how it was written, most often; the videos that have it, each with the first line.

    ``language``: ``en`` for words, ``zh`` for Chinese characters.
    """

    key: str
    language: str
    source: str
    written: Counter[str] = field(default_factory=Counter)
    videos: dict[str, Evidence] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As it is written most often."""
        return max(self.written.items(), key=lambda item: (item[1], item[0]))[0]


def frequent_terms(lines: Iterable[list[Evidence]], videos: int) -> list[Term]:
    """The phrases of lines, given video by video (each list: one video), that enough and not too many videos have.

    Args:
        lines: gone through twice, so no iterator.
        videos: how many there are.
    """
    likely = _likely(lines)
    terms: dict[str, Term] = {}
    around: defaultdict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for some in lines:
        for line in some:
            for key, written, language, left, right in _phrases(line.text):
                if key not in likely:
                    continue
                term = terms.setdefault(key, Term(key, language, line.channel))
                term.written[written] += 1
                term.videos.setdefault(line.video_id, line)
                if language == "zh":
                    # The ends of a line are a neighbour of their own each time.
                    around[key][0].add(left or line.evidence_id)
                    around[key][1].add(right or line.evidence_id)
    most = max(LEAST_VIDEOS, MOST_SHARE * videos)
    kept = [
        term
        for term in terms.values()
        if LEAST_VIDEOS <= len(term.videos) <= most
        and (term.language != "zh" or min(map(len, around[term.key])) >= _VARIETY)
        and (" " in term.key or term.language == "zh" or _is_name(term))
    ]
    return _standing_alone(kept)


def _likely(lines: Iterable[list[Evidence]]) -> set[str]:
    counts: dict[str, list[int]] = {}
    for number, some in enumerate(lines):
        found = {key for line in some for key, *_ in _phrases(line.text)}
        for key in found:
            known = counts.get(key)
            if known is None:
                counts[key] = [1, number]
            else:
                known[0] += 1
        if len(counts) > MOST_KEPT:
            for least in range(1, LEAST_VIDEOS + 1):
                rare = [key for key, (count, _) in counts.items() if count <= least]
                # The newest half stays: it had no time to become frequent.
                for key in rare[: max(len(rare) // 2, len(counts) - MOST_KEPT)]:
                    del counts[key]
                if len(counts) <= MOST_KEPT:
                    break
    return {key for key, (count, _) in counts.items() if count >= LEAST_VIDEOS}


def _phrases(text: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Key, as written, language, and for Chinese what stands before and behind."""
    text = text[:_LINE]
    for part in _SPLIT.split(text):
        written = [one.group() for one in _LATIN.finditer(part)] if not text.isspace() else []
        written = [one for one in written if not _RUNS.search(one)]
        keys = [singular(search_key(word)) for word in written]
        for start in range(len(keys)):
            if keys[start] in _EMPTY or len(keys[start]) < 2:
                continue
            for end in range(start + 1, min(start + _WORDS, len(keys)) + 1):
                if keys[end - 1] not in _EMPTY and len(keys[end - 1]) > 1:
                    yield " ".join(keys[start:end]), " ".join(written[start:end]), "en", "", ""
    for run in _RUNS.findall(text):
        for scaffold in SCAFFOLD_TERMS:
            run = run.replace(scaffold, "的")
        key = search_key(run)
        if len(key) != len(run):
            run = key
        for start in range(len(run) - 1):
            if key[start] in _EDGES:
                continue
            for end in range(start + 2, min(start + _CHARACTERS, len(run)) + 1):
                if key[end - 1] not in _EDGES:
                    left, right = run[start - 1 : start] if start else "", run[end : end + 1]
                    yield key[start:end], run[start:end], "zh", left, right


def _is_name(term: Term) -> bool:
    """Whether a word is written with a capital more often than not, and not only in capitals."""
    capital = sum(count for written, count in term.written.items() if written[:1].isupper() and not written.isupper())
    return len(term.key) > 2 and capital > sum(term.written.values()) / 2


def _standing_alone(terms: list[Term]) -> list[Term]:
    """Those that are not just part of longer ones: less the mean of their videos they are in enough."""
    longer: defaultdict[str, list[int]] = defaultdict(list)
    known = {term.key for term in terms}
    for term in terms:
        for part in _parts(term) & known:
            longer[part].append(len(term.videos))
    return [
        term
        for term in terms
        if term.key not in longer or len(term.videos) - sum(longer[term.key]) / len(longer[term.key]) >= LEAST_VIDEOS
    ]


def _parts(term: Term) -> set[str]:
    pieces = term.key.split() if term.language == "en" else list(term.key)
    joint = " " if term.language == "en" else ""
    return {
        joint.join(pieces[start:end])
        for start in range(len(pieces))
        for end in range(start + 1, len(pieces) + 1)
        if end - start < len(pieces)
    }
