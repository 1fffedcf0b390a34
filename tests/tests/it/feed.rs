//! Following a feed: whatever its pages and wherever its follower stopped, it is the feed that was signed, or it is refused.

mod against;
mod flips;
mod follow;
mod log;
mod refused;
