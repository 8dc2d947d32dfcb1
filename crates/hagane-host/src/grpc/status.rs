//! How a call that gives nothing ends.

use http::HeaderMap;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

/// What gRPC wants encoded in a message: all but printable ASCII, and the sign itself.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// The kinds of failure, by gRPC's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The caller has gone.
    Cancelled = 1,
    /// It is not known.
    Unknown = 2,
    /// What was sent is wrong.
    InvalidArgument = 3,
    /// Time ran out.
    DeadlineExceeded = 4,
    /// There is no such thing.
    NotFound = 5,
    /// The caller may not.
    PermissionDenied = 7,
    /// There is too much of it.
    ResourceExhausted = 8,
    /// Something has to be set right first, and not by the caller.
    FailedPrecondition = 9,
    /// There is no such method.
    Unimplemented = 12,
    /// What was received makes no sense.
    Internal = 13,
    /// It may work another time.
    Unavailable = 14,
}

/// Why a call gives nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The kind of failure.
    pub code: Code,
    /// What the caller is told.
    pub message: String,
}

impl Status {
    /// Returns a failure.
    pub fn new(code: Code, message: impl Into<String>) -> Status {
        Status { code, message: message.into() }
    }

    /// Returns the headers that say it.
    pub(super) fn headers(&self) -> HeaderMap {
        let message = utf8_percent_encode(&self.message, ENCODED).to_string();
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", (self.code as u16).into());
        if let Ok(message) = message.parse() {
            headers.insert("grpc-message", message);
        }
        headers
    }

    /// Returns the failure that headers say, and `None` where they say success.
    pub(super) fn read(headers: &HeaderMap) -> Option<Status> {
        use Code::{
            Cancelled, DeadlineExceeded, FailedPrecondition, Internal, InvalidArgument, NotFound,
            PermissionDenied, ResourceExhausted, Unavailable, Unimplemented, Unknown,
        };
        let code = headers.get("grpc-status")?.to_str().unwrap_or_default();
        if code == "0" {
            return None;
        }
        let known = [
            Cancelled,
            InvalidArgument,
            DeadlineExceeded,
            NotFound,
            PermissionDenied,
            ResourceExhausted,
            FailedPrecondition,
            Unimplemented,
            Internal,
            Unavailable,
        ];
        let code = known.into_iter().find(|known| (*known as u8).to_string() == code).unwrap_or(Unknown);
        let message = headers.get("grpc-message").map(|message| percent_decode(message.as_bytes()));
        let message = message.map(|message| message.decode_utf8_lossy().into_owned());
        Some(Status { code, message: message.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_arrives() {
        let check = |message: &str, header: &str| {
            let status = Status::new(Code::DeadlineExceeded, message);
            let headers = status.headers();
            assert_eq!(headers["grpc-message"], header);
            assert_eq!(Status::read(&headers), Some(status));
        };
        check("error: a\n  --> b:1\n", "error: a%0A  --> b:1%0A");
        check("100 %", "100 %25");
        check("ö", "%C3%B6");
        assert_eq!(Status::read(&HeaderMap::new()), None);
    }
}
