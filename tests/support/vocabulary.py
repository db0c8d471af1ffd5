"""Words of enum fields that Bybit documents; those that samples show are in the table of shapes."""

WORDS = {
    "product": "OPTIONS DERIVATIVES SPOT",
    "L": "PlusTick ZeroPlusTick MinusTick ZeroMinusTick",
    "tickDirection": "PlusTick ZeroPlusTick MinusTick ZeroMinusTick",
    "side": "Buy Sell",
    "orderType": "Limit Market UNKNOWN",
    "timeInForce": "GTC IOC FOK PostOnly RPI",
    "orderStatus": "New PartiallyFilled Untriggered Triggered Filled Cancelled Rejected Deactivated",
    "cancelType": (
        "CancelByUser CancelByReduceOnly CancelByPrepareLiq CancelAllBeforeLiq CancelByTpSlTsClear"
        " CancelBySmp CancelByDCP UNKNOWN"
    ),
    "rejectReason": (
        "EC_NoError EC_Others EC_PerCancelRequest EC_PostOnlyWillTakeLiquidity EC_NoImmediateQtyToFill"
        " EC_NoEnoughQtyToFill EC_CancelForNoFullFill EC_BySelfMatch EC_ReachRiskPriceLimit"
    ),
    "execType": "Trade AdlTrade Funding BustTrade Settle",
    "createType": (
        "CreateByUser CreateByClosing CreateByStopOrder CreateByTakeProfit CreateByPartialTakeProfit"
        " CreateByStopLoss CreateByPartialStopLoss CreateByTrailingStop CreateByLiq"
        " CreateByTakeOver_PassThrough CreateByAdl_PassThrough"
    ),
    "stopOrderType": (
        "TakeProfit StopLoss TrailingStop Stop PartialTakeProfit PartialStopLoss MmRateClose UNKNOWN"
    ),
    "triggerBy": "LastPrice IndexPrice MarkPrice UNKNOWN",
    "positionStatus": "Normal Liq Adl",
    "smpType": "None CancelMaker CancelTaker CancelBoth",
    "marginMode": "ISOLATED_MARGIN REGULAR_MARGIN PORTFOLIO_MARGIN",
    "interval": "1 3 5 15 30 60 120 240 360 720 D W M",
}
