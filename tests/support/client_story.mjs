// A story of the packages `bybit-api` and `ws`, unmodified: node client_story.mjs READY_FILE, where they are installed.
// It prints what it was told as one JSON object. Pings are so frequent that an answer which a client
// does not take for one would end its connection within the story.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const load = createRequire(process.cwd() + "/");
const { RestClientV5, WebsocketClient, WebsocketAPIClient, DefaultLogger } = load("bybit-api");
const WebSocket = load("ws");
const ready = JSON.parse(readFileSync(process.argv[2], "utf8"));
const keys = { key: ready.api_key, secret: ready.api_secret };

// The client's log is where it says that it took an answer for a pong.
let pongs = 0;
let onPong = () => {};
const quiet = { ...DefaultLogger, info() {}, error() {}, trace(text) {
  if (String(text).startsWith("Received PONG")) { pongs += 1; onPong(); }
} };
const pongsAre = (count) => new Promise((done) => { onPong = () => { if (pongs >= count) done(); }; onPong(); });

const pings = { pingInterval: 100, pongTimeout: 1000 };
const said = { reconnects: 0 };

function counted(socket) {
  socket.on("reconnect", () => { said.reconnects += 1; });
  return socket;
}

function client(url) {
  const socket = new WebsocketClient({ ...keys, wsUrl: url, restOptions: { baseUrl: ready.rest }, ...pings }, quiet);
  return counted(socket);
}

const rest = new RestClientV5({ ...keys, baseUrl: ready.rest, parseAPIRateLimits: true });

// A stream's messages by topic, and a wait for the first that fits.
function watched(socket) {
  const messages = [], waiting = [];
  const take = (message) => {
    messages.push(message);
    for (const entry of [...waiting]) if (entry.fits(message)) entry.done(message);
  };
  socket.on("update", take);
  return {
    first: (fits) => new Promise((done) => {
      const found = messages.find(fits);
      if (found) done(found); else waiting.push({ fits, done });
    }),
  };
}

const order = { category: "linear", symbol: "BTCUSDT", side: "Buy", orderType: "Limit", qty: "0.01" };

async function rests(privateStream) {
  said.time = typeof (await rest.fetchServerTime());
  said.instrument = (await rest.getInstrumentsInfo({ category: "linear", symbol: "BTCUSDT" })).result.list[0].symbol;
  const ticker = (await rest.getTickers({ category: "linear", symbol: "BTCUSDT" })).result.list[0];
  said.book = (await rest.getOrderbook({ category: "linear", symbol: "BTCUSDT", limit: 50 })).result.b.length;
  said.candle = (await rest.getKline({ category: "linear", symbol: "BTCUSDT", interval: "1" })).result.list[0].length;
  said.equity = Number((await rest.getWalletBalance({ accountType: "UNIFIED" })).result.list[0].totalEquity) > 0;
  const price = (Number(ticker.bid1Price) * 0.99).toFixed(0);
  const made = await rest.submitOrder({ ...order, price, orderLinkId: "node-1" });
  said.made = made.retMsg;
  said.limit = made.rateLimitApi?.maxRequests;
  const chosen = { category: "linear", symbol: "BTCUSDT", orderId: made.result.orderId };
  said.amended = (await rest.amendOrder({ ...chosen, qty: "0.02" })).retMsg;
  said.resting = (await rest.getActiveOrders({ category: "linear", symbol: "BTCUSDT" })).result.list[0].qty;
  said.cancelled = (await rest.cancelOrder(chosen)).retMsg;
  said.refused = (await rest.cancelOrder(chosen)).retCode;
  said.bought = (await rest.submitOrder({ ...order, orderType: "Market", orderLinkId: "node-2" })).retMsg;
  const fill = await privateStream.first((m) => m.topic === "execution" && m.data[0].orderLinkId === "node-2");
  said.fill = fill.data[0].execQty;
  said.stop = (await rest.setTradingStop({ category: "linear", symbol: "BTCUSDT", positionIdx: 0, tpslMode: "Full",
    stopLoss: (Number(ticker.bid1Price) * 0.9).toFixed(0) })).retMsg;
  said.position = (await rest.getPositionInfo({ category: "linear", symbol: "BTCUSDT" })).result.list[0].size;
  said.closed = (await rest.submitOrder({ ...order, side: "Sell", orderType: "Market", reduceOnly: true })).retMsg;
  await privateStream.first((m) => m.topic === "position" && m.data[0].size === "0" && m.data[0].updatedTime !== "0");
  said.trades = (await rest.getExecutionList({ category: "linear", symbol: "BTCUSDT" })).result.list.length;
  return price;
}

async function streams() {
  const socket = client(ready.ws_public);
  const seen = watched(socket);
  const kinds = ["orderbook.50.BTCUSDT", "tickers.BTCUSDT", "publicTrade.BTCUSDT", "kline.1.BTCUSDT"];
  await socket.subscribeV5(kinds, "linear");
  said.streams = (await Promise.all(kinds.map((topic) => seen.first((m) => m.topic === topic)))).length;
  await pongsAre(pongs + 3);
  await socket.unsubscribeV5(kinds, "linear");
  socket.closeAll(true);
}

async function tradeSocket(price) {
  const api = new WebsocketAPIClient({ ...keys, wsUrl: ready.ws_trade, ...pings }, quiet);
  counted(api.getWSClient());
  const made = await api.submitNewOrder({ ...order, price, orderLinkId: "node-3" });
  said.socketMade = made.retMsg;
  const chosen = { category: "linear", symbol: "BTCUSDT", orderId: made.data.orderId };
  said.socketAmended = (await api.amendOrder({ ...chosen, qty: "0.02" })).retMsg;
  said.socketCancelled = (await api.cancelOrder(chosen)).retMsg;
  said.socketRefused = (await api.cancelOrder(chosen).catch((error) => error)).retCode;
  const batch = await api.batchSubmitOrders("linear", [{ ...order, price }, { ...order, price, qty: "0.0001" }]);
  said.batch = batch.retExtInfo.list.map((row) => row.code);
  await rest.cancelAllOrders({ category: "linear", symbol: "BTCUSDT" });
  api.getWSClient().closeAll(true);
}

// The plain package `ws` and, where Node has one, the `WebSocket` of browsers.
function firstMessage(Kind) {
  return new Promise((done, failed) => {
    const socket = new Kind(ready.ws_public);
    socket.onopen = () => socket.send(JSON.stringify({ op: "subscribe", req_id: "1", args: ["orderbook.1.BTCUSDT"] }));
    socket.onerror = (event) => failed(new Error(`socket: ${event.message}`));
    const heard = [];
    socket.onmessage = ({ data }) => {
      heard.push(JSON.parse(data));
      if (heard.length === 2) { socket.close(); done([heard[0].success, heard[1].topic]); }
    };
  });
}

const stream = client(ready.ws_private);
const privately = watched(stream);
await stream.subscribeV5(["order", "execution", "position", "wallet"], "linear");
const price = await rests(privately);
said.ended = (await privately.first((m) => m.topic === "order" && m.data[0].orderStatus === "Cancelled")).data[0].orderLinkId;
said.wallet = (await privately.first((m) => m.topic === "wallet")).data[0].accountType;
stream.closeAll(true);
await streams();
await tradeSocket(price);
said.plain = await firstMessage(WebSocket);
if (globalThis.WebSocket) said.browser = await firstMessage(globalThis.WebSocket);
console.log(JSON.stringify(said));
process.exit(0);
