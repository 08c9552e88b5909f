"""Chat completions as OpenAI's API has them. Source: https://platform.openai.com/docs/api-reference/chat."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kinodex.schemas.base import Document

MODEL = "kinodex"
"""The one model: the library."""

Text = Annotated[str, Field(max_length=200_000)]


class Sent(BaseModel):
    """What clients send; what is not known is passed over, as OpenAI's clients send much that says nothing here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(Sent):
    """A part of a message; only those of the type ``text`` can be read."""

    type: Annotated[str, Field(max_length=100)]
    text: Text | None = None


class Message(Sent):
    """One message. Those of users and assistants count; instructions to a model do not, for there may be none."""

    role: Annotated[str, Field(max_length=100)]
    content: Text | Annotated[list[Part], Field(max_length=1_000)] | None = None


class StreamOptions(Sent):
    """``include_usage``: a last chunk says what was used."""

    include_usage: bool | None = False


class CompletionRequest(Sent):
    """A conversation whose last question is to be answered."""

    model: Annotated[str, Field(max_length=200)]
    messages: Annotated[list[Message], Field(min_length=1, max_length=2_000)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None


class ModelCard(Document):
    """A model that can be asked."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(Document):
    """All models."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class CompletionUsage(Document):
    """Tokens of a language model; 0 where rules answered.

    Attributes:
        prompt_tokens: all of them: which were read and which were written is not told apart.
    """

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Reply(Document):
    """The answer, in Markdown; each citation is a link to where it plays."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(Document):
    """The one answer."""

    index: Literal[0] = 0
    message: Reply
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Completion(Document):
    """An answered question; ``created``: seconds since 1970."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: CompletionUsage


class Delta(Document):
    """What a chunk adds to the answer."""

    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(Document):
    """The one answer, in part; ``finish_reason`` is null until it is whole."""

    index: Literal[0] = 0
    delta: Delta
    finish_reason: Literal["stop"] | None = None
    logprobs: None = None


class Chunk(Document):
    """A part of a completion."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: CompletionUsage | None = None

    def payload(self) -> dict[str, Any]:
        """What is sent: a delta names only what it adds."""
        made = self.model_dump()
        for choice in made["choices"]:
            choice["delta"] = {key: value for key, value in choice["delta"].items() if value is not None}
        if made["usage"] is None:
            del made["usage"]
        return made


class Failure(Document):
    """What went wrong; ``code`` as in the other API, or OpenAI's where it has one that clients know."""

    message: str
    type: str
    param: str | None = None
    code: str


class FailureDocument(Document):
    """An error, as OpenAI's clients read it."""

    error: Failure
