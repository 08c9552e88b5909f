"""What is counted, estimated and limited; and models that run elsewhere than behind an endpoint."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from pydantic import BaseModel

from agents.llm import LLM, Budget, EndpointSettings, Message, Tool, Usage
from agents.llm.completion import Completion, Request, Tokens, UnsupportedError
from agents.llm.costs import estimated_tokens, estimated_tokens_of, first_fitting
from stores.core.errors import EndpointError


def test_tokens_are_estimated_by_characters() -> None:
    assert estimated_tokens("") == 0
    assert estimated_tokens("你好，世界") == 5
    english = "The quick brown fox jumps over the lazy dog. " * 10  # 100 tokens for most models
    assert 90 <= estimated_tokens(english) <= 160
    plain, pictured = Message("user", "Look."), Message("user", "Look.", (b"x", b"y"))
    assert estimated_tokens_of([pictured]) - estimated_tokens_of([plain]) == 510


def test_the_first_lines_that_fit_are_chosen() -> None:
    lines = ["one two three", "四五六七八九十", "eleven"]
    assert first_fitting(lines, 1000) == lines
    assert first_fitting(lines, 13) == lines[:2]
    assert first_fitting(lines, 1) == []


def test_a_budget_says_what_is_left_and_takes_back_what_was_not_used() -> None:
    budget = Budget(calls=3, tokens=1000, money=0.01, prices=(2.0, 4.0))
    reserved = budget.reserve(100, 500)
    left = budget.left()
    assert (left.calls, left.tokens, left.seconds) == (2, 400, None)
    budget.spend(Usage(1, 90, 10), reserved)
    left = budget.left()
    assert (left.calls, left.tokens) == (2, 900)
    assert left.money == pytest.approx(0.01 - (90 * 2 + 10 * 4) / 1e6)
    assert (budget.spent.prompt_tokens, budget.spent.completion_tokens) == (90, 10)
    assert budget.reserve(100, 5000).completion_tokens == 800, "the reply may be as long as what is left"
    with pytest.raises(EndpointError) as failure:
        budget.reserve(100, 100)
    assert failure.value.code.name == "ENDPOINT_BUDGET"
    assert "about 100 tokens" in failure.value.message
    assert failure.value.hint


def test_a_budget_of_seconds_runs_out_whatever_is_done() -> None:
    budget = Budget(seconds=0.05)
    time.sleep(0.06)
    with pytest.raises(EndpointError, match=r"all 0\.05 seconds"):
        budget.reserve(1, 1)


def test_free_models_have_no_budget_of_money() -> None:
    assert Budget(money=0.0).reserve(100, 100).completion_tokens == 100


class InProcess:
    """A model in this process: it can do grammars, but no tools."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.closed = False

    def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        if request.tools:
            raise UnsupportedError("tools")
        if request.logprobs:
            return Completion("Yes", tokens=Tokens(9, 1, 8), likely=({"Yes": -0.1, "No": -2.4},))
        if request.schema is not None and request.schema.name == "Step":
            return Completion('{"tool": "count", "arguments": {"upto": 3}}', tokens=Tokens(20, 9))
        return Completion('{"upto": 7}')

    def close(self) -> None:
        self.closed = True


class Count(BaseModel):
    upto: int


def test_a_model_in_this_process_does_all_that_one_behind_an_endpoint_does() -> None:
    backend, budget = InProcess(), Budget(calls=3)
    model = LLM(EndpointSettings("", "local"), backend)
    assert model.ask("Count.", "to seven", Count, budget=budget).upto == 7
    assert backend.requests[0].schema is not None
    assert backend.requests[0].schema.body["properties"].keys() == {"upto"}
    step = model.converse([Message("user", "Count to three.")], [Tool("count", "Counts.", Count)], budget=budget)
    assert step.calls[0].values == {"upto": 3}
    assert model.judge("1 2 3", "Is that counted rightly?", budget=budget) == pytest.approx(0.909, abs=0.01)
    assert model.usage.calls == budget.spent.calls == 3, "what the backend could not do was no call"
    assert model.usage.cached_tokens == 8
    model.close()
    assert backend.closed


def test_the_library_of_endpoints_is_loaded_only_for_them() -> None:
    program = (
        "import sys; from agents.llm import LLM, EndpointSettings; import agents.llm.failures\n"
        "assert 'openai' not in sys.modules\n"
        "LLM(EndpointSettings('http://127.0.0.1:9/v1', 'm')).close()\n"
        "assert 'openai' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
