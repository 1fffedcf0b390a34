//! The brand's book, in memory: whose an invitation is, and which invitations a customer has.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use placet_schemas::authzen::CustomerRef;
use placet_schemas::id::Digest;

use super::index::Index;

/// The book.
#[derive(Debug, Default)]
pub(super) struct Book {
    by_invitation: Index<Arc<Row>>,
    by_customer: Index<Arc<Row>>,
    customers: usize,
}

#[derive(Debug, PartialEq, Eq)]
struct Row {
    invitation: Digest,
    customer: CustomerRef,
}

impl Book {
    /// How many customers it names.
    pub(super) const fn customers(&self) -> usize {
        self.customers
    }

    /// Whose this invitation is.
    pub(super) fn customer_of(&self, invitation: &Digest) -> Option<&CustomerRef> {
        Some(&self.row(invitation)?.customer)
    }

    /// The invitations of a customer; none of one who is not known.
    pub(super) fn invitations_of(&self, customer: &CustomerRef) -> impl Iterator<Item = &Digest> {
        let rows = self.by_customer.find(customer).filter(|row| row.customer == *customer);
        rows.map(|row| &row.invitation)
    }

    /// Says whose an invitation is, whatever was said before.
    pub(super) fn enter(&mut self, invitation: Digest, customer: CustomerRef) {
        self.strike(&invitation);
        if self.invitations_of(&customer).next().is_none() {
            self.customers += 1;
        }
        let row = Arc::new(Row { invitation, customer });
        let by_invitation = |hasher: &RandomState, row: &Arc<Row>| hasher.hash_one(row.invitation);
        self.by_invitation.insert(Arc::clone(&row), by_invitation);
        self.by_customer
            .insert(row, |hasher, row| hasher.hash_one(&row.customer));
    }

    /// Takes an invitation out.
    pub(super) fn strike(&mut self, invitation: &Digest) {
        let Some(row) = self.row(invitation).cloned() else {
            return;
        };
        self.by_invitation.remove(invitation, &row);
        self.by_customer.remove(&row.customer, &row);
        if self.invitations_of(&row.customer).next().is_none() {
            self.customers -= 1;
        }
    }

    fn row(&self, invitation: &Digest) -> Option<&Arc<Row>> {
        self.by_invitation
            .find(invitation)
            .find(|row| row.invitation == *invitation)
    }
}
