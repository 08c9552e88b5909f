"""The one settings file, the environment over it, and command line options over both."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError, field_validator

from kinodex.text import shell_word
from stores.core.errors import UsageError
from stores.core.places import Places, masked

if TYPE_CHECKING:
    from agents.chat.limits import ChatLimits
    from agents.search.refining import SearchConfig
    from encoders.registry.rows import RegistryRows
    from pipeline.perception import PerceptionConfig

FILE_NAME = "kinodex.toml"
DEFAULT_LIBRARY = Path("kinodex-library")
DEFAULT_PROFILE = "embedded"
NOWHERE = "the settings"
"""What messages say instead of the name of a settings file where there is none."""

LOCAL = "local"
"""`Endpoint.model` of the language model that runs in this process."""

ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "KINODEX_LIBRARY": ("library",),
    "KINODEX_PROFILE": ("profile",),
    "KINODEX_DEVICE": ("device",),
    "KINODEX_EXECUTOR": ("executor",),
    "KINODEX_WORKERS": ("workers",),
    "KINODEX_DATABASE": ("database",),
    "KINODEX_VECTORS": ("vectors",),
    "KINODEX_BLOBS": ("blobs",),
    "KINODEX_ATTEMPTS": ("attempts",),
    "KINODEX_RAY_ADDRESS": ("ray_address",),
    "KINODEX_PART_MINUTES": ("part_minutes",),
    "KINODEX_BASE_URL": ("endpoint", "base_url"),
    "KINODEX_MODEL": ("endpoint", "model"),
    "KINODEX_API_KEY": ("endpoint", "api_key"),
    "KINODEX_ALLOWED_HOSTS": ("server", "allowed_hosts"),
}
"""Environment variables, and the setting that each overrides."""


class Endpoint(BaseModel):
    """An OpenAI-compatible endpoint, or a language model in this process; optional.

    Attributes:
        base_url: e.g. ``http://localhost:11434/v1``; "" for none.
        model: the name the endpoint knows its model by; `LOCAL`, without a ``base_url``, for the model of the extra
            ``local-llm``, which needs no key and no network.
        api_key_env: environment variable that holds the key.
        api_key: the key itself; never printed.
        timeout_seconds: per request.
        max_retries: of a request that failed in a way that a retry may fix.
        max_output_tokens: upper bound of one answer.
        vision: whether the model accepts pictures; then it looks at frames, and confirms what is said to be seen.
        price_per_million_input, price_per_million_output: of tokens read and written, in US dollars; for plans and
            budgets only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = ""
    model: str = ""
    api_key_env: str = ""
    api_key: SecretStr = SecretStr("")
    timeout_seconds: float = Field(default=60.0, gt=0)
    max_retries: int = Field(default=2, ge=0)
    max_output_tokens: int = Field(default=1024, gt=0)
    vision: bool = False
    price_per_million_input: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    price_per_million_output: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @property
    def configured(self) -> bool:
        """Whether there is a language model to talk to."""
        return self.local or bool(self.base_url and self.model)

    @property
    def local(self) -> bool:
        """Whether the language model runs in this process. Behind a ``base_url`` any model may be called so."""
        return self.model == LOCAL and not self.base_url

    def key(self) -> str:
        """The key, from the settings or from the variable they name."""
        return self.api_key.get_secret_value() or os.environ.get(self.api_key_env or " ", "")


class SearchSettings(BaseModel):
    """What is done with the best moments of a search or a question after recall; see
    `agents.search.refining.SearchConfig`.

    Attributes:
        rerank: ``itm``: a model of the profile looks at a frame of each of the best moments, and the query; ``auto``
            where the profile has such a model.
        top_k: how many it looks at.
        rescore: ``socratic``: what is seen is multiplied by what is said and captioned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rerank: Literal["off", "itm", "auto"] = "off"
    top_k: int = Field(default=16, ge=1)
    rescore: Literal["off", "socratic"] = "off"

    def config(self) -> SearchConfig:
        """The same for `agents.search.finder.Finder`."""
        from agents.search.refining import SearchConfig

        return SearchConfig(rescore=self.rescore, rerank=self.rerank, top_k=self.top_k)


class TaggingSettings(BaseModel):
    """How tags are decided.

    Attributes:
        precision: share of accepted tags that are to be right, e.g. 0.9; `kinodex tags train` finds the threshold that
            keeps it, once there are enough judgements. None: the threshold stays as it is.
        log_searches: note in the library how often a search led to a video that was opened from its results: never who
            searched, and nothing of anybody who does not see the whole library.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: float | None = Field(default=None, gt=0.0, lt=1.0)
    log_searches: bool = True


