//! A frame to (symbol, bid, ask, sizes, time) with serde_json, typed and borrowed.
use std::fs::read_to_string;
use std::hint::black_box;
use std::time::Instant;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticker<'a> {
    symbol: &'a str,
    bid1_price: &'a str,
    bid1_size: &'a str,
    ask1_price: &'a str,
    ask1_size: &'a str,
}

#[derive(Deserialize)]
struct Book<'a> {
    s: &'a str,
    #[serde(borrow)]
    b: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    a: Vec<(&'a str, &'a str)>,
}

#[derive(Deserialize)]
struct Message<T> {
    ts: i64,
    data: T,
}

struct Quote<'a> {
    symbol: &'a str,
    bid: f64,
    ask: f64,
    bid_size: f64,
    ask_size: f64,
    ts: i64,
}

fn float(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

fn ticker(frame: &str) -> Option<Quote<'_>> {
    let message: Message<Ticker> = serde_json::from_str(frame).ok()?;
    let data = message.data;
    Some(Quote {
        symbol: data.symbol,
        bid: float(data.bid1_price),
        ask: float(data.ask1_price),
        bid_size: float(data.bid1_size),
        ask_size: float(data.ask1_size),
        ts: message.ts,
    })
}

fn book(frame: &str) -> Option<Quote<'_>> {
    let message: Message<Book> = serde_json::from_str(frame).ok()?;
    let (bid, ask) = (message.data.b.first()?, message.data.a.first()?);
    Some(Quote {
        symbol: message.data.s,
        bid: float(bid.0),
        ask: float(ask.0),
        bid_size: float(bid.1),
        ask_size: float(ask.1),
        ts: message.ts,
    })
}

pub fn measure(kind: &str, file: &str, repeats: u64) {
    let text = read_to_string(file).unwrap();
    let frames: Vec<&str> = text.lines().collect();
    let read = if kind == "orderbook.1" { book } else { ticker };
    let mut checked = 0u64;
    let begun = Instant::now();
    for _ in 0..repeats {
        for frame in &frames {
            if let Some(quote) = black_box(read(black_box(frame))) {
                let whole = quote.bid < quote.ask && quote.bid_size > 0.0 && quote.ask_size > 0.0;
                checked += u64::from(whole && quote.ts > 0 && !quote.symbol.is_empty());
            }
        }
    }
    let ns_each = begun.elapsed().as_nanos() as f64 / (repeats * frames.len() as u64) as f64;
    println!("{{\"ns_each\": {ns_each}, \"checked\": {}}}", checked / repeats);
}
