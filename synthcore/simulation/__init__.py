"""The whole trading path in virtual time, under faults, judged as the exchange counts it."""
