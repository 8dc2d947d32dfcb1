//! age recipients of every kind, and wrapping for one of them: SOPS writes one age file a recipient.

use std::io::Write as _;
use std::sync::Arc;

use age::armor::{ArmoredWriter, Format};
use age::{Encryptor, ssh, x25519};

use super::hybrid::HybridRecipient;
use super::{AgeOutside, AnyRecipient};
use crate::SecretBytes;

/// Returns the data key as a recipient's armored age file, or what is wrong with the recipient.
pub(super) fn wrap(
    recipient: &str,
    data_key: &SecretBytes,
    outside: &Arc<dyn AgeOutside>,
) -> Result<String, String> {
    let recipient = parse(recipient, outside)?;
    let failed = |error: &dyn std::fmt::Display| format!("cannot wrap the data key: {error}");
    let encryptor = Encryptor::with_recipients(std::iter::once(&*recipient as &dyn age::Recipient))
        .map_err(|error| failed(&error.to_string().trim()))?;
    let write = || {
        let mut armored = Vec::new();
        let mut writer =
            encryptor.wrap_output(ArmoredWriter::wrap_output(&mut armored, Format::AsciiArmor)?)?;
        writer.write_all(data_key.expose())?;
        writer.finish()?.finish()?;
        Ok(armored)
    };
    let armored = write().map_err(|error: std::io::Error| failed(&error))?;
    String::from_utf8(armored).map_err(|_| "cannot wrap the data key".to_owned())
}

fn parse(recipient: &str, outside: &Arc<dyn AgeOutside>) -> Result<AnyRecipient, String> {
    let bad = || "is not an age recipient".to_owned();
    if recipient.starts_with("age1pq1") {
        return HybridRecipient::parse(recipient).map(|r| Box::new(r) as AnyRecipient).ok_or_else(bad);
    }
    if recipient.starts_with("ssh-") {
        // What follows the key is a comment.
        let key: Vec<&str> = recipient.split_whitespace().take(2).collect();
        let parsed = key.join(" ").parse::<ssh::Recipient>();
        return parsed
            .map(|r| Box::new(r) as AnyRecipient)
            .map_err(|_| "is not an SSH public key that age takes".into());
    }
    if recipient.starts_with("age1") && recipient.matches('1').count() > 1 {
        return outside.plugin_recipient(recipient);
    }
    recipient.parse::<x25519::Recipient>().map(|r| Box::new(r) as AnyRecipient).map_err(|_| bad())
}
