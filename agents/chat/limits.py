"""What one turn may use."""

from __future__ import annotations

import time
from dataclasses import dataclass

from agents.chat.state import ChatState
from agents.llm import Budget, Usage

MOST_CALLS = 8
"""Look-ups of one turn. Source: Deep Video Discovery (arXiv 2505.18079) ends its loop by a forced answer; the number is
ours."""


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """Limits of one turn for calls of a language model; look-ups are bounded by `MOST_CALLS`.

    Attributes:
        seconds: of wall clock, from the beginning of the turn.
        tokens: read and written.
        money: US dollars by ``prices``, those of a million tokens read and written; None for no limit.
        notes: tokens of evidence that a model is shown.
    """

    seconds: float = 180.0
    tokens: int = 40_000
    money: float | None = None
    prices: tuple[float, float] = (0.0, 0.0)
    notes: int = 600

    def left(self, state: ChatState) -> Budget:
        """A budget of what a turn has not used yet."""
        used = state.get("usage", {})
        return Budget(
            tokens=max(0, self.tokens - int(used.get("tokens", 0))),
            seconds=max(0.0, self.seconds - (time.time() - state["began"])),
            money=None if self.money is None else max(0.0, self.money - used.get("cost", 0.0)),
            prices=self.prices,
        )

    def used(self, state: ChatState, spent: Usage) -> dict[str, float]:
        """What a turn has used together with what was spent just now."""
        used = state.get("usage", {})
        return {
            "calls": used.get("calls", 0) + spent.calls,
            "tokens": used.get("tokens", 0) + spent.prompt_tokens + spent.completion_tokens,
            "cost": used.get("cost", 0.0) + spent.cost(*self.prices),
        }


DEFAULT_LIMITS = ChatLimits()
