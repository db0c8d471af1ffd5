"""What must be in order before a run: each finding with its fix. Nothing is changed unless asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from synthcore._core.affinity import allowed_cores, choose_cores
from synthcore._core.idle import IdleStates
from synthcore.config import SyntheticConfig
from synthcore.environment import Credentials, Environment
from synthcore.errors import VenueError, VenueRefused
from synthcore.orders.bybit import BybitBackend

Grade = Literal["ok", "warning", "wrong"]

CLOCK_WARNING_MS = 500.0
CONNECT_WITHIN_S = 5.0
USUAL_LEVERAGE = 10
FIXES = {
    10003: "use a key of this environment: one of another doesn't work here",
    10004: "check the secret: it doesn't belong to this key",
    10005: "give the key the permissions Contract: Orders and Positions",
    10010: "add this machine's address to the key's list, or use the right key",
    33004: "make a new key: this one has expired",
}


class Finding(Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    grade: Grade
    text: str
    fix: str = ""


class KeyInfo(Struct, frozen=True, rename="camel"):
    """What the exchange says of a key."""

    read_only: int = 0
    permissions: dict[str, list[str]] = field(default_factory=dict)
    ips: list[str] = field(default_factory=list)
    expired_at: str = ""


def examine_machine() -> list[Finding]:
    """Look at what latency needs from this machine."""
    cores = allowed_cores()
    feed, strategy = choose_cores(cores)
    if feed != strategy:
        pinning = Finding("cores", "ok", f"feed on core {feed}, strategy on core {strategy} of {len(cores)}")
    else:
        pinning = Finding(
            "cores",
            "warning",
            "one core only: feed and strategy share it",
            "allow this process a second core",
        )
    return [pinning, examine_idle_states()]


def examine_idle_states() -> Finding:
    """Try whether idle states can be held off, and let them go again."""
    with IdleStates() as idle:
        if idle.held:
            return Finding("idle states", "ok", "can be held off while a run lasts")
        reason = idle.reason
    return Finding(
        "idle states",
        "warning",
        f"can't be held off ({reason}): waking up takes longer",
        f"let this user write to {idle.device}",
    )


class Examination:
    """One look at an exchange through the same gateway that a run uses.

    Parameters
    ----------
    fix_position_mode
        Switch symbols in one-way mode to hedge mode; else they are only reported.
    """

    def __init__(
        self,
        environment: Environment,
        credentials: Credentials,
        config: SyntheticConfig,
        fix_position_mode: bool = False,
    ) -> None:
        self._environment = environment
        self._config = config
        self._fix_position_mode = fix_position_mode
        self._backend = BybitBackend(
            environment.rest_urls,
            environment.ws_private_url,
            credentials,
            recv_window_ms=config.recv_window_ms,
        )

    async def findings(self) -> AsyncIterator[Finding]:
        """Give one finding after the other; what needs an answer stops where none comes."""
        try:
            reach = await self.reach()
            yield reach
            yield await self.public_stream()
            if reach.grade == "wrong":
                return
            yield await self.clock()
            key = await self.key()
            yield key
            if key.grade == "wrong":
                return
            yield await self.private_stream()
            yield await self.balance()
            for symbol in self._config.symbols_to_trade:
                yield await self.position_mode(symbol)
        finally:
            await self._backend.close()

    async def reach(self) -> Finding:
        url = self._environment.rest_urls[0]
        try:
            await self._backend.sync_server_time()
        except VenueError as error:
            return Finding(
                "reach", "wrong", f"{url} doesn't answer ({error})", "check the network, and BYBIT_API_URL"
            )
        return Finding("reach", "ok", f"{url} answers")

    async def public_stream(self) -> Finding:
        url = self._environment.ws_public_url
        parts = urlsplit(url)
        is_secure = parts.scheme == "wss"
        port = parts.port or (443 if is_secure else 80)
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                _, writer = await asyncio.open_connection(parts.hostname, port, ssl=is_secure or None)
        except (OSError, TimeoutError) as error:
            said = f"{url} can't be connected to ({getattr(error, 'strerror', None) or 'no answer'})"
            return Finding("public stream", "wrong", said, "check the network, and BYBIT_WS_PUBLIC_URL")
        writer.close()
        return Finding("public stream", "ok", f"{url} takes connections")

    async def clock(self) -> Finding:
        clock = await self._backend.sync_server_time()
        ahead = "behind" if clock.offset_ms > 0 else "ahead"
        text = f"ours is {abs(clock.offset_ms):.1f} ms {ahead} (± {clock.uncertainty_ms:.1f} ms)"
        if abs(clock.offset_ms) > CLOCK_WARNING_MS:
            return Finding("clock", "warning", f"{text}; requests are corrected", "run a time service")
        return Finding("clock", "ok", text)

    async def key(self) -> Finding:
        try:
            reply = await self._backend.rest.query("/v5/user/query-api", {})
        except VenueRefused as error:
            return Finding("key", "wrong", f"was refused: {error}", FIXES.get(error.code, "check the key"))
        except VenueError as error:
            return Finding("key", "wrong", f"could not be checked ({error})", "try again")
        return judge_key(msgspec.json.decode(reply.result, type=KeyInfo), self._environment.name)

    async def private_stream(self) -> Finding:
        url = self._environment.ws_private_url
        try:
            await self._backend.stream.start()
        except VenueError as error:
            return Finding("private stream", "wrong", str(error), "check BYBIT_WS_PRIVATE_URL and the key")
        return Finding("private stream", "ok", f"{url} takes the key")

    async def balance(self) -> Finding:
        try:
            free_usdt = await self._backend.available_balance()
        except VenueError as error:
            return Finding("balance", "wrong", f"could not be read ({error})", "try again")
        config = self._config
        needed = 2 * config.estimated_position_size * config.max_concurrent_trades / USUAL_LEVERAGE
        text = f"{free_usdt:,.2f} USDT available"
        if free_usdt < needed:
            return Finding(
                "balance",
                "warning",
                f"{text}, about {needed:,.2f} are needed at leverage {USUAL_LEVERAGE}",
                "add funds, or lower --size or --max-trades",
            )
        return Finding("balance", "ok", text)

    async def position_mode(self, symbol: str) -> Finding:
        name = f"mode {symbol}"
        try:
            if await self._backend.hedge_mode(symbol):
                return Finding(name, "ok", "hedge mode: both legs can be held")
            if not self._fix_position_mode:
                return Finding(
                    name,
                    "wrong",
                    "one-way mode: two opposite legs would cancel each other out",
                    "synthtest doctor --fix position-mode",
                )
            await self._backend.set_hedge_mode(symbol)
            if await self._backend.hedge_mode(symbol):
                return Finding(name, "ok", "switched to hedge mode")
            return Finding(name, "wrong", "is still one-way after the switch", "switch it on the website")
        except VenueError as error:
            return Finding(name, "wrong", str(error), "close positions and orders of this symbol first")


def judge_key(info: KeyInfo, environment: str) -> Finding:
    """Say whether a key may do what is needed, and nothing that would be dangerous."""
    rights = {right.lower() for group in info.permissions.values() for right in group}
    contract = {right.lower() for right in info.permissions.get("ContractTrade", [])}
    if any("withdraw" in right for right in rights):
        return Finding("key", "wrong", "may withdraw funds", "make a key without withdrawal rights")
    if info.read_only or not {"order", "position"} <= contract:
        return Finding("key", "wrong", "may not trade contracts", FIXES[10005])
    if environment != "embedded" and info.ips in ([], ["*"]):
        return Finding("key", "warning", "valid, from any address", "bind it to this machine's address")
    return Finding("key", "ok", "valid, may trade contracts and not withdraw")
