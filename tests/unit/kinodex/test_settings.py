from pathlib import Path

import pytest

from kinodex.settings import ENVIRONMENT, Settings
from stores.core.errors import UsageError


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


def test_portraits_in_a_file_are_relative_to_that_file(tmp_path: Path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "k.toml").write_text('[describe]\npeople = "people"\nmetadata = false')
    settings = Settings.load(config=Path("etc/k.toml")).describe
    assert (settings.people, settings.metadata) == (Path("etc/people"), False)
    assert Settings.load().describe.people is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour = 1", ("colour", "kinodex.toml", "profile")),
        ("[endpoint]\nurl = 'x'", ("endpoint.url", "base_url")),
        ("workers = 0", ("workers",)),
        ("executor = 'cloud'", ("executor",)),
        ("endpoint = 3", ("endpoint",)),
        ("[search]\nranking = 'itm'", ("search.ranking", "rerank", "top_k", "rescore")),
        ("[search]\nrerank = 'on'", ("search.rerank",)),
        ("[search]\ntop_k = 0", ("search.top_k",)),
        ("[describe]\nportraits = 'x'", ("describe.portraits", "people", "metadata")),
        ("[describe]\npeople = 3", ("describe.people", "folder")),
        ("[chat]\nsecond = 3", ("chat.second", "seconds", "tokens", "money", "notes")),
        ("[chat]\nseconds = 0", ("chat.seconds",)),
        ("[chat]\nseconds = inf", ("chat.seconds",)),
        ("[chat]\ntokens = 0.5", ("chat.tokens",)),
        ("[chat]\nmoney = -1", ("chat.money",)),
        ("[chat]\nnotes = 3", ("chat.notes",)),
        ("[server]\ntrusted_proxies = ['*']", ("server.trusted_proxies", "'*'")),
        ("[server]\ntrusted_proxies = ['10.0.0.1/8']", ("server.trusted_proxies", "host bits")),
        ("[server]\nallowed_hosts = 3", ("server.allowed_hosts",)),
        ("chat = 3", ("chat",)),
        ("workers = ", ("TOML",)),
        ("library = true", ("library", "folder")),
        ('library = "a\\u0000"', ("library", "folder")),
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


