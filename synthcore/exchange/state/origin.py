"""What a state was made with, and whether an exchange can go on from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from zlib import crc32

import msgspec

from synthcore.errors import ConfigError
from synthcore.exchange.contract import Contract
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.state.shapes import FORMAT, Origin, Turn

# Settings that made what is in the state: they can't change under it. All others may from start to start.
LASTING = (
    *("market", "symbols", "seed", "funding_minutes"),
    *("accounts", "position_mode", "wallet_usdt", "keys", "institutional_accounts"),
)


class Versioned(msgspec.Struct):
    """The part of an origin that every format has."""

    format: int


@cache
def shape() -> int:
    """A number that changes with any field of anything that is written."""
    return crc32(repr(msgspec.inspect.type_info(Turn)).encode())


def origin_of(
    settings: ExchangeSettings, contracts: Mapping[str, Contract], keys: tuple[AccountKey, ...], lives: int
) -> Origin:
    return Origin(
        FORMAT,
        shape(),
        {name: text_of(getattr(settings, name)) for name in LASTING},
        {symbol: rules_of(contract) for symbol, contract in contracts.items()},
        list(keys),
        lives,
    )


def read_origin(payload: bytes, path: Path) -> Origin:
    """Read the first record of a file.

    Raises
    ------
    ConfigError
        Another version wrote it.
    """
    try:
        version = msgspec.msgpack.decode(payload, type=Versioned).format
        if version == FORMAT:
            origin = msgspec.msgpack.decode(payload, type=Origin)
            if origin.shape == shape():
                return origin
    except msgspec.DecodeError as error:
        raise ConfigError(
            f"the exchange's state must be a file of its own, but {path} is not;"
            " name another folder (setting state)"
        ) from error
    newer = f"of format {version}" if version != FORMAT else f"of format {FORMAT} with other fields"
    raise ConfigError(
        f"the exchange's state must be of this version (format {FORMAT}), but {path} is {newer};"
        " use the version that wrote it, or another folder (setting state)"
    )


def check_origin(found: Origin, wanted: Origin, path: Path) -> None:
    """Whether this exchange is the one that wrote a file, or one like it.

    Raises
    ------
    ConfigError
        Its market or its accounts are others.
    """
    for name, value in wanted.settings.items():
        if found.settings.get(name) != value:
            raise ConfigError(
                f"an exchange must go on with the settings that made its state, but {path} was made with"
                f" {name} {found.settings.get(name)}, not {value}; use it, or another folder (setting state)"
            )
    for symbol in (*found.contracts, *wanted.contracts):
        if found.contracts.get(symbol) != wanted.contracts.get(symbol):
            raise ConfigError(
                f"an exchange must go on with the contracts that made its state, but in {path} {symbol} has"
                " other rules than the market has; use the same recording, or another folder (setting state)"
            )


def text_of(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def rules_of(contract: Contract) -> str:
    """A contract's trading rules as a number: two are the same when it is."""
    rules = {**msgspec.structs.asdict(contract), "ladder": contract.ladder.tiers}
    return f"{crc32(repr(rules).encode()):08x}"
