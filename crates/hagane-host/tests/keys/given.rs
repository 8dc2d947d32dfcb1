//! OpenPGP keys that are given as they are: messages of gpg for keys of gpg, and what somebody made of them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane::sops::MasterKey;
use hagane::{Keyring, MemoryFiles};
use hagane_host::LocalKeys;

use super::{DATA_KEY, unwrap, with_keys, wrapped};

/// Keys for tests, which everybody knows; those under `ocb` are a sample of the OpenPGP working group.
const RSA: &str = include_str!("pgp/keys/rsa.asc");
const CURVE: &str = include_str!("pgp/keys/curve.asc");
/// The primary key is not there.
const SUBKEYS: &str = include_str!("pgp/keys/subkeys.asc");
const OCB: &str = include_str!("pgp/keys/ocb.asc");

const OF_RSA: &str = "A5EFC9D77DA292AF5079F55EECE424F17B88EBC2";
const OF_CURVE: &str = "6FA42B30B48D81A35775B03A9BC7EE3CE229E1B8";
const SUBKEY_OF_CURVE: &str = "82D8A2BCE81BF10BDBC4F24DA1434B7758658B6E";

macro_rules! message {
    ($name:literal) => {
        include_str!(concat!("pgp/messages/", $name, ".asc"))
    };
}

const NO_GPG: &str = "gpg cannot be started: there is no such program";
const DAMAGED: &str = "HAGANE_PGP_KEY has the key, and the message is damaged";
const NO_MESSAGE: &str =
    "HAGANE_PGP_KEY is not asked: the message is damaged, or of a form without protection";

/// Asks with a key in the variable.
fn ask<T>(key: &str, question: impl FnOnce(&LocalKeys) -> T) -> T {
    with_keys(&[("HAGANE_PGP_KEY", key)], &MemoryFiles::new(), question)
}

#[track_caller]
fn check(key: &str, message: &str, expected: Result<&[u8], &str>) {
    let answer = ask(key, |keys| unwrap(keys, MasterKey::pgp(OF_RSA), message));
    let expected = expected.map(<[u8]>::to_vec).map_err(|first| format!("{first}\n{NO_GPG}"));
    assert_eq!(answer, expected);
}

#[test]
fn messages_of_gpg_are_opened() {
    check(RSA, message!("rsa"), Ok(DATA_KEY));
    check(CURVE, message!("curve"), Ok(DATA_KEY));
    check(CURVE, message!("plain"), Ok(DATA_KEY));
    check(CURVE, message!("hidden"), Ok(DATA_KEY));
    check(SUBKEYS, message!("curve"), Ok(DATA_KEY));
    check(RSA, message!("both"), Ok(DATA_KEY));
    check(CURVE, message!("both"), Ok(DATA_KEY));
    check(OCB, message!("ocb"), Ok(b"foo\n"));
    let several = format!("My keys.\n{RSA}\n{CURVE}");
    check(&several, message!("rsa"), Ok(DATA_KEY));
    check(&several, &format!("  \n{}\n", message!("curve").replace('\n', "\r\n")), Ok(DATA_KEY));
}

#[test]
fn what_is_no_data_key_for_a_key_is_not_opened() {
    check(
        RSA,
        message!("curve"),
        Err(&format!("HAGANE_PGP_KEY holds {OF_RSA}, for which the message is not")),
    );
    check("none", message!("curve"), Err("HAGANE_PGP_KEY holds no private key of OpenPGP"));
    let half = &RSA[..RSA.len() / 2];
    check(half, message!("rsa"), Err("HAGANE_PGP_KEY holds no private key of OpenPGP that can be read"));
    check(CURVE, message!("unprotected"), Err(NO_MESSAGE));
    for message in ["", "none", RSA, &"x".repeat(300 << 10)[..256 << 10]] {
        check(CURVE, message, Err(NO_MESSAGE));
    }
    check(CURVE, &"x".repeat(300 << 10), Err("HAGANE_PGP_KEY is not asked: the message is too long"));
    // Whoever signed it nobody has looked at, and nobody packs a data key so large.
    check(CURVE, message!("signed"), Err(DAMAGED));
    check(CURVE, message!("large"), Err(DAMAGED));
}

/// Takes the armour off a message.
fn packets(message: &str) -> Vec<u8> {
    let body = message.lines().skip_while(|line| !line.is_empty()).skip(1);
    let body: String = body.take_while(|line| !line.starts_with(['=', '-'])).collect();
    BASE64_STANDARD.decode(body).unwrap()
}

fn armoured(packets: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(packets);
    format!("-----BEGIN PGP MESSAGE-----\n\n{body}\n-----END PGP MESSAGE-----\n")
}

#[test]
fn no_byte_of_a_message_can_be_altered() {
    // Where the container begins, and every how many bytes: RSA takes its time.
    for (key, message, container, step) in [
        (CURVE, message!("curve"), 96, 1),
        (CURVE, message!("plain"), 96, 1),
        (OCB, message!("ocb-chunks"), 399, 37),
    ] {
        let whole = packets(message);
        assert!(matches!(whole[container], 0xd2 | 0xd4), "the container begins there");
        ask(key, |keys| {
            let opened = |packets: &[u8]| unwrap(keys, MasterKey::pgp(OF_RSA), &armoured(packets)).ok();
            let text = opened(&whole);
            assert!(text.is_some());
            for at in (0..whole.len()).rev().step_by(step) {
                let mut altered = whole.clone();
                altered[at] ^= 1;
                let answer = opened(&altered);
                // What stands before the container says for whom it is, and opens it or does not.
                assert!(answer.is_none() || (at < container && answer == text), "byte {at}");
                assert!(opened(&whole[..at]).is_none(), "without what follows {at}");
                assert!(opened(&[&whole[..], &whole[..=at]].concat()).is_none(), "with more, up to {at}");
            }
        });
    }
}

