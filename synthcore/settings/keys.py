"""Which API key belongs to which environment, and whether one is set."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from synthcore.environment import KEY_VARIABLES, Credentials
from synthcore.errors import ConfigError
from synthcore.secret import Secret

IS_TESTNET = "BYBIT_TESTNET"  # true makes BYBIT_API_KEY a testnet key
OTHER_VENUES = (
    "BITGET_API_KEY",
    "BITGET_API_SECRET",
    "BITGET_API_PASSPHRASE",
    "OKX_API_KEY",
    "OKX_API_SECRET",
    "OKX_API_PASSPHRASE",
)
SECRET_VARIABLES: tuple[str, ...] = (
    *(name for pair in KEY_VARIABLES.values() for name in pair),
    *OTHER_VENUES,
)
TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off", ""})


class KeyRow(Struct, frozen=True):
    """One secret for `config show`: its name, where it is set, never what it is."""

    name: str
    place: str


class Keys(Struct, frozen=True):
    """The keys that are set, by the environment they belong to."""

    credentials: dict[str, Credentials]
    rows: tuple[KeyRow, ...] = ()


def read_keys(environ: Mapping[str, str], dotenv: Mapping[str, str]) -> Keys:
    """Find every key; an empty variable counts as not set.

    Raises
    ------
    ConfigError
        A key without its secret (or the reverse), or two keys for testnet that differ.
    """
    merged = {**dotenv, **environ}
    found: dict[str, Credentials] = {}
    for environment, (key_name, secret_name) in KEY_VARIABLES.items():
        key, secret = merged.get(key_name, ""), merged.get(secret_name, "")
        if bool(key) != bool(secret):
            is_set, missing = (key_name, secret_name) if key else (secret_name, key_name)
            raise ConfigError(f"{is_set} must come with {missing}, which is not set; set both or neither")
        if key:
            found[environment] = Credentials(api_key=Secret(key), api_secret=Secret(secret))
    if _is_testnet(merged):
        _move_to_testnet(found)
    rows = tuple(
        KeyRow(name, f"environment variable {name}" if environ.get(name) else f".env, {name}")
        for name in SECRET_VARIABLES
        if merged.get(name)
    )
    return Keys(found, rows)


def _is_testnet(merged: Mapping[str, str]) -> bool:
    word = merged.get(IS_TESTNET, "").lower()
    if word not in TRUE | FALSE:
        raise ConfigError(
            f"{IS_TESTNET} must be true or false, was {word!r}; give for example {IS_TESTNET}=true"
        )
    return word in TRUE


def _move_to_testnet(found: dict[str, Credentials]) -> None:
    general = found.pop("live", None)
    if general is None:
        return
    if "testnet" in found and found["testnet"] != general:
        raise ConfigError(
            "BYBIT_TESTNET_API_KEY and BYBIT_API_KEY (with BYBIT_TESTNET=true) must not differ:"
            " both name the testnet key; keep one of them"
        )
    found["testnet"] = general