class ChatSettings(BaseModel):
    """What one turn of a conversation may use.

    Attributes:
        seconds: until it is given up.
        tokens: of a language model, read and written.
        money: US dollars by the prices of the endpoint; 0 for no limit.
        notes: tokens of evidence that a language model is shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(default=120.0, gt=0, allow_inf_nan=False)
    tokens: int = Field(default=40_000, gt=0)
    money: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    notes: int = Field(default=600, ge=100, le=100_000)

    def limits(self, endpoint: Endpoint) -> ChatLimits:
        """The same for `agents.chat.graph.ChatGraph`."""
        from agents.chat.limits import ChatLimits

        prices = endpoint.price_per_million_input, endpoint.price_per_million_output
        return ChatLimits(self.seconds, self.tokens, self.money or None, prices, self.notes)


class DescribeSettings(BaseModel):
    """What an endpoint is told when it describes videos.

    Attributes:
        people: folder of portraits, each named after the person in it (``Ada Lovelace.jpg``), which the endpoint is
            shown with every clip; relative to the settings file. None to show none.
        metadata: tell it what the files beside a video (``NAME.txt``, ``NAME.info.json``, ``NAME.nfo``) and the tags of
            its container say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    people: Path | None = None
    metadata: bool = True


class ServerSettings(BaseModel):
    """What `kinodex serve` answers, and how.

    Attributes:
        host: address that it serves; any other than one of this machine wants access control.
        port: of the web app and the API.
        allowed_hosts: names that people reach it by, beside those of this machine: behind a proxy, the proxy's; several
            in one text are separated by commas.
        trusted_proxies: addresses or networks of proxies, none by default. They alone are believed when they say by
            ``X-Forwarded-Proto`` that people came by https (cookies are then sent by https only), and from where.
        body_limit: bytes that a request may send.
        playback_cache: gigabytes (10⁹ bytes) of what is made of videos for players; what was used longest ago goes.
        proxies: how many videos are converted for players at the same time.
        export_days: how long files that export jobs made are kept.
        export_cache: gigabytes that they may have; the oldest go first, and the newest always stays.
        ingest_roots: folders whose files may be ingested through the API, and the folders in them; relative to the
            working directory. None: any, for who sits at this machine while access control is off, else none.
        metrics: serve ``/metrics`` to all that reach the server. It is served anyway where only this machine does and
            access control is off.
        worker: do jobs in a process of the server; if not, `kinodex jobs work` runs elsewhere.
        openai: also answer at ``/v1`` as OpenAI's API does, for chat programs that speak it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8730, ge=0, le=65535)
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    body_limit: int = Field(default=10_000_000, ge=1_000)
    playback_cache: float = Field(default=10.0, ge=0, allow_inf_nan=False)
    proxies: int = Field(default=1, ge=1)
    export_days: float = Field(default=7.0, ge=0, allow_inf_nan=False)
    export_cache: float = Field(default=5.0, ge=0, allow_inf_nan=False)
    ingest_roots: tuple[Path, ...] | None = None
    metrics: bool = False
    worker: bool = True
    openai: bool = False

    @property
    def local(self) -> bool:
        """Whether only this machine reaches ``host``."""
        with suppress(ValueError):
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        return self.host.lower() == "localhost"

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _one_by_one(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # Checked here, because uvicorn takes what it does not understand for a name that nobody has.
        for one in value:
            ipaddress.ip_network(one)
        return value


class Settings(BaseModel):
    """All settings.

    Attributes:
        library: the library's directory.
        profile: a named set of models.
        device: for models that can run on several: ``cuda`` in half precision, ``cpu`` in float32, ``auto`` for the
            best there is.
        executor: where ingest runs: in this process or on Ray.
        workers: videos worked on at the same time; None means one for each processor.
        threads: threads each model may use inside one worker.
        database: URL of a Postgres database; "" for one in the library's folder. Never printed: it may hold a password.
        vectors: URL of a Chroma server; "" as above.
        blobs: URL of an object store, e.g. ``s3://bucket/prefix``; "" as above.
        blob_options: options of the object store's client, e.g. ``endpoint_url``, ``key``, ``secret``.
        attempts: strikes after which a stage of a video is quarantined.
        ray_address: of a Ray cluster to join; "" starts one on this machine for the job.
        audio_track: number, from 1, or language (``eng``) of the audio track to use in files that have several; "" for
            the default one.
        part_minutes: length of the parts in which long videos are processed.
        metrics_port: where an ingest serves Prometheus metrics; None serves none.
        metrics_host: address of that port; ``0.0.0.0`` lets other machines read them.
        endpoint: the language model, if any.
        search: steps after recall.
        tagging: how tags are decided.
        chat: limits of one turn of a conversation.
        describe: what an endpoint that describes videos is told.
        server: of `kinodex serve`.
        perception: settings of stages by stage, see `pipeline.perception.PerceptionConfig`.
        models, profiles: in addition to those of Kinodex, in the form of the tables of
            `encoders/registry/models.toml`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    library: Path = DEFAULT_LIBRARY
    profile: str = DEFAULT_PROFILE
    device: Literal["auto", "cpu", "cuda"] = "auto"
    executor: Literal["local", "ray"] = "local"
    workers: int | None = Field(default=None, ge=1)
    threads: int = Field(default=1, ge=1)
    database: str = Field(default="", repr=False)
    vectors: str = Field(default="", repr=False)
    blobs: str = Field(default="", repr=False)
    blob_options: dict[str, Any] = Field(default_factory=dict, repr=False)
    attempts: int = Field(default=3, ge=1)
    ray_address: str = ""
    audio_track: str = ""
    part_minutes: float = Field(default=12.0, gt=0, allow_inf_nan=False)
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    metrics_host: str = "127.0.0.1"
    endpoint: Endpoint = Endpoint()
    search: SearchSettings = SearchSettings()
    tagging: TaggingSettings = TaggingSettings()
    chat: ChatSettings = ChatSettings()
    describe: DescribeSettings = DescribeSettings()
    server: ServerSettings = ServerSettings()
    perception: dict[str, dict[str, Any]] = Field(default_factory=dict)
    models: dict[str, dict[str, Any]] = Field(default_factory=dict)
    profiles: dict[str, dict[str, Any]] = Field(default_factory=dict)
    _config: Path | None = PrivateAttr(default=None)
    _where: str = PrivateAttr(default=NOWHERE)

    @classmethod
    def load(cls, config: Path | None = None, **options: object) -> Settings:
        """Settings of this run: options over environment over file over defaults.

        The file is ``config`` if given, else ``kinodex.toml`` in the working directory, else in the library.

        Args:
            options: values by setting name; None means "not given".

        Raises:
            UsageError: SETTINGS_INVALID, naming the key, its file and the valid keys.
        """
        given = {name: value for name, value in options.items() if value is not None}
        wanted = given.get("library") or os.environ.get("KINODEX_LIBRARY") or DEFAULT_LIBRARY
        path = _settings_file(config, Path(str(wanted)))
        values = _read(path) if path else {}
        where = str(path) if path else NOWHERE
        if path and "library" in values:
            # A relative library in a file is relative to that file, not to the working directory.
            values["library"] = path.parent / _folder_name(values["library"], path)
        if path and isinstance(table := values.get("describe"), dict) and "people" in table:
            table["people"] = path.parent / _folder_name(table["people"], path, "describe.people")
        for variable, keys in ENVIRONMENT.items():
            if os.environ.get(variable):
                _set(values, keys, os.environ[variable])
                where = f"{where} or the environment"
        values.update(given)
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            raise _invalid(error, where) from None
        _check_endpoint(settings.endpoint, where)
        _check_places(settings, where)
        settings._config = config
        settings._where = str(path) if path else NOWHERE
        _check_models(settings)
        return settings

    def command(self, *words: str) -> str:
        """A command line that does something with this library, to be typed or pasted into a shell."""
        options: list[str] = []
        if self.library != DEFAULT_LIBRARY:
            options += ["--library", str(self.library)]
        if self._config is not None:
            options += ["--config", str(self._config)]
        if self.profile != DEFAULT_PROFILE:
            options += ["--profile", self.profile]
        if self.device != "auto":
            options += ["--device", self.device]
        return " ".join(shell_word(word) for word in ("kinodex", *words, *options))

    @property
    def file(self) -> Path | None:
        """The settings file that was read; None if there was none."""
        return Path(self._where) if self._where != NOWHERE else None

    def places(self) -> Places:
        """Where the library keeps what it knows."""
        return Places(self.database, self.vectors, self.blobs, self.blob_options)

    def masked_places(self) -> dict[str, str]:
        """The servers that are named, by setting, fit to be printed."""
        named = {"database": self.database, "vectors": self.vectors, "blobs": self.blobs}
        return {name: masked(url) for name, url in named.items() if url}

    def added_models(self) -> RegistryRows | None:
        """The models and profiles that these settings add to the registry; None if there are none."""
        if not self.models and not self.profiles:
            return None
        from encoders.registry.rows import RegistryRows

        return RegistryRows(self._where, self.models, self.profiles)

    def check(self) -> None:
        """Refuse what `load` cannot judge without the names of stages and profiles.

        Nothing is imported for settings that name none, so that commands without models start as fast as before.

        Raises:
            UsageError: SETTINGS_INVALID, naming the profile, table or key and those there are.
        """
        if self.perception:
            from kinodex.perception import checked_tables

            checked_tables(self.perception)
        if self.profile != DEFAULT_PROFILE:
            from encoders.registry.registry import Registry
            from encoders.types import WeightsError

            try:
                Registry.load(added=self.added_models()).profile(self.profile)
            except WeightsError as error:
                raise UsageError("SETTINGS_INVALID", error.message, error.hint) from None

    def perception_config(self) -> PerceptionConfig:
        """The config of every stage.

        Raises:
            UsageError: SETTINGS_INVALID, naming the table or key and those there are.
        """
        from kinodex.perception import perception_config

        config = perception_config(self.perception)
        if not self.audio_track:
            return config
        return replace(config, audio=replace(config.audio, track=self.audio_track))


