"""Settings as a page shows them, and whether the language model answers."""

from __future__ import annotations

from typing import Any, Literal

from kinodex.schemas.base import Document, Number
from kinodex.schemas.doctor import Result
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


FINDINGS = (
    "python_ok",
    "python_old",
    "packages_ok",
    "packages_missing",
    "weights_ok",
    "weights_missing",
    "device_ok",
    "device_missing",
    "settings_ok",
    "server_ok",
    "server_empty",
    "disk_free",
    "library_ok",
    "library_new",
    "library_not_writable",
    "endpoint_ok",
    "endpoint_none",
    "endpoint_unreachable",
    "endpoint_moved",
    "endpoint_odd",
    "model_ok",
    "ray_ok",
    "ray_missing",
)
"""What a check may find, but for errors."""


class CheckShown(Document):
    """One thing that was checked, and what was found.

    Attributes:
        finding: in a sentence, with what to do if something is wrong.
        code: the same for who says it in other words: one of `FINDINGS`, or of an error (`stores.core.errors.CODES`).
        values: what the sentence is made of.
    """

    name: str
    result: Result
    finding: str
    code: str
    values: dict[str, str | int]


class ChecksShown(Document):
    """What was checked, in that order."""

    checks: list[CheckShown]