#[test]
fn no_chunk_of_a_message_can_be_left_out() {
    // In chunks of 64 bytes with a tag each, behind 4 bytes and a vector of 15; a tag of all ends it.
    const CHUNK: usize = 64 + 16;
    let whole = packets(message!("ocb-chunks"));
    let (wrapped, container) = whole.split_at(399);
    let body = &container[3..];
    let with = |body: &[u8]| {
        let length = u16::try_from(body.len() - 192).unwrap() + (192 << 8);
        [wrapped, &[0xd4], &length.to_be_bytes(), body].concat()
    };
    assert_eq!(with(body), whole);
    ask(OCB, |keys| {
        let opened = |body: &[u8]| unwrap(keys, MasterKey::pgp(OF_RSA), &armoured(&with(body))).ok();
        assert!(opened(body).is_some());
        let (head, chunks) = body.split_at(19);
        let (chunks, tag) = chunks.split_at(chunks.len() - 16);
        let last = chunks.len() / CHUNK * CHUNK;
        for end in [3 * CHUNK, last - CHUNK, last] {
            assert!(opened(&[head, &chunks[..end]].concat()).is_none(), "{end} bytes");
            assert!(opened(&[head, &chunks[..end], tag].concat()).is_none(), "{end} bytes and the tag");
        }
        assert!(opened(&[head, chunks].concat()).is_none(), "without the tag of all");
        let swapped = [head, &chunks[CHUNK..2 * CHUNK], &chunks[..CHUNK], &chunks[2 * CHUNK..], tag].concat();
        assert!(opened(&swapped).is_none(), "in another order");
    });
}

#[test]
fn under_a_policy_only_the_named_key_opens() {
    let both = format!("{RSA}\n{CURVE}");
    let check = |named: &str, message: &str, expected: Result<(), &str>| {
        let answer = ask(&both, |keys| keys.unwrap_bound(&wrapped(MasterKey::pgp(named), message)));
        let answer = answer.map(|key| assert_eq!(key.expose(), DATA_KEY));
        let answer = answer.map_err(|failure| failure.tried[0].reason.clone());
        assert_eq!(answer, expected.map_err(str::to_owned), "{named}");
    };
    check(OF_CURVE, message!("curve"), Ok(()));
    check(&OF_CURVE.to_lowercase(), message!("curve"), Ok(()));
    check(SUBKEY_OF_CURVE, message!("curve"), Ok(()));
    check(&format!("{SUBKEY_OF_CURVE}!"), message!("curve"), Ok(()));
    check(OF_RSA, message!("both"), Ok(()));
    check(OF_CURVE, message!("both"), Ok(()));
    check(OF_CURVE, message!("hidden"), Ok(()));
    let another = Err("holds the key that the file names, and the message is for another");
    check(OF_RSA, message!("curve"), another);
    check(&format!("{OF_CURVE}!"), message!("curve"), another);
    check(&"CC".repeat(20), message!("curve"), Err("holds no key of that fingerprint"));
    let part = Err("is not asked: the file does not name the key by its whole fingerprint");
    check(&OF_CURVE[..16], message!("curve"), part);
    check("", message!("curve"), part);
}

#[test]
fn keys_come_from_files_too() {
    let mut files = MemoryFiles::new();
    files.insert("/key.asc", CURVE);
    files.insert("/.gnupg/secring.gpg", packets(RSA));
    files.insert("/elsewhere/secring.gpg", packets(CURVE));
    let check = |variables: &[(&str, &str)], message: &str, expected: Result<(), &str>| {
        let answer = with_keys(variables, &files, |keys| unwrap(keys, MasterKey::pgp(OF_RSA), message));
        let answer = answer.map(|key| assert_eq!(key, DATA_KEY));
        assert_eq!(answer, expected.map_err(|tried| format!("{tried}\n{NO_GPG}")));
    };
    check(&[("HAGANE_PGP_KEY_FILE", "key.asc")], message!("curve"), Ok(()));
    check(&[("HAGANE_PGP_KEY_FILE", "key.asc")], message!("rsa"), Ok(()));
    check(&[], message!("rsa"), Ok(()));
    check(&[("GNUPGHOME", "/elsewhere")], message!("curve"), Ok(()));
    let of_another = format!("/.gnupg/secring.gpg holds {OF_RSA}, for which the message is not");
    check(&[], message!("curve"), Err(&of_another));
    check(
        &[("HAGANE_PGP_KEY_FILE", "none.asc")],
        message!("curve"),
        Err(&format!("HAGANE_PGP_KEY_FILE (none.asc) does not exist\n{of_another}")),
    );
    check(&[("GNUPGHOME", "/none")], message!("curve"), Err("HAGANE_PGP_KEY_FILE is not set"));
}
