"""What a language model costs: tokens estimated before a call, usage counted after it, and a budget for many."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields

from agents.llm.completion import Message, Tokens
from stores.core.errors import EndpointError

CHARACTERS = 3.5
"""Characters of a token of text in letters. Source: about 4 in English prose, under 3 in JSON and names; rather too
many tokens are expected than too few."""

PICTURE_TOKENS = 255
"""Tokens of one picture with a long side of 512 pixels. Source: OpenAI, vision guide: 85 and 170 for each tile of 512
pixels; Qwen2.5-VL takes one for 28 × 28 pixels, which is fewer."""

MESSAGE_TOKENS = 4
"""Tokens that a chat template puts around each message."""

LEAST_REPLY = 48
"""A call is not begun if a budget leaves fewer tokens than this for its reply: it would be cut off."""

_WHOLE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


def estimated_tokens(text: str) -> int:
    """Tokens of a text, roughly: one for each Chinese character, one for several letters."""
    whole = len(_WHOLE.findall(text))
    return whole + math.ceil((len(text) - whole) / CHARACTERS)


def estimated_tokens_of(messages: Sequence[Message]) -> int:
    """The same of messages, with their pictures and calls."""
    count = 0
    for message in messages:
        count += MESSAGE_TOKENS + estimated_tokens(message.text) + PICTURE_TOKENS * len(message.pictures)
        count += sum(estimated_tokens(call.name + call.arguments) for call in message.calls)
    return count


def first_fitting(lines: Sequence[str], tokens: int) -> list[str]:
    """The first lines that together have at most so many tokens."""
    fitting = []
    for line in lines:
        tokens -= estimated_tokens(line) + 1
        if tokens < 0:
            break
        fitting.append(line)
    return fitting


@dataclass(slots=True)
class Usage:
    """What was used so far.

    Attributes:
        cached_tokens: of ``prompt_tokens``, those that the endpoint had in a cache, if it says.
        seconds: of waiting for replies, of all threads together.
        estimated: number of calls whose tokens the endpoint did not tell, so that they are estimated.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0
    estimated: int = 0

    def cost(self, price_in: float, price_out: float) -> float:
        """Money, by the prices of a million tokens read and written."""
        return (self.prompt_tokens * price_in + self.completion_tokens * price_out) / 1e6

    def add(self, other: Usage) -> None:
        """Count another usage in."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def since(self, before: Usage) -> Usage:
        """What was used after ``before``."""
        return Usage(*(getattr(self, each.name) - getattr(before, each.name) for each in fields(self)))

    def copy(self) -> Usage:
        """As it is now; the original counts on."""
        return Usage(*(getattr(self, each.name) for each in fields(self)))


def used(tokens: Tokens | None, seconds: float, expected: Tokens) -> Usage:
    """The usage of one call: as the backend tells it, else as expected."""
    counts = tokens or expected
    return Usage(1, counts.read, counts.written, counts.cached, seconds, 0 if tokens else 1)


@dataclass(frozen=True, slots=True)
class Left:
    """What a budget still allows; None for what it does not limit."""

    calls: int | None
    tokens: int | None
    seconds: float | None
    money: float | None


class Budget:
    """What calls may use together. A call that would go beyond is not begun. Thread-safe.

    Args:
        calls, tokens: of the model, read and written ones.
        seconds: of wall clock from now on, whatever they are spent on.
        money: in the currency of ``prices``, those of a million tokens read and written.
    """

    def __init__(
        self,
        calls: int | None = None,
        tokens: int | None = None,
        seconds: float | None = None,
        money: float | None = None,
        prices: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self._limits = Left(calls, tokens, seconds, money)
        self._prices = prices
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._spent = Usage()
        self._begun = Usage()

    @property
    def spent(self) -> Usage:
        """What finished calls used."""
        with self._lock:
            return self._spent.copy()

    def left(self) -> Left:
        """What is left, less what calls that run now may use."""
        with self._lock:
            return self._left()

    def reserve(self, read: int, written: int) -> Usage:
        """Set tokens aside for one call: of the reply as many as are left, at most ``written``.

        Returns:
            what is set aside; to be given to `spend` when the call has ended.

        Raises:
            EndpointError: ENDPOINT_BUDGET if the call would go beyond.
        """
        with self._lock:
            left = self._left()
            if left.seconds is not None and left.seconds <= 0:
                raise _exceeded(f"all {self._limits.seconds:g} seconds are used")
            if left.calls is not None and left.calls < 1:
                raise _exceeded(f"all {self._limits.calls} calls are used")
            most = written
            if left.tokens is not None:
                most = min(most, left.tokens - read)
            if left.money is not None and any(self._prices):
                rest = left.money - read * self._prices[0] / 1e6
                most = min(most, int(rest * 1e6 / self._prices[1]) if self._prices[1] else (most if rest >= 0 else 0))
            if most < min(LEAST_REPLY, written):
                raise _exceeded(f"a call of about {read} tokens does not fit into what is left of it")
            reserved = Usage(1, read, most)
            self._begun.add(reserved)
            return reserved

    def spend(self, usage: Usage, reserved: Usage | None = None) -> None:
        """Count what a call used, and give back what was set aside for it."""
        with self._lock:
            self._spent.add(usage)
            if reserved is not None:
                self._begun = self._begun.since(reserved)

    def _left(self) -> Left:
        together = self._spent.copy()
        together.add(self._begun)
        limits = self._limits
        tokens, money = together.prompt_tokens + together.completion_tokens, together.cost(*self._prices)
        return Left(
            None if limits.calls is None else limits.calls - together.calls,
            None if limits.tokens is None else limits.tokens - tokens,
            None if limits.seconds is None else limits.seconds - (time.monotonic() - self._began),
            None if limits.money is None else limits.money - money,
        )


def _exceeded(why: str) -> EndpointError:
    return EndpointError(
        "ENDPOINT_BUDGET", f"The budget for the language model is used up: {why}.", "Raise it, or ask for less."
    )
