//! SOPS files: metadata, data keys, values, MAC, in all five formats.
