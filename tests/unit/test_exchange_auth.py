"""Who may call: key, time window, signature, in Bybit's codes and words."""

import hashlib
import hmac

import pytest

from synthcore.exchange.auth import Authenticator
from synthcore.exchange.refusal import Refusal
from synthcore.venues.bybit.signing import Signer

KEY, SECRET, UID = "KEY000000001", "SECRET-MARKER", "7"
NOW_MS = 1_700_000_000_000
PAYLOAD = b"category=linear&symbol=BTCUSDT"


@pytest.fixture
def authenticator():
    authenticator = Authenticator()
    authenticator.add(UID, KEY, SECRET)
    return authenticator


def headers(timestamp_ms=NOW_MS, recv_window=5000, payload=PAYLOAD, key=KEY, secret=SECRET):
    signature = Signer(key, secret).rest(timestamp_ms, recv_window, payload)
    return {
        b"x-bapi-api-key": key.encode(),
        b"x-bapi-timestamp": b"%d" % timestamp_ms,
        b"x-bapi-recv-window": b"%d" % recv_window,
        b"x-bapi-sign": signature.encode(),
    }


def test_a_signed_call_names_its_user(authenticator):
    assert authenticator.rest(headers(), PAYLOAD, NOW_MS).uid == UID


def test_the_window_defaults_to_five_seconds(authenticator):
    sent = headers(timestamp_ms=NOW_MS - 5000)
    del sent[b"x-bapi-recv-window"]
    sent[b"x-bapi-sign"] = signed(
        f"{NOW_MS - 5000}{KEY}".encode() + PAYLOAD
    )  # what is not sent is not signed

    assert authenticator.rest(sent, PAYLOAD, NOW_MS).uid == UID
    assert authenticator.rest(sent, PAYLOAD, NOW_MS + 1).code == 10002


def signed(text):
    return hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest().encode()


@pytest.mark.parametrize("offset_ms", [-5000, 0, 999])
def test_inside_the_window_is_accepted(authenticator, offset_ms):
    assert authenticator.rest(headers(NOW_MS + offset_ms), PAYLOAD, NOW_MS).uid == UID


@pytest.mark.parametrize("offset_ms", [-5001, 1000, 60_000])
def test_outside_the_window_is_refused_with_the_three_numbers(authenticator, offset_ms):
    refusal = authenticator.rest(headers(NOW_MS + offset_ms), PAYLOAD, NOW_MS)

    assert refusal == Refusal(
        10002,
        "invalid request, please check your server timestamp or recv_window param. "
        f"req_timestamp[{NOW_MS + offset_ms}],server_timestamp[{NOW_MS}],recv_window[5000]",
    )


def test_an_unknown_key_is_refused(authenticator):
    refusal = authenticator.rest(headers(key="OTHER"), PAYLOAD, NOW_MS)

    assert refusal == Refusal(10003, "API key is invalid.")


@pytest.mark.parametrize("payload", [PAYLOAD + b" ", b"", PAYLOAD.upper()])
def test_the_signature_covers_the_exact_bytes(authenticator, payload):
    refusal = authenticator.rest(headers(), payload, NOW_MS)

    assert isinstance(refusal, Refusal)
    assert refusal.code == 10004
    assert refusal.message == f"error sign! origin_string[{NOW_MS}{KEY}5000{payload.decode()}]"
    assert SECRET not in refusal.message


def test_nonsense_in_the_headers_is_refused_and_raises_nothing(authenticator):
    for name in (b"x-bapi-timestamp", b"x-bapi-recv-window", b"x-bapi-sign", b"x-bapi-api-key"):
        for value in (b"", b"x", b"\xff\xfe", b"-1", "²".encode()):
            assert isinstance(authenticator.rest({**headers(), name: value}, PAYLOAD, NOW_MS), Refusal) or (
                name == b"x-bapi-recv-window" and value == b""
            )


def test_a_socket_signs_in_until_its_expiry(authenticator):
    signer = Signer(KEY, SECRET)
    expires = NOW_MS + 1

    assert authenticator.socket([KEY, expires, signer.ws_auth(expires)], NOW_MS).uid == UID
    assert isinstance(authenticator.socket([KEY, NOW_MS, signer.ws_auth(NOW_MS)], NOW_MS), Refusal)
    assert isinstance(authenticator.socket([KEY, expires, "0" * 64], NOW_MS), Refusal)
    assert isinstance(authenticator.socket(["OTHER", expires, signer.ws_auth(expires)], NOW_MS), Refusal)
    assert isinstance(authenticator.socket([KEY], NOW_MS), Refusal)
    assert isinstance(authenticator.socket(None, NOW_MS), Refusal)
