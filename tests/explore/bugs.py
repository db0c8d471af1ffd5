"""Bugs seeded by hand into the production machine: the search must find each of them.

`python -m tests.explore.bugs` prints the table of docs/reliability.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from pytest import MonkeyPatch

from synthcore.execution import events, intent, trade
from synthcore.execution.trade import Turn

from .bounds import Bounds
from .search import Found, Search

Bug = Callable[[MonkeyPatch], None]

# From the smallest search on; together they take seconds.
SMALL = (Bounds(faults=0, crashes=0), Bounds(faults=0, crashes=1))
ONE_FAULT = Bounds(faults=1, crashes=0)
DEEP = (
    Bounds(faults=1, crashes=0, may_lag=True),
    Bounds(faults=1, crashes=0, may_die=True),
    Bounds(faults=1, crashes=0, may_amend=True),
)
LADDER = (*SMALL, ONE_FAULT)
LARGE = (ONE_FAULT, *DEEP, Bounds(faults=1, crashes=1))


def skip_the_look_up(patch: MonkeyPatch) -> None:
    """Take a lost answer for an order that never came."""
    patch.setattr(intent, "doubted", lambda i, now_ns: intent.never_accepted(i) if i.known == "sent" else i)


def believe_not_found_at_once(patch: MonkeyPatch) -> None:
    """Believe "not found" before the window and the margin are over."""
    original = trade.on_looked_up

    def on_looked_up(turn: Turn, event: events.LookedUp) -> None:
        original(turn, replace(event, valid_until_ms=-1e18))

    patch.setitem(trade.LEARN, events.LookedUp, on_looked_up)


def resend_on_time_out(patch: MonkeyPatch) -> None:
    """Send the next close while the fate of the one before is unknown."""
    original = trade.has_open_close

    def has_open_close(state: trade.Trade, leg: int) -> bool:
        unknown = any(i.is_close and i.leg == leg and i.known == "unknown" for i in state.intents)
        return original(state, leg) and not unknown

    patch.setattr(trade, "has_open_close", has_open_close)


def retry_an_entry_while_unknown(patch: MonkeyPatch) -> None:
    """Send the remainder of an entry whose fate is unknown."""
    patch.setattr(
        trade,
        "is_settled",
        lambda state, leg: all(
            i.known in ("final", "unknown") for i in state.intents if i.leg == leg and not i.is_close
        ),
    )


def close_without_reduce_only(patch: MonkeyPatch) -> None:
    """Send an exit as an ordinary order."""
    original = Turn.emit

    def emit(self: Turn, action: Any) -> None:
        original(self, replace(action, is_close=False) if isinstance(action, events.Send) else action)

    patch.setattr(Turn, "emit", emit)


def close_more_than_is_held(patch: MonkeyPatch) -> None:
    """Round an exit up by a lot."""
    original = Turn.send_close
    patch.setattr(Turn, "send_close", lambda self, leg, qty, pricing: original(self, leg, qty + 1, pricing))


def swap_the_legs_quantities(patch: MonkeyPatch) -> None:
    """Close what the other leg holds."""
    original = Turn.send_close
    patch.setattr(
        Turn,
        "send_close",
        lambda self, leg, qty, pricing: original(self, leg, self.state.held[1 - leg], pricing),
    )


def swap_the_legs(patch: MonkeyPatch) -> None:
    """Close the other leg."""
    original = Turn.send_close
    patch.setattr(Turn, "send_close", lambda self, leg, qty, pricing: original(self, 1 - leg, qty, pricing))


def favour_the_long_leg(patch: MonkeyPatch) -> None:
    """Close the short leg only when the long one is empty."""
    original = trade.close_excess

    def close_excess(turn: Turn, leg: int) -> None:
        if leg == trade.LONG or not turn.state.held[trade.LONG]:
            original(turn, leg)

    patch.setattr(trade, "close_excess", close_excess)


def forget_a_fill_before_the_ack(patch: MonkeyPatch) -> None:
    """Ignore executions and reports of an order that was not acknowledged."""
    filled, reported = intent.filled, intent.reported
    patch.setattr(intent, "filled", lambda i, *what: i if i.known == "sent" else filled(i, *what))
    patch.setattr(intent, "reported", lambda i, *what: i if i.known == "sent" else reported(i, *what))


def forget_a_fill_after_the_cancel(patch: MonkeyPatch) -> None:
    """Ignore what fills once a cancel was asked for."""
    filled, reported = intent.filled, intent.reported
    patch.setattr(intent, "filled", lambda i, *what: i if i.cancel else filled(i, *what))

    def report(i: intent.Intent, qty: Any, *what: Any) -> intent.Intent:
        return reported(i, i.reported_qty if i.cancel else qty, *what)

    patch.setattr(intent, "reported", report)


def count_an_execution_twice(patch: MonkeyPatch) -> None:
    """Count a fill each time it is told."""
    original = intent.filled
    patch.setattr(intent, "filled", lambda i, exec_id, qty: original(i, f"{exec_id}#{len(i.exec_ids)}", qty))


def believe_a_shrunken_report(patch: MonkeyPatch) -> None:
    """Take the last report's quantity, though an older one may come later."""
    original = intent.reported
    patch.setattr(
        intent,
        "reported",
        lambda i, qty, *what: replace(original(i, qty, *what), reported_qty=qty, executed_qty=qty),
    )


def take_an_ack_for_a_fill(patch: MonkeyPatch) -> None:
    """Count an acknowledged order as filled."""
    original = intent.acknowledged
    patch.setattr(intent, "acknowledged", lambda i: replace(original(i), reported_qty=i.qty, known="final"))


