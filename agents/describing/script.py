"""Scripts of videos: a summary of what is shown and said, of which every sentence rests on stored evidence.

A long video is written in pieces, and the script from what holds of them: the hierarchy keeps each call within the
context of a small model. After MM-VID (Lin et al. 2023, arXiv:2310.19773).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from agents.answering.checker import CitationChecker
from agents.answering.claims import Claim, cite
from agents.describing.captioner import model_name
from agents.describing.drafting import ABOUT, REPAIR, RULES, Drafter, Note, Task, sentences_of
from agents.describing.pieces import MOST_PIECES, PIECE_TOKENS, evenly, in_pieces
from agents.llm import LLM
from agents.llm.costs import estimated_tokens
from agents.llm.failures import of_one_answer
from encoders.bundle import Encoders
from pipeline.describe.captions import CAPTIONS
from pipeline.stage import Stage
from stores.core.errors import EndpointError
from stores.core.ids import record_id
from stores.core.records import Evidence, Scene, Script, StageOutput
from stores.library_store import LibraryStore

SCRIPT = "script"
"""Name of the stage."""

SENTENCES = 12
"""Most sentences of a script."""

PIECE_SENTENCES = 6
"""Most sentences about one piece of a long video."""

LINES = MOST_PIECES * 240
"""Captions and lines read at most. If there are more, they are sampled evenly, captions first. Source: a line has some
25 tokens, so that these fill all pieces."""

_NOTES = (
    "numbered notes: captions that a model wrote of its clips, words that were heard, words that were read on screen."
)
_WHOLE = (
    f"You write the script of a video in at most {SENTENCES} plain sentences, in the order of what happens, from "
    f"{_NOTES} {RULES}"
)
_PIECE = (
    f"You summarise one part of a long video in at most {PIECE_SENTENCES} plain sentences, in the order of what "
    f"happens, from {_NOTES} {RULES}"
)
_JOIN = (
    f"You write the script of a long video in at most {SENTENCES} plain sentences, in the order of what happens, from "
    f"numbered notes: sentences about its parts. Choose what matters most and keep their words. {RULES}"
)

_log = logging.getLogger(__name__)


class ScriptWriter:
    """Writes scripts of videos with captions.

    Args:
        llm: drafts them.
    """

    def __init__(self, store: LibraryStore, encoders: Encoders, llm: LLM) -> None:
        self._store = store
        self._drafter = Drafter(CitationChecker(store, encoders), llm)
        self.model = model_name(llm)

    def stage(self, about: str = "") -> Stage:
        """The stage that this writer implements, for a video of which others write ``about``."""
        settings: dict[str, object] = {
            "instructions": [_WHOLE, _PIECE, _JOIN, REPAIR],
            "lines": LINES,
            "piece": [PIECE_TOKENS, MOST_PIECES],
        }
        if about:
            settings["about"] = [ABOUT, about]
        return Stage(SCRIPT, "2", settings, (self.model,), (CAPTIONS, "speech", "screentext"))

    def write(
        self, video_id: str, about: str = "", on_progress: Callable[[float], None] = lambda _: None
    ) -> StageOutput:
        """The script of one video; no record if there is no evidence, or no sentence that it supports.

        Args:
            about: what others write about the video, see `pipeline.describe.about`.
            on_progress: called with the share that is done, in [0, 1], after each piece.

        Raises:
            EndpointError: as `agents.llm.LLM.ask`. One piece of several that the model fails at is left out.
        """
        video = self._store.catalog.video(video_id)
        pieces = self._pieces(video_id)
        if video is None or not pieces:
            return StageOutput()
        if len(pieces) == 1:
            sentences: Sequence[Claim] = self._drafter.draft(Task(_WHOLE, video_id, tuple(pieces[0]), about))
        else:
            sentences = self._joined(video_id, self._of_pieces(video_id, pieces, about, on_progress), about)
        on_progress(1.0)
        if not sentences:
            return StageOutput()
        text = sentences_of(sentences[:SENTENCES])
        cites = dict.fromkeys(one.evidence_id for sentence in sentences[:SENTENCES] for one in sentence.citations)
        name = record_id("scr", video_id, video.whole, text)
        return StageOutput((Script(name, video.whole, text, self.model, tuple(cites)),))

    def _pieces(self, video_id: str) -> list[list[Note]]:
        lines = _chosen(self._store.catalog.evidence_of(video_id))
        notes = [Note(line.evidence_id, f"{line.channel}: {line.text!r}", (cite(line),)) for line in lines]
        if not notes:
            return []
        scenes = [one for one in self._store.memory(video_id).records("scenes") if isinstance(one, Scene)]
        tokens = [estimated_tokens(note.line) for note in notes]
        cuts = sorted(scene.span.start for scene in scenes)
        return in_pieces(notes, tokens, [line.span.start for line in lines], cuts)

    def _of_pieces(
        self, video_id: str, pieces: Sequence[Sequence[Note]], about: str, on_progress: Callable[[float], None]
    ) -> list[Claim]:
        found: list[Claim] = []
        failed: list[EndpointError] = []
        for number, notes in enumerate(pieces, 1):
            try:
                found += self._drafter.draft(Task(_PIECE, video_id, tuple(notes), about))[:PIECE_SENTENCES]
            except EndpointError as error:
                if not of_one_answer(error):
                    raise
                _log.warning("%s: part %d of %d is not in the script: %s", video_id, number, len(pieces), error.code)
                failed.append(error)
            on_progress(number / (len(pieces) + 1))
        if len(failed) == len(pieces):
            raise failed[0]
        return found

    def _joined(self, video_id: str, sentences: Sequence[Claim], about: str) -> Sequence[Claim]:
        """A script from what holds of the parts; some of their own sentences if none of it holds."""
        if len(sentences) <= 1:
            return sentences
        notes = [Note(f"part_{number}", repr(one.text), one.citations) for number, one in enumerate(sentences, 1)]
        try:
            joined = self._drafter.draft(Task(_JOIN, video_id, tuple(notes), about))
        except EndpointError as error:
            if not of_one_answer(error):
                raise
            joined = ()
        return joined or evenly(sentences, SENTENCES)


def _chosen(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The lines that a script is written from, in order of time."""
    captions = evenly([line for line in evidence if line.channel == "caption"], LINES)
    others = evenly([line for line in evidence if line.channel in ("speech", "screen")], LINES - len(captions))
    return sorted((*captions, *others), key=lambda line: (line.span.start, line.span.end, line.evidence_id))
