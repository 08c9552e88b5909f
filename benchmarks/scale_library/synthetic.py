"""One synthetic video: what each stage found in it, made from its number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from benchmarks.scale_library.vectors import BLOCK, WINDOWS, Vectors, topic_concepts, topics_of
from encoders.concepts import Concept
from stores.core.ids import record_id, video_id
from stores.core.records import (
    Clip,
    Fact,
    Label,
    Scene,
    Span,
    SpeechActivity,
    StageOutput,
    Tracklet,
    Utterance,
    VectorItem,
    Video,
    Word,
)

UTTERANCES, LABELS, TRACKLETS, VOICES = 25, 10, 5, 8
TIME_BASE = Fraction(1, 12800)
SECOND = 12_800
_CLIP = 8 * SECOND
_SUFFIX = {"picture": "0", "likeness": "l", "object": "o", "text": "t"}


def sha256_of(number: int) -> str:
    """The content's hash of video ``number``."""
    return hashlib.sha256(f"kinodex-scale-{number}".encode()).hexdigest()


def id_of(number: int) -> str:
    """The id of video ``number``."""
    return video_id(sha256_of(number))


def span(start: int, end: int) -> Span:
    """``[start, end)`` in ticks of every synthetic video."""
    return Span(start, end, TIME_BASE)


