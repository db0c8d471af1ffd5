"""What no exchange offers: a door for tests, below `/_control/`, shut unless a token is given.

token.py    the token that opens it
door.py     who may enter, and to what
faults.py   what goes wrong
latency.py  how long things take
clock.py    the exchange's clock
market.py   the market's pace and prices
state.py    accounts, orders, positions as the exchange counts them
log.py      what was injected, what happened
client.py   the other side of the door
"""
