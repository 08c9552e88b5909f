"""One part of a long video: watched and heard like a whole one, and left for the joining."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from encoders.bundle import Encoders
from pipeline.decode.decoder import Decoder
from pipeline.passes import Begin, Outcome, Progress, audio_stages, video_stages
from pipeline.perception import AUDIO_STAGES, VIDEO_STAGES, PerceptionConfig, stages
from pipeline.reuse import KnownFrameHashes, Reuse
from pipeline.segments.join import as_note
from pipeline.segments.parts import Part, part_fingerprint
from pipeline.stage import fingerprints
from stores.core.ids import base_stage, part_stage
from stores.core.records import StageKey, Video


def perceive_part(
    path: Path,
    video: Video,
    part: Part,
    todo: Sequence[str],
    encoders: Encoders,
    decoder: Decoder,
    begin: Begin,
    config: PerceptionConfig | None = None,
    progress: Progress | None = None,
    known_frame_hashes: KnownFrameHashes | None = None,
) -> Iterator[tuple[str, Outcome]]:
    """Run the watching and listening stages in ``todo`` on one part of a video.

    Bad media and missing weights end as errors of the stages concerned; bugs are raised. Sound that cannot be decoded
    is no error of its part, but is told to the joining, which fails if no part could be heard.

    Args:
        todo: names of whole stages, of `VIDEO_STAGES` and `AUDIO_STAGES`.
        begin: called with the part's names of stages (`stores.core.ids.part_stage`) right before they are risked;
            returns those that may run.
        progress: told the part's name of a stage and its share of the part, in [0, 1].
        known_frame_hashes: of other videos, whose model results are taken where they show the same (`pipeline.reuse`);
            only where the part's own ``frame_hashes`` are in ``todo``, too.

    Yields:
        The part's name of each begun stage with one blob for `pipeline.segments.join`, or with why it failed.
    """
    config = config or PerceptionConfig()
    wanted = fingerprints(stages(encoders, config))

    def on_progress(stage: str, share: float) -> None:
        if progress is not None:
            progress(part_stage(stage, part.number), share)

    reuse = Reuse.of(known_frame_hashes, video.video_id, wanted, config.reuse) if "frame_hashes" in todo else None
    for names, outcomes in ((AUDIO_STAGES, audio_stages), (VIDEO_STAGES, partial(video_stages, reuse=reuse))):
        asked = [part_stage(name, part.number) for name in names if name in todo]
        able = [base_stage(stage) for stage in begin(asked)] if asked else []
        for name, outcome in outcomes(able, path, video, encoders, decoder, config, on_progress, part.span):
            stage = part_stage(name, part.number)
            key = StageKey(video.video_id, stage, part_fingerprint(wanted[name], part))
            yield stage, as_note(key, outcome)
