"""Speech into words with times: Whisper through CTranslate2, on the spans where somebody speaks."""

from __future__ import annotations

import math
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from faster_whisper import WhisperModel

from encoders.adapters.joined_speech import JoinedSpeech, join_speech
from encoders.registry.loading import LoadContext
from encoders.types import Samples, SpeechSegment, Transcript, WeightsError, WordTime

# What is dropped as invented. The first three are Whisper's own rules for silence and loops (arXiv:2212.04356,
# section 4.5: no-speech above 0.6 with log-probability below -1, gzip ratio above 2.4). The last is ours, chosen:
# below -1.2 the model gave its own tokens 0.3 on (geometric) average, which is no ground for a citation.
_NO_SPEECH, _NO_SPEECH_LOGPROB, _LOOP_RATIO, _LOWEST_LOGPROB = 0.6, -1.0, 2.4, -1.2
# A window that repeats itself may be a loop of the model, or an announcement that is made four times. Of the latter the
# model is sure (log-probability -0.2), and what is said is no loop once each sentence counts once. The bar is ours.
_SURE_LOGPROB = -0.5
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*")
# Below this the language is a guess, and confidence falls in proportion.
_SURE_LANGUAGE = 0.5
# New tokens of one 30-second window: fast speech has about 5 words a second and Chinese about 2 tokens a character;
# a window with less sound may write less, so that a loop ends early. 224 is half of the model's context of 448.
_TOKENS_PER_SECOND, _TOKENS_SPARE, _TOKENS_MAX = 14, 24, 224
# Words of one segment further apart than this, after silence was put back between them, become two segments.
_LONGEST_GAP = 1.5
_COMPUTE_TYPES = {"cpu": "int8", "cuda": "float16"}


class _Word(Protocol):
    start: float
    end: float
    word: str
    probability: float


class _Segment(Protocol):
    start: float
    end: float
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    words: list[_Word] | None


