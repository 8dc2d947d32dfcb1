//! SOPS's key service: our client against our server.

use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;

use hagane::sops::MasterKey;
use hagane::{AgeKeyring, Identities, Keyring as _, MemoryFiles};
use hagane_host::serve;

use super::{DATA_KEY, unwrap, with_keys, wrap, wrapped};

const KEYS: &str = include_str!("../../../hagane-sops/tests/fixtures/keys.txt");

/// Serves the keys at a socket, for as long as the test runs.
fn service(network: &'static str, address: String) -> String {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut identities = Identities::new();
        identities.add_text("keys.txt", KEYS);
        let ready = |address: &str| sender.send(address.to_owned()).unwrap();
        let asked = |question: &str| !question.contains("unwrap a data key with OpenPGP");
        serve(network, &address, &AgeKeyring::new(identities), &ready, &asked).unwrap();
    });
    receiver.recv().unwrap()
}

#[test]
fn a_service_wraps_and_unwraps() {
    let directory = std::env::temp_dir().join(format!("hagane-key-service-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let socket = directory.join("socket").display().to_string();
    let recipient = KEYS.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    for address in [service("tcp", "127.0.0.1:0".into()), service("unix", socket)] {
        let variables = [("SOPS_KEYSERVICE", address.as_str()), ("SOPS_ENABLE_LOCAL_KEYSERVICE", "false")];
        with_keys(&variables, &MemoryFiles::new(), |keys| {
            let enc = wrap(keys, MasterKey::Age(recipient.into())).unwrap();
            assert!(enc.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
            assert_eq!(unwrap(keys, MasterKey::Age(recipient.into()), &enc).unwrap(), DATA_KEY);
            // It tries all the keys that it has.
            let bound = keys.unwrap_bound(&wrapped(MasterKey::Age(recipient.into()), &enc)).err().unwrap();
            let reason = "is not asked: whether it uses just the key that the file names cannot be told";
            assert_eq!((bound.tried[0].source.as_str(), bound.tried[0].reason.as_str()), (&*address, reason));
            let refused = unwrap(keys, MasterKey::pgp("AB"), "x").unwrap_err();
            assert_eq!(refused, format!("{address} says: the request was refused"));
            let unknown = unwrap(keys, MasterKey::gcp_kms("projects/p"), "x").unwrap_err();
            assert_eq!(unknown, format!("{address} says: there is no key"));
        });
    }
    std::fs::remove_dir_all(Path::new(&directory)).unwrap();
}

#[test]
fn an_address_that_is_none_is_said() {
    let check = |address: &str, said: &str| {
        let variables = [("SOPS_KEYSERVICE", address), ("SOPS_ENABLE_LOCAL_KEYSERVICE", "false")];
        let answer =
            with_keys(&variables, &MemoryFiles::new(), |keys| unwrap(keys, MasterKey::pgp("AB"), "x"));
        assert_eq!(answer, Err(format!("{address} {said}")));
    };
    check("localhost:1", "is no address of a key service: `tcp://HOST:PORT` or `unix://PATH`");
    check("tcp://127.0.0.1:1", "cannot be reached: connection refused");
    check("unix:///nonexistent", "cannot be reached: no such file or directory");
}
