//! One good and one bad of each rule.