def take_a_cancel_for_its_outcome(patch: MonkeyPatch) -> None:
    """Count an order as over once its cancel was answered."""
    original = trade.cancel_answered
    patch.setattr(trade, "cancel_answered", lambda i, at_ns: replace(original(i, at_ns), known="final"))


def never_cancel_the_other_leg(patch: MonkeyPatch) -> None:
    """Let an open entry rest while the trade is unwound."""
    patch.setattr(trade, "cancel_open_entries", lambda turn: None)


def end_while_an_order_is_open(patch: MonkeyPatch) -> None:
    """End the trade while the fate of an order is unknown."""
    patch.setattr(
        trade, "is_all_final", lambda state: all(i.known in ("final", "unknown") for i in state.intents)
    )


def wait_for_the_unknown_leg(patch: MonkeyPatch) -> None:
    """Keep the known leg until the unknown one is cleared up."""
    patch.setattr(
        trade, "has_live_entry", lambda state, leg: not all(trade.is_settled(state, each) for each in (0, 1))
    )
    patch.setattr(trade, "hopeless", lambda state: False)
    original = trade.plan_settling

    def plan_settling(turn: Turn) -> None:
        if all(trade.is_settled(turn.state, leg) for leg in (0, 1)):
            original(turn)
        else:
            trade.cancel_open_entries(turn)

    patch.setitem(trade.PLANS, "settling", plan_settling)


def forget_the_doubted_order_on_restart(patch: MonkeyPatch) -> None:
    """After a crash, take what had no answer for never sent."""
    original = trade.on_restarted

    def on_restarted(turn: Turn, event: events.Restarted) -> None:
        for one in turn.state.intents:
            turn.put(one, intent.never_accepted(one))
        original(turn, event)

    patch.setitem(trade.LEARN, events.Restarted, on_restarted)


def keep_the_old_clock_on_restart(patch: MonkeyPatch) -> None:
    """After a crash, wait for times of the process before."""
    original = trade.on_restarted

    def on_restarted(turn: Turn, event: events.Restarted) -> None:
        retry_at_ns = turn.state.retry_at_ns
        original(turn, event)
        turn.set(retry_at_ns=retry_at_ns)

    patch.setitem(trade.LEARN, events.Restarted, on_restarted)


def look_up_once(patch: MonkeyPatch) -> None:
    """Never look an order up a second time."""
    original = trade.look_again
    patch.setattr(trade, "look_again", lambda *what: replace(original(*what), look_at_ns=None))


def name_no_leg(patch: MonkeyPatch) -> None:
    """Give up without saying what is open."""
    patch.setattr(trade, "open_legs", lambda state, sizes=None: ())


def believe_the_first_position(patch: MonkeyPatch) -> None:
    """Take the first position for the last word."""
    original = trade.on_position_while_verifying

    def on_position(turn: Turn, sizes: trade.Quantities) -> None:
        turn.set(checks=turn.state.rules.position_checks)
        original(turn, sizes)

    patch.setattr(trade, "on_position_while_verifying", on_position)


def hear_nobody_once_shut_out(patch: MonkeyPatch) -> None:
    """Where our address is shut out, give up with a close on its way."""
    patch.setattr(trade, "awaits_close", lambda state: False)


def count_no_more_than_was_asked_for(patch: MonkeyPatch) -> None:
    """Count no more of an order than it was sent for (`--amend`)."""
    original = intent.Intent.filled_qty.fget  # type: ignore[attr-defined]
    patch.setattr(intent.Intent, "filled_qty", property(lambda self: min(self.qty, original(self))))


BUGS: tuple[Bug, ...] = (
    skip_the_look_up,
    believe_not_found_at_once,
    resend_on_time_out,
    retry_an_entry_while_unknown,
    close_without_reduce_only,
    close_more_than_is_held,
    swap_the_legs_quantities,
    swap_the_legs,
    favour_the_long_leg,
    forget_a_fill_before_the_ack,
    forget_a_fill_after_the_cancel,
    count_an_execution_twice,
    believe_a_shrunken_report,
    take_an_ack_for_a_fill,
    take_a_cancel_for_its_outcome,
    never_cancel_the_other_leg,
    end_while_an_order_is_open,
    wait_for_the_unknown_leg,
    forget_the_doubted_order_on_restart,
    keep_the_old_clock_on_restart,
    look_up_once,
)
# Found only where positions lag, or the exchange falls silent or shuts us out.
DEEP_BUGS: tuple[Bug, ...] = (
    believe_the_first_position,
    hear_nobody_once_shut_out,
    name_no_leg,
    count_no_more_than_was_asked_for,
)


def hunt(bug: Bug, ladder: tuple[Bounds, ...] = LADDER) -> tuple[Bounds, Found] | None:
    """The smallest search that finds a bug, and what it says; None if none does."""
    with MonkeyPatch.context() as patch:
        bug(patch)
        for bounds in ladder:
            found = Search(bounds).run()
            if found.violation is not None:
                return bounds, found
    return None


def main() -> None:
    print("| Bug | Found as | Faults | Crashes | States |\n|---|---|---|---|---|")
    for bug in BUGS + DEEP_BUGS:
        caught = hunt(bug, (*LADDER, *DEEP))
        if caught is None:
            print(f"| {bug.__name__} | **not found** | | | |", flush=True)
            continue
        bounds, found = caught
        said = str(found.violation).partition(": Trade(")[0]
        what = (bug.__doc__ or "").rstrip(".")
        print(f"| {what} | {said} | {bounds.faults} | {bounds.crashes} | {found.states:,} |", flush=True)


if __name__ == "__main__":
    main()