_TABLES: Mapping[str, type[BaseModel]] = {
    "endpoint": Endpoint,
    "search": SearchSettings,
    "chat": ChatSettings,
    "describe": DescribeSettings,
    "server": ServerSettings,
}


def _check_endpoint(endpoint: Endpoint, where: str) -> None:
    """Refuse half an endpoint: it is a mistake, not a wish to do without one."""
    if endpoint.base_url and not endpoint.base_url.startswith(("http://", "https://")):
        raise UsageError("SETTINGS_INVALID", f"endpoint.base_url in {where} must begin with http:// or https://.")
    if bool(endpoint.base_url) != bool(endpoint.model) and not endpoint.local:
        missing = "model" if endpoint.base_url else "base_url"
        hint = f'Set both, or neither; model = "{LOCAL}" alone is the one of this machine.'
        raise UsageError("SETTINGS_INVALID", f"endpoint.{missing} is missing in {where}.", hint)


def _check_places(settings: Settings, where: str) -> None:
    try:
        settings.places()
    except UsageError as error:
        raise UsageError("SETTINGS_INVALID", f"in {where}: {error.message}", error.hint) from None


def _check_models(settings: Settings) -> None:
    added = settings.added_models()
    if added is None:
        return
    from encoders.registry.registry import Registry
    from encoders.types import WeightsError

    Registry.load()  # so that a fault of an installed package is not blamed on these settings
    try:
        Registry.load(added=added)
    except WeightsError as error:
        raise UsageError("SETTINGS_INVALID", f"{error.message}.", error.hint) from None


