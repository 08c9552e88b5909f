"""What one turn may use, and what becomes of it when a language model fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agents.chat.run_context import RunContext
from agents.chat.state import ChatState
from agents.llm import Budget, Usage
from stores.core.errors import EndpointError

MOST_CALLS = 8
"""Look-ups of one turn. Source: Deep Video Discovery (arXiv 2505.18079) ends its loop by a forced answer; the number is
ours."""

MODEL_SHARE = 0.75
"""Share of a turn's seconds after which no language model is waited for any more: the rest is for the rules' answer.
Ours."""

MODEL_FAULTS = ("ENDPOINT_BAD_OUTPUT", "ENDPOINT_CONTEXT", "ENDPOINT_FILTERED", "ENDPOINT_BUDGET")
"""Failures of one answer of a model, or the end of its budget: the rules go on."""


def rules_go_on(error: EndpointError, state: ChatState, spent: Usage) -> bool:
    """Whether the rules answer where a model failed; else the turn fails with the error's code.

    They do after `MODEL_FAULTS`, and if an endpoint that has answered in this turn is lost in the middle of it (a cut
    stream, HTTP 429 or 500 after all retries). What its owner has to put right is told: a wrong key, name or address
    (ENDPOINT_REFUSED), and an endpoint that has not answered in this turn at all (ENDPOINT_UNREACHABLE).
    """
    if error.code.name in MODEL_FAULTS:
        return True
    answered = spent.completion_tokens > 0 or state.get("usage", {}).get("tokens", 0) > 0
    return error.code.name == "ENDPOINT_UNREACHABLE" and answered


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """Limits of one turn for calls of a language model; look-ups are bounded by `MOST_CALLS`.

    Attributes:
        seconds: of wall clock, from the beginning of the turn; a model gets `MODEL_SHARE` of them.
        tokens: read and written.
        money: US dollars by ``prices``, those of a million tokens read and written; None for no limit.
        notes: tokens of evidence that a model is shown.
        calls: of the model.
    """

    seconds: float = 180.0
    tokens: int = 40_000
    money: float | None = None
    prices: tuple[float, float] = (0.0, 0.0)
    notes: int = 600
    calls: int = 32

    @contextmanager
    def spending(self, state: ChatState, context: RunContext | None) -> Iterator[Budget]:
        """A budget of what a turn has not used yet; what is spent of it is counted into the turn, however it ends.

        Raises:
            TurnStoppedError: if the turn is to end.
        """
        if context is not None:
            context.check()
        budget = self._left(state, context)
        try:
            yield budget
        finally:
            if context is not None:
                spent = budget.spent
                tokens = spent.prompt_tokens + spent.completion_tokens
                context.spend(spent.calls, tokens, spent.cost(*self.prices))

    def used(self, state: ChatState, spent: Usage) -> dict[str, float]:
        """What a turn has used together with what was spent just now."""
        used = state.get("usage", {})
        return {
            "calls": used.get("calls", 0) + spent.calls,
            "tokens": used.get("tokens", 0) + spent.prompt_tokens + spent.completion_tokens,
            "cost": used.get("cost", 0.0) + spent.cost(*self.prices),
        }

    def _left(self, state: ChatState, context: RunContext | None) -> Budget:
        used = state.get("usage", {})
        if context is not None:
            # Of this attempt: a turn that is resumed an hour later has not used an hour.
            seconds = context.seconds_left - (1 - MODEL_SHARE) * self.seconds
        else:
            seconds = MODEL_SHARE * self.seconds - (time.time() - state["began"])
        return Budget(
            calls=max(0, self.calls - int(used.get("calls", 0))),
            tokens=max(0, self.tokens - int(used.get("tokens", 0))),
            seconds=max(0.0, seconds),
            money=None if self.money is None else max(0.0, self.money - used.get("cost", 0.0)),
            prices=self.prices,
        )


DEFAULT_LIMITS = ChatLimits()
