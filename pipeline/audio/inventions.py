"""What the speech recogniser invented: words where nobody speaks or sings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from encoders.types import SAMPLE_RATE, SOUND_FRAME, SOUNDS, SoundProbabilities, SpeechSegment
from stores.core.text_keys import key_words

_FRAMES_PER_SECOND = SAMPLE_RATE / SOUND_FRAME
_VOICES = [SOUNDS.index("speech"), SOUNDS.index("singing")]
_MUSIC = SOUNDS.index("music")
# A voice is there where either is likelier than not (FireRedVAD's own threshold), and in a line where it is there in a
# tenth of its words' time: words are timed roughly, and the detector misses some. Ours.
_VOICE, _LEAST_VOICED = 0.5, 0.1
# Below this everywhere, no voice is there: the odds are nine to one. Ours.
_RULED_OUT = 0.1
# The recogniser gave the tokens of a line less than one half each (geometric mean): as likely wrong as right.
_DOUBTFUL = 0.5


def without_inventions(
    segments: Sequence[SpeechSegment], probabilities: SoundProbabilities, before: Sequence[str] = ()
) -> list[SpeechSegment]:
    """Segments without those that were invented.

    A line is one if nobody is heard to speak or sing in it, by another model than the one that let it be transcribed,
    and if music explains it; or it is doubtful; or it says what is said elsewhere: what recognisers write into music
    and noise is the line before, or the same one again and again. What is said over and over by a voice is kept.

    Args:
        segments: of a unit of sound, seconds on its clock.
        probabilities: (frames, 3) of each of `encoders.types.SOUNDS` in it.
        before: what was said earlier.
    """
    said = Counter(_key(text) for text in (*before, *(segment.text for segment in segments)))
    kept = []
    for segment in segments:
        frames = _frames(segment, probabilities)
        voices = frames[:, _VOICES].max(axis=1, initial=0.0)
        if len(frames) and (voices >= _VOICE).mean() < _LEAST_VOICED:
            explained = voices.max() < _RULED_OUT and frames[:, _MUSIC].mean() >= _VOICE
            if explained or segment.confidence < _DOUBTFUL or said[_key(segment.text)] > 1:
                continue
        kept.append(segment)
    return kept


def _frames(segment: SpeechSegment, probabilities: SoundProbabilities) -> SoundProbabilities:
    """The rows of the words' time, or of the segment's where it has no words."""
    rows = []
    for start, end in [(word.start, word.end) for word in segment.words] or [(segment.start, segment.end)]:
        # A word without length lasts for a moment, also at the very end.
        first = min(max(0, round(start * _FRAMES_PER_SECOND)), max(0, len(probabilities) - 1))
        rows.append(probabilities[first : max(first + 1, round(end * _FRAMES_PER_SECOND))])
    return np.concatenate(rows)


def _key(text: str) -> str:
    return " ".join(key_words(text))
