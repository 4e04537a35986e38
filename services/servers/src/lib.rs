//! The servers that tests need, started on this machine and stopped in the end.
