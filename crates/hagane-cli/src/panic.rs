//! What a fault of ours says: where, and nothing else.

use std::io::Write;

/// Lets a panic say one line without its payload, which could hold a secret, and end the process with exit code 70.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(|place| format!(" at {}:{}", place.file(), place.line()))
            .unwrap_or_default();
        let mut stderr = std::io::stderr();
        let _ = writeln!(stderr, "error: an internal fault{place}; please report it");
        end();
    }));
}

#[allow(clippy::exit, reason = "a broken invariant: nothing that follows can be trusted")]
fn end() -> ! {
    std::process::exit(70)
}
