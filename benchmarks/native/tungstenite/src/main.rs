//! A WebSocket feed as one would write it in Rust: tungstenite, serde_json typed, a crossbeam queue that drops
//! its oldest; one blocking thread.
//!
//!     tungstenite_client PORT COMMAND FRAMES
//!
//! Sends COMMAND to the bench's stream and takes FRAMES frames after it, as `epoll_client.c` does, and prints the
//! same. The upgrade is its own, with the key of RFC 6455's example, and its answer is trusted.
use std::env::args;
use std::io::{Read, Write};
use std::net::TcpStream;

use crossbeam_queue::ArrayQueue;
use serde::Deserialize;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

const SLOTS: usize = 4096;
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const MONOTONIC: i32 = 1;
const THREAD_CPUTIME: i32 = 3;

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, now: *mut Timespec) -> i32;
}

fn now_ns(clock: i32) -> i64 {
    let mut now = Timespec { seconds: 0, nanoseconds: 0 };
    unsafe { clock_gettime(clock, &mut now) };
    now.seconds * 1_000_000_000 + now.nanoseconds
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticker<'a> {
    bid1_price: &'a str,
    bid1_size: &'a str,
    ask1_price: &'a str,
    ask1_size: &'a str,
}

#[derive(Deserialize)]
struct Update<'a> {
    ts: i64,
    #[serde(borrow)]
    data: Ticker<'a>,
}

#[derive(Clone, Copy)]
#[allow(dead_code)] // written for a consumer
struct Quote {
    ts: i64,
    published_ns: i64,
    sides: [f64; 4],
}

fn float(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

fn quote(text: &str) -> Option<Quote> {
    let Update { ts, data } = serde_json::from_str(text).ok()?;
    let sides = [data.bid1_price, data.bid1_size, data.ask1_price, data.ask1_size].map(float);
    Some(Quote { ts, published_ns: now_ns(MONOTONIC), sides })
}

fn upgraded(port: &str) -> WebSocket<TcpStream> {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(REQUEST).unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    WebSocket::from_raw_socket(stream, Role::Client, None)
}

fn main() {
    let words: Vec<String> = args().collect();
    let wanted: usize = words[3].parse().unwrap();
    let queue = ArrayQueue::new(SLOTS);
    let mut samples_ns = Vec::with_capacity(wanted);
    let mut socket = upgraded(&words[1]);
    socket.send(Message::Text(words[2].clone())).unwrap();
    let begun_ns = now_ns(THREAD_CPUTIME);
    while samples_ns.len() < wanted {
        if let Message::Text(text) = socket.read().unwrap() {
            let quote = quote(&text).unwrap();
            queue.force_push(quote);
            samples_ns.push(quote.published_ns - quote.ts * 1000);
        }
    }
    let cpu_ns = now_ns(THREAD_CPUTIME) - begun_ns;
    println!("{{\"frames\": {wanted}, \"cpu_ns\": {cpu_ns}, \"samples_ns\": {samples_ns:?}}}");
}
