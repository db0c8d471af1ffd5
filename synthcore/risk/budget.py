"""Requests that the exchange still takes: rolling windows, and a reserve for closing. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Literal

Group = Literal["create", "create_batch", "cancel", "order_query", "position_query"]

# Per second and account, Bybit's default tier (`order/create` … `position/list`).
DEFAULT_LIMITS: dict[Group, int] = {
    "create": 10,
    "create_batch": 10,  # in orders, and apart from single ones
    "cancel": 10,
    "order_query": 50,
    "position_query": 50,
}

# Longer than the exchange's second: two requests that leave 1 s apart may arrive closer together.
WINDOW_NS = 1_050_000_000


class RateBudget:
    """Count what was sent, believe what the exchange says, keep back what closing may need.

    Parameters
    ----------
    limits
        Requests a second per endpoint group; a group that is missing is not limited.
    """

    def __init__(self, limits: Mapping[Group, int] = DEFAULT_LIMITS, window_ns: int = WINDOW_NS) -> None:
        self._limits: dict[Group, int] = dict(limits)
        self.window_ns = window_ns
        self._sent_ns: dict[Group, deque[int]] = {group: deque() for group in self._limits}
        self._shut_until_ns: dict[Group, int] = {}
        self._entries_shut_until_ns = 0

    def capacity(self, group: Group) -> int | None:
        """Requests a second, None when the group is not limited."""
        return self._limits.get(group)

    def used(self, group: Group, now_ns: int) -> int:
        """Requests in the window."""
        sent_ns = self._sent_ns.get(group)
        if sent_ns is None:
            return 0
        while sent_ns and now_ns - sent_ns[0] >= self.window_ns:
            sent_ns.popleft()
        return len(sent_ns)

    def allows_entry(self, now_ns: int, open_legs: int, legs: int = 2) -> bool:
        """Whether a trade may begin: its orders, and then a close for every leg that is open, still fit."""
        if now_ns < self._entries_shut_until_ns or self.wait_ns("create", now_ns):
            return False
        limit = self._limits.get("create")
        if limit is None:
            return True
        return self.used("create", now_ns) + legs + open_legs + legs <= limit

    def allows_retry(self, now_ns: int, open_legs: int) -> bool:
        """Whether one order more fits, and then a close for every leg that is open."""
        if self.wait_ns("create", now_ns):
            return False
        limit = self._limits.get("create")
        return limit is None or self.used("create", now_ns) + 1 + open_legs <= limit

    def close_group(self, now_ns: int) -> Group:
        """The window that a close goes through: the batch's, where only that one has room left."""
        if not self._has_room("create", now_ns) and self._has_room("create_batch", now_ns):
            return "create_batch"
        return "create"

    def _has_room(self, group: Group, now_ns: int) -> bool:
        limit = self._limits.get(group)
        return not self.wait_ns(group, now_ns) and (limit is None or self.used(group, now_ns) < limit)

    def relief_ns(self, group: Group, now_ns: int) -> int:
        """How long until there is more room in a group than now; 0 where nothing is in its window."""
        used = self.used(group, now_ns)
        leaves_ns = self._sent_ns[group][0] + self.window_ns - now_ns if used else 0
        return max(leaves_ns, self.wait_ns(group, now_ns))

    def take(self, group: Group, now_ns: int) -> None:
        """Count a request. It always may: a close is never refused here, the exchange decides."""
        if group in self._sent_ns:
            self._sent_ns[group].append(now_ns)

    def wait_ns(self, group: Group, now_ns: int) -> int:
        """How long the exchange asked us to stay away from a group, from now."""
        return max(0, self._shut_until_ns.get(group, now_ns) - now_ns)

    def learn(self, group: Group, limit: int, remaining: int, now_ns: int) -> None:
        """Take the exchange's own count: others may use the same account, and its tier may differ."""
        if group not in self._limits:
            return
        self._limits[group] = limit
        by_others = (limit - remaining) - self.used(group, now_ns)
        self._sent_ns[group].extend([now_ns] * max(0, by_others))

    def shut(self, group: Group, until_ns: int) -> None:
        """The exchange refused for its limit: stay away until it says."""
        self._shut_until_ns[group] = max(until_ns, self._shut_until_ns.get(group, 0))

    def shut_entries(self, until_ns: int) -> None:
        """The exchange shut our address out: begin nothing until it says."""
        self._entries_shut_until_ns = max(until_ns, self._entries_shut_until_ns)
