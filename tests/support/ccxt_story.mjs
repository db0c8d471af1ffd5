// A story of Node's ccxt and ccxt.pro, unmodified: node ccxt_story.mjs READY_FILE, where ccxt is installed.
// It prints what it was told as one JSON object.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const ccxt = createRequire(process.cwd() + "/")("ccxt");
const ready = JSON.parse(readFileSync(process.argv[2], "utf8"));
const SYMBOL = "BTC/USDT:USDT";

const client = new ccxt.pro.bybit({
  apiKey: ready.api_key, secret: ready.api_secret, options: { defaultType: "swap" },
});
const kinds = Object.keys(client.urls.api.ws.public);
const publicUrl = (kind) => ready.ws_public.replace(/linear$/, kind);
client.urls.api = {
  ...Object.fromEntries(Object.keys(client.urls.api).map((name) => [name, ready.rest])),
  ws: {
    public: Object.fromEntries(kinds.map((kind) => [kind, publicUrl(kind)])),
    private: { spot: { unified: ready.ws_private }, contract: ready.ws_private, trade: ready.ws_trade },
  },
};

const said = {};

async function trades() {
  said.contract = (await client.loadMarkets())[SYMBOL].id;
  const book = await client.watchOrderBook(SYMBOL, 50);
  said.book = [book.bids.length, book.asks.length];
  said.ticker = (await client.watchTicker(SYMBOL)).last > 0;
  said.trade = (await client.watchTrades(SYMBOL))[0].symbol;
  said.candle = (await client.fetchOHLCV(SYMBOL, "1m"))[0].length;

  const price = client.priceToPrecision(SYMBOL, book.bids[0][0] * 0.99);
  const watched = client.watchOrders(SYMBOL);
  const made = await client.createOrder(SYMBOL, "limit", "buy", 0.01, price);
  said.watched = (await watched)[0].id === made.id;
  await client.editOrder(made.id, SYMBOL, "limit", "buy", 0.02, price);
  const [open] = await client.fetchOpenOrders(SYMBOL);
  said.open = [open.amount, open.filled, open.status];
  await client.cancelOrder(made.id, SYMBOL);
  said.cancelled = (await client.fetchCanceledOrders(SYMBOL))[0].status;

  const filling = client.watchMyTrades(SYMBOL);
  await client.createOrder(SYMBOL, "market", "buy", 0.01, undefined, { stopLoss: { triggerPrice: price } });
  said.fill = (await filling)[0].amount;
  const [position] = await client.fetchPositions([SYMBOL]);
  said.position = [position.side, position.contracts, position.stopLossPrice === Number(price)];
  await client.createOrder(SYMBOL, "market", "sell", 0.01, undefined, { reduceOnly: true });
  said.positions = (await client.fetchPositions([SYMBOL])).filter((each) => each.contracts).length;
  said.fills = (await client.fetchMyTrades(SYMBOL)).length;
  said.balance = (await client.fetchBalance()).USDT.total < 100000;

  const bySocket = await client.createOrderWs(SYMBOL, "limit", "buy", 0.01, price);
  await client.cancelOrderWs(bySocket.id, SYMBOL);
  said.refused = await client.cancelOrder("never-made", SYMBOL).catch((error) => error.constructor.name);
}

try {
  if (ready.rest.startsWith("http:")) await client.loadHttpProxyAgent(); // else it refuses plain sockets
  await trades();
  console.log(JSON.stringify(said));
} finally {
  await client.close();
}
process.exit(0);
