"""ccxt's client, unmodified: its `urls` are set, as its manual says."""


def linear_client(ccxt, exchange):
    """A client of the exchange's linear contracts, its markets loaded."""
    client = ccxt.bybit(
        {
            "apiKey": exchange.api_key,
            "secret": exchange.api_secret,
            "enableRateLimit": False,
            "options": {"defaultType": "swap"},
        }
    )
    client.urls["api"] = dict.fromkeys(client.urls["api"], exchange.rest)
    client.load_markets()
    return client
