"""Endpoints whose answers wait for the disk: nobody hears of an act before it is written."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from synthcore.exchange.endpoint import Call, Endpoint, Handler, Result
from synthcore.exchange.refusal import SYSTEM_BUSY, Refusal
from synthcore.exchange.state.store import Store

# These make the state smaller, and must work on a full disk: there is room in reserve for them.
CANCELS = frozenset({"/v5/order/cancel", "/v5/order/cancel-all", "/v5/order/cancel-batch"})

# By these an account changes through its orders and fills alone; by others its settings may change.
ORDERS = CANCELS | {f"/v5/order/{act}" for act in ("create", "amend", "create-batch", "amend-batch")}


def guarded(endpoints: Iterable[Endpoint], store: Store) -> list[Endpoint]:
    """The same endpoints: each writes what it changes, and changes nothing that can't be written."""
    return [msgspec.structs.replace(one, handler=guard(one, store)) for one in endpoints]


def guard(endpoint: Endpoint, store: Store) -> Handler:
    handler = endpoint.handler
    if not endpoint.is_private:
        return handler
    acts, grows = endpoint.method == "POST", endpoint.path not in CANCELS
    sets = acts and endpoint.path not in ORDERS

    def call_and_keep(call: Call) -> Result | Refusal:
        if acts and (store.has_failed or (grows and not store.has_room())):
            return SYSTEM_BUSY
        try:
            result = handler(call)
        finally:
            is_kept = store.commit(call.account if sets else None)
        return result if is_kept else SYSTEM_BUSY

    return call_and_keep
