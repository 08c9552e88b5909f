"""The real language model of this process, only where it is installed: its weights are 1.1 GB, nothing fetches them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, Field

from agents.llm import LLM, Budget, EndpointSettings
from agents.llm.completion import Message, Request
from agents.llm.local_backend import LocalBackend
from encoders.adapters.llama import LlamaModel
from encoders.language_model import DEFAULT, open_language_model
from encoders.registry.registry import Registry
from stores.core.errors import EndpointError

pytestmark = pytest.mark.slow

NOTES = (
    "Notes:\nVideo 1\nheard:\n[1] 'Good morning, my name is Omar and I bake bread.'\n"
    "[2] 'The oven must be at two hundred degrees.'\n[3] 'Then we wait for forty minutes.'\n"
)


@pytest.fixture(scope="module")
def model() -> Iterator[LlamaModel]:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the extra local-llm is not installed")
    if not Registry.load().present(DEFAULT):
        pytest.skip(f"the weights of {DEFAULT} are not here (kinodex models pull {DEFAULT})")
    opened = open_language_model("embedded")
    yield opened
    opened.close()


@pytest.fixture
def llm(model: LlamaModel) -> LLM:
    settings = EndpointSettings("", "local", timeout_seconds=300.0, max_output_tokens=64, short_prompts=True)
    return LLM(settings, LocalBackend(model, 300.0))


class Short(BaseModel):
    notes: list[int] = Field(max_length=4)
    answer: str = Field(max_length=80)


def test_it_answers_from_the_notes_in_the_form_of_a_schema(llm: LLM) -> None:
    made = llm.ask(
        "Answer from the notes only: the numbers of the notes that answer the question, then a short answer.",
        f"{NOTES}Question: How hot must the oven be?",
        Short,
    )
    assert 2 in made.notes
    assert "200" in made.answer or "two hundred" in made.answer.lower()


def test_its_probability_of_yes_tells_true_from_false(llm: LLM) -> None:
    asked = "Do the notes say this answer to the question?"
    true = llm.judge(f"{NOTES}Question: Who bakes bread?\nAnswer: Omar bakes bread.", asked)
    false = llm.judge(f"{NOTES}Question: Who won the match?\nAnswer: The red team won the match.", asked)
    assert true is not None
    assert false is not None
    assert true > false


def test_a_text_that_prompts_begin_with_is_read_once_and_the_reply_comes_in_pieces(model: LlamaModel) -> None:
    backend, pieces = LocalBackend(model, 300.0), list[str]()
    begin = Message("system", f"You are brief. {NOTES}")
    backend.complete(Request([begin, Message("user", "Who speaks?")], 8))
    again = backend.complete(Request([begin, Message("user", "How long?")], 8, on_text=pieces.append))
    assert again.tokens is not None
    assert again.tokens.cached > 40
    assert "".join(pieces) == again.text
    assert len(pieces) > 1


def test_a_prompt_beyond_its_context_is_recognised(llm: LLM) -> None:
    with pytest.raises(EndpointError) as caught:
        llm.ask("Answer.", "word " * 6000, Short)
    assert caught.value.code.name == "ENDPOINT_CONTEXT"


def test_a_reply_that_takes_too_long_is_given_up_and_the_next_one_comes(llm: LLM) -> None:
    with pytest.raises(EndpointError) as caught:
        llm.ask("Answer.", "The sky is blue and the grass is green. " * 200, Short, budget=Budget(seconds=1.0))
    assert caught.value.code.name == "ENDPOINT_BUDGET"
    assert llm.judge("The sky is blue.", "Is the sky blue?") is not None


def test_it_can_be_closed_and_asked_again(llm: LLM, model: LlamaModel) -> None:
    llm.close()
    assert llm.judge("The sky is blue.", "Is the sky blue?") is not None
    assert model.measured_speed() > 0
