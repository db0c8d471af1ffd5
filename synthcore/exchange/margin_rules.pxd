"""Bybit's formulas of margins and prices, for compiled callers."""


cpdef object closing_fee(object side, object entry_value, object leverage, object taker_rate)
cpdef object initial_margin(object mark_value, object leverage, object fee)
cpdef object maintenance_margin(object mark_value, object ladder, object fee)
cpdef tuple standing(object position, object mark)
cpdef object break_even(object entry_price, object signed_qty, object realised, object taker_rate)
cpdef object liquidation_price(object signed_qty, object mark, object spare, object ladder, object fee)