class WhisperRecognizer:
    """Speech recogniser of about a hundred languages.

    Args:
        folder: CTranslate2 model folder with tokenizer and vocabulary; nothing is ever downloaded.
        threads: CPU threads of one call.
        device: ``cpu`` or ``cuda``.
        compute_type: numbers to compute in, as CTranslate2 names them.

    Raises:
        WeightsError: ``corrupt`` if the folder cannot be loaded.
    """

    def __init__(
        self,
        folder: Path,
        threads: int = 1,
        name: str = "whisper-base",
        device: str = "cpu",
        compute_type: str = "int8",
    ) -> None:
        # A path that is no folder would be looked up on the Hugging Face hub.
        if not folder.is_dir():
            raise WeightsError("missing", f"{folder} is not a folder.")
        try:
            # CTranslate2 lets as many calls run at a time as it has workers; they share the weights.
            self._model: Any = WhisperModel(
                str(folder),
                device=device,
                compute_type=compute_type,
                cpu_threads=threads,
                num_workers=max(1, (os.cpu_count() or 1) // threads),
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise WeightsError("corrupt", f"{folder} cannot be loaded: {error}") from error
        self._name = name

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def recognize(self, samples: Samples, speech: Sequence[tuple[float, float]]) -> Transcript:
        """What is said in the given spans; no segments where nothing was recognised.

        The language is the one heard in most of the speech, its probability the mean there. A segment's confidence is
        ``exp(mean log-probability of its tokens) * min(1, language probability / 0.5)``.

        Args:
            samples: (n,) float32 mono at 16 kHz in [-1, 1]; n may be 0.
            speech: (start, end) seconds in which somebody speaks; parts outside the sound are ignored.

        Returns:
            Segments in order of time, seconds on the clock of ``samples``; language "" where nothing was recognised.
        """
        segments: list[SpeechSegment] = []
        languages: dict[str, list[tuple[float, float]]] = {}
        for piece in join_speech(samples, speech):
            found, info = self._transcribe(piece)
            languages.setdefault(info.language, []).append((piece.seconds, float(info.language_probability)))
            sure = min(1.0, float(info.language_probability) / _SURE_LANGUAGE)
            for repeating, window in groupby(found, lambda one: one.compression_ratio > _LOOP_RATIO):
                restored = [
                    part
                    for segment in window
                    for part in _restored(segment, piece, math.exp(min(0.0, segment.avg_logprob)) * sure, repeating)
                ]
                segments.extend(_collapsed(restored) if repeating else restored)
        if not segments:  # the language heard in noise is no finding
            return Transcript("", 0.0, ())
        language = max(languages, key=lambda code: sum(seconds for seconds, _ in languages[code]))
        total = sum(seconds for seconds, _ in languages[language])
        probability = sum(seconds * p for seconds, p in languages[language]) / total
        return Transcript(language, probability, tuple(segments))

    def _transcribe(self, piece: JoinedSpeech) -> tuple[list[_Segment], Any]:
        # One greedy pass. Whisper's retries at higher temperatures took 24 s for 5 s of music and made the result
        # depend on chance; what they would retry is dropped below instead.
        found, info = self._model.transcribe(
            piece.samples,
            beam_size=1,
            temperature=[0.0],
            word_timestamps=True,
            condition_on_previous_text=False,
            vad_filter=False,
            no_speech_threshold=_NO_SPEECH,
            log_prob_threshold=_NO_SPEECH_LOGPROB,
            max_new_tokens=min(_TOKENS_MAX, _TOKENS_SPARE + int(_TOKENS_PER_SECOND * piece.seconds)),
            language_detection_segments=3,
            language_detection_threshold=_SURE_LANGUAGE,
        )
        believable = [segment for segment in found if _believable(segment)]
        windows = groupby(believable, lambda one: (one.compression_ratio, one.avg_logprob))
        return [segment for _, window in windows for segment in _no_loop(list(window))], info


def load(context: LoadContext) -> WhisperRecognizer:
    """The speech recogniser of the registry.

    Where its ``preprocessing`` names a ``compute_type``, it runs on the CPU in that, on every machine; else on the
    device of the context, in half precision on a GPU and in 8-bit whole numbers on a CPU.

    Raises:
        WeightsError: ``corrupt`` if its folder cannot be loaded.
    """
    pinned = context.spec.preprocessing.get("compute_type")
    device = "cpu" if pinned else context.device
    compute_type = str(pinned or _COMPUTE_TYPES[device])
    return WhisperRecognizer(context.paths["folder"], context.threads, context.spec.name, device, compute_type)


def _believable(segment: _Segment) -> bool:
    silent = segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _NO_SPEECH_LOGPROB
    return not silent and segment.avg_logprob >= _LOWEST_LOGPROB


def _no_loop(window: list[_Segment]) -> list[_Segment]:
    """The segments of one window of 30 seconds; none if it repeats itself and nobody can be taken to have said so."""
    first = window[0]
    if first.compression_ratio <= _LOOP_RATIO:
        return window
    sentences = (sentence for segment in window for sentence in _SENTENCE.split(segment.text.strip()))
    once = " ".join(dict.fromkeys(sentences)).encode()
    sure = first.avg_logprob >= _SURE_LOGPROB and first.no_speech_prob <= _NO_SPEECH
    return window if sure and len(once) / len(zlib.compress(once)) <= _LOOP_RATIO else []


def _collapsed(segments: Iterable[SpeechSegment]) -> list[SpeechSegment]:
    """The same sentence several times in a row as one segment, from the first time to the last; words of the first."""
    kept: list[SpeechSegment] = []
    for segment in segments:
        last = kept[-1] if kept else None
        if last is not None and last.text == segment.text and segment.start - last.end <= _LONGEST_GAP:
            kept[-1] = replace(last, end=max(last.end, segment.end))
        else:
            kept.append(segment)
    return kept


def _restored(
    segment: _Segment, piece: JoinedSpeech, confidence: float, by_sentence: bool = False
) -> Iterable[SpeechSegment]:
    """The segment on the original clock, cut where a long silence had been taken out, and if wanted at sentences."""
    words = []
    for word in segment.words or ():
        start, end = piece.original(word.start, word.end)
        words.append(WordTime(str(word.word), start, end, float(word.probability)))
    if not words:
        start, end = piece.original(segment.start, segment.end)
        if segment.text.strip() and end > start:
            yield SpeechSegment(segment.text.strip(), start, end, confidence, ())
        return
    group = [words[0]]
    for later in words[1:]:
        sentence_ends = by_sentence and len(_SENTENCE.split(group[-1].text)) > 1
        if sentence_ends or later.start - group[-1].end > _LONGEST_GAP:
            yield from _segment(group, confidence)
            group = []
        group.append(later)
    yield from _segment(group, confidence)


def _segment(words: Sequence[WordTime], confidence: float) -> Iterable[SpeechSegment]:
    # Whisper's words carry their own leading spaces, so that languages without spaces join rightly too.
    text = "".join(word.text for word in words).strip()
    if text:
        yield SpeechSegment(
            text,
            words[0].start,
            max(word.end for word in words),
            confidence,
            tuple(WordTime(word.text.strip(), word.start, word.end, word.probability) for word in words),
        )
