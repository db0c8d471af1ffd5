"""The control API of an exchange in this process: at once, whether its loop runs or not."""

from __future__ import annotations

from typing import Any

import msgspec

from synthcore.errors import ConfigError
from synthcore.exchange.in_process.inlet import scope_of
from synthcore.exchange.in_process.inputs import CallCame
from synthcore.exchange.in_process.inside import Inside
from synthcore.exchange.rest import Answer


class InProcessControl:
    """What `ControlClient` is for an exchange behind sockets; here it needs no token to be given."""

    def __init__(self, inside: Inside) -> None:
        self._door = inside.venue.control
        self._loop = inside.loop

    def get(self, path: str) -> dict[str, Any]:
        return self._ask("GET", path)

    def post(self, path: str, content: object) -> dict[str, Any]:
        return self._ask("POST", path, msgspec.json.encode(content).decode("latin-1"))

    def delete(self, path: str) -> dict[str, Any]:
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: str = "") -> dict[str, Any]:
        """One request; its answer.

        Raises
        ------
        ConfigError
            The exchange doesn't take what was sent, and says why.
        """
        bearer = (("authorization", f"Bearer {self._door.token}"),)
        came = CallCame(channel=0, method=method, path=path, headers=bearer, body=body)
        answer = self._answer(came)
        reply: dict[str, Any] = msgspec.json.decode(answer.body)
        if answer.status != 200:
            raise ConfigError(f"{path}: {reply['error']}")
        return reply

    def _answer(self, came: CallCame) -> Answer:
        """On the exchange's loop: what is set may need a timer."""
        scope, body = scope_of(came), came.body.encode("latin-1")

        async def answer() -> Answer:
            return self._door.answer(scope, body)

        if self._loop.is_running():
            return self._door.answer(scope, body)
        return self._loop.run_until_complete(answer())
