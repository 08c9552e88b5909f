"""Learning from the judgements of a library, and the ranker that its tagger gets."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.search.pictures import least_likeness
from agents.tagging.rank.calibration import Calibration
from agents.tagging.rank.decide import ACCEPT
from agents.tagging.rank.kept import FORM, Learned, from_bytes, to_bytes
from agents.tagging.rank.ladder import RUNGS, Climb, Rung, climb
from agents.tagging.rank.lessons import Evidence, Lessons, lessons, unit
from agents.tagging.rank.network.attention import LEAST_FOR_ATTENTION, Trainer, attention_rung, fusion_rung
from agents.tagging.rank.network.evidence import evidence
from agents.tagging.rank.prior import Prior
from agents.tagging.rank.ranked import MOST_CLIPS, CaseFacts, Ranker
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import Tag
from stores.library_store import LibraryStore
from stores.tags.judgements import Judged, judgements
from stores.tags.recall.recorded import Scores, recorded_scores

VERSION = 2
"""Raised when learning changes: `learn` then learns again from the same judgements."""

_Recorded = dict[str, dict[str, Scores]]
"""What the sources said, by video and tag."""

_PAGE = 100  # videos whose vectors are read at a time

Clips = NDArray[np.float32]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Learning:
    """What `learn` did.

    Attributes:
        climb: None if nothing changed since the last time; then ``report`` is that time's.
        unsure: judgements that say neither yes nor no, and teach nothing.
        report: what is kept beside the ranker, ready for JSON.
    """

    climb: Climb | None
    unsure: int
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The ranker of a tagger, and the probability from which it accepts.

    Attributes:
        name: of what was learned; "" for the prior.
        until: when it was learned, in seconds since the epoch; None if nothing was that ranks.
        problem: why what was learned is not used; "" if it is, or nothing was learned.
    """

    ranker: Ranker
    threshold: float
    name: str = ""
    problem: str = ""
    until: float | None = None


def learn(
    store: LibraryStore,
    encoders: Encoders,
    precision: float | None = None,
    again: bool = False,
    trainer: Trainer | None = None,
) -> Learning:
    """Learns from all judgements, and keeps the ranker that wins.

    Nothing is learned twice: if neither judgements nor settings changed, the last outcome is given back.

    Args:
        precision: share of accepted tags that are to be right, above 0 and below 1.
        again: learn even so.
        trainer: trains the network of thousands of judgements; None: in this process.
    """
    tags = [tag for tag in store.tags.tags() if tag.status == "active"]
    judged = judgements(store.engine)
    many = sum(one.verdict != "unsure" for one in judged) >= LEAST_FOR_ATTENTION
    recorded = _recorded(store, judged) if many else {}
    name = _fingerprint(judged, tags, collections(encoders).likeness, precision, recorded)
    unsure = sum(one.verdict == "unsure" for one in judged)
    before = store.rankers.latest()
    if before is not None and before.fingerprint == name and before.body is not None and not again:
        return Learning(None, unsure, dict(before.report))
    facets = {tag.tag_id: tag.facet for tag in tags}
    clips = video_clips(store, encoders, {one.video_id for one in judged})
    facts = {video_id: facts_of(video_id, some) for video_id, some in clips.items()}
    vectors = {video_id: fact.vector for video_id, fact in facts.items() if fact.vector is not None}
    found = lessons(judged, facets, vectors, alike(vectors, least_likeness(encoders)))
    rungs: tuple[Rung, ...] = RUNGS
    if len(found) >= LEAST_FOR_ATTENTION:
        found = with_contents(found, facts, text_vectors(found.tags, tags, encoders, store))
        said = evidence(found.videos, recorded, facets, lambda some: text_vectors(some, tags, encoders, store))
        found = replace(found, evidence=said)
        rungs = (*RUNGS, attention_rung(trainer), *(() if said is None else (fusion_rung(trainer),)))
    outcome = climb(found, facets, precision, rungs=rungs)
    report = _report(outcome, unsure, found.evidence)
    ranker = outcome.ranker if isinstance(outcome.ranker, Learned) else Prior(facets=facets)
    body = to_bytes(ranker, collections(encoders).likeness, outcome.threshold.value)
    store.rankers.save(outcome.rung, name, len(judged), report, body)
    return Learning(outcome, unsure, report)


def chosen(store: LibraryStore, encoders: Encoders, tags: Iterable[Tag]) -> Chosen:
    """The ranker that was learned; the prior if there is none, or if it does not fit."""
    facets = {tag.tag_id: tag.facet for tag in tags}
    kept = store.rankers.latest()
    if kept is None:
        return Chosen(Prior(facets=facets), ACCEPT)
    problem = ""
    if kept.body is None:
        problem = "it is damaged"
    else:
        try:
            ranker, space, threshold = from_bytes(kept.body, facets)
            if space == collections(encoders).likeness or isinstance(ranker, Prior):
                return Chosen(ranker, threshold, kept.fingerprint, until=None if kept.name == "prior" else kept.made_at)
            problem = "it was learned with another picture model"
        except ValueError as error:
            problem = f"it cannot be read ({error})"
    _log.warning("the ranker that was learned is not used: %s; run `kinodex tags train`", problem)
    return Chosen(Prior(facets=facets), ACCEPT, problem=problem)


