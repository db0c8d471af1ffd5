"""What a client of an exchange with a control token needs; each module has its own `exchange`."""

import pytest
from control_client import ControlClient
from plain_client import PlainRest


@pytest.fixture
def control(exchange):
    client = ControlClient(exchange)
    yield client
    client.clear()
    client.close()


@pytest.fixture
def rest(exchange):
    client = PlainRest(exchange)
    yield client
    client.http.close()
