//! Records from draft to bytes and back.
