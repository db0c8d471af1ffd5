"""The exchange's own state over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from synthcore.exchange.endpoint import Call, Endpoint, Result
from synthcore.exchange.status import Notice


class SystemEndpoints:
    """The maintenance that the status socket tells of."""

    def __init__(self, notices: Callable[[], Iterable[Notice]]) -> None:
        self._notices = notices

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("GET", "/v5/system/status", self.status, is_private=False)]

    def status(self, call: Call) -> Result:
        wanted = {name: call.params[name] for name in ("id", "state") if call.params.get(name)}
        notices = [
            notice
            for notice in self._notices()
            if all(getattr(notice, name) == value for name, value in wanted.items())
        ]
        return {"list": notices}
