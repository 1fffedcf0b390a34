//! The wallet against the kernel: what it builds is accepted, what would be refused it does not sign, and no tampered
//! answer is believed.

#[cfg(test)]
mod acknowledgements;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod offers;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod sights;
#[cfg(test)]
mod story;
#[cfg(test)]
mod world;
