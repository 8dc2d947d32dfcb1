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
    let timeout = timeout?;
    let (digits, unit) = timeout.split_at_checked(timeout.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    let duration = match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    };
    Instant::now().checked_add(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_caller_waits() {
        let check = |timeout: &str, milliseconds: Option<u64>| {
            let left = deadline(Some(timeout)).map(|deadline| deadline - Instant::now());
            let near = |left: Duration, of: u64| left.as_millis().abs_diff(of.into()) < 1000;
            assert_eq!(left.is_some(), milliseconds.is_some(), "{timeout}");
            assert!(left.zip(milliseconds).is_none_or(|(left, of)| near(left, of)), "{timeout}");
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
