//! `[limits]`: how often a company may call.

use super::section::section;

section! {
    /// How often callers may call. Sign-in, registration, invitations and second factors have fixed limits.
    Limits in "limits" {
        /// API calls of a company per second, for good; 0 sets no limit.
        api_per_second: u32 = 1_000, range 0..=1_000_000;
        /// API calls of a company at once, before the rate counts.
        api_burst: u32 = 2_000, range 0..=1_000_000;
    }
}
