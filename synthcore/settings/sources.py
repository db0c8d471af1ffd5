"""The places that settings are read from, each as one layer: name to value and origin."""

from __future__ import annotations

import difflib
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from synthcore.config import variable_of
from synthcore.errors import ConfigError
from synthcore.settings import origin
from synthcore.settings.catalog import SETTINGS, Setting
from synthcore.settings.keys import SECRET_VARIABLES
from synthcore.settings.origin import Origin
from synthcore.settings.yaml_text import read_yaml

DOTENV = ".env"
TOML_KEY = r'^\s*["\']?{}["\']?\s*='


class Given(Struct, frozen=True):
    """A checked value and where it came from."""

    value: Any
    origin: Origin


Layer = dict[str, Given]  # by setting name


class Variable(Struct, frozen=True):
    """One name of a `.env` file with its line."""

    text: str
    line: int


def flags_layer(flags: Mapping[str, object]) -> Layer:
    """Check what the command line gave; None means not given."""
    layer: Layer = {}
    for name, given in flags.items():
        setting = SETTINGS[name]
        if given is not None:
            where = origin.flag(setting.flag or f"--{name.replace('_', '-')}")
            layer[name] = Given(setting.check(given, where), where)
    return layer


def environ_layer(environ: Mapping[str, str]) -> Layer:
    """Check the process's environment variables."""
    layer: Layer = {}
    for setting in SETTINGS.values():
        name = variable_of(setting.variables, environ, "the environment")
        if name is not None:
            where = origin.variable(name)
            layer[setting.name] = Given(setting.check(environ[name], where), where)
    return layer


def dotenv_layer(variables: Mapping[str, Variable]) -> Layer:
    """Check what the `.env` file says."""
    layer: Layer = {}
    texts = {name: variable.text for name, variable in variables.items()}
    for setting in SETTINGS.values():
        name = variable_of(setting.variables, texts, DOTENV)
        if name is not None:
            where = origin.dotenv(DOTENV, variables[name].line, name)
            layer[setting.name] = Given(setting.check(texts[name], where), where)
    return layer


def read_dotenv(folder: Path) -> dict[str, Variable]:
    """Read `.env` of a folder; empty when there is none.

    Raises
    ------
    ConfigError
        A line that can't be read, or secrets in a file that others may read.
    """
    path = folder / DOTENV
    if not path.is_file():
        return {}
    from dotenv.parser import parse_stream

    found: dict[str, Variable] = {}
    try:
        with path.open(encoding="utf-8") as stream:
            for binding in parse_stream(stream):
                raw = binding.original
                line = raw.line + raw.string[: -len(raw.string.lstrip()) or None].count("\n")
                if binding.error:
                    raise ConfigError(
                        f"{DOTENV} must hold NAME=value lines, line {line} is none ({path});"
                        " correct or remove it"
                    )
                if binding.key is not None:
                    found[binding.key] = Variable(binding.value or "", line)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{DOTENV} must be readable UTF-8 text, was not ({path}: {reason(error)}); correct or remove it"
        ) from error
    _refuse_open_secrets(path, found)
    return found


def _refuse_open_secrets(path: Path, found: Mapping[str, Variable]) -> None:
    held = [name for name in SECRET_VARIABLES if name in found and found[name].text]
    mode = stat.S_IMODE(path.stat().st_mode)
    if held and mode & 0o077:
        raise ConfigError(
            f"{DOTENV} holds a secret ({held[0]}) and must be readable by its owner only,"
            f" its mode was {mode:04o} ({path}); run: chmod 600 {path}"
        )


def dotenv_warnings(variables: Mapping[str, Variable]) -> list[str]:
    """Point at names in `.env` that look like a setting's and are none; others there may be of anybody."""
    known = [name for setting in SETTINGS.values() for name in setting.variables] + list(SECRET_VARIABLES)
    known += ["BYBIT_TESTNET", "SYNTHTEST_CONFIG"]
    warnings = []
    for name, variable in variables.items():
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
        if name not in known and close:
            warnings.append(
                f"{DOTENV}:{variable.line}: {name} is no setting and is ignored; did you mean {close[0]}?"
            )
    return warnings


def config_layer(path: Path) -> Layer:
    """Check a TOML or YAML file: flat, one key a setting.

    Raises
    ------
    ConfigError
        The file can't be read, a key is unknown or a secret, or a value breaks its rule.
    """
    layer: Layer = {}
    for key, (value, line) in _read_config(path).items():
        where = origin.config_file(str(path), line, key)
        layer[key] = Given(_known(key, where).check(value, where), where)
    return layer


def _known(key: str, where: Origin) -> Setting:
    if key in SETTINGS:
        return SETTINGS[key]
    if key.upper() in SECRET_VARIABLES:
        raise ConfigError(
            f"keys must not be in a config file, {key} was ({where});"
            f" put {key.upper()} into the environment or into {DOTENV} with mode 600"
        )
    raise ConfigError(f"unknown setting {key!r} ({where}){did_you_mean(key, SETTINGS)}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Complete a sentence about an unknown name with the nearest known one."""
    choices = list(known)
    close = difflib.get_close_matches(name.lower(), choices, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(choices)}"


def _read_config(path: Path) -> dict[str, tuple[Any, int]]:
    """Read key → (value, line) of a file."""
    if path.suffix not in (".toml", ".yaml", ".yml"):
        raise ConfigError(f"a config file must end in .toml, .yaml or .yml, was {path} (flag --config)")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the config file must be readable UTF-8 text, was not ({path}: {reason(error)});"
            " correct --config"
        ) from error
    return _read_toml(path, text) if path.suffix == ".toml" else _read_yaml(path, text)


def _read_toml(path: Path, text: str) -> dict[str, tuple[Any, int]]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} must be valid TOML, was not: {error}") from error
    lines = text.splitlines()

    def line_of(key: str) -> int:
        pattern = re.compile(TOML_KEY.format(re.escape(key)))
        header = re.compile(rf"^\s*\[+\s*{re.escape(key)}\b")
        return next((n for n, line in enumerate(lines, 1) if pattern.match(line) or header.match(line)), 1)

    return {key: (value, line_of(key)) for key, value in values.items()}


def _read_yaml(path: Path, text: str) -> dict[str, tuple[Any, int]]:
    root, values = read_yaml(path, text)
    if root is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold `setting: value` lines, was a {type(values).__name__}")
    lines: dict[str, int] = {}
    for key_node, _ in root.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in lines:
            raise ConfigError(f"{key} must be given once, was on lines {lines[key]} and {line} ({path})")
        lines[key] = line
    return {str(key): (value, lines.get(str(key), 1)) for key, value in values.items()}


def reason(error: Exception) -> str:
    """Name what the operating system or the decoder found, in plain words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "not UTF-8"
