//! The line of those who wait, which no file and no process keeps.
//!
//! A place is a name of a socket that a process binds, and so is the front of the line. The kernel gives a name to one at a time,
//! and takes it back when that one ends, however it ends: nothing can stay behind, and nothing has to be writable. Only who is at
//! the front takes a place. All others have connected to the front's socket, where the kernel keeps them in the order in which
//! they came; who leaves the front for a place gives that socket, and with it the line, to the first of them. Nobody looks again
//! every now and then: the kernel says when a place is free, and when the front has come to one's feet.
//!
//! If the one at the front is killed, the line is gone with its socket, and those who were in it come to the front anew.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::cmsg_space;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect,
    listen, recvmsg, sendmsg, socket_with,
};

/// How many may be in a line; the kernel has a limit of its own.
const LENGTH: i32 = 4096;
/// How long one is waited for who has no room to be watched.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Those who wait for places.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) places: usize,
}

/// The front of the line: a socket that the others are connected to.
pub(super) struct Front(OwnedFd);

impl Line {
    /// Waits until nobody is before us.
    pub(super) fn come_to_the_front(&self, waiting: &mut dyn FnMut()) -> io::Result<Front> {
        let address = self.address("front")?;
        loop {
            if let Some(front) = bound(&address)? {
                return Ok(Front(front));
            }
            let ahead = socket(SocketFlags::CLOEXEC)?;
            match retry_on_intr(|| connect(&ahead, &address)) {
                Ok(()) => {
                    waiting();
                    if let Some(front) = given(&ahead) {
                        return Ok(Front(front));
                    }
                }
                // It has just left, or has just come.
                Err(Errno::CONNREFUSED) => std::thread::yield_now(),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until a place is free. Only who is at the front may do so.
    pub(super) fn take_a_place(&self, waiting: &mut dyn FnMut()) -> io::Result<OwnedFd> {
        let addresses: Vec<SocketAddrUnix> =
            (0..self.places).map(|place| self.address(&place.to_string())).collect::<io::Result<_>>()?;
        let mut holders: Vec<Option<OwnedFd>> = addresses.iter().map(|_| None).collect();
        loop {
            for (address, holder) in addresses.iter().zip(&mut holders) {
                while holder.is_none() {
                    if let Some(place) = bound(address)? {
                        return Ok(place);
                    }
                    match watched(address) {
                        Ok(connection) => *holder = Some(connection),
                        // It has just become free, or has just been taken.
                        Err(Errno::CONNREFUSED) => std::thread::yield_now(),
                        // Too many watch this one already.
                        Err(Errno::AGAIN) => break,
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            waiting();
            wait_for_one(&mut holders)?;
        }
    }

    fn address(&self, what: &str) -> io::Result<SocketAddrUnix> {
        Ok(SocketAddrUnix::new_abstract_name(format!("{}-{what}", self.name).as_bytes())?)
    }
}

impl Front {
    /// Lets the next one come to the front.
    pub(super) fn leave(self) {
        // Who does not answer has gone. If nobody is there, the next to come finds the front free.
        while let Ok(next) = accept_with(&self.0, SocketFlags::CLOEXEC) {
            if give(&next, &self.0).is_ok() {
                return;
            }
        }
    }
}

fn socket(flags: SocketFlags) -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

/// Returns a socket with a name, unless another has it.
fn bound(address: &SocketAddrUnix) -> io::Result<Option<OwnedFd>> {
    // Who gives it away does not wait for somebody to take it.
    let socket = socket(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?;
    match bind(&socket, address) {
        Ok(()) => {}
        Err(Errno::ADDRINUSE) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    listen(&socket, LENGTH)?;
    Ok(Some(socket))
}

/// Returns a connection to who holds a place, which breaks when the place is free.
fn watched(address: &SocketAddrUnix) -> Result<OwnedFd, Errno> {
    let holder = socket(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?;
    connect(&holder, address)?;
    Ok(holder)
}

/// Waits until one of the holders of places has left, and forgets who has.
fn wait_for_one(holders: &mut [Option<OwnedFd>]) -> io::Result<()> {
    let patience = holders.iter().any(Option::is_none).then_some(&PATIENCE);
    let (places, mut watched): (Vec<usize>, Vec<PollFd>) = holders
        .iter()
        .enumerate()
        .filter_map(|(place, holder)| Some((place, PollFd::new(holder.as_ref()?, PollFlags::IN))))
        .unzip();
    retry_on_intr(|| poll(&mut watched, patience))?;
    let left = places.into_iter().zip(watched).filter(|(_, holder)| !holder.revents().is_empty());
    let left: Vec<usize> = left.map(|(place, _)| place).collect();
    left.into_iter().for_each(|place| holders[place] = None);
    Ok(())
}

/// Gives a socket to who is at the other end.
fn give(to: &OwnedFd, what: &OwnedFd) -> io::Result<()> {
    let rights = [what.as_fd()];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&rights));
    sendmsg(to, &[IoSlice::new(&[0])], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for the socket that who is at the other end gives, unless it ends.
fn given(from: &OwnedFd) -> Option<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut receive =
        || recvmsg(from, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC);
    retry_on_intr(&mut receive).ok()?;
    control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut rights) => rights.next(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::super::Turn;
    use super::*;

    fn name(test: &str) -> String {
        format!("hagane-test-{test}-{}", std::process::id())
    }

    #[test]
    fn who_comes_first_is_first() {
        let name = name("first");
        let mut held = vec![
            Turn::wait(&name, 2, || panic!("there are two places")).expect("there are names"),
            Turn::wait(&name, 2, || panic!("there are two places")).expect("there are names"),
        ];
        let (done, turns) = channel();
        thread::scope(|scope| {
            for number in 0..20 {
                let (name, done) = (&name, done.clone());
                let (in_line, is_in_line) = channel();
                scope.spawn(move || {
                    let turn = Turn::wait(name, 2, || _ = in_line.send(())).expect("there are names");
                    done.send((number, turn)).expect("the test waits");
                });
                is_in_line.recv().expect("it has to wait");
            }
            for expected in 0..20 {
                held.remove(0);
                let (number, turn) = turns.recv().expect("one has its turn");
                assert_eq!(number, expected);
                assert!(turns.try_recv().is_err(), "there are two places");
                held.push(turn);
            }
        });
    }

    #[test]
    fn the_line_goes_on_without_who_leaves_it() {
        let name = name("leaves");
        let line = Line { name: format!("{name}-{}", rustix::process::getuid().as_raw()), places: 1 };
        let mut nobody = || {};
        let front = line.come_to_the_front(&mut nobody).expect("there are names");
        // They stand in the line, and go away as if they were killed.
        let gone: Vec<OwnedFd> = (0..3)
            .map(|_| {
                let socket = socket(SocketFlags::CLOEXEC).expect("there are sockets");
                connect(&socket, &line.address("front").expect("it is short")).expect("somebody listens");
                socket
            })
            .collect();
        thread::scope(|scope| {
            let waits = || {
                let (in_line, is_in_line) = channel();
                let (line, name) = (&line, &name);
                let turn =
                    scope.spawn(move || Turn::wait(name, line.places, || _ = in_line.send(())).is_ok());
                is_in_line.recv().expect("it has to wait");
                turn
            };
            let first = waits();
            drop(gone);
            let place = line.take_a_place(&mut nobody).expect("it is free");
            front.leave();
            let second = waits();
            drop(place);
            assert!(first.join().is_ok_and(|turn| turn) && second.join().is_ok_and(|turn| turn));

            // The front itself is gone, with all who stand before the others.
            let front = line.come_to_the_front(&mut nobody).expect("all have left");
            let others = [waits(), waits(), waits()];
            drop(front);
            assert!(others.into_iter().all(|other| other.join().is_ok_and(|turn| turn)));
        });
    }
}
