"""How the library is run: settings, checks, models."""

from __future__ import annotations

from fastapi import APIRouter

from kinodex.schemas.api.operations import ChecksShown, EndpointTested, SettingsShown
from kinodex.schemas.models import ModelsDocument
from kinodex.server.asking import Viewed
from kinodex.views.work import operations as views

router = APIRouter(tags=["settings"])


@router.get("/settings")
def get_settings(view: Viewed) -> SettingsShown:
    """All settings in effect and where each comes from; nothing secret among them."""
    return views.settings(view)


@router.get("/doctor")
def get_checks(view: Viewed) -> ChecksShown:
    """Whether everything is in place."""
    return views.doctor(view)


@router.get("/models")
def list_models(view: Viewed) -> ModelsDocument:
    """The models of the profile, and whether their weights are here."""
    return views.models(view)


@router.post("/settings/endpoint-test")
def test_endpoint(view: Viewed) -> EndpointTested:
    """Ask the configured language model one short question. Its address comes from the settings alone."""
    return views.endpoint_test(view)
