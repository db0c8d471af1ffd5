"""All sources into one checked value, each setting with its origin."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from synthcore.config import SyntheticConfig
from synthcore.environment import (
    Address,
    Credentials,
    Environment,
    Overrides,
    doubts,
    refuse_live,
    require_keys,
    resolve,
)
from synthcore.errors import ConfigError
from synthcore.profiles import PROFILES
from synthcore.secret import MASK
from synthcore.settings import catalog, origin
from synthcore.settings.keys import Keys, read_keys
from synthcore.settings.origin import Origin
from synthcore.settings.run import RunSettings
from synthcore.settings.sources import (
    Given,
    Layer,
    Variable,
    config_layer,
    dotenv_layer,
    dotenv_warnings,
    environ_layer,
    flags_layer,
    read_dotenv,
)
from synthcore.settings.stages import hold_ceilings, safety_layer, stage_layer

CONFIG_VARIABLE = "SYNTHTEST_CONFIG"
DEFAULT_PROFILE = "qualifying"
ONLY_EMBEDDED = ("recording", "speed", "attach", "rate_tier", "delays", "faults")
RUN_DEFAULTS: dict[str, Any] = {
    "duration": None,
    "recording": None,
    "speed": 1.0,
    "attach": None,
    "rate_tier": "10",
    "delays": "lan",
    "faults": None,
    "journal": "normal",
    "require_criteria": False,
}


class Row(Struct, frozen=True):
    """One line of `config show`."""

    setting: str
    value: str
    origin: str


class Settings(Struct, frozen=True, kw_only=True):
    """The effective settings, with where each came from."""

    config: SyntheticConfig
    environment: Environment
    profile: str
    values: dict[str, Given]  # by setting name, those of the config included
    keys: Keys
    warnings: tuple[str, ...] = ()

    @property
    def credentials(self) -> Credentials | None:
        """The keys of the chosen environment, when they are set."""
        return self.keys.credentials.get(self.environment.name)

    @property
    def origins(self) -> dict[str, Origin]:
        """Where each setting's value came from."""
        return {name: given.origin for name, given in self.values.items()}

    def effective(self) -> list[Row]:
        """Every setting with its value and origin; secrets are masked."""
        rows = [Row(name, written(given.value), str(given.origin)) for name, given in self.values.items()]
        return rows + [Row(key.name, MASK, key.place) for key in self.keys.rows]

    def for_run(self, debug: bool = False) -> RunSettings:
        """Return what the engine is given.

        Raises
        ------
        ConfigError
            The environment lacks its keys, is refused for now, or a file isn't there.
        """
        refuse_live(self.environment.name)
        credentials = require_keys(self.environment.name, self.keys.credentials)
        run = {name: self.values[name].value for name in RUN_DEFAULTS}
        for name in ("recording", "attach", "faults"):
            require_file(name, self.values[name])
        return RunSettings(
            config=self.config,
            environment=self.environment,
            credentials=credentials,
            profile=self.profile,
            duration_s=run.pop("duration"),
            state_dir=self.values["state_dir"].value,
            debug=debug,
            **run,
        )


def load_settings(
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    config_file: Path | None = None,
) -> Settings:
    """Read every source; a higher one wins: flag, environment, `.env`, file, stage, profile, default.

    Parameters
    ----------
    flags
        Setting name → what the command line gave (text or None).
    environ, cwd
        Of the process, unless given; `.env` is looked for in `cwd`.
    config_file
        A TOML or YAML file; else the one that SYNTHTEST_CONFIG names.

    Raises
    ------
    ConfigError
        The first thing that is wrong, in one sentence.
    """
    environ = os.environ if environ is None else environ
    dotenv = read_dotenv(cwd or Path.cwd())
    keys = read_keys(environ, {name: variable.text for name, variable in dotenv.items()})
    file = config_file or _file_of(environ, dotenv)
    layers = [
        flags_layer(flags or {}),
        environ_layer(environ),
        dotenv_layer(dotenv),
        config_layer(file) if file else {},
    ]
    layers.append(stage_layer(_chosen("stage", layers)))
    layers.append(
        safety_layer(
            all_features=bool(_chosen("enable_all_safety_features", layers)),
            is_live=_chosen("environment", layers) == "live",
        )
    )
    profile = _chosen("profile", layers) or DEFAULT_PROFILE
    layers += [_profile_layer(profile), _default_layer(environ, keys)]
    values = {name: _first(name, layers) for name in catalog.SETTINGS}
    return _settings(values, profile, keys, dotenv_warnings(dotenv))


def _settings(values: dict[str, Given], profile: str, keys: Keys, warnings: list[str]) -> Settings:
    name = values["environment"].value
    if name == "live":
        hold_ceilings(values)
    _refuse_contradictions(values)
    environment = resolve(name, _overrides(values))
    _refuse_what_embedded_serves(values)
    return Settings(
        config=SyntheticConfig(**{item.name: values[item.name].value for item in catalog.CONFIG}),
        environment=environment,
        profile=profile,
        values=values,
        keys=keys,
        warnings=(*warnings, *doubts(environment), *too_small_a_spread(values)),
    )


