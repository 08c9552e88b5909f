"""Finding moments: recall from several channels, fuse, explain, and tell "no match" from "not indexed"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agents.evidence import is_background
from agents.search.candidates import Candidate
from agents.search.explanation import (
    LEFT_OUT,
    NAMES_NOTHING,
    THRESHOLD,
    UNSEARCHED,
    Explanation,
    Provenance,
    SearchTrace,
    explain,
    no_provenance,
    why_no_match,
)
from agents.search.keystrokes import names_nothing
from agents.search.near_duplicates import Comparison, NearDuplicates
from agents.search.noise import Noise
from agents.search.pictures import PictureCollection, near_pictures, pictured
from agents.search.recognition import named_concepts, weigh_recognition
from agents.search.refining import AS_RECALLED, SearchConfig, refined
from agents.search.scoring import (
    LABEL_WEIGHT,
    OBJECT_WEIGHT,
    TEXT_FLOOR,
    TEXT_WEIGHT,
    WEAK_LINES,
    QueryScale,
    confidence,
    lexical,
    query_scales,
)
from agents.search.sounds import place_of, sounds_for, weigh_sounds
from agents.search.spaces import Space, Spaces
from agents.words import content_terms, coverage, read_part
from encoders.bundle import Encoders
from encoders.types import Vectors, WeightsError
from stores.core.errors import UsageError
from stores.core.records import CHANNELS, Channel, Clip, Evidence, Span, StageKey
from stores.entries import IndexHealth
from stores.library_store import LibraryStore
from stores.vectors.store import VectorHit

SEARCHED_STAGES = ("vectors",)
"""A video is indexed when its clip vectors are done; they depend on all other stages."""

RECALL = 300
"""Vectors taken from each channel before fusion."""

COMPARED = 64
"""Best candidates whose frame hashes are looked up together; others are looked up one by one. Ours."""

LEAST_SHOWN = 0.05
"""Confidence below which a moment is not shown beside a match: it is noise. Without a match the nearest moments are
shown, however unlikely. Ours."""

PER_VIDEO = 3
"""Most moments of one video, so that a long one does not crowd out the others."""


UNFILLED = 0.05
"""What a sound is worth less to a moment at whose edge it only begins or ends. Ours: enough to order moments."""

_WORDED: tuple[Channel, ...] = tuple(one for one in CHANNELS if one != "sound" and one not in UNSEARCHED)
"""Channels whose lines are searched by words; sounds are looked up by what they are."""

_LINES_OF_MOMENTS: tuple[Channel, ...] = ("speech", "screen", "caption", "picture")
"""Channels with lines about moments, but for objects."""


@dataclass(frozen=True, slots=True)
class Also:
    """A near-duplicate that was left out of the results."""

    video_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Moment:
    """A search result: a video, a span, why.

    Attributes:
        score: calibrated confidence in [0, 1]; 0.5 and more counts as a match.
        ratio: the fused score before calibration (see `agents.search.scoring`); the order of results.
        channels: contribution of each channel, and of each step after recall, to ``ratio``, which is their sum. Only
            steps can contribute less than nothing.
        text: the line that explains the hit best, or what was seen, ", " between the names.
        text_channel: where ``text`` comes from.
        thumbnail: uri of the picture, "" if there is none.
        also: its near-duplicates (`agents.search.near_duplicates`), which would have come after it.
    """

    rank: int
    video_id: str
    clip_id: str
    span: Span
    score: float
    ratio: float
    channels: dict[str, float]
    text: str
    thumbnail: str
    also: tuple[Also, ...] = ()
    text_channel: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search. ``verdict`` is about the content of the library, ``index`` about how much of it,
    or of the videos that were named, can be searched; ``explanation`` is there on request."""

    query: str
    verdict: Literal["match", "no_match"]
    index: IndexHealth
    moments: tuple[Moment, ...]
    explanation: Explanation | None = None


