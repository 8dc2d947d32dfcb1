//! A limit on how many processes of a machine do the same work at once, and whose turn it is next: who came first.

use std::io;

#[cfg(target_os = "linux")]
mod line;

/// A place among those who work. It is free again when this is dropped, or the process ends.
#[derive(Debug)]
pub struct Turn {
    #[cfg(target_os = "linux")]
    _place: std::os::fd::OwnedFd,
}

impl Turn {
    /// Waits for one of `places` places of this user's processes. `name` tells one kind of work from others; `waiting` is
    /// called, at least once, by whoever does not get one at once.
    #[cfg(target_os = "linux")]
    pub fn wait(name: &str, places: usize, mut waiting: impl FnMut()) -> io::Result<Turn> {
        let user = rustix::process::getuid().as_raw();
        let line = line::Line { name: format!("{name}-{user}"), places: places.max(1) };
        let front = line.come_to_the_front(&mut waiting)?;
        let place = line.take_a_place(&mut waiting)?;
        front.leave();
        Ok(Turn { _place: place })
    }

    /// Returns a place at once: this system has no names that go away with their process.
    #[cfg(not(target_os = "linux"))]
    pub fn wait(_name: &str, _places: usize, _waiting: impl FnMut()) -> io::Result<Turn> {
        Ok(Turn {})
    }
}
