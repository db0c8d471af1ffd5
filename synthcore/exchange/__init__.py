"""The embedded Bybit-V5-compatible exchange: a pure core with REST and WebSocket edges."""