def _settings_file(config: Path | None, library: Path) -> Path | None:
    if config is not None:
        if not config.is_file():
            raise UsageError("SETTINGS_INVALID", f"there is no settings file {config}.", "Check --config.")
        return config
    return next((path for path in (Path(FILE_NAME), library / FILE_NAME) if path.is_file()), None)


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("SETTINGS_INVALID", f"{path} is not valid TOML: {error}.") from None
    except OSError as error:
        raise UsageError("SETTINGS_INVALID", f"{path} cannot be read: {error.strerror}.") from None


def _folder_name(value: object, path: Path, key: str = "library") -> str:
    if not isinstance(value, str) or "\0" in value:
        raise UsageError("SETTINGS_INVALID", f"key {key!r} in {path}: it must be the path of a folder, in quotes.")
    return value


def _set(values: dict[str, object], keys: tuple[str, ...], value: str) -> None:
    *tables, last = keys
    for table in tables:
        inner = values.setdefault(table, {})
        if not isinstance(inner, dict):
            return  # a mistake in the file, which validation reports
        values = inner
    values[last] = value


def _invalid(error: ValidationError, where: str) -> UsageError:
    # Only the first complaint, and never pydantic's echo of the input: it could hold the key.
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    if first["type"] == "extra_forbidden":
        table = _TABLES.get(str(first["loc"][0]), Settings) if len(first["loc"]) > 1 else Settings
        valid: Mapping[str, object] = table.model_fields
        return UsageError(
            "SETTINGS_INVALID",
            f"unknown key {name!r} in {where}.",
            f"Valid keys there: {', '.join(valid)}.",
        )
    return UsageError("SETTINGS_INVALID", f"key {name!r} in {where}: {first['msg'].lower()}.")
