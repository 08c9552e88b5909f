"""A small model that says prepared things one after the other, and what an answerer makes of them."""

from __future__ import annotations

import json
import math

from agents.answering.claims import Answer
from agents.chat.answerer import Answerer
from agents.chat.limits import DEFAULT_LIMITS, ChatLimits
from agents.llm import LLM, EndpointSettings
from agents.llm.completion import Completion, Request
from encoders.bundle import Encoders
from tests.unit.agents.small_library import Library


class Turns:
    """Says what is next of several things (the last one for ever); yes to every judgement, at a probability."""

    def __init__(self, *said: object, yes: float = 0.95) -> None:
        self._said = list(said)
        self._yes = yes
        self.asked: list[str] = []
        self.told: list[str] = []

    def complete(self, request: Request) -> Completion:
        self.asked.append("judge" if request.logprobs else request.schema.name if request.schema else "text")
        self.told.append("\n".join(message.text for message in request.messages))
        if request.logprobs:
            return Completion("Yes", likely=({"Yes": math.log(self._yes), "No": math.log(1 - self._yes)},))
        said = self._said.pop(0) if len(self._said) > 1 else self._said[0]
        return Completion(json.dumps(said, ensure_ascii=False))

    def close(self) -> None:
        pass


def ask(
    library: Library,
    encoders: Encoders,
    backend: Turns,
    question: str,
    video: str = "pizza",
    limits: ChatLimits = DEFAULT_LIMITS,
) -> Answer:
    llm = LLM(EndpointSettings("", "local", short_prompts=True), backend)
    return Answerer(library[0], encoders, llm, limits=limits).ask(question, video_ids=[library[1][video]])
