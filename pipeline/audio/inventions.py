"""What the speech recogniser invented: words where nobody speaks or sings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from encoders.types import SAMPLE_RATE, SOUND_FRAME, SOUNDS, SoundProbabilities, SpeechSegment
from stores.core.text_keys import key_words

_FRAMES_PER_SECOND = SAMPLE_RATE / SOUND_FRAME
_VOICES = [SOUNDS.index("speech"), SOUNDS.index("singing")]
# A voice is there where either is likelier than not (FireRedVAD's own threshold), and in a line where it is there in a
# tenth of its words' time: words are timed roughly, and the detector misses some. Ours.
_VOICE, _LEAST_VOICED = 0.5, 0.1
# The recogniser gave the tokens of a line less than one half each (geometric mean): as likely wrong as right.
_DOUBTFUL = 0.5


def without_inventions(
    segments: Sequence[SpeechSegment], probabilities: SoundProbabilities, before: Sequence[str] = ()
) -> list[SpeechSegment]:
    """Segments without those that were invented.

    A line is one if nobody is heard to speak or sing in it, by another model than the one that let it be transcribed,
    and it is doubtful, or says what is said elsewhere: what recognisers write into music and noise is the line before,
    or the same one again and again. What is said over and over by a voice is kept.

    Args:
        segments: of a unit of sound, seconds on its clock.
        probabilities: (frames, 3) of each of `encoders.types.SOUNDS` in it.
        before: what was said earlier.
    """
    said = Counter(_key(text) for text in (*before, *(segment.text for segment in segments)))
    return [
        segment
        for segment in segments
        if _voiced(segment, probabilities) >= _LEAST_VOICED
        or not (segment.confidence < _DOUBTFUL or said[_key(segment.text)] > 1)
    ]


def _voiced(segment: SpeechSegment, probabilities: SoundProbabilities) -> float:
    """Share of the words' time, or of the segment's where it has no words, in which a voice is heard, in [0, 1]."""
    voiced = total = 0
    for start, end in [(word.start, word.end) for word in segment.words] or [(segment.start, segment.end)]:
        first = max(0, round(start * _FRAMES_PER_SECOND))
        frames = probabilities[first : max(first + 1, round(end * _FRAMES_PER_SECOND)), _VOICES]
        voiced += int((frames.max(axis=1, initial=0.0) >= _VOICE).sum())
        total += len(frames)
    return voiced / total if total else 1.0


def _key(text: str) -> str:
    return " ".join(key_words(text))
