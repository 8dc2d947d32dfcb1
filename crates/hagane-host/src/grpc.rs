//! gRPC without TLS on a socket of this machine: calls with one answer, as a server and as a client.
//!
//! Whoever answers sees calls as functions that block, each in a thread of its own. Only this module knows of HTTP/2.

mod authority;
mod client;
mod frames;
mod server;
mod status;

use std::time::{Duration, Instant};

pub use bytes::Bytes;
pub use client::{Sent, call};
pub use frames::{Cut, Messages};
pub use server::{Answer, Call, Limits, Listener, Service, Stop};
pub use status::{Code, Status};

/// Returns the time at which a caller stops waiting, from what it says in `grpc-timeout`: up to eight digits and a unit.
fn deadline(timeout: Option<&str>) -> Option<Instant> {
    Instant::now().checked_add(patience(timeout?)?)
}

fn patience(timeout: &str) -> Option<Duration> {
    let (digits, unit) = timeout.split_at_checked(timeout.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_caller_waits() {
        let check = |timeout: &str, milliseconds: Option<u64>| {
            assert_eq!(patience(timeout), milliseconds.map(Duration::from_millis), "{timeout}");
        };
        check("59899m", Some(59_899));
        check("60S", Some(60_000));
        check("2M", Some(120_000));
        check("99999999H", Some(99_999_999 * 3_600_000));
        check("60000000u", Some(60_000));
        check("5000000000n", None);
        check("", None);
        check("S", None);
        check("-1S", None);
        check("1s", None);
        check("1é", None);
    }
}
