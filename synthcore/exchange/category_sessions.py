"""Public sockets of categories whose replies have shapes of their own; no topic of theirs is known."""

from __future__ import annotations

from synthcore.exchange.public import PublicSession
from synthcore.venues.bybit.messages import OpRequest


class SpotSession(PublicSession):
    """A reply bears the request's id only where it had one."""

    def write_reply(self, request: OpRequest, ret_msg: str, success: bool) -> None:
        reply: dict[str, object] = {
            "success": success,
            "ret_msg": ret_msg or request.op,
            "conn_id": self.conn_id,
        }
        if request.req_id:
            reply["req_id"] = request.req_id
        self.send_json({**reply, "op": request.op})


class OptionSession(PublicSession):
    """Topics fail one by one, and a pong has the time alone."""

    def write_pong(self, request: OpRequest) -> None:
        self.send_json({"args": [str(self.now_ms())], "op": "pong"})

    def _subscribe(self, request: OpRequest) -> None:
        self._tell([str(topic) for topic in request.args or ()])

    def _unsubscribe(self, request: OpRequest) -> None:
        self._tell([])

    def _tell(self, failed: list[str]) -> None:
        """The command was understood, whatever became of its topics."""
        topics = {"failTopics": failed, "successTopics": []}
        self.send_json({"success": True, "conn_id": self.conn_id, "data": topics, "type": "COMMAND_RESP"})


SESSIONS: dict[str, type[PublicSession]] = {"spot": SpotSession, "option": OptionSession}
