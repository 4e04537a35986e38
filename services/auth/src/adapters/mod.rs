//! Ports that this crate implements for other slices.

mod credential_lookup;

pub use self::credential_lookup::CredentialLookupAdapter;