@dataclass(frozen=True)
class Block:
    """Videos that are made together: ``lines`` and ``concepts`` are what is said and seen in all of them.

    Attributes:
        clips: of each video.
        names: collection by kind (``picture``, …), of those that are filled.
        fingerprints: of every stage.
    """

    number: int
    clips: int
    names: Mapping[str, str]
    fingerprints: Mapping[str, str]
    lines: Sequence[tuple[str, str]]
    concepts: Sequence[Concept]

    @cached_property
    def _topics(self) -> np.ndarray:
        return topics_of(self.number, self.clips)

    @cached_property
    def _chosen(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng([100, self.number])
        return (
            rng.integers(0, len(self.lines), size=(BLOCK, UTTERANCES)),
            np.round(0.05 + 0.3 * rng.random((BLOCK, LABELS)), 4),
            rng.integers(0, 1000, size=(BLOCK, TRACKLETS)),
        )

    @property
    def _whole(self) -> int:
        return self.clips * _CLIP

    def video(self, number: int) -> Video:
        """The probed video."""
        sha = sha256_of(number)
        return Video(
            video_id=video_id(sha),
            sha256=sha,
            size=1000 + number % 977,
            duration=self._whole,
            time_base=TIME_BASE,
            start_pts=0,
            width=1280,
            height=720,
            rotation=0,
            frame_rate=Fraction(25),
            variable_frame_rate=False,
            video_codec="h264",
            audio_codec="aac",
            container="mov,mp4,m4a,3gp,3g2,mj2",
        )

    def outputs(self, number: int) -> dict[str, StageOutput]:
        """What every stage left of video ``number``; the vectors in them are all zero (`items` has them)."""
        video, row = self.video(number), number % BLOCK
        of_clips = self._clips(video.video_id)
        utterances = self._utterances(video.video_id, row)
        records = {
            "scenes": tuple(Scene(record_id("scn", video.video_id, clip.span), clip.span) for clip in of_clips),
            "clips": tuple(of_clips),
            "speech": tuple(utterances),
            "labels": tuple(self._labels(video.video_id, row, of_clips)),
            "tracklets": tuple(self._tracklets(video.video_id, row)),
            "visual_stats": (self._fact(video.video_id, number),),
            "speech_activity": tuple(
                SpeechActivity(span(at * self._whole // VOICES, at * self._whole // VOICES + self._whole // 10))
                for at in range(VOICES)
            ),
        }
        found = {stage: StageOutput(records.get(stage, ())) for stage in self.fingerprints}
        found["probe"] = StageOutput(video=video)
        nothing = np.zeros((self.clips, 1), np.float32)
        items = [item for kind in self.names for item in self._items(kind, of_clips, utterances, nothing)]
        found["vectors"] = StageOutput(vectors=tuple(items))
        return found

    def items(self, kind: str, number: int, vectors: Vectors) -> list[VectorItem]:
        """What video ``number`` has in the collection of that kind, with its rows of ``vectors`` (n, d)."""
        video = id_of(number)
        utterances = self._utterances(video, number % BLOCK) if kind == "text" else []
        return self._items(kind, self._clips(video), utterances, vectors)

    def _items(
        self, kind: str, clips: Sequence[Clip], utterances: Sequence[Utterance], vectors: Vectors
    ) -> list[VectorItem]:
        name, made_by, suffix = self.names[kind], self.fingerprints["vectors"], _SUFFIX[kind]
        if kind == "text":
            spoken = [utterances[window * UTTERANCES // WINDOWS] for window in range(WINDOWS)]
            return [
                VectorItem(name, f"{made_by}:{line.evidence_id}:t", vector, line.span, "speech", "", line.evidence_id)
                for line, vector in zip(spoken, vectors, strict=False)
            ]
        channel = "object" if kind == "object" else "picture"
        return [
            VectorItem(name, f"{made_by}:{clip.clip_id}:{suffix}", vector, clip.span, channel, clip.clip_id)  # type: ignore[arg-type]
            for clip, vector in zip(clips, vectors, strict=True)
        ]

    def _clips(self, video: str) -> list[Clip]:
        spans = [span(at * _CLIP, (at + 1) * _CLIP) for at in range(self.clips)]
        return [
            Clip(record_id("clp", video, one), one, one.start + _CLIP // 2, f"{at * 4 * SECOND * 2:012d}.jpg")
            for at, one in enumerate(spans)
        ]

    def _utterances(self, video: str, row: int) -> list[Utterance]:
        found = []
        for at, pick in enumerate(self._chosen[0][row]):
            text, language = self.lines[int(pick)]
            where = span(at * self._whole // UTTERANCES, (at + 1) * self._whole // UTTERANCES)
            spoken = text.split() if language == "en" else list(text)
            step = (where.end - where.start) // len(spoken)
            words = tuple(
                Word(word, span(where.start + step * n, where.start + step * (n + 1)), 0.87)
                for n, word in enumerate(spoken)
            )
            found.append(Utterance(record_id("utt", video, where), where, text, language, 0.8, words))
        return found

    def _labels(self, video: str, row: int, clips: Sequence[Clip]) -> list[Label]:
        found = []
        for at, score in enumerate(self._chosen[1][row]):
            number = at * self.clips // LABELS
            concept = self.concepts[int(topic_concepts()[self._topics[row, number], at % 2])]
            names = concept.name, ";".join(concept.zh), concept.broader
            clip = clips[number]
            made = record_id("lbl", video, clip.span, concept.concept_id, at)
            found.append(Label(made, clip.span, clip.clip_id, concept.concept_id, *names, float(score), 0.5))
        return found

    def _tracklets(self, video: str, row: int) -> list[Tracklet]:
        seen = [each for each in self.concepts if each.concept_id.startswith("coco")]
        path = tuple((SECOND * at, round(0.3 + 0.01 * at, 4), 0.1, round(0.6 + 0.01 * at, 4), 0.9) for at in range(12))
        found = []
        for at, pick in enumerate(self._chosen[2][row]):
            concept = seen[int(pick) % len(seen)]
            start = at * self.clips // TRACKLETS * _CLIP
            where = span(start, min(self._whole, start + 2 * _CLIP))
            names = concept.concept_id, concept.name, ";".join(concept.zh), concept.broader
            made = record_id("trk", video, where, concept.concept_id, at)
            found.append(Tracklet(made, where, *names, "white", "still", path, "speech", 0.6))
        return found

    def _fact(self, video: str, number: int) -> Fact:
        text = "black and white 黑白" if number % 50 == 0 else "bright 明亮"
        return Fact(record_id("fct", video, span(0, self._whole), text), span(0, self._whole), text, 0.9)
