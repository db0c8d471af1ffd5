"""What no exchange offers: a door for tests, below `/_control/`, shut unless a token is given.

token.py    the token that opens it
door.py     who may enter, and to what
faults.py   what goes wrong
latency.py  how long things take
client.py   the other side of the door
"""
