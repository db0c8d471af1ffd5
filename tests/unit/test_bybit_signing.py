"""Signatures against the reference's test vectors (key and secret are the vectors' own)."""

import hashlib
import hmac

from hypothesis import example, given
from hypothesis import strategies as st

from synthcore.venues.bybit.signing import Signer

SIGNER = Signer("TESTKEY0000000001", "TESTSECRET0000000000000000000000001")
BODY = (
    b'{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.001",'
    b'"price":"60000","timeInForce":"PostOnly","positionIdx":0,"orderLinkId":"t-1"}'
)


def test_a_query_string_is_signed_as_in_the_reference():
    signature = SIGNER.rest(1700000000000, 5000, b"category=linear&symbol=BTCUSDT")

    assert signature == "a822f2028a5d25071f7184687af902211fbb01f31894c7d6cb75cffe76dad8f3"


def test_a_body_is_signed_byte_for_byte():
    assert SIGNER.rest(1700000000000, 5000, BODY) == (
        "3743efd77e016ef830dbb4f689a8599b039fc8e411ff09dc02b9a6bf73f260e0"
    )
    assert SIGNER.rest(1700000000000, 5000, BODY + b" ") != SIGNER.rest(1700000000000, 5000, BODY)


def test_the_socket_signature_covers_realtime_and_expiry():
    assert SIGNER.ws_auth(1700000010000) == (
        "f2b49c304bc1c304fb64ea1216d9ace61eefc973e773b08e20739c10ffc21ab4"
    )


def test_the_repr_of_a_signer_holds_no_secret():
    assert "SECRET" not in repr(SIGNER)
    assert SIGNER.key not in repr(SIGNER)


@given(secret=st.text(st.characters(codec="ascii"), max_size=200), text=st.binary(max_size=300))
@example(secret="k" * 64, text=b"")
@example(secret="k" * 65, text=b"")
def test_a_signature_is_the_standard_librarys_for_every_secret_and_text(secret, text):
    assert Signer("KEY", secret).sign(text) == hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
