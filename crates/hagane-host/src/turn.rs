//! A limit on how many processes of a machine do the same work at once.
//!
//! A place is a name of a socket that a process binds. The kernel gives it to one at a time, and takes it back when that one
//! ends, however it ends: there is no file that could stay behind, and nothing has to be writable. Whoever finds no place
//! connects to the holder of one, and hears from the kernel when it is free.

use std::io;

/// A place among those who work. It is free again when this is dropped, or the process ends.
#[derive(Debug)]
pub struct Turn {
    #[cfg(target_os = "linux")]
    _place: std::os::unix::net::UnixListener,
}

impl Turn {
    /// Waits for one of `places` places of this user's processes. `name` tells one kind of work from others; `waiting` is
    /// called when all are taken.
    #[cfg(target_os = "linux")]
    pub fn wait(name: &str, places: usize, waiting: impl FnOnce()) -> io::Result<Turn> {
        use std::io::{ErrorKind, Read};
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
        use std::time::Duration;

        /// How long one place is waited for before all are looked at again.
        const PATIENCE: Duration = Duration::from_millis(500);

        let places = places.max(1);
        let user = rustix::process::getuid().as_raw();
        let address =
            |place: usize| SocketAddr::from_abstract_name(format!("{name}-{user}-{}", place % places));
        let mut waiting = Some(waiting);
        for next in std::process::id() as usize.. {
            for place in 0..places {
                match UnixListener::bind_addr(&address(place)?) {
                    Ok(listener) => return Ok(Turn { _place: listener }),
                    Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                    Err(error) => return Err(error),
                }
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            // It fails when the holder has just left, and so does reading then: both say that it is worth another look.
            if let Ok(mut stream) = UnixStream::connect_addr(&address(next)?) {
                stream.set_read_timeout(Some(PATIENCE))?;
                let _ = stream.read(&mut [0]);
            }
        }
        Err(ErrorKind::TimedOut.into())
    }

    /// Returns a place at once: this system has no names that go away with their process.
    #[cfg(not(target_os = "linux"))]
    pub fn wait(_name: &str, _places: usize, _waiting: impl FnOnce()) -> io::Result<Turn> {
        Ok(Turn {})
    }
}
