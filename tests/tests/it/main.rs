//! Everything that is tested across crates, in one binary.

#[cfg(test)]
mod arrival;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod damaged_files;
#[cfg(test)]
mod decision;
#[cfg(test)]
mod disks;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod fsck;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod gateways;
#[cfg(test)]
mod http;
#[cfg(test)]
mod interop;
#[cfg(test)]
mod issuer;
#[cfg(test)]
mod kill9;
#[cfg(test)]
mod misbehaviour;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod verifier;
#[cfg(test)]
mod witnesses;
