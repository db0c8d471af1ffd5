//! What Rust offers for the same work, each measured as `synthtest bench` measures ours.
//!
//!   rivals list
//!   rivals NAME throughput ITEMS          {"items": …, "ns": …}
//!   rivals NAME one-way ITEMS GAP_NS      {"samples_ns": […]}
//!   rivals parse KIND FILE REPEATS        a frame a line: {"ns_each": …, "checked": …}
//!   rivals qualify FILE REPEATS           spread, funding, size a line: {"ns_each": …, "passed": …}
mod parse;
mod qualify;
mod queues;

use std::env::args;
use std::process::exit;

fn main() {
    let words: Vec<String> = args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["list"] => queues::NAMES.iter().for_each(|name| println!("{name}")),
        ["parse", kind, file, repeats] => parse::measure(kind, file, number(repeats)),
        ["qualify", file, repeats] => qualify::measure(file, number(repeats)),
        [name, "throughput", items] => queues::throughput(name, number(items)),
        [name, "one-way", items, gap_ns] => queues::one_way(name, number(items), number(gap_ns)),
        _ => exit(2),
    }
}

fn number(word: &str) -> u64 {
    word.parse().unwrap_or_else(|_| exit(2))
}
