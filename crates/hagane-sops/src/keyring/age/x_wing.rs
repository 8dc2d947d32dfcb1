//! X-Wing, the hybrid of ML-KEM-768 and X25519 (draft-connolly-cfrg-xwing-kem).
//!
//! The parts are those that the age crate brings; put together here because their versions and those of the X-Wing
//! crate exclude each other.

use ml_kem::kem::{Decapsulate as _, DecapsulationKey, Encapsulate as _, EncapsulationKey};
use ml_kem::{Ciphertext, Encoded, EncodedSizeUser as _, KemCore as _, MlKem768, MlKem768Params};
use rand_core::OsRng;
use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};
use sha3::{Digest as _, Sha3_256, Shake256};
use x25519_dalek::{PublicKey as Point, StaticSecret};
use zeroize::Zeroizing;

const LABEL: &[u8] = br"\.//^\";
const ML_KEM_KEY: usize = 1184;
const ML_KEM_CIPHERTEXT: usize = 1088;

/// A secret key, expanded from its seed.
pub(super) struct SecretKey {
    ml_kem: DecapsulationKey<MlKem768Params>,
    x25519: StaticSecret,
}

impl SecretKey {
    pub(super) fn of_seed(seed: &[u8; 32]) -> Option<SecretKey> {
        let mut expanded = Zeroizing::new([0; 96]);
        Shake256::default().chain(seed).finalize_xof().read(&mut *expanded);
        let (d, z) = (expanded[..32].try_into().ok()?, expanded[32..64].try_into().ok()?);
        let x25519 = Zeroizing::new(<[u8; 32]>::try_from(&expanded[64..]).ok()?);
        let (ml_kem, _) = MlKem768::generate_deterministic(&d, &z);
        Some(SecretKey { ml_kem, x25519: StaticSecret::from(*x25519) })
    }

    /// Returns the bytes of the public key.
    pub(super) fn public_key(&self) -> Vec<u8> {
        let ml_kem = self.ml_kem.encapsulation_key().as_bytes();
        [ml_kem.as_slice(), Point::from(&self.x25519).as_bytes()].concat()
    }

    /// Returns the shared secret, unless the text is no encapsulation.
    pub(super) fn decapsulate(&self, encapsulated: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let (of_ml_kem, of_x25519) = encapsulated.split_at_checked(ML_KEM_CIPHERTEXT)?;
        let point = Point::from(<[u8; 32]>::try_from(of_x25519).ok()?);
        let ciphertext = Ciphertext::<MlKem768>::try_from(of_ml_kem).ok()?;
        let ml_kem = Zeroizing::new(<[u8; 32]>::from(self.ml_kem.decapsulate(&ciphertext).ok()?));
        let x25519 = self.x25519.diffie_hellman(&point);
        // Some implementations take a point that makes the exchange void; age's does not.
        x25519
            .was_contributory()
            .then(|| combine(&ml_kem, x25519.as_bytes(), &point, &Point::from(&self.x25519)))
    }
}

/// A public key.
pub(super) struct PublicKey {
    ml_kem: EncapsulationKey<MlKem768Params>,
    x25519: Point,
}

impl PublicKey {
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<PublicKey> {
        let (of_ml_kem, of_x25519) = bytes.split_at_checked(ML_KEM_KEY)?;
        let x25519 = Point::from(<[u8; 32]>::try_from(of_x25519).ok()?);
        let encoded = Encoded::<EncapsulationKey<MlKem768Params>>::try_from(of_ml_kem).ok()?;
        let ml_kem = EncapsulationKey::from_bytes(&encoded);
        // A key that does not come out as it went in has coefficients that are out of range (FIPS 203, section 7.2).
        (ml_kem.as_bytes() == encoded).then_some(PublicKey { ml_kem, x25519 })
    }

    /// Returns an encapsulation of a new shared secret, and the secret.
    pub(super) fn encapsulate(&self) -> Option<(Vec<u8>, Zeroizing<[u8; 32]>)> {
        let (ciphertext, ml_kem) = self.ml_kem.encapsulate(&mut OsRng).ok()?;
        let ml_kem = Zeroizing::new(<[u8; 32]>::from(ml_kem));
        let secret = StaticSecret::random_from_rng(OsRng);
        let point = Point::from(&secret);
        let x25519 = secret.diffie_hellman(&self.x25519);
        let encapsulated = [ciphertext.as_slice(), point.as_bytes()].concat();
        x25519
            .was_contributory()
            .then(|| (encapsulated, combine(&ml_kem, x25519.as_bytes(), &point, &self.x25519)))
    }
}

fn combine(ml_kem: &[u8; 32], x25519: &[u8; 32], point: &Point, public: &Point) -> Zeroizing<[u8; 32]> {
    let mut hash = Sha3_256::new();
    for part in [ml_kem.as_slice(), x25519, point.as_bytes(), public.as_bytes(), LABEL] {
        sha3::Digest::update(&mut hash, part);
    }
    Zeroizing::new(hash.finalize().into())
}
