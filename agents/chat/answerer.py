"""One question, one answer: a turn of the graph outside of any conversation, and nothing kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from agents.answering.claims import Answer
from agents.chat.graph import RECURSION_LIMIT, ChatGraph
from agents.chat.limits import DEFAULT_LIMITS, ChatLimits
from agents.chat.state import ChatState, claim_in
from agents.llm import LLM
from agents.search.finder import Finder
from agents.tools.eyes import Eyes
from encoders.bundle import Encoders
from stores.core.record_columns import clean
from stores.library_store import LibraryStore


class Answerer:
    """Answers questions over one library. Thread-safe.

    Args:
        llm: plans the look-ups and drafts claims. Without one, rules do.
        finder: finds the moments that a question is about; by default one without steps after recall.
        limits: of one question.
        eyes: look at frames before what was recognised is claimed.
    """

    def __init__(
        self,
        store: LibraryStore,
        encoders: Encoders,
        llm: LLM | None = None,
        finder: Finder | None = None,
        limits: ChatLimits = DEFAULT_LIMITS,
        eyes: Eyes | None = None,
    ) -> None:
        self._llm = llm
        graph = ChatGraph(store, encoders, finder or Finder(store, encoders), llm, limits, eyes)
        self._graph = graph.build().compile()

    @property
    def mode(self) -> Literal["extractive", "llm"]:
        """How claims are drafted."""
        return "llm" if self._llm else "extractive"

    def ask(self, question: str, video_ids: Sequence[str] | None = None) -> Answer:
        """Answer one question from the whole library or from some of its videos.

        Raises:
            UsageError: USAGE if the question is empty; UNKNOWN_VIDEO if one of ``video_ids`` is not indexed.
            EndpointError: if a language model is set and fails.
            WeightsError: as `Finder.search`.
        """
        scope = None if video_ids is None else list(video_ids)
        begun = ChatState(question=clean(question), history={}, video_ids=scope)
        answer = self._graph.invoke(begun, {"recursion_limit": RECURSION_LIMIT})["answer"]
        claims = tuple(claim_in(one) for one in answer["claims"])
        return Answer(question, answer["text"], answer["abstained"], answer["mode"], claims)
