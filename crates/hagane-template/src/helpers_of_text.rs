//! What helpers make of texts. A text made of a secret one is secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hagane_yaml::Text;

pub(crate) fn mapped(text: &Text, map: impl Fn(&str) -> String) -> Text {
    Text::marked_as(map(text.as_str()), text)
}

pub(crate) fn b64enc(text: &Text) -> Text {
    mapped(text, |text| STANDARD.encode(text))
}

/// Returns the text of a base64, or why there is none.
pub(crate) fn b64dec(text: &Text) -> Result<Text, &'static str> {
    let bytes = STANDARD.decode(text.as_str().trim()).map_err(|_| "what `b64dec` is given is no base64")?;
    let decoded = String::from_utf8(bytes).map_err(|_| "what `b64dec` is given is no text in base64")?;
    Ok(Text::marked_as(decoded, text))
}
