//! Keys that are asked for by name: whom a file names is up to who wrote it, and only that one counts.

use std::sync::Arc;

use hagane_sops::{
    AgeKeyring, AgeOutside, AnyIdentity, AnyRecipient, Identities, KeyFailure, Keyring, MasterKey,
    Remembering, SecretBytes, WrappedKey,
};

const KEYS: &str = include_str!("fixtures/keys.txt");
const ALICE: &str = "age1mh6y3e066tr3hs8u2u0nu7kwrj9hhqv2hkeszyy6yts779ppcejsnk0x9g";
const BOB: &str = "age1mqrwy0zhfhw482xst4992ngldx47pg456zgjpspn5v4z0pcr79wqdfg5y2";
const POST_QUANTUM: &str = include_str!("fixtures/post-quantum/key.txt");
/// A key for tests: everybody knows it.
const SSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACDR2b9uNm86D24vcI0Eda6rxvNDQ4t6s9i63PAdXPh1BAAAAJB7e5jLe3uY
ywAAAAtzc2gtZWQyNTUxOQAAACDR2b9uNm86D24vcI0Eda6rxvNDQ4t6s9i63PAdXPh1BA
AAAEBOdY6bvKcXlsnlaPBhKPzcQ5sHJTkOfU4Anfu12RZSudHZv242bzoPbi9wjQR1rqvG
80NDi3qz2Lrc8B1c+HUEAAAACmZvciBhIHRlc3QBAgM=
-----END OPENSSH PRIVATE KEY-----
";
const SSH_RECIPIENT: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINHZv242bzoPbi9wjQR1rqvG80NDi3qz2Lrc8B1c+HUE for a test";

fn keyring() -> AgeKeyring {
    let mut identities = Identities::new();
    for (label, text) in [("keys.txt", KEYS), ("post-quantum.txt", POST_QUANTUM), ("id_ed25519", SSH)] {
        identities.add_text(label, text);
    }
    AgeKeyring::new(identities)
}

fn post_quantum() -> &'static str {
    let file = include_str!("fixtures/post-quantum/enc.yaml");
    file.lines().find_map(|line| line.trim().strip_prefix("- recipient: ")).expect("the file names one")
}

/// Returns a data key wrapped for one recipient, in a file that names another.
fn wrapped(real: &str, named: &str) -> WrappedKey {
    let data_key = SecretBytes::new(vec![7; 32]);
    let mut key = MasterKey::Age(real.to_owned());
    let enc = keyring().wrap_key(&mut key, &data_key).expect("the recipient is one");
    WrappedKey {
        key: MasterKey::Age(named.to_owned()),
        enc,
        created_at: String::new(),
        span: Default::default(),
    }
}

fn said(answer: Result<SecretBytes, KeyFailure>) -> Result<Vec<u8>, String> {
    answer.map(|key| key.expose().to_vec()).map_err(|failure| {
        let tried = failure.tried.iter().map(|tried| format!("{} {}", tried.source, tried.reason));
        tried.collect::<Vec<_>>().join("\n")
    })
}

#[test]
fn only_the_recipient_that_is_named_unwraps() {
    #[track_caller]
    fn check(real: &str, named: &str, expected: Result<(), &str>) {
        let wrapped = wrapped(real, named);
        assert_eq!(said(keyring().unwrap_key(&wrapped)), Ok(vec![7; 32]), "every identity is tried");
        let expected = expected.map(|()| vec![7; 32]).map_err(str::to_owned);
        assert_eq!(said(keyring().unwrap_bound(&wrapped)), expected);
    }
    for recipient in [ALICE, BOB, post_quantum(), SSH_RECIPIENT] {
        check(recipient, recipient, Ok(()));
    }
    // A comment is no part of the key.
    check(SSH_RECIPIENT, SSH_RECIPIENT.trim_end_matches(" for a test"), Ok(()));
    let of_keys = "keys.txt holds the identity of that recipient, and the data key is wrapped for another
post-quantum.txt holds no identity of that recipient
id_ed25519 holds no identity of that recipient";
    for real in [BOB, post_quantum(), SSH_RECIPIENT] {
        check(real, ALICE, Err(of_keys));
    }
    check(
        ALICE,
        SSH_RECIPIENT,
        Err("keys.txt holds no identity of that recipient
post-quantum.txt holds no identity of that recipient
id_ed25519 holds the identity of that recipient, and the data key is wrapped for another"),
    );
    check(
        ALICE,
        "ssh-ed25519",
        Err("keys.txt holds no identity of that recipient
post-quantum.txt holds no identity of that recipient
id_ed25519 holds no identity of that recipient"),
    );
}

#[test]
fn what_any_key_unwrapped_is_no_answer_to_who_asks_for_one() {
    let remembering = Remembering::new(keyring());
    let relabelled = wrapped(BOB, ALICE);
    assert!(remembering.unwrap_key(&relabelled).is_ok());
    assert!(remembering.unwrap_bound(&relabelled).is_err());
    let right = wrapped(BOB, BOB);
    assert!(remembering.unwrap_bound(&right).is_ok());
    assert!(remembering.unwrap_bound(&right).is_ok());
}

/// A keyring that was written before anybody asked this way.
#[test]
fn a_keyring_that_cannot_tell_refuses() {
    struct Any(AgeKeyring);
    impl Keyring for Any {
        fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
            self.0.unwrap_key(key)
        }

        fn wrap_key(&self, key: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
            self.0.wrap_key(key, data_key)
        }
    }
    assert_eq!(
        said(Any(keyring()).unwrap_bound(&wrapped(ALICE, ALICE))),
        Err("age recipient is not asked: whether it uses just the key that the file names cannot be told"
            .to_owned())
    );
}

/// What a plugin opens, nobody knows.
#[test]
fn plugins_are_not_asked() {
    struct Plugin;
    impl AgeOutside for Plugin {
        fn passphrase(&self, _: &str) -> Option<age::secrecy::SecretString> {
            None
        }

        fn plugin_identity(&self, _: &str) -> Result<AnyIdentity, String> {
            let line = KEYS.lines().find(|line| line.starts_with("AGE-")).expect("there is a key");
            Ok(Box::new(line.parse::<age::x25519::Identity>().expect("it is one")))
        }

        fn plugin_recipient(&self, _: &str) -> Result<AnyRecipient, String> {
            Err("is not asked for".into())
        }
    }
    let mut identities = Identities::with_outside(Arc::new(Plugin));
    identities.add_text("yubikey.txt", "AGE-PLUGIN-YUBIKEY-1QQQ");
    let keyring = AgeKeyring::new(identities);
    let wrapped = wrapped(ALICE, ALICE);
    assert_eq!(said(keyring.unwrap_key(&wrapped)), Ok(vec![7; 32]));
    assert_eq!(
        said(keyring.unwrap_bound(&wrapped)),
        Err("yubikey.txt holds an identity of the plugin yubikey, and for whom that opens cannot be told"
            .to_owned())
    );
}
