"""Structs as they lie in memory, so that compiled code reads a field without looking for its name.

A Struct's fields are pointers, one after the other, sorted by name; `checked` holds a kind's fields against
what was compiled, since nothing else would notice. Fields are read here and never written: a kind whose
changes are noted (`changes.py`) would not hear of it.
"""

cdef extern from *:
    """
    #ifndef SYNTHCORE_LAYOUT
    #define SYNTHCORE_LAYOUT
    #define FIELD(name) PyObject *name;
    #define NAME(name) #name " "

    #define ORDER_FIELDS(F) \
        F(ahead_lots) F(cancel_type) F(children) F(close_on_trigger) F(closed_pnl) F(closes_all) F(contract) \
        F(create_type) F(created_ms) F(fate) F(fee) F(filled_lots) F(filled_value) F(has_rested) \
        F(last_price) F(link_id) F(lots) F(number) F(order_id) F(order_type) F(pair) F(parent_link_id) \
        F(position_idx) F(price_ticks) F(protection) F(queue_number) F(reduce_only) F(reject_reason) \
        F(side) F(slippage) F(smp_order_id) F(smp_type) F(status) F(stop_order_type) F(time_in_force) \
        F(tpsl_mode) F(trail) F(trigger) F(uid) F(updated_ms)
    typedef struct { PyObject_HEAD ORDER_FIELDS(FIELD) } OrderObject;

    #define CONTRACT_FIELDS(F) \
        F(base_coin) F(ladder) F(leverage_step) F(limit_ratio_x) F(limit_ratio_y) F(lot_value) \
        F(max_leverage) F(max_lots) F(max_market_lots) F(max_price_ticks) F(min_leverage) F(min_lots) \
        F(min_notional) F(min_price_ticks) F(price_texts) F(qty_texts) F(settle_coin) F(step) F(symbol) F(tick)
    typedef struct { PyObject_HEAD CONTRACT_FIELDS(FIELD) } ContractObject;

    #define POSITION_FIELDS(F) \
        F(auto_add_margin) F(contract) F(created_ms) F(entry_value) F(extra_margin) F(is_isolated) \
        F(leverage) F(lots) F(open_fee) F(opened_ms) F(position_idx) F(realised) F(realised_ever) F(seq) \
        F(side) F(stop_loss) F(take_profit) F(trailing_stop) F(updated_ms)
    typedef struct { PyObject_HEAD POSITION_FIELDS(FIELD) } PositionObject;

    #define MARGIN_FIELDS(F) \
        F(is_isolated) F(order_im) F(position_im) F(position_mm) F(unrealised) F(wallet)
    typedef struct { PyObject_HEAD MARGIN_FIELDS(FIELD) } MarginObject;
    #endif
    """
    const char *ORDER_NAMES "ORDER_FIELDS(NAME)"
    const char *CONTRACT_NAMES "CONTRACT_FIELDS(NAME)"
    const char *POSITION_NAMES "POSITION_FIELDS(NAME)"
    const char *MARGIN_NAMES "MARGIN_FIELDS(NAME)"

    ctypedef class synthcore.exchange.contract.Contract [object ContractObject, check_size error]:
        cdef object ladder, lot_value, max_price_ticks, min_price_ticks, price_texts, qty_texts
        cdef object settle_coin, step, symbol, tick

    ctypedef class synthcore.exchange.orders.Order [object OrderObject, check_size error]:
        cdef Contract contract
        cdef object cancel_type, close_on_trigger, closed_pnl, create_type, created_ms, fee, filled_lots
        cdef object filled_value, last_price, link_id, lots, order_id, order_type, parent_link_id
        cdef object position_idx, price_ticks, protection, reduce_only, reject_reason, side, slippage
        cdef object smp_order_id, smp_type, status, stop_order_type, time_in_force, tpsl_mode, trigger, uid
        cdef object updated_ms

    ctypedef class synthcore.exchange.account.Position [object PositionObject, check_size error]:
        cdef Contract contract
        cdef object auto_add_margin, created_ms, entry_value, extra_margin, is_isolated, leverage, lots
        cdef object opened_ms, position_idx, realised, realised_ever, seq, side, stop_loss, take_profit
        cdef object trailing_stop, updated_ms

    ctypedef class synthcore.exchange.account.Margin [object MarginObject, check_size error]:
        cdef object is_isolated, order_im, position_im, position_mm, unrealised, wallet

cpdef int checked(object kind, const char *names) except -1