def needs_clips(ranker: Ranker) -> bool:
    """Whether a ranker asks what a video looks like."""
    return not isinstance(ranker, Prior)


def text_vectors(
    tag_ids: Sequence[str], tags: Sequence[Tag], encoders: Encoders, store: LibraryStore
) -> NDArray[np.float32]:
    """(t, e) vectors of the texts of these tags."""
    by_id = {tag.tag_id: tag for tag in tags}
    return TagVectors([by_id[tag_id] for tag_id in tag_ids], encoders, store.tag_vectors).vectors


def with_contents(found: Lessons, facts: Mapping[str, CaseFacts], texts: NDArray[np.float32]) -> Lessons:
    """The same judgements with what the network reads: the clips of the videos, the texts (t, e) of the tags."""
    clips = np.zeros((len(found.videos), MOST_CLIPS, found.vectors.shape[1]), np.float32)
    lengths = np.ones(len(found.videos), np.int64)
    for at, video_id in enumerate(found.videos):
        some = facts[video_id].clips if video_id in facts else None
        if some is not None:
            clips[at, : len(some)], lengths[at] = some, len(some)
    return replace(found, clips=clips, lengths=lengths, texts=texts)


def calibration_of(ranker: Ranker) -> Calibration | None:
    """What a ranker knows of the sources' own calibration."""
    prior = getattr(getattr(ranker, "before", ranker), "prior", ranker)
    return prior.calibration if isinstance(prior, Prior) else None


def video_clips(store: LibraryStore, encoders: Encoders, video_ids: Iterable[str]) -> dict[str, Clips]:
    """(m, d) for each video that has clips: what they look like, in order of time."""
    wanted = sorted(video_ids)
    found: dict[str, Clips] = {}
    for start in range(0, len(wanted), _PAGE):
        hits, matrix = store.vectors.fetch(collections(encoders).likeness, video_ids=wanted[start : start + _PAGE])
        rows: dict[str, list[int]] = {}
        for row, hit in enumerate(hits):
            rows.setdefault(hit.video_id, []).append(row)
        found.update((video_id, matrix[some]) for video_id, some in rows.items())
    return found


def facts_of(video_id: str, clips: Clips | None) -> CaseFacts:
    """What a ranker may know of a video with these clips (m, d)."""
    if clips is None:
        return CaseFacts(video_id)
    some = np.unique(np.linspace(0, len(clips) - 1, MOST_CLIPS).round().astype(np.int64))
    return CaseFacts(video_id, unit(clips.mean(axis=0)), clips[some])


def alike(vectors: dict[str, NDArray[np.float32]], least: float) -> dict[str, int]:
    """A number for each video; those that show the same material share one (and who is like one of them)."""
    names = sorted(vectors)
    group = list(range(len(names)))

    def first(one: int) -> int:
        while group[one] != one:
            group[one] = group[group[one]]
            one = group[one]
        return one

    matrix = np.stack([vectors[name] for name in names]) if names else np.zeros((0, 1), np.float32)
    for row in range(len(names)):
        for other in np.flatnonzero(matrix[row + 1 :] @ matrix[row] >= least).tolist():
            group[first(row + 1 + other)] = first(row)
    return {name: first(row) for row, name in enumerate(names)}


def _recorded(store: LibraryStore, judged: Sequence[Judged]) -> _Recorded:
    """What the sources said of the videos that were judged: when a tag was judged, else when it was decided about."""
    found = recorded_scores(store.engine, {one.video_id for one in judged})
    for one in judged:
        if one.scores:
            found.setdefault(one.video_id, {})[one.tag_id] = one.scores
    return found


def _fingerprint(
    judged: Sequence[Judged], tags: Sequence[Tag], space: str, precision: float | None, recorded: _Recorded
) -> str:
    made = hashlib.blake2b(digest_size=12)
    said = sorted((one.video_id, one.tag_id, one.verdict, one.scores) for one in judged)
    facets = sorted((tag.tag_id, tag.facet) for tag in tags)
    made.update(json.dumps([VERSION, FORM, space, precision, said, facets]).encode())
    made.update(json.dumps(recorded, sort_keys=True).encode())
    return made.hexdigest()


def _report(outcome: Climb, unsure: int, said: Evidence | None) -> dict[str, Any]:
    return {
        "rung": outcome.rung,
        "judgements": outcome.judgements,
        "unsure": unsure,
        "accepted": outcome.accepted,
        "videos": outcome.videos,
        "f1": outcome.f1,
        "tried": [asdict(one) for one in outcome.tried],
        "threshold": asdict(outcome.threshold),
        "recalled": _recalled(said),
    }


def _recalled(said: Evidence | None) -> dict[str, Any] | None:
    """What networks could read of what was recalled; None if nothing is recorded, or nobody asked."""
    if said is None:
        return None
    return {
        "videos": int((said.tag >= 0).any(axis=1).sum()),
        "tags": len(said.tags),
        "facets": sorted(set(said.facets)),
    }
