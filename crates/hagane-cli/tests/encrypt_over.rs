//! `sops encrypt` over a file that is there: whoever made that file may know its data key.
#![allow(clippy::disallowed_methods, reason = "a test is where the outside is")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::fs;
use std::process::Command;

const RECIPIENT: &str = "age1c8jmkv5f376l5tqqvl9yyvnj8dak85cxpeglkc6eaz6tdw75g40q4jj5es";

#[test]
fn a_file_that_is_encrypted_anew_has_a_new_data_key() {
    let directory = std::env::temp_dir().join(format!("hagane-encrypt-over-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let (plain, sealed) = (directory.join("plain.yaml"), directory.join("sealed.yaml"));
    fs::write(&plain, "a: the same\n").unwrap();
    let value = || {
        let status = Command::new(env!("CARGO_BIN_EXE_hagane"))
            .args(["sops", "encrypt", "--age", RECIPIENT, "--output"])
            .args([&sealed, &plain])
            .current_dir(&directory)
            .status()
            .unwrap();
        assert!(status.success());
        let text = fs::read_to_string(&sealed).unwrap();
        text.lines().find(|line| line.starts_with("a: ENC[")).unwrap().to_owned()
    };
    // Under one data key the ciphertext of a value that does not change stays.
    let (first, second) = (value(), value());
    fs::remove_dir_all(&directory).unwrap();
    assert_ne!(first, second);
}