class Finder:
    """Searches one library. Takes no lock and is thread-safe; several may be open at once.

    Args:
        config: the steps after recall.
        provenance: for explanations, the models of a run by (stage, fingerprint).

    Attributes:
        has_searched: whether a search has used the models, so that all of them are loaded.
    """

    def __init__(
        self,
        store: LibraryStore,
        encoders: Encoders,
        config: SearchConfig = AS_RECALLED,
        provenance: Provenance = no_provenance,
    ) -> None:
        self._store = store
        self._encoders = encoders
        self._config = config
        self._provenance = provenance
        self._spaces = Spaces(store, encoders)
        self._near_duplicates = NearDuplicates(store)
        self._noise: Noise | None = None
        self.has_searched = False

    def search(
        self,
        query: str,
        k: int = 10,
        video_ids: Sequence[str] | None = None,
        *,
        duplicates: bool = False,
        explained: bool = False,
    ) -> Found:
        """The ``k`` best moments for a query in any language; of a very long one the part in ``Found.query`` counts.

        Args:
            video_ids: search these videos only.
            duplicates: show near-duplicates of better moments as moments; otherwise they are listed in ``also``.
            explained: add the explanation.

        Raises:
            UsageError: USAGE if the query is empty or ``k`` < 1.
            WeightsError: ``missing`` if a step of the config has no model in this profile.
        """
        if not query.strip():
            raise UsageError(
                "USAGE", "There is nothing to look for: the text is empty.", "Say what you look for, in any language."
            )
        if k < 1:
            raise UsageError("USAGE", f"Cannot show {k} results.", "Ask for 1 or more with -k.")
        health = self._store.catalog.index_health(SEARCHED_STAGES, video_ids)
        trace = SearchTrace()
        query = read_part(query)
        if not health.videos_indexed or names_nothing(query, self._store, self._encoders, video_ids):
            trace.remarks.append(NAMES_NOTHING if health.videos_indexed else "no match: no video is indexed")
            return Found(query, "no_match", health, (), self._why(trace) if explained else None)
        ordered = _in_order(self._recall(query, video_ids, trace))
        ordered = refined(query, ordered, self._store, self._spaces, self._config, trace)
        per_video = PER_VIDEO if video_ids is None or len(video_ids) > 1 else k
        moments = self._rank(ordered, k, per_video, duplicates, trace)
        verdict: Literal["match", "no_match"] = (
            "match" if any(moment.score >= THRESHOLD for moment in moments[:1]) else "no_match"
        )
        if verdict == "no_match":
            trace.remarks.append(why_no_match(trace, ordered))
        why = self._why(trace) if explained else None
        self.has_searched = True
        return Found(query, verdict, self._spaces.health(health, video_ids), moments, why)

    def _why(self, trace: SearchTrace) -> Explanation:
        return explain(trace, self._spaces, self._store, self._provenance())

    def _recall(self, query: str, video_ids: Sequence[str] | None, trace: SearchTrace) -> list[Candidate]:
        pool: dict[str, Candidate] = {}
        trace.named = named_concepts(query, self._encoders.concepts)
        for space in self._spaces.searched():
            try:
                self._recall_vectors(query, space, pool, video_ids, trace)
            except WeightsError as error:
                if space.present:
                    raise
                self._spaces.dismiss(space)
                trace.remarks.append(f"profile {space.profile} cannot be asked any more: {error.message}")
        self._recall_words(query, pool, video_ids)
        self._recall_sounds(query, pool, video_ids)
        found = list(pool.values())
        names = self._spaces.present.names
        if names.picture and not self._encoders.has("image_text"):
            weigh_recognition(trace.named, _in_order(found), self._store, names.picture)
        weigh_sounds(query, found, self._store, self._encoders.concepts.vocabulary)
        return found

    def _recall_vectors(
        self,
        query: str,
        space: Space,
        pool: dict[str, Candidate],
        video_ids: Sequence[str] | None,
        trace: SearchTrace,
    ) -> None:
        """The nearest vectors of one space, each similarity on the scale of that space (`agents.search.pictures`)."""
        names = space.names
        vectors = space.query_encoders.text.encode_queries([query])
        (scale,) = query_scales(vectors, space.query_encoders.concepts)
        pictured_scale = pictured(query, scale, space.query_encoders)
        # A picture model with its own text tower has another vector of the query, and a scale for each picture.
        apart = space.query_encoders.has("image_text")
        in_texts = "" if apart else names.picture
        scales = {in_texts: pictured_scale, names.object: pictured_scale, names.text: scale}
        for collection, one in scales.items():
            if collection:
                trace.scales[collection], trace.queries[collection] = one, vectors[0]
        pictures = PictureCollection(self._store, space.query_encoders, names.picture)
        query_vector = None if apart else vectors
        near = near_pictures(query, pictures, RECALL, video_ids, query_vector) if names.picture else []
        seen = [(hit, scale.z(hit.similarity)) for hit in self._near(names.object, vectors, video_ids)]
        lines = self._near_lines(names.text, vectors, scale, video_ids, WEAK_LINES if trace.named.parts else 0.0)
        clips = self._clips_of([hit for hit, _ in (*near, *seen, *lines)])
        noise = 0.0
        if near and not apart:
            noise = self._measured_noise().of_pictures(names.picture, self._spaces.revision, video_ids)
            trace.noise[names.picture] = noise
        for hit, ratio in near:
            for candidate in self._candidates(pool, clips, hit):
                if ratio > noise:
                    candidate.offer("picture", ratio - noise, names.picture)
        for hit, z in seen:
            for candidate in self._candidates(pool, clips, hit):
                if z > 0:
                    candidate.offer("object", OBJECT_WEIGHT * pictured_scale.ratio(z), names.object)
        for hit, z in lines:
            for candidate in self._candidates(pool, clips, hit):
                candidate.offer(hit.channel, TEXT_WEIGHT * scale.ratio(z), names.text)

    def _near_lines(
        self, collection: str, vectors: Vectors, scale: QueryScale, video_ids: Sequence[str] | None, least: float
    ) -> list[tuple[VectorHit, float]]:
        """Lines near the query (1, d), with their z above the floor; of those that do not stand out from others only
        this ``least`` share of it."""
        near = [
            (replace(hit, clip_id=""), z)
            for hit in self._near(collection, vectors, video_ids)
            if (z := scale.z(hit.similarity)) > TEXT_FLOOR
        ]
        if not near:
            return []
        noise = self._measured_noise().of_lines(collection, self._spaces.revision, video_ids)
        return [
            (hit, (z - TEXT_FLOOR) * share)
            for hit, z in near
            if (share := least + (1.0 - least) * noise.standing(z, vectors[0], scale)) > 0
        ]

    def _measured_noise(self) -> Noise:
        if self._noise is None:
            self._noise = Noise(self._store, self._encoders.concepts)
        return self._noise

    def _clips_of(self, hits: Iterable[VectorHit]) -> dict[str, list[Clip]]:
        """The clips of hits: those that they name, otherwise those at the same time."""
        hits = list(hits)
        places = [(hit.video_id, hit.start, hit.end) for hit in hits if not hit.clip_id]
        return self._store.catalog.clips_at_hand([hit.clip_id for hit in hits if hit.clip_id], places)

    def _near(self, collection: str, vectors: Vectors, video_ids: Sequence[str] | None) -> list[VectorHit]:
        """The vectors of a collection nearest to the query (1, d); none if the space has no such collection."""
        return self._store.vectors.query(collection, vectors[0], RECALL, video_ids=video_ids) if collection else []

    def _recall_words(self, query: str, pool: dict[str, Candidate], video_ids: Sequence[str] | None) -> None:
        terms = content_terms(query, self._encoders.concepts.vocabulary)
        # The index cuts Chinese into pairs: a word of one character has to stand apart ("有猫吗": 猫).
        words = " ".join((query, *(term.text for term in terms if term.cjk and len(term.text) == 1)))
        hits = self._store.fulltext.search(words, RECALL, video_ids=video_ids) if terms else []
        if any(hit.channel not in _WORDED for hit in hits):
            # They are short and many: what is heard and how pictures are made changes often.
            hits = self._store.fulltext.search(words, RECALL, video_ids=video_ids, channels=_WORDED)
        lines = self._store.catalog.evidence([hit.evidence_id for hit in hits])
        if any(map(is_background, lines.values())):
            # There is one for each video, so that they may have crowded out all else.
            hits = self._store.fulltext.search(words, RECALL, video_ids=video_ids, channels=_LINES_OF_MOMENTS)
            lines |= self._store.catalog.evidence([hit.evidence_id for hit in hits])
        places = [(line.video_id, line.span.start, line.span.end) for line in lines.values()]
        clips = self._store.catalog.clips_at_hand(places=places)
        best: dict[tuple[str, str], float] = defaultdict(float)
        for line in lines.values():
            share = coverage(terms, line.search_text)
            if not share or is_background(line):
                continue
            spoken = line.channel in ("speech", "screen")
            worth = lexical(share) if spoken else LABEL_WEIGHT * lexical(share) * min(1.0, 2.0 * line.confidence)
            for candidate in self._touched(pool, clips, line):
                key = (candidate.clip.clip_id, line.channel)
                gain = max(0.0, worth - best[key])
                best[key] += gain
                candidate.add_words(line.channel, worth, gain, line.text)

    def _recall_sounds(self, query: str, pool: dict[str, Candidate], video_ids: Sequence[str] | None) -> None:
        lines = sounds_for(query, self._store, self._encoders.concepts.vocabulary, video_ids)
        clips = self._store.catalog.clips_at_hand(places=[place_of(line) for line, _ in lines]) if lines else {}
        best: dict[str, float] = defaultdict(float)
        for line, worth in lines:
            for clip in clips.get(line.video_id, ()):
                # Of two moments, that of which more is filled with the sound comes first.
                share = clip.span.overlap(line.span) / max(1, clip.span.end - clip.span.start)
                if share > 0:
                    candidate = pool.setdefault(clip.clip_id, Candidate(line.video_id, clip))
                    filled = worth * (1.0 - UNFILLED * (1.0 - share))
                    gain = max(0.0, filled - best[clip.clip_id])
                    best[clip.clip_id] += gain
                    candidate.add_words("sound", filled, gain, line.text)

    def _touched(self, pool: dict[str, Candidate], clips: dict[str, list[Clip]], line: Evidence) -> list[Candidate]:
        """Candidates whose clip contains the middle of a spoken or written line, or overlaps an object or a label."""
        touched = []
        for clip in clips.get(line.video_id, ()):
            middle = (line.span.start + line.span.end) // 2
            if clip.span.contains(middle) or (line.channel in ("object", "picture") and clip.span.overlap(line.span)):
                touched.append(pool.setdefault(clip.clip_id, Candidate(line.video_id, clip)))
        return touched

    def _candidates(
        self, pool: dict[str, Candidate], clips: dict[str, list[Clip]], hit: VectorHit
    ) -> Iterable[Candidate]:
        """The candidate of a hit, if its clip still exists."""
        if hit.clip_id in pool:
            return [pool[hit.clip_id]]
        middle = (hit.start + hit.end) // 2
        for clip in clips.get(hit.video_id, ()):
            if clip.clip_id == hit.clip_id or (not hit.clip_id and clip.span.contains(middle)):
                return [pool.setdefault(clip.clip_id, Candidate(hit.video_id, clip))]
        return []

    def _rank(
        self, ordered: list[Candidate], k: int, per_video: int, duplicates: bool, trace: SearchTrace
    ) -> tuple[Moment, ...]:
        """The best ``k``. Near-duplicates of a better one are listed in its ``also`` and make room for others."""
        near_duplicates = self._near_duplicates.among(
            [candidate.video_id for candidate in ordered[: max(COMPARED, 2 * k)]]
        )
        shown: dict[str, int] = defaultdict(int)
        best: list[tuple[Candidate, list[Also]]] = []
        seen = 0
        unlikely: list[Candidate] = []
        if any(confidence(candidate.ratio) >= THRESHOLD for candidate in ordered[:1]):
            unlikely = [candidate for candidate in ordered if confidence(candidate.ratio) < LEAST_SHOWN]
            ordered = [candidate for candidate in ordered if confidence(candidate.ratio) >= LEAST_SHOWN]
        for candidate in ordered:
            if len(best) == k:
                break
            seen += 1
            if shown[candidate.video_id] == per_video:
                trace.outcomes.append((candidate, "left_out", 0, f"{per_video} of this video are shown already"))
                continue
            rank = 0 if duplicates else self._duplicate_of(candidate, best, near_duplicates)
            if rank:
                best[rank - 1][1].append(Also(candidate.video_id, candidate.clip.span))
                trace.outcomes.append((candidate, "merged", rank, "shows the same as a better one"))
                continue
            shown[candidate.video_id] += 1
            best.append((candidate, []))
            trace.outcomes.append((candidate, "shown", len(best), ""))
        behind = "below the -k limit"
        trace.outcomes += [(candidate, "left_out", 0, behind) for candidate in ordered[seen : seen + LEFT_OUT]]
        trace.outcomes += [
            (candidate, "left_out", 0, "is unlikely beside a match") for candidate in unlikely[:LEFT_OUT]
        ]
        runs = self._store.catalog.active_of(sorted(shown), ["thumbnails"])
        return tuple(self._moment(rank, *one, runs) for rank, one in enumerate(best, start=1))

    def _duplicate_of(
        self, candidate: Candidate, best: list[tuple[Candidate, list[Also]]], near_duplicates: Comparison
    ) -> int:
        """The rank of the better one that shows the same; 0 if there is none."""
        place = (candidate.video_id, candidate.clip.span)
        ranked = enumerate(best, start=1)
        return next(
            (rank for rank, (one, _) in ranked if near_duplicates.same((one.video_id, one.clip.span), place)), 0
        )

    def _moment(self, rank: int, candidate: Candidate, also: list[Also], runs: Mapping[tuple[str, str], str]) -> Moment:
        text, channel = candidate.line, candidate.line_channel
        if not text:
            text, channel = self._describe(candidate)
        return Moment(
            rank=rank,
            video_id=candidate.video_id,
            clip_id=candidate.clip.clip_id,
            span=candidate.clip.span,
            score=confidence(candidate.ratio),
            ratio=candidate.ratio,
            channels={name: worth for name, worth in sorted(candidate.channels.items()) if worth},
            text=text,
            text_channel=channel,
            thumbnail=self._thumbnail(candidate, runs),
            also=tuple(also),
        )

    def _describe(self, candidate: Candidate) -> tuple[str, str]:
        """What is said of a hit that no line of text explains, and the channel it comes from."""
        return described(self._store, candidate.video_id, candidate.clip.span)

    def _thumbnail(self, candidate: Candidate, runs: Mapping[tuple[str, str], str]) -> str:
        fingerprint = runs.get((candidate.video_id, "thumbnails"))
        if not fingerprint or not candidate.clip.thumbnail:
            return ""
        return self._store.blobs.uri(StageKey(candidate.video_id, "thumbnails", fingerprint), candidate.clip.thumbnail)


def described(store: LibraryStore, video_id: str, span: Span) -> tuple[str, Channel]:
    """The caption of a span, or else its strongest labels with ", " between them; and which of both."""
    there = store.catalog.evidence_at(video_id, span, ("caption", "picture"))
    strongest = sorted(there, key=lambda line: (line.channel != "caption", -line.confidence))
    if strongest and strongest[0].channel == "caption":
        return strongest[0].text, "caption"
    return ", ".join(label.text for label in strongest[:3]), "picture"


def _in_order(candidates: list[Candidate]) -> list[Candidate]:
    """The best first; equal ones by video and time."""
    return sorted(candidates, key=lambda one: (-one.ratio, one.video_id, one.clip.span.start))
