"""Language models: structured answers, tool calls, judgements by probability, and what they cost.

`client.LLM` is what the rest of Kinodex uses; it talks to a `completion.Backend`: an OpenAI-compatible endpoint, or a
model in this process. Only the former loads the openai library, and only when the first `LLM` is made.
"""

from agents.llm.client import LLM
from agents.llm.completion import Message
from agents.llm.costs import Budget, Usage
from agents.llm.settings import EndpointSettings
from agents.llm.tool_calls import Call, Step, Tool

__all__ = ["LLM", "Budget", "Call", "EndpointSettings", "Message", "Step", "Tool", "Usage"]
