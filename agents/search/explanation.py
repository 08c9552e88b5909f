"""Why a search found what it found: models, what was searched, each part of each score, and what was left out.

Facts are recorded while a search runs (`SearchTrace`), at almost no cost, and put together only on request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agents.search.candidates import Candidate
from agents.search.recognition import NEUTRAL, Named
from agents.search.scoring import (
    LABEL_WEIGHT,
    MATCH_RATIO,
    OBJECT_WEIGHT,
    STEEPNESS,
    TEXT_FLOOR,
    TEXT_WEIGHT,
    QueryScale,
    confidence,
)
from agents.search.spaces import Space, Spaces
from encoders.types import Vectors
from stores.core.records import Span
from stores.holdings import (
    Holding,
    LineSource,
    lacking,
    line_sources,
    lines_held,
    vectors_held,
    videos_by_collection,
)
from stores.library_store import LibraryStore

THRESHOLD = 0.5
"""Confidence from which the best moment makes the verdict a match: as likely right as wrong
(`agents.search.scoring`)."""

UNSEARCHED = ("format", "script")
"""Channels whose lines are about a whole video, or how its pictures are made: they find no moments."""

LEFT_OUT = 8
"""Most moments that are listed with the reason why they are not shown. Ours."""

Kind = Literal["vectors", "words", "itm", "socratic"]
Outcome = Literal["shown", "merged", "left_out"]
_Placed = tuple[Candidate, Outcome, int, str]
Provenance = Callable[[], Mapping[tuple[str, str], str]]
"""``name@revision`` of the models of a run, by (stage, fingerprint)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Contribution of a channel, by similar vectors or matching words, or of a step after recall, to one moment.

    Attributes:
        worth: in units of the ratio; negative if a step lowered it.
        share: worth over the sum of all absolute worths, in [-1, 1].
        model: ``name@revision`` of the model behind the vectors, the lines or the step.
    """

    channel: str
    kind: Kind
    model: str
    worth: float
    share: float


@dataclass(frozen=True, slots=True)
class Source:
    """Something that was searched.

    Attributes:
        channel: for vectors also ``text``: everything said, read on screen or captioned.
        kind: ``vectors`` of a collection, or ``words`` of the lines that a stage left.
        model: ``name@revision`` of what made them; query_model: of what the query was encoded with ("" for words).
        name: of the collection, or the stage.
        items: number of vectors or lines; videos: number of videos with any.
        former: whether it is of a former model and in use until `kinodex reembed` has replaced it.
    """

    channel: str
    kind: Kind
    model: str
    query_model: str
    name: str
    items: int
    videos: int
    former: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A video that is not searched on a channel.

    Attributes:
        channel: or ``all``.
        reason: ``not_indexed``, ``nothing_found`` (it has been processed and has none) or ``other_model`` (its vectors
            are of a model that is not available here).
        detail: the error of the stage that failed, if one did.
    """

    video_id: str
    channel: str
    reason: Literal["not_indexed", "nothing_found", "other_model"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CandidateOutcome:
    """What became of one candidate.

    Attributes:
        rank: of the moment if it is shown, of the one it was merged into, or 0 if it was left out.
        reason: in words; "" if it is shown.
    """

    video_id: str
    clip_id: str
    span: Span
    outcome: Outcome
    rank: int
    reason: str
    ratio: float
    score: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of the query in one vector space (`agents.search.scoring.QueryScale`): mean and standard deviation of
    its cosines with all concepts of the picture model, and the highest in standard deviations above the mean."""

    collection: str
    mean: float
    deviation: float
    best: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """How `Finder.search` came to its result.

    Attributes:
        threshold: least confidence of a match.
        match_ratio, steepness: parameters of the logistic from ratio to confidence.
        weights: weight of the similarity on each channel, and the floor in standard deviations below which the
            similarity of lines is noise.
        remarks: why nothing is a match; what the steps after recall did, or why they could not.
    """

    threshold: float
    match_ratio: float
    steepness: float
    weights: Mapping[str, float]
    scales: tuple[Scale, ...]
    sources: tuple[Source, ...]
    gaps: tuple[Gap, ...]
    moments: tuple[CandidateOutcome, ...]
    remarks: tuple[str, ...]


@dataclass(slots=True)
class SearchTrace:
    """What is recorded while a search runs.

    Attributes:
        scales: by collection; queries: the query's vector (d,), by collection.
        outcomes: candidate, outcome, rank and reason.
        steps: ``name@revision`` of the model of each step after recall, by the step's name in `Candidate.channels`.
        named: what of the query the models know by name.
        noise: by collection of pictures, what was taken off their ratios (`agents.search.noise`).
    """

    scales: dict[str, QueryScale] = field(default_factory=dict)
    queries: dict[str, Vectors] = field(default_factory=dict)
    outcomes: list[_Placed] = field(default_factory=list)
    steps: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    named: Named = field(default_factory=Named)
    noise: dict[str, float] = field(default_factory=dict)


NAMES_NOTHING = "no match: it names nothing to look for, and no line has its words"


def why_no_match(trace: SearchTrace, ordered: Sequence[Candidate]) -> str:
    """The reason in words why none of the candidates, best first, is a match."""
    if not ordered:
        return "no match: nothing comes near"
    best = ordered[0]
    reasons = [f"no match: the nearest moment reaches {best.ratio:.2f} of the {MATCH_RATIO} that a match needs"]
    if best.recognised is not None and best.recognised < NEUTRAL:
        reasons.append("nothing that the query names was recognised there")
    elif not trace.named.parts:
        reasons.append("its words are none that the picture models know")
    if noise := max(trace.noise.values(), default=0.0):
        reasons.append(f"pictures of this library come near to anything, so {noise:.2f} was taken off")
    if not any(best.words.values()):
        reasons.append("no line there has its words")
    return "; ".join(reasons)


def no_provenance() -> Mapping[tuple[str, str], str]:
    """The provenance of a library of which no model is known."""
    return {}


def explain(
    trace: SearchTrace, spaces: Spaces, store: LibraryStore, provenance: Mapping[tuple[str, str], str]
) -> Explanation:
    """The explanation of a search that has just ended.

    Args:
        provenance: the models of a run by (stage, fingerprint); other runs are named by their fingerprint.
    """
    by_collection = {name: model for space in spaces.searched() for name, model in space.provenance.items()}
    lines, vectors, shown = lines_held(store), vectors_held(store), _shown(trace.outcomes)
    models = {source: _model_of(source, holding.example, store, provenance) for source, holding in lines.items()}
    written = line_sources(store, {candidate.video_id for candidate, *_ in shown})
    # A line may have been committed since they were counted.
    by_line = {place: models[source] for place, source in written.items() if source in models}
    sources = [source for space in spaces.searched() for source in _vector_sources(space, vectors)]
    for source, holding in sorted(lines.items(), key=lambda item: item[0]):
        if source.channel in UNSEARCHED:
            continue
        sources.append(
            Source(source.channel, "words", models[source], "", source.stage, holding.items, holding.videos, False)
        )
    return Explanation(
        threshold=THRESHOLD,
        match_ratio=MATCH_RATIO,
        steepness=STEEPNESS,
        weights={
            "picture": 1.0,
            "object": OBJECT_WEIGHT,
            "lines": TEXT_WEIGHT,
            "lines_floor": TEXT_FLOOR,
            "labels": LABEL_WEIGHT,
        },
        scales=tuple(Scale(name, one.mean, one.deviation, one.best) for name, one in trace.scales.items()),
        sources=tuple(sources),
        gaps=tuple(_gaps(spaces, store)),
        moments=tuple(
            CandidateOutcome(
                video_id=one.video_id,
                clip_id=one.clip.clip_id,
                span=one.clip.span,
                outcome=outcome,
                rank=rank,
                reason=reason,
                ratio=one.ratio,
                score=confidence(one.ratio),
                parts=_parts(one, by_collection, by_line, trace.steps),
            )
            for one, outcome, rank, reason in shown
        ),
        remarks=tuple(trace.remarks),
    )


def _shown(outcomes: Iterable[_Placed]) -> list[_Placed]:
    """All candidates that were shown or merged, and the first of those that were left out."""
    left_out = 0
    listed = []
    for outcome in outcomes:
        left_out += outcome[1] == "left_out"
        if outcome[1] != "left_out" or left_out <= LEFT_OUT:
            listed.append(outcome)
    return listed


def _parts(
    candidate: Candidate,
    by_collection: Mapping[str, str],
    by_line: Mapping[tuple[str, str], str],
    steps: Mapping[str, str],
) -> tuple[Part, ...]:
    found: list[tuple[str, Kind, str, float]] = []
    for channel, worth in candidate.channels.items():
        if channel in steps:
            found.append((channel, "itm" if channel == "itm" else "socratic", steps[channel], worth))
            continue
        words = candidate.words.get(channel, 0.0)
        by_vectors = by_collection.get(candidate.collections.get(channel, ""), "")
        found.append((channel, "vectors", by_vectors, worth - words if by_vectors else 0.0))
        found.append((channel, "words", by_line.get((channel, candidate.video_id), ""), words))
    total = sum(abs(worth) for *_, worth in found) or 1.0
    parts = (Part(channel, kind, model, worth, worth / total) for channel, kind, model, worth in found if worth)
    return tuple(sorted(parts, key=lambda part: -part.worth))


def _vector_sources(space: Space, vectors: Mapping[str, Holding]) -> list[Source]:
    """What of a space was searched; text vectors stand for speech and what is read, apart by evidence alone."""
    query = space.query_encoders.revision("text")
    pictures = space.query_encoders.revision("image_text") if space.query_encoders.has("image_text") else query
    found: list[Source] = []
    for channel, name, model in (
        ("picture", space.names.picture, pictures),
        ("object", space.names.object, query),
        ("text", space.names.text, query),
    ):
        holding = vectors.get(name, Holding(0, 0, ""))
        if name and (holding.items or space.present):
            counts = holding.items, holding.videos
            found.append(Source(channel, "vectors", space.provenance[name], model, name, *counts, not space.present))
    return found


def _gaps(spaces: Spaces, store: LibraryStore) -> list[Gap]:
    searched = spaces.searched()
    groups = {
        channel: {name for space in searched if (name := getattr(space.names, channel))}
        for channel in ("picture", "object", "text")
    }
    # A collection's name begins with its channel.
    strange = {(name.partition("-")[0], one) for name, one in videos_by_collection(store, spaces.unsearchable())}
    lacks = lacking(store, groups)
    errors = {
        entry.video_id: f"{entry.error_code}: {entry.error_message}" if entry.error_code else ""
        for entry in store.catalog.entries([lack.video_id for lack in lacks if not lack.indexed])
    }
    found: list[Gap] = []
    for lack in lacks:
        if not lack.indexed:
            found.append(Gap(lack.video_id, "all", "not_indexed", errors.get(lack.video_id, "")))
        found += [
            Gap(lack.video_id, channel, "other_model" if (channel, lack.video_id) in strange else "nothing_found")
            for channel in lack.lacks
        ]
    return found


def _model_of(source: LineSource, video_id: str, store: LibraryStore, provenance: Mapping[tuple[str, str], str]) -> str:
    """The model that wrote some lines: by their fingerprint, or as the records themselves say."""
    if known := provenance.get((source.stage, source.fingerprint)):
        return known
    says = (getattr(record, "model", "") for record in store.catalog.records(video_id, source.stage))
    return next(filter(None, says), f"{source.stage} of other models or settings ({source.fingerprint})")
