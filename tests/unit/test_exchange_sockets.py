"""How the embedded exchange listens."""

import socket

from synthcore.exchange.listen import bind


def test_an_accepted_socket_sends_at_once() -> None:
    with bind("127.0.0.1", 0, "rest_port") as listening:
        listening.listen(1)

        with socket.create_connection(listening.getsockname()):
            listening.setblocking(True)
            accepted, _ = listening.accept()

        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
