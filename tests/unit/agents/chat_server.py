"""The scripted endpoint by the names that older tests know it by."""

from __future__ import annotations

from contextlib import AbstractContextManager

from tests.unit.agents.scripted_endpoint import Raw, Reply, ScriptedEndpoint, scripted_endpoint

ChatServer = ScriptedEndpoint


def chat_server(*replies: Reply, raw: bool = False) -> AbstractContextManager[ScriptedEndpoint]:
    """``raw`` sends replies as they are instead of inside a chat completion."""
    return scripted_endpoint(*(Raw(reply) if raw and isinstance(reply, str) else reply for reply in replies))
