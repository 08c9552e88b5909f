"""A follow-up that the rules could not complete, completed by a language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel, Field

from agents.llm import LLM, Budget
from agents.questions.conversation.rewriting import INSTRUCTIONS, LONGEST, accepts, leans, rewriting_prompt
from agents.questions.conversation.turns import Standalone, Turn
from stores.core.errors import EndpointError

SECONDS, TOKENS = 30.0, 3000
"""That completing one follow-up may take: it comes before everything else."""

_FORM = 'Reply as {"question": "…"}.'


class _Rewritten(BaseModel):
    question: str = Field(max_length=LONGEST)


class Rewriter:
    """Completes follow-ups."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    def completed(self, text: str, alone: Standalone, turns: Sequence[Turn]) -> Standalone:
        """What the rules made of a follow-up, or what the model makes of it where they left words that point nowhere.

        Args:
            text: as it was asked; alone: by the rules.
            turns: of the conversation, the newest last.
        """
        untouched = not alone.changed or " ".join(alone.text.split()) == " ".join(text.split())
        if not turns or alone.more or not untouched or not leans(text):
            return alone
        try:
            budget = Budget(tokens=TOKENS, seconds=SECONDS)
            made = self._llm.ask(f"{INSTRUCTIONS} {_FORM}", rewriting_prompt(text, turns), _Rewritten, budget=budget)
        except EndpointError:
            return alone  # the rules' reading is one, too
        question = made.question.strip()
        if question.casefold() == text.strip().casefold() or not accepts(question, text, turns):
            return alone
        newest = turns[-1]
        videos = alone.video_ids or newest.video_ids or tuple(one.video_id for one in newest.videos)
        why = f"a language model completed it: {question}"
        return replace(alone, text=question, video_ids=videos if len(videos) == 1 else None, changed=True, why=why)
