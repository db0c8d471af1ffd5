"""What a strategy's own compiled rule needs: `cimport synthcore`, compiled with `synthcore.get_include()`."""

from synthcore._core.kernel cimport Decide
from synthcore._core.qualify cimport (
    CONFIDENCE, DEPTH, FUNDING_DELTA, PROFIT, QUALIFIED, STRATEGY, Inputs, Rules, Verdict, mid_price, qualify
)
from synthcore._core.update cimport (
    SOURCE_ORDERBOOK_1, SOURCE_ORDERBOOK_50, SOURCE_TICKER, MarketUpdate
)
