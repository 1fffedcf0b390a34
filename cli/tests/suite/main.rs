//! The program as people run it: real processes, real files, a real node on a free port.

#[cfg(test)]
mod accesses;
#[cfg(test)]
mod asking;
#[cfg(test)]
mod auditors;
mod brands;
#[cfg(test)]
mod demo;
mod destructions;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod judging;
#[cfg(test)]
mod misconduct;
#[cfg(test)]
mod misuse;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod presentations;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod views;
#[cfg(test)]
mod wallets;
#[cfg(test)]
mod witnesses;
