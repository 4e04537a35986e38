//! Who starts the servers: one thread that lives as long as this process.
//!
//! The kernel kills a server when the *thread* that started it ends (`setpriv --pdeathsig`). Those of a pool come and go,
//! so none of them starts one.

use std::{
    io,
    process::{Child, Command},
    sync::{OnceLock, mpsc},
    thread,
};

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts it from a thread that does not end before this process does.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let (tell, told) = mpsc::channel();
    KEEPER.get_or_init(keep).send((command, tell)).map_err(|_| io::ErrorKind::BrokenPipe)?;
    told.recv().map_err(io::Error::other)?
}

#[expect(clippy::disallowed_methods, reason = "there is no runtime here, and the thread ends with the process")]
fn keep() -> mpsc::Sender<Order> {
    let (order, orders) = mpsc::channel::<Order>();
    thread::spawn(move || {
        for (mut command, tell) in orders {
            // Whoever asked waits for this, or is gone.
            let _ = tell.send(command.spawn());
        }
    });
    order
}
