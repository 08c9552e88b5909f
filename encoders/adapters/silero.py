"""Speech activity: Silero's voice activity detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps

from encoders.registry.loading import LoadContext
from encoders.types import SAMPLE_RATE, Samples

# Threshold: Silero's own default. Pauses under 1 s stay inside a span and 0.3 s are kept around it: Whisper hears
# cut-off first syllables badly, and faster-whisper's own defaults (2 s and 0.4 s) keep more silence than clips need.
_OPTIONS = VadOptions(threshold=0.5, min_speech_duration_ms=250, min_silence_duration_ms=1000, speech_pad_ms=300)
# Sound is processed in pieces of this length, because the detector copies its input several times.
_PIECE = 30 * 60 * SAMPLE_RATE
_MERGE_SECONDS = 1.0


class SileroVoiceDetector:
    """Voice activity detector.

    Args:
        weights: the verified ONNX file; it is the copy inside faster-whisper, which loads it by itself.
    """

    def __init__(self, weights: Path, name: str = "silero-vad-v6") -> None:
        self._weights = weights
        self._name = name

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def detect(self, samples: Samples) -> list[tuple[float, float]]:
        """Spans (start, end) in seconds of speech, in order, not touching.

        Args:
            samples: (n,) float32 mono at 16 kHz in [-1, 1]; n may be 0.
        """
        samples = np.ascontiguousarray(samples, np.float32)
        spans: list[tuple[float, float]] = []
        for offset in range(0, len(samples), _PIECE):
            for found in get_speech_timestamps(samples[offset : offset + _PIECE], _OPTIONS):
                start, end = (offset + found["start"]) / SAMPLE_RATE, (offset + found["end"]) / SAMPLE_RATE
                # Only two spans on both sides of a border between pieces can be this near.
                if spans and start - spans[-1][1] < _MERGE_SECONDS - 2 * _OPTIONS.speech_pad_ms / 1000:
                    spans[-1] = spans[-1][0], end
                else:
                    spans.append((start, end))
        return spans


def load(context: LoadContext) -> SileroVoiceDetector:
    """The voice activity detector of the registry."""
    return SileroVoiceDetector(context.paths["weights"], context.spec.name)
