"""The control API from a test, by httpx: our own client is what is tested elsewhere."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from synthcore.exchange.faults.fault import Fault
from synthcore.exchange.ready import FlavourReady, Ready


def control_http(ready: Ready | FlavourReady) -> httpx.Client:
    """A client that bears the exchange's token."""
    return httpx.Client(base_url=ready.rest, headers={"Authorization": f"Bearer {ready.control_token}"})


class ControlClient:
    """Arms faults on a running exchange and reads what was injected."""

    def __init__(self, ready: Ready) -> None:
        self.http = control_http(ready)

    def close(self) -> None:
        self.http.close()

    def add(self, *faults: Fault) -> list[str]:
        return list(self.post("faults", faults=msgspec.to_builtins(faults))["added"])

    def clear(self) -> None:
        assert self.http.delete("/_control/faults").status_code == 200

    def facts(self) -> dict[str, Any]:
        return self.get("faults")

    def injected(self) -> list[dict[str, Any]]:
        return list(self.facts()["injected"])

    def get(self, room: str) -> dict[str, Any]:
        reply = self.http.get(f"/_control/{room}")
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def post(self, room: str, **request: Any) -> dict[str, Any]:
        reply = self.http.post(f"/_control/{room}", json=request)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())
