"""ccxt's client, unmodified: its `urls` are set, as its manual says."""


def linear_client(ccxt, exchange, account=None):
    """A client of the exchange's linear contracts, its markets loaded; of its first account unless told."""
    key = account or exchange
    client = ccxt.bybit(
        {
            "apiKey": key.api_key,
            "secret": key.api_secret,
            "enableRateLimit": False,
            "options": {"defaultType": "swap"},
        }
    )
    client.urls["api"] = dict.fromkeys(client.urls["api"], exchange.rest)
    client.load_markets()
    return client
