//! The name by which a caller calls the server, made one that HTTP knows.
//!
//! gRPC's library for Go, which Argo CD uses, calls a server on a socket by the path of the socket: `:authority:
//! %2Fhome%2Fargocd%2F…`. That is no authority of a URL, and our HTTP/2 library refuses the request before anybody sees it. What
//! stands there says nothing, since the socket is the address. So every value of that header becomes `localhost` on its way in.
//!
//! A header is compressed by naming one that came before. The server announces a table of no such headers
//! (`SETTINGS_HEADER_TABLE_SIZE`), so that a value which is replaced is named by none.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that every client sends first.
const PREFACE: usize = 24;
/// Bytes of the head of a frame.
const HEAD: usize = 9;
/// The most bytes of a frame, unless a server allows more.
const MAX_FRAME: usize = 16_384;
/// The most bytes of headers, compressed.
const MAX_HEADERS: usize = 64 << 10;
/// Bytes that are read at once.
const READ: usize = 32 << 10;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 32;

/// `:authority` in the table of names that everybody knows.
const AUTHORITY: usize = 1;
/// The same name where it is written out, as gRPC's library in C does: in ASCII, and in Huffman's letters.
const NAMES: [&[u8]; 2] = [b"\x0a:authority", b"\x88\xb8\x3b\x53\x39\xec\x32\x7d\x7f"];

/// A stream of a client, in which every server is called `localhost`.
pub(super) struct WithAuthority<S> {
    stream: S,
    rewriter: Rewriter,
    read: Box<[u8]>,
}

