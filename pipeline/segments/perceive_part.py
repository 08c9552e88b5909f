"""One part of a long video: processed like a whole one, and stored until all parts can be joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.passes.context import PassContext, PerceptionContext
from pipeline.passes.outcomes import Outcome
from pipeline.passes.stages import run_audio_stages, run_video_stages
from pipeline.perception import AUDIO_STAGES, VIDEO_STAGES, stages
from pipeline.segments.join import pack_outcome
from pipeline.segments.parts import Part, part_fingerprint
from pipeline.similarity.reuse import Reuse
from pipeline.stage import fingerprints
from stores.core.ids import base_stage, part_stage
from stores.core.records import StageKey, Video


def perceive_part(
    path: Path, video: Video, part: Part, todo: Sequence[str], context: PerceptionContext
) -> Iterator[tuple[str, Outcome]]:
    """Run the audio and video stages in ``todo`` on one part of a video.

    Bad media and missing weights become errors of the stages concerned; bugs are raised. Undecodable audio is not an
    error of its part: it is recorded, and joining fails if it is so in every part.

    Args:
        todo: names of whole stages, out of `VIDEO_STAGES` and `AUDIO_STAGES`.
        context: ``begin`` and ``on_progress`` are called with the names that stages have in this part
            (`stores.core.ids.part_stage`). Results of other videos are reused only if ``frame_hashes`` is in ``todo``.

    Yields:
        The name, in this part, of each stage that was begun, with one blob for `pipeline.segments.join`, or with the
        error that it ended with.
    """
    config, on_progress = context.config, context.on_progress
    wanted = fingerprints(stages(context.encoders, config))

    def report(stage: str, share: float) -> None:
        if on_progress is not None:
            on_progress(part_stage(stage, part.number), share)

    known = context.known_frame_hashes if "frame_hashes" in todo else None
    reuse = Reuse.of(known, video.video_id, wanted, config.reuse)
    pass_context = PassContext(path, video, context.encoders, context.decoder, config, report, part.span, reuse)
    for names, run_stages in ((AUDIO_STAGES, run_audio_stages), (VIDEO_STAGES, run_video_stages)):
        asked = [part_stage(name, part.number) for name in names if name in todo and name in wanted]
        able = [base_stage(stage) for stage in context.begin(asked)] if asked else []
        for name, outcome in run_stages(able, pass_context):
            stage = part_stage(name, part.number)
            key = StageKey(video.video_id, stage, part_fingerprint(wanted[name], part))
            yield stage, pack_outcome(key, outcome)
