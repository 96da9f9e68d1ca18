//! `[reports]`: how long reports are kept and how large they may be.

use super::{section::section, value::ByteSize};

section! {
    /// Reports: how long they are kept, how many and how large.
    Reports in "reports" {
        /// How long a report is kept after it was asked for; then it is removed with its file.
        keep_ms: u64 = 7 * 86_400_000, range 60_000..=31_622_400_000;
        /// The largest file of a report. One that would be larger fails and says so.
        file_max: ByteSize = ByteSize::mib(2048);
        /// The largest file that goes with an e-mail, at most 7 MiB; for a larger one the e-mail says where it is.
        attach_max: ByteSize = ByteSize::mib(5);
        /// How much the files of one company's reports may have together; further reports are refused until some are removed.
        kept: ByteSize = ByteSize::mib(10_240);
        /// How much one workbook may take in the scratch folder while it is made.
        scratch_max: ByteSize = ByteSize::mib(4_096);
        /// The most reports of a company at a time.
        per_company: u64 = 1_000, range 1..=100_000;
    }
}
