//! Each rule, and each way around it.
