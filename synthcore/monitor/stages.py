"""The stages that latency is measured between, and what each must reach (specification, section 6)."""

from __future__ import annotations

from msgspec import Struct

MS = 1_000_000


class Stage(Struct, frozen=True):
    """From one stamp to another."""

    name: str
    about: str
    target_ns: int | None  # of p99; None: reported only


STAGES: tuple[Stage, ...] = (
    Stage("ws_to_queue", "frame handed to the listener → published in the ring", MS // 2),
    Stage("queue_to_strategy", "published → popped by the strategy", MS // 10),
    Stage("detection", "popped → decision", 2 * MS),
    Stage("decision_to_wire", "decision → order bytes handed to the socket", MS // 10),
    Stage("order_placement", "order bytes handed over → acknowledgement", 5 * MS),
    Stage("tick_to_order", "frame handed to the listener → bytes of both legs handed over", MS),
    Stage("end_to_end", "frame handed to the listener → both acknowledgements", 10 * MS),
    Stage("exchange_lag", "exchange timestamp → receive", None),
)
SENT_TO_QUEUE = "sent_to_queue"  # written by an exchange that stamps its frames → published
STAGE_NAMES: tuple[str, ...] = tuple(stage.name for stage in STAGES)
