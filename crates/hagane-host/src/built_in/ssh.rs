//! Git's protocol over the `ssh` program.

use std::any::Any;
use std::borrow::Cow;
use std::io::{self, ErrorKind, Write};

use gix::bstr::BStr;
use gix::remote::Direction;
use gix_transport::client::blocking_io::connect::{Options, connect};
use gix_transport::client::blocking_io::{RequestWriter, SetServiceResponse, Transport};
use gix_transport::client::{Error, MessageKind, TransportWithoutIO, WriteMode};
use gix_transport::{Protocol, Service};

/// Starts the program that reaches a remote.
pub(super) fn transport(remote: &gix::Remote<'_>) -> Result<Ssh, gix::Error> {
    let (url, version) = remote.sanitized_url_and_version(Direction::Fetch)?;
    let ssh = remote.repo().ssh_connect_options()?;
    connect(url, Options { version, ssh, trace: false }).map(Ssh)
}

/// A connection whose server may hang up before all is said. It does so where it does not have what is asked for, and
/// says so first: the reason stands in what can still be read, and is lost when a write that fails ends it all.
pub(super) struct Ssh(Box<dyn Transport + Send>);

impl Transport for Ssh {
    fn handshake<'a>(
        &mut self,
        service: Service,
        parameters: &'a [(&'a str, Option<&'a str>)],
    ) -> Result<SetServiceResponse<'_>, Error> {
        self.0.handshake(service, parameters)
    }

    fn request(
        &mut self,
        mode: WriteMode,
        last: MessageKind,
        trace: bool,
    ) -> Result<RequestWriter<'_>, Error> {
        let (writer, reader) = self.0.request(mode, last, trace)?.into_parts();
        Ok(RequestWriter::new_from_bufread(UntilHungUp(writer), reader, mode, last, trace))
    }
}

impl TransportWithoutIO for Ssh {
    fn to_url(&self) -> Cow<'_, BStr> {
        self.0.to_url()
    }

    fn supported_protocol_versions(&self) -> &[Protocol] {
        self.0.supported_protocol_versions()
    }

    fn connection_persists_across_multiple_requests(&self) -> bool {
        self.0.connection_persists_across_multiple_requests()
    }

    fn configure(&mut self, config: &dyn Any) -> Result<(), gix::Error> {
        self.0.configure(config)
    }
}

/// Writes for as long as anybody reads.
struct UntilHungUp<W>(W);

impl<W: Write> Write for UntilHungUp<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn only_a_reader_that_is_gone_is_no_failure() {
        let mut hung_up = UntilHungUp(Failing(ErrorKind::BrokenPipe));
        assert!(hung_up.write_all(b"0009done\n").and_then(|()| hung_up.flush()).is_ok());
        let mut failed = UntilHungUp(Failing(ErrorKind::TimedOut));
        assert_eq!(failed.write(b"0009done\n").map_err(|error| error.kind()), Err(ErrorKind::TimedOut));
        assert_eq!(failed.flush().map_err(|error| error.kind()), Err(ErrorKind::TimedOut));
    }
}
