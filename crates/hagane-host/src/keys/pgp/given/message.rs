//! Messages of OpenPGP that hold a data key.
//!
//! A message is taken apart packet by packet, and only the forms in which SOPS and gpg write a data key are taken: session keys for public
//! keys, then one container whose integrity is protected, and in it one text, which may be compressed.

use std::io::{BufRead, Read};

use hagane::SecretBytes;
use pgp::armor::{BlockType, Dearmor, DearmorOptions};
use pgp::composed::PlainSessionKey;
use pgp::packet::{
    Decompressor, GnupgAeadDataConfig, LiteralDataHeader, PacketParser, ProtectedDataConfig,
    PublicKeyEncryptedSessionKey, StreamDecryptor, SymEncryptedProtectedDataConfig,
};
use pgp::types::{Seipdv1ReadMode, Tag};
use zeroize::Zeroizing;

use crate::memory_file::read_secret;

/// Bytes of a message: a data key for a hundred recipients.
const MAX_MESSAGE: usize = 256 << 10;
/// Bytes of what a message holds, and of what is in it as it was before it was compressed.
const MAX_TEXT: u64 = 64 << 10;

/// An encrypted message.
pub(super) struct Message {
    pub(super) session_keys: Vec<PublicKeyEncryptedSessionKey>,
    config: ProtectedDataConfig,
    content: Vec<u8>,
}

impl Message {
    pub(super) fn read(text: &str) -> Result<Message, &'static str> {
        if text.len() > MAX_MESSAGE {
            return Err("is not asked: the message is too long");
        }
        let damaged = "is not asked: the message is damaged, or of a form without protection";
        let packets = dearmored(text).ok_or(damaged)?;
        Message::of_packets(&packets).ok_or(damaged)
    }

    fn of_packets(mut packets: &[u8]) -> Option<Message> {
        let mut session_keys = Vec::new();
        let mut container = None;
        let mut parser = PacketParser::new(&mut packets);
        while let Some(packet) = parser.next_ref() {
            let mut body = packet.ok()?;
            let header = body.packet_header();
            match header.tag() {
                Tag::PublicKeyEncryptedSessionKey => {
                    session_keys.push(PublicKeyEncryptedSessionKey::try_from_reader(header, &mut body).ok()?);
                }
                Tag::SymEncryptedProtectedData => {
                    let config = SymEncryptedProtectedDataConfig::try_from_reader(&mut body).ok()?;
                    container = Some(ProtectedDataConfig::Seipd(config));
                }
                Tag::GnupgAeadData => {
                    let config = GnupgAeadDataConfig::try_from_reader(&mut body).ok()?;
                    container = Some(ProtectedDataConfig::GnupgAead(config));
                }
                Tag::SymKeyEncryptedSessionKey | Tag::Marker | Tag::Padding => {}
                _ => return None,
            }
            let mut content = Vec::new();
            body.read_to_end(&mut content).ok()?;
            if let Some(config) = container.take() {
                // Nothing may stand behind it.
                return parser.into_inner().is_empty().then_some(Message { session_keys, config, content });
            }
        }
        None
    }

    /// Returns the text, if the session key is that of the message and nothing was altered.
    pub(super) fn open(&self, session_key: &PlainSessionKey) -> Option<SecretBytes> {
        use SymEncryptedProtectedDataConfig as Seipd;
        let content = self.content.as_slice();
        let decryptor = match (&self.config, session_key) {
            (ProtectedDataConfig::Seipd(Seipd::V1), PlainSessionKey::V3_4 { sym_alg, key }) => {
                if key.len() != sym_alg.key_size() {
                    return None;
                }
                // Nothing is given out before all of it is known to be unaltered.
                let mode = Seipdv1ReadMode::CheckFirst { max_message_size: MAX_MESSAGE };
                StreamDecryptor::v1(*sym_alg, mode, key.as_ref(), content)
            }
            (
                ProtectedDataConfig::Seipd(Seipd::V2 { sym_alg, aead, chunk_size, salt }),
                PlainSessionKey::V6 { key },
            ) if key.len() == sym_alg.key_size() => {
                StreamDecryptor::v2(*sym_alg, *aead, *chunk_size, salt, key.as_ref(), content)
            }
            (ProtectedDataConfig::GnupgAead(config), PlainSessionKey::V3_4 { sym_alg, key })
                if *sym_alg == config.sym_alg && key.len() == sym_alg.key_size() =>
            {
                let GnupgAeadDataConfig { sym_alg, aead, chunk_size, iv } = config;
                StreamDecryptor::gnupg_aead(*sym_alg, *aead, *chunk_size, key.as_ref(), iv, content)
            }
            _ => return None,
        };
        let packets = bounded(decryptor.ok()?)?;
        text(&packets, Compression::Taken)
    }
}

fn dearmored(text: &str) -> Option<Vec<u8>> {
    let options = DearmorOptions::default().set_limit(MAX_MESSAGE);
    let mut dearmor = Dearmor::with_options(text.trim_start().as_bytes(), options);
    dearmor.read_header().ok()?;
    if dearmor.typ != Some(BlockType::Message) {
        return None;
    }
    let mut packets = Vec::with_capacity(text.len());
    dearmor.read_to_end(&mut packets).ok()?;
    Some(packets)
}

/// Reads to the end, where all of it is known to be unaltered; nothing where that is too far.
fn bounded(reader: impl Read) -> Option<Zeroizing<Vec<u8>>> {
    let content = read_secret(reader.take(MAX_TEXT + 1)).ok()?;
    (content.len() as u64 <= MAX_TEXT).then_some(content)
}

/// Whether a text may be compressed. Once is enough.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compression {
    Taken,
    Refused,
}

/// Returns the one text of what was encrypted.
fn text(mut packets: &[u8], compression: Compression) -> Option<SecretBytes> {
    let mut text = None;
    let mut parser = PacketParser::new(&mut packets);
    while let Some(packet) = parser.next_ref() {
        let mut body = packet.ok()?;
        let read = match body.packet_header().tag() {
            Tag::LiteralData => literal(&mut body)?,
            Tag::CompressedData if compression == Compression::Taken => {
                let inner = bounded(Decompressor::from_reader(&mut body).ok()?)?;
                self::text(&inner, Compression::Refused)?
            }
            Tag::Marker | Tag::Padding => {
                bounded(body)?;
                continue;
            }
            _ => return None,
        };
        if text.replace(read).is_some() {
            return None;
        }
    }
    text
}

fn literal(body: &mut impl BufRead) -> Option<SecretBytes> {
    LiteralDataHeader::try_from_reader(&mut *body).ok()?;
    let mut content = bounded(body)?;
    Some(SecretBytes::new(std::mem::take(&mut *content)))
}
