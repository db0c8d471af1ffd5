"""One calibration: both exchanges are told the same story at the same time, then compared."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import Struct

from synthcore.calibration.difference import Difference, differences
from synthcore.calibration.party import SPACING_S, Party
from synthcore.calibration.story import flat_position, tell_private, tell_public
from synthcore.environment import Credentials, Environment


class Peer(Struct, frozen=True):
    """Where one exchange is, and the key that it takes; without one only public data are compared."""

    environment: Environment
    credentials: Credentials | None


class Calibration(Struct, frozen=True):
    """What came out."""

    found: list[Difference]
    calls: int  # that were compared, topics among them
    recorded: dict[str, list[Any]]  # what theirs said, by call; keys are masked


async def calibrate(
    ours: Peer, theirs: Peer, fills: bool = False, spacing_s: float = SPACING_S
) -> Calibration:
    """Compare two exchanges field by field; `fills` trades the smallest quantity on each, too.

    Raises
    ------
    ConfigError
        An account that is not empty, or a key that is not taken.
    VenueUnreachable
        One of them doesn't answer.
    """
    is_signed = ours.credentials is not None and theirs.credentials is not None
    has_stream = all(peer.environment.ws_public_url for peer in (ours, theirs))
    parties = [Party(peer.environment, peer.credentials, spacing_s) for peer in (ours, theirs)]
    own, other = await asyncio.gather(*(told_to(party, has_stream, is_signed, fills) for party in parties))
    return Calibration(differences(own, other), len({**own, **other}), other)


async def told_to(party: Party, has_stream: bool, is_signed: bool, fills: bool) -> dict[str, list[Any]]:
    """Tell one exchange the story; return all that it said, by call."""
    try:
        await party.open()
        position = await flat_position(party) if is_signed else None
        await tell_public(party, has_stream)
        if position is not None:
            await tell_private(party, position, fills)
    finally:
        await party.close()
    return party.transcript
