use std::io::Write;

use super::super::{Sent, call};
use super::*;

/// What every client sends first, and no settings of its own.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Calls a server that answers when it has everything.
fn with_server<T>(name: &str, idle: Duration, ask: impl FnOnce(&Path) -> T) -> T {
    let socket = std::env::temp_dir().join(format!("hagane-{name}-{}", std::process::id()));
    let listener = Listener::bind(&socket).expect("it is ours");
    let minute = Duration::from_secs(60);
    let limits = Limits { calls: 2, message: 1 << 10, time: minute, idle, drain: minute };
    let stop = Stop::default();
    let service: Service = Arc::new(|mut call| {
        let mut messages = 0_u32;
        while let Ok(Some(_)) = call.messages.receive() {
            messages += 1;
        }
        Ok(Arc::new(Zeroizing::new(messages.to_string().into_bytes())))
    });
    thread::scope(|scope| {
        let serving = scope.spawn(|| listener.serve(limits, &stop, service));
        let answer = ask(&socket);
        stop.now();
        assert!(serving.join().is_ok_and(|served| served.is_ok()));
        answer
    })
}

/// Sends so many messages of a byte, and returns how many of them the server saw.
fn send(socket: &Path, count: usize) -> Option<String> {
    let mut messages = (0..count).map(|_| Sent::Message(vec![7]));
    let answer = call(socket, "/a.B/C", Duration::from_secs(60), &mut messages);
    answer.ok().and_then(|seen| String::from_utf8(seen.to_vec()).ok())
}

#[test]
fn who_does_not_hang_up_holds_no_place() {
    let answered = with_server("idle", Duration::from_millis(200), |socket| {
        let forgotten = [(); 2].map(|()| {
            let mut stream = UnixStream::connect(socket).expect("it listens");
            stream.write_all(PREFACE).expect("it reads");
            stream
        });
        // There is no place for a third, until the two are sent away.
        let started = Instant::now();
        let mut answer = send(socket, 1);
        while answer.is_none() && started.elapsed() < Duration::from_secs(300) {
            thread::sleep(Duration::from_millis(10));
            answer = send(socket, 1);
        }
        drop(forgotten);
        answer
    });
    assert_eq!(answered.as_deref(), Some("1"));
}

#[test]
fn messages_may_be_small() {
    let seen = with_server("small", Duration::from_secs(60), |socket| send(socket, 50_000));
    assert_eq!(seen.as_deref(), Some("50000"));
}
