"""Language models as functions of a request: one that does its work, and one that obeys whatever it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from agents.chat.graph import RECURSION_LIMIT, ChatGraph
from agents.chat.limits import ChatLimits
from agents.chat.run_context import RunContext
from agents.llm import LLM, EndpointSettings
from agents.search.finder import Finder
from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from tests.unit.agents.scripted_endpoint import Answer, Request, Said, last_text, texts

Call = tuple[str, dict[str, Any]]
Claims = Callable[[str], Sequence[tuple[str, Sequence[int]]]]
"""Claims, each with the numbers of its notes, out of a prompt to draft."""

YES = Said("yes", likely=({"yes": -0.01, "no": -5.0},))
NO = Said("no", likely=({"no": -0.01, "yes": -5.0},))


def asks_for(request: Request) -> str:
    """What a request wants of the model: ``plan``, ``draft`` or ``judge``."""
    if request.get("tools") or '"finish"' in texts(request)[0]:
        return "plan"
    return "draft" if "Notes:" in last_text(request) and '"notes"' in texts(request)[0] else "judge"


def results_in(request: Request) -> int:
    """How many look-ups the model has been told the results of."""
    return sum(message["role"] == "tool" for message in request["messages"])


def note(prompt: str, words: str) -> list[int]:
    """The numbers of the notes that have some words."""
    return [int(number) for number, text in re.findall(r"^\[(\d+)\] (.*)$", prompt, re.MULTILINE) if words in text]


def drafted(claims: Sequence[tuple[str, Sequence[int]]]) -> str:
    """A draft as it is sent."""
    listed = [{"notes": list(notes), "text": text} for text, notes in claims if notes]
    return json.dumps({"claims": listed, "found": bool(listed)})


def model(calls: Sequence[Call] = (), claims: Claims = lambda prompt: (), judges: Answer = YES) -> Any:
    """A model that makes the calls one after the other, then drafts the claims and judges them."""

    def reply(request: Request) -> Answer:
        wanted = asks_for(request)
        if wanted == "draft":
            return drafted(claims(last_text(request)))
        if wanted == "judge":
            return judges
        done = results_in(request)
        return Said(calls=[calls[done]]) if done < len(calls) else "DONE"

    return reply


def in_json_form(reply: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """The same model behind an endpoint that knows no tool calls."""

    def json_only(request: Request) -> Answer:
        if "tools" in request:
            return {
                "message": "tools is not supported by this model",
                "code": "unsupported_parameter",
                "param": "tools",
            }
        if asks_for(request) != "plan":
            return reply(request)
        done = sum(
            message["content"].count("Result of ") for message in request["messages"] if message["role"] == "user"
        )
        fake = {**request, "messages": [*request["messages"], *({"role": "tool", "content": ""} for _ in range(done))]}
        said = reply(fake)
        if isinstance(said, Said) and said.calls:
            ((name, arguments),) = said.calls
            return json.dumps({"tool": name, "arguments": arguments})
        return json.dumps({"finish": "DONE"}) if said == "DONE" else said

    return json_only


class Asked:
    """One question put to the real graph, with everything that can be seen of it.

    Attributes:
        answer: as the graph ends; updates: of every node in order; steps: what was told meanwhile; context: the turn's.
    """

    def __init__(
        self,
        library: tuple[LibraryStore, Encoders],
        base_url: str,
        question: str,
        limits: ChatLimits = ChatLimits(),  # noqa: B008 (frozen)
        videos: list[str] | None = None,
        seconds: float = 120.0,
        timeout: float = 10.0,
        retries: int = 0,
    ) -> None:
        store, encoders = library
        settings = EndpointSettings(base_url, "m", timeout_seconds=timeout, max_retries=retries)
        llm = LLM(settings) if base_url else None
        graph = ChatGraph(store, encoders, Finder(store, encoders), llm, limits).build().compile()
        self.context = RunContext(seconds)
        self.updates: list[tuple[str, dict[str, Any]]] = []
        self.steps: list[dict[str, Any]] = []
        begun = {"question": question, "history": {}, "video_ids": videos}
        config = {"recursion_limit": RECURSION_LIMIT}
        for mode, told in graph.stream(begun, config, context=self.context, stream_mode=["updates", "custom"]):
            if mode == "custom":
                self.steps.append(told)
            else:
                self.updates += told.items()
        self.answer: dict[str, Any] = self.updates[-1][1]["answer"]

    @property
    def claims(self) -> list[str]:
        """The texts of the claims."""
        return [claim["text"] for claim in self.answer["claims"]]

    @property
    def looked(self) -> list[dict[str, Any]]:
        """The look-ups that were made, as their results."""
        acts = [update for node, update in self.updates if node == "act"]
        return list(acts[-1]["results"]) if acts else []
