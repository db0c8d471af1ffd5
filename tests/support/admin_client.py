"""The admin endpoints of an exchange, from a test."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from synthcore.exchange.faults.fault import Fault


class AdminClient:
    """Arms faults on a running exchange and reads what was injected."""

    def __init__(self, rest: str) -> None:
        self._http = httpx.Client(base_url=rest)

    def close(self) -> None:
        self._http.close()

    def add(self, *faults: Fault) -> list[str]:
        reply = self._http.post("/admin/faults", json={"faults": msgspec.to_builtins(faults)})
        assert reply.status_code == 200, reply.text
        return list(reply.json()["added"])

    def clear(self) -> None:
        assert self._http.delete("/admin/faults").status_code == 200

    def facts(self) -> dict[str, Any]:
        return dict(self._http.get("/admin/faults").json())

    def injected(self) -> list[dict[str, Any]]:
        return list(self.facts()["injected"])

    def set_delays(self, **request: Any) -> None:
        reply = self._http.post("/admin/delays", json=request)
        assert reply.status_code == 200, reply.text
