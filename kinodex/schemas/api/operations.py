"""Settings as a page shows them, and whether the language model answers."""

from __future__ import annotations

from typing import Any, Literal

from kinodex.schemas.base import Document, Number
from kinodex.schemas.jobs.documents import JobFault

Origin = Literal["default", "file", "environment", "option"]


class SettingShown(Document):
    """One setting.

    Attributes:
        name: as in the settings file, tables before a dot: ``endpoint.base_url``.
        value: what is in effect; of what is secret only whether it is set.
        origin: where it comes from; ``variable``: of the environment, "" for others.
        secret: whether the value is not shown.
    """

    name: str
    value: Any
    origin: Origin
    variable: str
    secret: bool


class SettingsShown(Document):
    """All settings in effect.

    Attributes:
        file: the settings file; "" if there is none.
    """

    file: str
    settings: list[SettingShown]


class EndpointTested(Document):
    """How the language model answered.

    Attributes:
        configured: whether one is set.
        answers: whether it answered; ``sensible``: whether the answer made sense.
        model, where: its name, and the host of its address; "" for the one of this process.
    """

    configured: bool
    answers: bool
    sensible: bool
    model: str
    where: str
    seconds: Number
    error: JobFault | None
