"""Bybit's samples that this exchange does not serve, each with the reason. Patterns of `file:line`."""

SPOT = "of a spot market; none is traded here"
OPTION = "of an option market; none is traded here"
OLD = "an older spelling of what newer samples have"
OTHER = "a third party's invention: no live message or document has it"

NOT_SERVED = {
    # Public stream
    "bybit-ws-public/tickers.spot:*": SPOT,
    "bybit-ws-public/tickers.linear:16": "of a dated future; perpetuals are traded here",
    "bybit-ws-public/orderbook.full:*": "Bybit serves it for spot only",
    "bybit-ws-public/op-replies:6": SPOT,
    "bybit-ws-public/op-replies:11": SPOT,
    "bybit-ws-public/op-replies:15": OLD + ": no request id where none was sent",
    "bybit-ws-public/op-replies:16": SPOT,
    "bybit-ws-public/op-replies.fixtures:1": OTHER,
    # Private stream
    "bybit-ws-private/order:10": OLD + " (`tpSlMode`)",
    "bybit-ws-private/position:[56]": OLD + " (`tpSlMode`)",
    "bybit-ws-private/execution:4": "of an account with extra fees (Indonesia)",
    "bybit-ws-private/position.fixtures:2": OTHER,
    "bybit-ws-private/op-replies.fixtures:*": OTHER,
    # REST
    "bybit-rest/errors:3": OLD + ": the text of 110043",
    "bybit-rest/errors.fixtures:10": "a position cannot be closed by a call of its own",
    "bybit-rest/position.list:2": "of an inverse contract, in an older spelling (`mmrSysUpdateTime`)",
    "bybit-rest/market.instruments-info:4": OPTION,
    "bybit-rest/market.instruments-info:5": SPOT,
    "bybit-rest/market.tickers:3": OPTION,
    "bybit-rest/market.tickers:4": SPOT,
    "bybit-rest/account.fee-rate.fixtures:*": OTHER + " (`baseCoin` of a linear contract)",
}
