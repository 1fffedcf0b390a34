//! A bundle of the size that performance is measured with.