def too_small_a_spread(values: Mapping[str, Given]) -> list[str]:
    """Say that the risk gate will let nothing pass."""
    least, spread = values["minimum_spread_bps"], values["synthetic_spread_bps"]
    if least.value is None or spread.value >= least.value:
        return []
    return [
        f"no trade will begin: synthetic_spread_bps {written(spread.value)} ({spread.origin}) is below"
        f" minimum_spread_bps {written(least.value)} ({least.origin})"
    ]


def _chosen(name: str, layers: list[Layer]) -> Any:
    """The value of a setting in the layers so far; None when none sets it."""
    return next((layer[name].value for layer in layers if name in layer), None)


def _first(name: str, layers: list[Layer]) -> Given:
    return next(layer[name] for layer in layers if name in layer)


def _file_of(environ: Mapping[str, str], dotenv: Mapping[str, Variable]) -> Path | None:
    named = environ.get(CONFIG_VARIABLE) or (
        dotenv[CONFIG_VARIABLE].text if CONFIG_VARIABLE in dotenv else ""
    )
    return Path(named).expanduser() if named else None


def _profile_layer(name: str) -> Layer:
    return {key: Given(value, origin.profile(name)) for key, value in PROFILES[name].settings().items()}


def _default_layer(environ: Mapping[str, str], keys: Keys) -> Layer:
    config = SyntheticConfig()
    layer: Layer = {item.name: Given(getattr(config, item.name), origin.DEFAULT) for item in catalog.CONFIG}
    layer |= {name: Given(value, origin.DEFAULT) for name, value in RUN_DEFAULTS.items()}
    layer |= {item.name: Given(None, origin.DEFAULT) for item in catalog.HOSTS}
    layer["state_dir"] = Given(_state_dir(environ), origin.DEFAULT)
    layer["stage"] = Given(None, origin.DEFAULT)
    layer["profile"] = Given(DEFAULT_PROFILE, Origin("default", "default of run"))
    layer["environment"] = (
        Given("demo", Origin("default", "demo keys are set"))
        if "demo" in keys.credentials
        else Given("embedded", origin.DEFAULT)
    )
    return layer


def _state_dir(environ: Mapping[str, str]) -> Path:
    home = environ.get("XDG_STATE_HOME") or str(
        Path(environ.get("HOME", "~"), ".local", "state").expanduser()
    )
    return Path(home, "synthtest")


def _overrides(values: Mapping[str, Given]) -> Overrides:
    def address(name: str) -> Address | None:
        given = values[name]
        return Address(given.value, str(given.origin)) if given.value is not None else None

    rest = values["api_url"]
    return Overrides(
        rest=tuple(Address(url, str(rest.origin)) for url in rest.value or ()),
        ws_public=address("ws_public_url"),
        ws_private=address("ws_private_url"),
        ws_trade=address("ws_trade_url"),
    )


def _refuse_contradictions(values: Mapping[str, Given]) -> None:
    all_on, stop = values["enable_all_safety_features"], values["enable_emergency_stop"]
    if all_on.value and not stop.value:
        raise ConfigError(
            f"enable_emergency_stop must be true with enable_all_safety_features, was false ({stop.origin},"
            f" while all are on by {all_on.origin}); change one of them"
        )
    if values["recording"].value and values["attach"].value:
        raise ConfigError(
            f"recording and attach can't go together, both are set ({values['recording'].origin};"
            f" {values['attach'].origin}): an attached exchange has its market already;"
            " give --recording to `synthtest exchange`"
        )
    for name in ("delays", "faults"):
        if values["attach"].value and values[name].origin.kind == "flag":
            raise ConfigError(
                f"{name} and attach can't go together, both are set ({values[name].origin};"
                f" {values['attach'].origin}): an attached exchange has its own;"
                f" give --{name} to `synthtest exchange`"
            )
    if values["speed"].origin.kind == "flag" and not values["recording"].value:
        raise ConfigError(
            "speed is of a replay and needs a recording, none is set (flag --speed); give --recording FILE"
        )


def _refuse_what_embedded_serves(values: Mapping[str, Given]) -> None:
    """Refuse an explicit choice about the embedded exchange where none takes part."""
    name = values["environment"].value
    for setting in ONLY_EMBEDDED:
        given = values[setting]
        if name != "embedded" and given.origin.kind == "flag":
            raise ConfigError(
                f"{setting} is of the embedded exchange and can't go with environment {name}"
                f" ({given.origin}; {values['environment'].origin}); leave it out or use --env embedded"
            )


def require_file(name: str, given: Given) -> None:
    """Refuse a path where nothing can be read."""
    path = given.value
    if path is None:
        return
    if not path.is_file() or not os.access(path, os.R_OK):
        what = "isn't readable" if path.is_file() else "is no file" if path.exists() else "isn't there"
        raise ConfigError(f"{name} must name a file that can be read, {path} {what} ({given.origin})")


def written(value: object) -> str:
    """Write a value as one would give it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(value) if isinstance(value, tuple) else str(value)
