//! An encrypted value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.
//!
//! AES-256-GCM with a 32-byte nonce and a 16-byte tag, under the data key itself. The additional data binds a
//! value to its key path. The type stands outside of the authentication, which is why only its own spellings
//! are taken.

use aes_gcm::aead::consts::U32;
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInOut, AesGcm, KeyInit, Nonce, Tag};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::error::ValueProblem;
use crate::tree::{Kind, float_bytes};
use crate::{DataKey, SecretBytes};

/// Standard base64 with padding. Go does not mind bits after the end, so neither may we.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Opens and seals the values of one file; the key schedule is made once.
pub(crate) struct Cipher(AesGcm<Aes256, U32>);

/// What a value turned out to be.
pub(crate) enum Opened {
    Leaf(Kind, SecretBytes),
    Comment(SecretBytes),
}

/// Returns whether the text has the look of an encrypted value.
pub(crate) fn looks_encrypted(text: &[u8]) -> bool {
    text.starts_with(b"ENC[AES256_GCM,data:") && text.ends_with(b"]")
}

/// Returns whether something stands behind the end of an encrypted value. SOPS does not look there.
pub(crate) fn has_junk(text: &[u8]) -> bool {
    text.last() != Some(&b']') && Parts::parse(text).is_some()
}

/// The parts of an encrypted value, still in base64.
pub(crate) struct Parts<'a> {
    data: &'a str,
    iv: &'a str,
    tag: &'a str,
    kind: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn parse(text: &'a [u8]) -> Option<Parts<'a>> {
        let text = std::str::from_utf8(text).ok()?;
        let (inner, _) = text.strip_prefix("ENC[AES256_GCM,data:")?.rsplit_once(']')?;
        let (data, rest) = inner.split_once(",iv:")?;
        let (iv, rest) = rest.split_once(",tag:")?;
        let (tag, kind) = rest.split_once(",type:")?;
        Some(Parts { data, iv, tag, kind })
    }

    /// Returns the type that the value claims.
    pub(crate) fn kind(&self) -> Option<Kind> {
        Some(match self.kind {
            "str" | "bytes" => Kind::Str,
            "int" | "int64" => Kind::Int,
            "float" => Kind::Float,
            "bool" => Kind::Bool,
            "time" => Kind::Time,
            _ => return None,
        })
    }

    /// Returns the tag, in base64.
    pub(crate) fn tag(&self) -> &'a str {
        self.tag
    }

    pub(crate) fn is_comment(&self) -> bool {
        self.kind == "comment"
    }
}

impl Cipher {
    pub(crate) fn new(key: &DataKey) -> Cipher {
        Cipher(AesGcm::new(key.expose().into()))
    }

    /// Opens a value. `path` is its additional data.
    pub(crate) fn open(&self, text: &[u8], path: &str) -> Result<Opened, ValueProblem> {
        let parts = Parts::parse(text).ok_or(ValueProblem::NotEncrypted)?;
        let decode = |text: &str| BASE64.decode(text).map_err(|_| ValueProblem::Malformed);
        let mut bytes = Zeroizing::new(decode(parts.data)?);
        let (iv, tag) = (decode(parts.iv)?, decode(parts.tag)?);
        let nonce = Nonce::<U32>::try_from(iv.as_slice()).map_err(|_| ValueProblem::Malformed)?;
        let tag = Tag::try_from(tag.as_slice()).map_err(|_| ValueProblem::Malformed)?;
        self.0
            .decrypt_inout_detached(&nonce, path.as_bytes(), bytes.as_mut_slice().into(), &tag)
            .map_err(|_| ValueProblem::NotAuthentic)?;
        let bytes = SecretBytes::new(std::mem::take(&mut *bytes));
        if parts.is_comment() {
            return Ok(Opened::Comment(bytes));
        }
        let kind = parts.kind().ok_or(ValueProblem::UnknownType)?;
        Ok(Opened::Leaf(kind, canonical(kind, bytes)?))
    }
}

/// What a sealed value says it is: the type is not authenticated, and tells a reader how to write the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    Leaf(Kind),
    Comment,
}

impl Sealed {
    fn name(self) -> &'static str {
        match self {
            Sealed::Leaf(Kind::Str) => "str",
            Sealed::Leaf(Kind::Int) => "int",
            Sealed::Leaf(Kind::Float) => "float",
            Sealed::Leaf(Kind::Bool) => "bool",
            Sealed::Leaf(Kind::Time) => "time",
            Sealed::Comment => "comment",
        }
    }
}

impl Cipher {
    /// Seals a value under a new nonce. `path` is its additional data.
    pub(crate) fn seal(&self, bytes: &[u8], path: &str, what: Sealed, random: &dyn Fn(&mut [u8])) -> String {
        let mut nonce = Nonce::<U32>::default();
        random(&mut nonce);
        let mut data = Zeroizing::new(bytes.to_vec());
        let tag = self.0.encrypt_inout_detached(&nonce, path.as_bytes(), data.as_mut_slice().into());
        let tag = tag.expect("a value is shorter than the 64 GiB that the cipher takes");
        let (data, iv, tag) = (BASE64.encode(&data), BASE64.encode(nonce), BASE64.encode(tag));
        format!("ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:{}]", what.name())
    }
}

/// Returns the bytes in the form in which SOPS hashes them, or says that they are not of the type.
fn canonical(kind: Kind, bytes: SecretBytes) -> Result<SecretBytes, ValueProblem> {
    if kind == Kind::Str {
        return Ok(bytes);
    }
    let text = bytes.expose_str().ok_or(ValueProblem::WrongType)?;
    let rewritten = match kind {
        Kind::Str => return Ok(bytes),
        Kind::Int => text.parse::<i64>().map_err(|_| ValueProblem::WrongType)?.to_string(),
        Kind::Float => match text {
            "+Inf" | "-Inf" | "NaN" => text.to_owned(),
            _ => float_bytes(text.parse().map_err(|_| ValueProblem::WrongType)?),
        },
        Kind::Bool => match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => "True".to_owned(),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => "False".to_owned(),
            _ => return Err(ValueProblem::WrongType),
        },
        Kind::Time => hagane_yaml::scalar::timestamp(text).ok_or(ValueProblem::WrongType)?,
    };
    Ok(SecretBytes::new(rewritten.into_bytes()))
}
