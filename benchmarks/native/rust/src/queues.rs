use std::arch::x86_64::_rdtsc;
use std::hint::{black_box, spin_loop};
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_queue::ArrayQueue;

pub const NAMES: [&str; 4] = [
    "crossbeam ArrayQueue",
    "crossbeam force_push",
    "crossbeam-channel",
    "Rust sync_channel",
];
const CAPACITY: usize = 4096;

type Item = [u64; 8];

/// Static dispatch at both ends: the closures are monomorphic where they are used.
fn with<R>(name: &str, run: impl Measure<R>) -> R {
    match name {
        "crossbeam ArrayQueue" => {
            let queue = Arc::new(ArrayQueue::new(CAPACITY));
            let other = queue.clone();
            run.on(move |item| queue.push(item).is_ok(), move || other.pop())
        }
        "crossbeam force_push" => {
            let queue = Arc::new(ArrayQueue::new(CAPACITY));
            let other = queue.clone();
            run.on(
                move |item| {
                    queue.force_push(item);
                    true
                },
                move || other.pop(),
            )
        }
        "crossbeam-channel" => {
            let (sender, receiver) = crossbeam_channel::bounded(CAPACITY);
            run.on(move |item| sender.try_send(item).is_ok(), move || receiver.try_recv().ok())
        }
        "Rust sync_channel" => {
            let (sender, receiver) = mpsc::sync_channel(CAPACITY);
            run.on(move |item| sender.try_send(item).is_ok(), move || receiver.try_recv().ok())
        }
        _ => exit(2),
    }
}

trait Measure<R> {
    fn on<P, Q>(self, push: P, pop: Q) -> R
    where
        P: FnMut(Item) -> bool,
        Q: FnMut() -> Option<Item> + Send + 'static;
}

struct Throughput(u64);

impl Measure<u128> for Throughput {
    fn on<P, Q>(self, mut push: P, mut pop: Q) -> u128
    where
        P: FnMut(Item) -> bool,
        Q: FnMut() -> Option<Item> + Send + 'static,
    {
        let items = self.0;
        let is_there = Arc::new(AtomicBool::new(false));
        let there = is_there.clone();
        // Until the last item has come: force_push drops some before it.
        let consumer = thread::spawn(move || {
            pin(1);
            there.store(true, Ordering::Release);
            while pop().map_or(true, |item| black_box(item)[0] + 1 != items) {}
            Instant::now()
        });
        pin(0);
        while !is_there.load(Ordering::Acquire) {}
        let begun = Instant::now();
        for i in 0..items {
            while !push([i, 0, 0, 0, 0, 0, 0, 0]) {
                spin_loop();
            }
        }
        consumer.join().unwrap().duration_since(begun).as_nanos()
    }
}

struct OneWay(u64, u64);

impl Measure<Vec<f64>> for OneWay {
    fn on<P, Q>(self, mut push: P, mut pop: Q) -> Vec<f64>
    where
        P: FnMut(Item) -> bool,
        Q: FnMut() -> Option<Item> + Send + 'static,
    {
        let OneWay(items, gap_ns) = self;
        let tick_ns = tick_ns();
        let gap = (gap_ns as f64 / tick_ns) as u64;
        let is_there = Arc::new(AtomicBool::new(false));
        let there = is_there.clone();
        let consumer = thread::spawn(move || {
            pin(1);
            there.store(true, Ordering::Release);
            let mut taken = Vec::with_capacity(items as usize);
            while (taken.len() as u64) < items {
                if let Some(item) = pop() {
                    let item = black_box(item);
                    taken.push((ticks() as i64 - item[0] as i64) as f64 * tick_ns);
                }
            }
            taken
        });
        pin(0);
        while !is_there.load(Ordering::Acquire) {}
        let mut due = ticks();
        for _ in 0..items {
            due += gap;
            while ticks() < due {}
            while !push([ticks(), 0, 0, 0, 0, 0, 0, 0]) {}
        }
        consumer.join().unwrap()
    }
}

pub fn throughput(name: &str, items: u64) {
    println!("{{\"items\": {items}, \"ns\": {}}}", with(name, Throughput(items)));
}

pub fn one_way(name: &str, items: u64, gap_ns: u64) {
    let taken: Vec<String> = with(name, OneWay(items, gap_ns)).iter().map(|ns| format!("{ns:.1}")).collect();
    println!("{{\"samples_ns\": [{}]}}", taken.join(", "));
}

fn ticks() -> u64 {
    unsafe { _rdtsc() }
}

fn tick_ns() -> f64 {
    let (begun, begun_ticks) = (Instant::now(), ticks());
    while begun.elapsed().as_millis() < 20 {}
    begun.elapsed().as_nanos() as f64 / (ticks() - begun_ticks) as f64
}

extern "C" {
    fn sched_setaffinity(pid: i32, size: usize, mask: *const u64) -> i32;
}

/// Refused on one core: measured all the same.
fn pin(core: u64) {
    let mask = 1u64 << core;
    unsafe { sched_setaffinity(0, 8, &mask) };
}
