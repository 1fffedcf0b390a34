//! What may be said and what may follow what, from the outside: the rules of the design page by page, the JSON Schemas
//! and the JSON-LD context against the types, and the examples of the documentation.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;

#[cfg(test)]
mod context;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod json_schema;
#[cfg(test)]
mod lifecycle_properties;
#[cfg(test)]
mod lifecycle_refusals;
#[cfg(test)]
mod lifecycle_table;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod narrowing;
#[cfg(test)]
mod notice;
#[cfg(test)]
mod records;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod refusals_of_claims;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod schema_mutations;
#[cfg(test)]
mod scope_properties;
#[cfg(test)]
mod statements;
