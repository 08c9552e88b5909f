from pathlib import Path

import pytest

from kinodex.settings import ENVIRONMENT, Settings
from stores.errors import UsageError


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


def test_options_over_environment_over_file_over_defaults(monkeypatch: pytest.MonkeyPatch):
    Path("kinodex.toml").write_text(
        'profile = "file"\nworkers = 3\n[endpoint]\nmodel = "small"\nbase_url = "http://a/v1"'
    )
    monkeypatch.setenv("KINODEX_MODEL", "large")
    monkeypatch.setenv("KINODEX_PROFILE", "environment")
    settings = Settings.load(profile="option", executor=None)
    assert (settings.profile, settings.workers, settings.executor) == ("option", 3, "local")
    assert (settings.endpoint.model, settings.endpoint.base_url) == ("large", "http://a/v1")


def test_the_file_may_lie_in_the_library():
    Path("lib").mkdir()
    Path("lib/kinodex.toml").write_text("threads = 2")
    assert Settings.load(library=Path("lib")).threads == 2


def test_a_library_in_a_file_is_relative_to_that_file(tmp_path: Path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "k.toml").write_text('library = "films"')
    assert Settings.load(config=Path("etc/k.toml")).library == Path("etc/films")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour = 1", ("colour", "kinodex.toml", "profile")),
        ("[endpoint]\nurl = 'x'", ("endpoint.url", "base_url")),
        ("workers = 0", ("workers",)),
        ("executor = 'cloud'", ("executor",)),
        ("endpoint = 3", ("endpoint",)),
        ("workers = ", ("TOML",)),
    ],
)
def test_a_bad_file_is_named_with_its_key(text: str, named: tuple[str, ...]):
    Path("kinodex.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        Settings.load()
    assert caught.value.code.name == "SETTINGS_INVALID"
    for word in named:
        assert word in str(caught.value)


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KINODEX_API_KEY", "sk-secret")
    settings = Settings.load()
    assert settings.endpoint.key() == "sk-secret"
    assert "sk-secret" not in repr(settings) + settings.model_dump_json()
    Path("kinodex.toml").write_text("[endpoint]\napi_key = ['sk-other']")
    monkeypatch.delenv("KINODEX_API_KEY")
    with pytest.raises(UsageError) as caught:
        Settings.load()
    assert "sk-other" not in str(caught.value)


def test_the_key_may_come_from_a_named_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_KEY", "sk-mine")
    Path("kinodex.toml").write_text("[endpoint]\napi_key_env = 'MY_KEY'")
    assert Settings.load().endpoint.key() == "sk-mine"
