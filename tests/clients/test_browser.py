"""A browser's own `WebSocket` (plain and over TLS) and `fetch`; needs a Chromium on this machine."""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websocket  # pybit's own dependency

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.venues.bybit.signing import Signer

PAGE = Path(__file__).parents[1] / "support" / "stream.html"
BROWSER = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None
)
WITHIN_S = 20.0
ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
TOPICS = {"tickers.BTCUSDT snapshot", "orderbook.50.BTCUSDT delta", "publicTrade.BTCUSDT snapshot"}

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


def key_hash(url):
    """The hash of a TLS server's public key, by which Chromium can be told to trust it."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    parts = urlsplit(url)
    text = ssl.get_server_certificate((parts.hostname, parts.port))
    key = x509.load_pem_x509_certificate(text.encode()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


class Browser:
    """A headless Chromium with one page, which its debugging port tells about."""

    def __init__(self, folder, url, *flags):
        self._folder = folder
        own = ("--no-sandbox", "--headless", "--remote-debugging-port=0", "--remote-allow-origins=*")
        command = [BROWSER, *own, f"--user-data-dir={folder}", *flags, url]
        # In a group of its own: what is started may be a script around the browser, which has children.
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            page = waited_for(self._page)
            self._tools = websocket.create_connection(page["webSocketDebuggerUrl"], timeout=WITHIN_S)
        except BaseException:
            self.end()
            raise

    def close(self):
        self._tools.close()
        self.end()

    def end(self):
        self._signal(signal.SIGTERM)
        with contextlib.suppress(AssertionError):
            waited_for(lambda: not self._is_alive())
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _is_alive(self):
        self._process.poll()  # a group lives on in a leader that nobody has reaped
        return self._signal(0)

    def _signal(self, number):
        """Send it to the whole group; whether there was one."""
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return False
        return True

    def evaluate(self, expression):
        params = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        self._tools.send(json.dumps({"id": 1, "method": "Runtime.evaluate", "params": params}))
        return json.loads(self._tools.recv())["result"]["result"].get("value")

    def _page(self):
        file = self._folder / "DevToolsActivePort"
        if not file.exists() or not file.read_text().strip():
            return None
        port = file.read_text().splitlines()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            return next((page for page in json.load(answer) if page["type"] == "page"), None)


def waited_for(look):
    deadline_s = time.monotonic() + WITHIN_S
    while not (found := look()):
        assert time.monotonic() < deadline_s, "the browser did not get there in time"
        time.sleep(0.02)
    return found


def fetched(browser, url, **options):
    """What a page's own `fetch` gives."""
    return browser.evaluate(f"fetch({url!r}, {json.dumps(options)}).then((answer) => answer.json())")


def test_a_page_trades_by_rest(tmp_path):
    with ExchangeProcess(ExchangeSettings(symbols=("BTCUSDT",), seed=7)) as ready:
        browser = Browser(tmp_path, f"{PAGE.as_uri()}#{ready.ws_public}")
        signer = Signer(ready.api_key, ready.api_secret)

        def signed(payload):
            now_ms = time.time_ns() // 1_000_000
            return {
                "X-BAPI-API-KEY": signer.key,
                "X-BAPI-TIMESTAMP": str(now_ms),
                "X-BAPI-RECV-WINDOW": "5000",
                "X-BAPI-SIGN": signer.rest(now_ms, 5000, payload.encode()),
                "Content-Type": "application/json",
            }

        order = json.dumps(ORDER)
        query = "category=linear&symbol=BTCUSDT"
        try:
            waited_for(lambda: browser.evaluate("heard"))  # the page has come

            told = fetched(browser, f"{ready.rest}/v5/market/time")
            made = fetched(
                browser, f"{ready.rest}/v5/order/create", method="POST", body=order, headers=signed(order)
            )
            held = fetched(browser, f"{ready.rest}/v5/position/list?{query}", headers=signed(query))
            refused = fetched(browser, f"{ready.rest}/v5/account/info")
        finally:
            browser.close()

    assert told["retMsg"] == made["retMsg"] == "OK"
    assert held["result"]["list"][0]["size"] == "0.01"
    assert refused["retCode"] == 10003


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_page_hears_the_public_stream(tmp_path, tls):
    with ExchangeProcess(ExchangeSettings(symbols=("BTCUSDT",), seed=7, speed=4.0, tls=tls)) as ready:
        trust = [f"--ignore-certificate-errors-spki-list={key_hash(ready.ws_public)}"] if tls else []
        browser = Browser(tmp_path, f"{PAGE.as_uri()}#{ready.ws_public}", *trust)
        try:
            waited_for(lambda: set(browser.evaluate("heard") or []) >= TOPICS)

            heard = browser.evaluate("heard")
        finally:
            browser.close()

    assert heard[0] == "subscribe true"
    assert not {"error"} & set(heard)