def test_servers_and_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "KINODEX_DATABASE": "postgresql://u:sesame@db:5432/films",
        "KINODEX_VECTORS": "http://chroma:8000",
        "KINODEX_BLOBS": "s3://bucket/films",
        "KINODEX_ATTEMPTS": "5",
        "KINODEX_RAY_ADDRESS": "auto",
        "KINODEX_PART_MINUTES": "7.5",
        "KINODEX_ALLOWED_HOSTS": "kino.example, films.example",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert settings.server.allowed_hosts == ("kino.example", "films.example")
    assert (settings.attempts, settings.ray_address, settings.part_minutes) == (5, "auto", 7.5)
    places = settings.places()
    assert (places.database, places.blobs) == ("postgresql://u:sesame@db:5432/films", "s3://bucket/films")
    assert "sesame" not in repr(settings) + str(settings.masked_places())
    assert settings.masked_places()["vectors"] == "http://chroma:8000"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("attempts = 0", "attempts"),
        ("part_minutes = 0", "part_minutes"),
        ("part_minutes = inf", "part_minutes"),
        ("metrics_port = 70000", "metrics_port"),
        ("blob_options = 3", "blob_options"),
        ("vectors = 'chroma:8000'", "vectors"),
        ("database = 'mysql://me:sesame@db/films'", "database"),
        ("[endpoint]\nprice_per_million_input = -1", "price_per_million_input"),
        ("perception = 3", "perception"),
    ],
)
def test_a_bad_server_or_limit_is_named(text: str, named: str):
    Path("kinodex.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        Settings.load()
    assert caught.value.code.name == "SETTINGS_INVALID"
    assert named in str(caught.value)
    assert "kinodex.toml" in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_options_of_the_blob_store_are_kept_and_not_shown():
    Path("kinodex.toml").write_text("blobs = 's3://b/p'\n[blob_options]\nkey = 'k'\nsecret = 'sesame'")
    settings = Settings.load()
    assert settings.places().blob_options == {"key": "k", "secret": "sesame"}
    assert "sesame" not in repr(settings)


def test_a_command_to_paste_names_what_is_not_the_default(tmp_path: Path):
    assert Settings.load().command("gc") == "kinodex gc"
    (tmp_path / "my settings.toml").write_text("")
    settings = Settings.load(config=Path("my settings.toml"), library=Path("my films"))
    assert settings.command("show", "it's") == (
        "kinodex show 'it'\"'\"'s' --library 'my films' --config 'my settings.toml'"
    )


def test_settings_of_stages_become_their_configs():
    Path("kinodex.toml").write_text(
        "[perception.pictures]\nevery_seconds = 2\nminimum = 4\n[perception.scenes]\ndetector = 'content'"
    )
    config = Settings.load().perception_config()
    assert (config.pictures.every_seconds, config.pictures.minimum) == (2.0, 4)
    assert isinstance(config.pictures.every_seconds, float)
    assert config.scenes.detector == "content"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[perception.smell]\na = 1", ("perception.smell", "pictures", "scenes")),
        ("[perception.pictures]\nspeed = 1", ("perception.pictures.speed", "every_seconds")),
        ("[perception.pictures]\nminimum = 1.5", ("perception.pictures.minimum", "whole number")),
        ("[perception.pictures]\nminimum = true", ("perception.pictures.minimum", "whole number")),
        ("[perception.pictures]\nevery_seconds = 'often'", ("every_seconds", "number")),
        ("[perception.pictures]\nevery_seconds = 0", ("every_seconds", "number")),
        ("[perception.pictures]\nevery_seconds = nan", ("every_seconds", "number")),
        ("[perception.scenes]\ndetector = 'guess'", ("detector", "adaptive")),
        ("[perception.prints]\nsize = 96", ("[perception.prints]", "[perception.frame_hashes]")),
        ("[perception.look]\nsize = 96", ("[perception.look]", "[perception.visual_stats]")),
        ("[perception.listen]\npadding = 0.5", ("[perception.listen]", "[perception.audio]")),
        ("[perception.tracklets]\nlonely = 0.5", ("perception.tracklets.lonely", "min_single_score")),
        ("[perception.labels]\nfaintest = 0.5", ("perception.labels.faintest", "min_peak")),
        ("[perception.labels]\nmost = 5", ("perception.labels.most", "max_labels")),
        ("[perception.pictures]\nstrongest = 5", ("perception.pictures.strongest", "top_k")),
        ('[perception.vectors]\nvideo_weights = "a\\u0000"', ("perception.vectors.video_weights", "null byte")),
        ("[perception.objects]\nsame = 0.5", ("perception.objects.same", "change_threshold")),
    ],
)
def test_a_bad_setting_of_a_stage_is_named(text: str, named: tuple[str, ...]):
    Path("kinodex.toml").write_text(text)
    settings = Settings.load()  # what does not ingest need not know
    with pytest.raises(UsageError) as caught:
        settings.perception_config()
    assert caught.value.code.name == "SETTINGS_INVALID"
    for word in named:
        assert word in str(caught.value)


def test_an_audio_track_that_is_wanted_is_heard_and_leaves_other_settings(tmp_path: Path):
    file = tmp_path / "kinodex.toml"
    file.write_text("[perception.audio]\npadding = 0.5\n")
    audio = Settings.load(file, audio_track="deu").perception_config().audio
    assert (audio.track, audio.padding) == ("deu", 0.5)
    assert Settings.load(file).perception_config().audio.track == ""


def test_a_turn_is_limited_by_the_settings_and_the_prices_of_the_endpoint():
    Path("kinodex.toml").write_text(
        "[chat]\nseconds = 30\nmoney = 0.25\nnotes = 900\n"
        "[endpoint]\nprice_per_million_input = 2\nprice_per_million_output = 8"
    )
    settings = Settings.load()
    limits = settings.chat.limits(settings.endpoint)
    assert (limits.seconds, limits.tokens, limits.money, limits.notes) == (30, 40_000, 0.25, 900)
    assert limits.prices == (2, 8)
    Path("kinodex.toml").write_text("[chat]\nmoney = 0")
    assert Settings.load().chat.limits(settings.endpoint).money is None, "0 is no limit"
