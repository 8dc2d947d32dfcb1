//! The messages of a call, cut out of what arrives.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use bytes::{Buf, Bytes};
use h2::FlowControl;

/// Bytes before a message: whether it is compressed, and its length.
pub(super) const HEAD: usize = 5;

/// What arrives on a stream.
pub(super) enum Arrived {
    Bytes(Bytes),
    /// The caller has sent all.
    End,
}

/// The messages of a call, as they arrive.
pub struct Messages {
    pub(super) arriving: Receiver<Arrived>,
    /// Who is told that there is room again.
    pub(super) flow: FlowControl,
    /// The most bytes of a message.
    pub(super) limit: usize,
    pub(super) deadline: Instant,
    /// Until when the rest is read of what nobody works on.
    pub(super) patience: Instant,
    pub(super) buffer: Buffer,
    pub(super) is_over: bool,
}

/// Why there is no next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The caller has gone, or ended within a message.
    Broken,
    /// There is no more time.
    Overdue,
    /// The message has more bytes than are taken.
    TooLarge {
        /// How many are taken.
        limit: usize,
    },
    /// The message is compressed, which nobody asked for.
    Compressed,
}

impl Messages {
    /// Takes larger messages from now on, or only smaller ones.
    pub fn take_up_to(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// Waits for the next message. There is none when the caller has sent all.
    pub fn receive(&mut self) -> Result<Option<Bytes>, Cut> {
        loop {
            if let Some(message) = self.buffer.message(self.limit)? {
                return Ok(Some(message));
            }
            if self.is_over {
                return if self.buffer.is_empty() { Ok(None) } else { Err(Cut::Broken) };
            }
            let bytes = self.arrived(self.deadline)?;
            self.buffer.add(bytes);
        }
    }

    /// Waits until the caller has sent all. One that is answered earlier takes it for an error of its own, and its user never
    /// reads the answer.
    pub fn drain(&mut self) -> Result<(), Cut> {
        self.buffer = Buffer::default();
        while !self.is_over {
            self.arrived(self.patience)?;
        }
        Ok(())
    }

    /// Waits for bytes; there are none at the end.
    fn arrived(&mut self, until: Instant) -> Result<Bytes, Cut> {
        let left = until.saturating_duration_since(Instant::now());
        // What drips in is not waited for either: some of it is always there.
        if left.is_zero() {
            return Err(Cut::Overdue);
        }
        let arrived = self.arriving.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => Cut::Overdue,
            RecvTimeoutError::Disconnected => Cut::Broken,
        });
        match arrived? {
            Arrived::Bytes(bytes) => {
                // It fails when the stream is gone, and that shows with the next one.
                let _ = self.flow.release_capacity(bytes.len());
                Ok(bytes)
            }
            Arrived::End => {
                self.is_over = true;
                Ok(Bytes::new())
            }
        }
    }
}

/// Bytes that have arrived and make no message yet.
#[derive(Default)]
pub(super) struct Buffer {
    parts: VecDeque<Bytes>,
    length: usize,
}

impl Buffer {
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn add(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        self.parts.push_back(bytes);
    }

    /// Returns the first message, if all of it is there.
    pub(super) fn message(&mut self, limit: usize) -> Result<Option<Bytes>, Cut> {
        if self.length < HEAD {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        let bytes = self.parts.iter().flat_map(|part| part.iter());
        head.iter_mut().zip(bytes).for_each(|(into, byte)| *into = *byte);
        let [compressed, length @ ..] = head;
        let length = u32::from_be_bytes(length) as usize;
        if length > limit {
            return Err(Cut::TooLarge { limit });
        }
        if compressed != 0 {
            return Err(Cut::Compressed);
        }
        if self.length < HEAD + length {
            return Ok(None);
        }
        self.take(HEAD);
        Ok(Some(self.take(length)))
    }

    /// Takes as many bytes; there are as many. They are copied only where they arrived in parts.
    fn take(&mut self, count: usize) -> Bytes {
        self.length -= count;
        match self.parts.front_mut() {
            Some(first) if first.len() >= count => {
                let taken = first.split_to(count);
                if first.is_empty() {
                    self.parts.pop_front();
                }
                taken
            }
            _ => {
                let mut taken = Vec::with_capacity(count);
                while let (true, Some(first)) = (taken.len() < count, self.parts.front_mut()) {
                    let part = first.len().min(count - taken.len());
                    taken.extend_from_slice(&first[..part]);
                    first.advance(part);
                    if first.is_empty() {
                        self.parts.pop_front();
                    }
                }
                taken.into()
            }
        }
    }
}

/// Returns what stands before a message of this length.
pub(super) fn head(length: usize) -> Option<[u8; HEAD]> {
    let [a, b, c, d] = u32::try_from(length).ok()?.to_be_bytes();
    Some([0, a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts messages out of bytes that arrive in parts of a length.
    fn cut(bytes: &[u8], part: usize) -> (Vec<Vec<u8>>, Option<Cut>, usize) {
        let (mut buffer, mut messages) = (Buffer::default(), Vec::new());
        for part in bytes.chunks(part) {
            buffer.add(Bytes::copy_from_slice(part));
            loop {
                match buffer.message(8) {
                    Ok(Some(message)) => messages.push(message.to_vec()),
                    Ok(None) => break,
                    Err(cut) => return (messages, Some(cut), buffer.length),
                }
            }
        }
        (messages, None, buffer.length)
    }

    #[test]
    fn messages_are_the_same_however_they_arrive() {
        let check = |bytes: &[u8], messages: &[&str], error: Option<Cut>, left: usize| {
            for part in 1..=bytes.len().max(1) {
                let (found, failed, rest) = cut(bytes, part);
                let found: Vec<&str> =
                    found.iter().filter_map(|text| std::str::from_utf8(text).ok()).collect();
                assert_eq!((found.as_slice(), failed), (messages, error), "{bytes:?} by {part}");
                assert!(error.is_some() || rest == left, "{bytes:?} by {part}: {rest}");
            }
        };
        check(b"", &[], None, 0);
        check(b"\0\0\0\0\x02ab", &["ab"], None, 0);
        check(b"\0\0\0\0\x02ab\0\0\0\0\0\0\0\0\0\x03cde", &["ab", "", "cde"], None, 0);
        check(b"\0\0\0\0\x02a", &[], None, 6);
        check(b"\0\0\0", &[], None, 3);
        check(b"\0\0\0\0\x01a\0\0\0\0\x09", &["a"], Some(Cut::TooLarge { limit: 8 }), 0);
        check(b"\0\xff\xff\xff\xff", &[], Some(Cut::TooLarge { limit: 8 }), 0);
        check(b"\x01\0\0\0\x01a", &[], Some(Cut::Compressed), 0);
    }
}
