//! Number of random cases of a test.

/// Returns the number of cases of a randomized test: `default`, multiplied by `KITH_TEST_CASES_FACTOR` if it is set.
///
/// `cargo xtask ci full` sets the factor.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests are configured by environment variables only")]
pub fn cases(default: u32) -> u32 {
    let factor = std::env::var("KITH_TEST_CASES_FACTOR").ok().and_then(|factor| factor.parse().ok());
    default.saturating_mul(factor.unwrap_or(1))
}
