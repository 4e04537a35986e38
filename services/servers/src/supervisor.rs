//! The thread that starts all server processes of this process.
//!
//! `setpriv --pdeathsig` kills a server when the *thread* that started it ends, and the threads of a pool end before
//! their process does. One thread that never ends therefore starts all servers.

use std::{
    io,
    process::{Child, Command},
    sync::{OnceLock, mpsc},
    thread,
};

struct StartRequest {
    command: Command,
    reply: mpsc::Sender<io::Result<Child>>,
}

/// Starts a process that lives at most as long as this one.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static SUPERVISOR: OnceLock<mpsc::Sender<StartRequest>> = OnceLock::new();
    let (reply, child) = mpsc::channel();
    let request = StartRequest { command, reply };
    SUPERVISOR.get_or_init(start_thread).send(request).map_err(|_| io::ErrorKind::BrokenPipe)?;
    child.recv().map_err(io::Error::other)?
}

#[expect(clippy::disallowed_methods, reason = "this crate has no runtime, and the thread ends with the process")]
fn start_thread() -> mpsc::Sender<StartRequest> {
    let (sender, requests) = mpsc::channel::<StartRequest>();
    thread::spawn(move || {
        for mut request in requests {
            // The send fails only if the caller no longer waits.
            let _ = request.reply.send(request.command.spawn());
        }
    });
    sender
}
