"""How a library is run: settings, checks, models. For administrators."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from kinodex.schemas.api.operations import CheckShown, ChecksShown, EndpointTested, Origin, SettingShown, SettingsShown
from kinodex.schemas.jobs.documents import JobFault
from kinodex.schemas.models import ModelsDocument
from kinodex.settings import ENVIRONMENT
from kinodex.usecases.endpoint import ask_endpoint
from stores.core.places import masked

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView

_SECRET = ("blob_options",)
"""Settings of which only is shown whether they are set."""

_FREE = ("perception", "models", "profiles")
"""Tables whose keys are not settings of ours: shown as they are."""


def settings(view: LibraryView) -> SettingsShown:
    """All settings in effect, and where each comes from; nothing secret among them.

    Raises:
        UsageError: FORBIDDEN.
    """
    view.require("admin")
    file = view.settings.file
    written = _written(file)
    shown = [_shown(name, value, _origin(keys, view.settings, written)) for name, keys, value in _each(view.settings)]
    return SettingsShown(file=str(file) if file is not None else "", settings=shown)


def doctor(view: LibraryView) -> ChecksShown:
    """Whether everything is in place, as `kinodex doctor`.

    Raises:
        UsageError: FORBIDDEN.
    """
    from kinodex.usecases.doctor import findings

    view.require("admin")
    return ChecksShown(
        checks=[
            CheckShown(name=name, result=one.result, finding=one.text, code=one.code, values=dict(one.values))
            for name, one in findings(view.settings)
        ]
    )


def models(view: LibraryView) -> ModelsDocument:
    """The models of the profile, as `kinodex models`.

    Raises:
        UsageError: FORBIDDEN.
    """
    from kinodex.usecases.models import models as listed

    view.require("admin")
    return listed(view.settings, chinese=view.language == "zh")


def endpoint_test(view: LibraryView) -> EndpointTested:
    """Ask the configured language model one short question.

    Raises:
        UsageError: FORBIDDEN.
    """
    view.require("admin")
    endpoint = view.settings.endpoint
    found = ask_endpoint(view.settings)
    error = found.error if found is not None else None
    fault = None
    if error is not None:
        fault = JobFault(code=error.code.name, message=masked(error.message), hint=masked(error.hint))
    return EndpointTested(
        configured=found is not None,
        answers=found is not None and error is None,
        sensible=found is not None and found.sensible,
        model=endpoint.model,
        where=urlsplit(endpoint.base_url).hostname or "",
        seconds=round(found.seconds, 3) if found is not None else 0.0,
        error=fault,
    )


def _each(of: BaseModel, table: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Name, keys and value of every setting."""
    for name in type(of).model_fields:
        value = getattr(of, name)
        if isinstance(value, BaseModel):
            yield from _each(value, (*table, name))
        elif name in _FREE and not table:
            yield name, (name,), value or {}
        else:
            yield ".".join((*table, name)), (*table, name), value


def _shown(name: str, value: Any, origin: tuple[Origin, str]) -> SettingShown:
    secret = isinstance(value, SecretStr) or name in _SECRET
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if secret:
        value = bool(value)
    return SettingShown(name=name, value=_plain(value), origin=origin[0], variable=origin[1], secret=secret)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _origin(keys: tuple[str, ...], of: BaseModel, written: Mapping[str, Any]) -> tuple[Origin, str]:
    variable = next((name for name, named in ENVIRONMENT.items() if named == keys and os.environ.get(name)), "")
    chosen = _is_chosen(keys, of)
    if chosen and variable:
        return "environment", variable
    if _is_written(keys, written):
        return "file", ""
    return ("option", "") if chosen else ("default", "")


def _is_chosen(keys: tuple[str, ...], of: BaseModel) -> bool:
    *tables, last = keys
    for table in tables:
        of = getattr(of, table)
    return last in of.model_fields_set


def _is_written(keys: tuple[str, ...], written: Mapping[str, Any]) -> bool:
    for key in keys:
        if not isinstance(written, Mapping) or key not in written:
            return False
        written = written[key]
    return True


def _written(file: Path | None) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # it was changed or removed since