impl<S> WithAuthority<S> {
    pub(super) fn new(stream: S) -> WithAuthority<S> {
        WithAuthority { stream, rewriter: Rewriter::default(), read: vec![0; READ].into() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WithAuthority<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.rewriter.ready.is_empty() {
            let mut buffer = ReadBuf::new(&mut this.read);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                // The end; what is left is the part of a frame, which is as good as nothing.
                return Poll::Ready(Ok(()));
            }
            this.rewriter.add(buffer.filled());
        }
        let count = this.rewriter.ready.len().min(into.remaining());
        into.put_slice(&this.rewriter.ready[..count]);
        this.rewriter.ready.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WithAuthority<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Reads frames and writes them, those with headers anew.
struct Rewriter {
    waiting: BytesMut,
    ready: BytesMut,
    /// Bytes that pass as they are.
    pass: usize,
    /// Headers of which the rest is to come in further frames.
    begun: Option<Begun>,
}

/// The headers of a request, as far as they have come.
struct Begun {
    flags: u8,
    stream: [u8; 4],
    priority: Bytes,
    block: BytesMut,
}

impl Default for Rewriter {
    fn default() -> Rewriter {
        Rewriter { waiting: BytesMut::new(), ready: BytesMut::new(), pass: PREFACE, begun: None }
    }
}

impl Rewriter {
    fn add(&mut self, bytes: &[u8]) {
        self.waiting.put_slice(bytes);
        loop {
            if self.pass > 0 {
                let count = self.pass.min(self.waiting.len());
                self.ready.put(self.waiting.split_to(count));
                self.pass -= count;
            }
            let Some((length, kind)) = self.head() else { return };
            let has_headers = matches!(kind, HEADERS | CONTINUATION) && length <= MAX_FRAME;
            if !has_headers {
                self.pass = HEAD + length;
            } else if self.waiting.len() < HEAD + length {
                return;
            } else {
                let frame = self.waiting.split_to(HEAD + length).freeze();
                self.headers(&frame, kind);
            }
        }
    }

    fn head(&self) -> Option<(usize, u8)> {
        match (self.pass, self.waiting.as_ref()) {
            (0, [a, b, c, kind, _, _, _, _, _, ..]) => {
                Some((u32::from_be_bytes([0, *a, *b, *c]) as usize, *kind))
            }
            _ => None,
        }
    }

    /// Takes a frame with headers. One that makes no sense passes as it is: the library says what is wrong with it.
    fn headers(&mut self, frame: &Bytes, kind: u8) {
        let begun = match (kind, self.begun.take()) {
            (HEADERS, None) => first(frame),
            (CONTINUATION, Some(mut begun)) if begun.block.len() + frame.len() <= MAX_HEADERS => {
                begun.flags |= frame[4] & END_HEADERS;
                begun.block.put_slice(&frame[HEAD..]);
                Some(begun)
            }
            _ => None,
        };
        match begun {
            None => self.ready.put_slice(frame),
            Some(begun) if begun.flags & END_HEADERS == 0 => self.begun = Some(begun),
            Some(begun) => self.write(&begun),
        }
    }

    fn write(&mut self, begun: &Begun) {
        let block = at_localhost(&begun.block).unwrap_or_else(|| begun.block.to_vec());
        let (mut kind, mut flags) = (HEADERS, begun.flags & (END_STREAM | PRIORITY));
        let mut rest = block.as_slice();
        let mut before = begun.priority.as_ref();
        loop {
            let (part, left) = rest.split_at(rest.len().min(MAX_FRAME - before.len()));
            if left.is_empty() {
                flags |= END_HEADERS;
            }
            let length = (before.len() + part.len()) as u32;
            self.ready.put_slice(&length.to_be_bytes()[1..]);
            self.ready.put_slice(&[kind, flags]);
            self.ready.put_slice(&begun.stream);
            self.ready.put_slice(before);
            self.ready.put_slice(part);
            if left.is_empty() {
                return;
            }
            (kind, flags, rest, before) = (CONTINUATION, 0, left, &[]);
        }
    }
}

/// Returns the headers that a frame begins, without what fills it up.
fn first(frame: &Bytes) -> Option<Begun> {
    let (flags, stream) = (frame[4], frame[5..HEAD].try_into().ok()?);
    let mut content = frame.slice(HEAD..);
    if flags & PADDED != 0 {
        let padding = usize::from(*content.first()?);
        content = content.slice(1..);
        content.truncate(content.len().checked_sub(padding)?);
    }
    let priority = match flags & PRIORITY {
        0 => Bytes::new(),
        _ if content.len() < 5 => return None,
        _ => content.split_to(5),
    };
    Some(Begun { flags, stream, priority, block: BytesMut::from(content.as_ref()) })
}

/// Returns a block of headers with another value of `:authority`.
fn at_localhost(block: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(block.len() + 16);
    let mut rest = block;
    while let Some(byte) = rest.first() {
        let before = rest;
        // RFC 7541, 6: a header that was named before, one with a value to be remembered, a size of the table, one with
        // a value that is not to be remembered.
        let (prefix, has_value) = match byte {
            0x80.. => (7, false),
            0x40.. => (6, true),
            0x20.. => (5, false),
            _ => (4, true),
        };
        let name = integer(&mut rest, prefix)?;
        let is_authority = match (has_value, name) {
            (false, _) => false,
            (true, 0) => NAMES.contains(&skip_text(&mut rest)?),
            (true, name) => name == AUTHORITY,
        };
        let up_to_value = &before[..before.len() - rest.len()];
        if has_value {
            skip_text(&mut rest)?;
        }
        if is_authority {
            out.extend_from_slice(up_to_value);
            out.extend_from_slice(b"\x09localhost");
        } else {
            out.extend_from_slice(&before[..before.len() - rest.len()]);
        }
    }
    Some(out)
}

/// Reads a number whose first digits share a byte (RFC 7541, 5.1).
fn integer(rest: &mut &[u8], prefix: u32) -> Option<usize> {
    let (first, mut left) = rest.split_first()?;
    let most = (1_u8 << prefix) - 1;
    let mut value = usize::from(first & most);
    if value == usize::from(most) {
        for shift in (0..28).step_by(7) {
            let (byte, after) = left.split_first()?;
            left = after;
            value += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                *rest = left;
                return Some(value);
            }
        }
        return None;
    }
    *rest = left;
    Some(value)
}

/// Skips a text, in whichever letters (RFC 7541, 5.2), and returns it with its length before it.
fn skip_text<'t>(rest: &mut &'t [u8]) -> Option<&'t [u8]> {
    let before = *rest;
    let length = integer(rest, 7)?;
    *rest = rest.get(length..)?;
    Some(&before[..before.len() - rest.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFACE_TEXT: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    fn frame(kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
        let mut frame = (content.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, 1]);
        frame.extend(content);
        frame
    }

    fn rewritten(bytes: &[u8], part: usize) -> Vec<u8> {
        let mut rewriter = Rewriter::default();
        bytes.chunks(part).for_each(|part| rewriter.add(part));
        rewriter.ready.to_vec()
    }

    #[test]
    fn the_server_is_called_localhost() {
        let check = |frames: &[Vec<u8>], expected: &[Vec<u8>]| {
            let bytes = [&[PREFACE_TEXT.to_vec()], frames].concat().concat();
            let expected = [&[PREFACE_TEXT.to_vec()], expected].concat().concat();
            for part in 1..=bytes.len() {
                assert_eq!(rewritten(&bytes, part), expected, "by {part}");
            }
        };
        // `:method: POST`, then the authority: to be remembered, not to be, never.
        let named = [
            b"\x83\x41\x09localhost\x86".as_slice(),
            b"\x83\x01\x09localhost",
            b"\x83\x11\x09localhost",
            b"\x83\x40\x0a:authority\x09localhost",
            b"\x83\x40\x88\xb8\x3b\x53\x39\xec\x32\x7d\x7f\x09localhost",
        ];
        let given = [
            b"\x83\x41\x06/a/b/c\x86".as_slice(),
            b"\x83\x01\x03%2F",
            b"\x83\x11\x00",
            b"\x83\x40\x0a:authority\x03%2F",
            b"\x83\x40\x88\xb8\x3b\x53\x39\xec\x32\x7d\x7f\x03%2F",
        ];
        for (given, named) in given.into_iter().zip(named) {
            check(&[frame(HEADERS, 4, given)], &[frame(HEADERS, 4, named)]);
            check(&[frame(HEADERS, 5, given)], &[frame(HEADERS, 5, named)]);
            let data = frame(0, 1, &[0x41; 300]);
            check(
                &[frame(4, 0, &[0, 1, 0, 0, 0, 0]), frame(HEADERS, 4, given), data.clone()],
                &[frame(4, 0, &[0, 1, 0, 0, 0, 0]), frame(HEADERS, 4, named), data],
            );
            let padded = [&[2], given, b"\0\0"].concat();
            check(&[frame(HEADERS, 4 | PADDED, &padded)], &[frame(HEADERS, 4, named)]);
            let (of_given, of_named) = ([b"\0\0\0\0\x07", given].concat(), [b"\0\0\0\0\x07", named].concat());
            check(&[frame(HEADERS, 4 | PRIORITY, &of_given)], &[frame(HEADERS, 4 | PRIORITY, &of_named)]);
            let (one, other) = given.split_at(3);
            check(
                &[frame(HEADERS, 1, one), frame(CONTINUATION, 0, &[]), frame(CONTINUATION, 4, other)],
                &[frame(HEADERS, 5, named)],
            );
        }
        // Names and values of others; with a longer name before them they need a second frame.
        let long = [b"\x00\x01a\x7f\x81\x7e".as_slice(), &[b'v'; 16_256]].concat();
        let long = [long.as_slice(), &[0x83; 120]].concat();
        check(&[frame(HEADERS, 4, &long)], &[frame(HEADERS, 4, &long)]);
        let given = [b"\x01\x00", long.as_slice()].concat();
        let named = [b"\x01\x09localhost", long.as_slice()].concat();
        let (one, other) = named.split_at(MAX_FRAME);
        check(&[frame(HEADERS, 4, &given)], &[frame(HEADERS, 0, one), frame(CONTINUATION, 4, other)]);
    }

    #[test]
    fn what_makes_no_sense_passes_as_it_is() {
        let check = |frames: &[Vec<u8>]| {
            let bytes = [&[PREFACE_TEXT.to_vec()], frames].concat().concat();
            assert_eq!(rewritten(&bytes, 7), bytes);
        };
        check(&[frame(HEADERS, 4, b"\x41\x7f\xff\xff\xff\xff\xff")]);
        check(&[frame(HEADERS, 4, b"\x41\x20a")]);
        check(&[frame(HEADERS, 4 | PADDED, b"\x09a")]);
        check(&[frame(HEADERS, 4 | PRIORITY, b"\x09a")]);
        check(&[frame(HEADERS, 4 | PADDED, b"")]);
        check(&[frame(CONTINUATION, 4, b"\x41\x01a")]);
    }

    #[test]
    fn headers_have_an_end() {
        let mut rewriter = Rewriter::default();
        rewriter.add(PREFACE_TEXT);
        rewriter.add(&frame(HEADERS, 0, &[0x83; 16_000]));
        for _ in 0..100 {
            rewriter.add(&frame(CONTINUATION, 0, &[0x83; 16_000]));
        }
        let kept = rewriter.begun.as_ref().map_or(0, |begun| begun.block.len());
        assert!(kept <= MAX_HEADERS && !rewriter.ready.is_empty(), "{kept}");
    }
}
