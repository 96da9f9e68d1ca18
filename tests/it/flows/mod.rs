//! Stories that cross slices.
