"""Money: fees, realised and unrealised profit, margin; exact to the last of 8 decimals."""

from decimal import Decimal

from exchange_world import World, rows


def test_fees_are_rounded_to_eight_decimals_half_up():
    world = World()
    world.book(bids=[("59999.9", "1")], asks=[("60000.3", "1")])

    world.order("Buy", "0.001")  # 60.0003 × 0.00055 = 0.033000165

    assert world.fills()[0].exec_fee == "0.03300017"
    assert world.account.wallet == world.deposit - Decimal("0.03300017")


def test_a_closing_fill_realises_the_difference_to_the_entry():
    world = World()
    world.order("Buy", "1")  # at 60000.1

    world.book(bids=[("60100.1", "5")], asks=[("60100.2", "5")])
    _, events = world.place("Sell", "1")

    fill = rows(events, "execution")[0]
    fees = Decimal("33.000055") + Decimal("33.055055")
    assert (fill.exec_pnl, fill.closed_size) == ("100", "1")
    assert world.account.wallet == world.deposit + 100 - fees
    assert rows(events, "order")[0].closed_pnl == str((100 - fees).normalize())


def test_a_partial_close_leaves_the_entry_price_as_it_was():
    world = World()
    world.order("Buy", "3")  # 1 at 60000.1, 2 at 60000.2
    entry = world.position().entry_price

    world.order("Sell", "1")

    assert entry == Decimal("60000.16666667")
    assert world.position().entry_price == entry


def test_margin_is_taken_by_leverage_and_given_back():
    world = World()
    world.order("Buy", "1", "59000")
    ordered = world.account.margin(world.market.mark)
    world.cancel_all()
    free = world.account.margin(world.market.mark)

    # 59000 / 10, and the fees of getting in and out
    assert ordered.order_im == Decimal("5900") + 2 * Decimal("59000") * Decimal("0.00055")
    assert ordered.available == world.deposit - ordered.order_im
    assert (free.order_im, free.available) == (0, world.deposit)


def test_a_position_is_margined_at_the_mark():
    world = World()
    world.order("Buy", "1")
    world.ticker(mark="61000")

    margin = world.account.margin(world.market.mark)

    closing_fee = Decimal("60000.1") * Decimal("0.9") * Decimal("0.00055")
    assert margin.unrealised == Decimal("999.9")
    assert margin.position_im == (Decimal("6100") + closing_fee).quantize(Decimal("0.00000001"))


def test_an_order_against_the_position_needs_no_margin_for_the_closing_part():
    world = World(deposit="7000")
    world.order("Buy", "1")

    order = world.order("Sell", "1", "60500")

    assert order.status == "New"
    assert world.account.margin(world.market.mark).order_im == 0


def test_the_wallet_message_adds_up():
    world = World()

    _, events = world.place("Buy", "1")

    wallet = rows(events, "wallet")[0]
    coin = wallet.coin[0]
    assert Decimal(coin.equity) == Decimal(coin.wallet_balance) + Decimal(coin.unrealised_pnl)
    assert Decimal(wallet.total_available_balance) == Decimal(wallet.total_margin_balance) - Decimal(
        wallet.total_initial_margin
    )
    assert Decimal(coin.cum_realised_pnl) == -Decimal("33.000055")


def test_break_even_covers_the_fees_of_both_ends():
    world = World()

    _, events = world.place("Buy", "1")

    row = rows(events, "position")[0]
    price = Decimal(row.break_even_price)
    rest = (price - Decimal("60000.1")) - Decimal("33.000055") - price * Decimal("0.00055")
    assert abs(rest) < Decimal("0.00001")


def test_a_short_gains_when_the_mark_falls():
    world = World()
    world.order("Sell", "1")  # at 59999.9

    world.ticker(mark="59000")

    assert world.account.margin(world.market.mark).unrealised == Decimal("999.9")


def test_a_fill_of_a_resting_order_frees_its_claim_on_margin():
    world = World()
    world.order("Buy", "1", "60000")

    world.trade("Sell", "60000", "1")

    margin = world.account.margin(world.market.mark)
    assert margin.order_im == 0
    assert margin.position_im > 6000
