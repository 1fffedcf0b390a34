//! RDF Dataset Canonicalization, RDFC-1.0 (<https://www.w3.org/TR/rdf-canon/>): one text for all datasets that differ only in
//! the names of their blank nodes.
//!
//! A blank node gets its name by what is said of it. First by its own statements, in which every other blank node counts as
//! the same (section 4.6). Those that are still alike are told apart by the paths that lead from them to others (section
//! 4.8): of all orders in which alike neighbours can be walked, the least path counts, so whoever names them finds the same.
//!
//! The number of orders grows with the factorial of the alike neighbours, and a dataset of a few hundred bytes can be made to
//! take for ever ("poison"). [`MAX_WORK`] bounds it; section 7.1 asks for that. No credential comes near.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256, Sha384};

use crate::error::{ErrorCode, Fault};
use crate::rdf::Quad;

/// The most steps that telling alike blank nodes apart may take: each call of the algorithm of section 4.8, each hash of a
/// related blank node, each order of walking, and copying the names that an order starts with. A quarter of a second in a
/// build that is not optimised. The hardest dataset of the W3C's tests that has a canonical form takes a fifth of it; a
/// credential takes hardly any.
pub const MAX_WORK: usize = 100_000;
/// How many names are copied in about the time of a hash.
const NAMES_A_STEP: usize = 16;
/// How deep the algorithm of section 4.8 may call itself, which bounds the stack.
pub const MAX_RECURSION: usize = 128;

/// The hash that tells blank nodes apart. `eddsa-rdfc-2022` uses SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl HashAlgorithm {
    fn hex(self, input: &[u8]) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect();
        match self {
            Self::Sha256 => hex(&Sha256::digest(input)),
            Self::Sha384 => hex(&Sha384::digest(input)),
        }
    }
}

/// A dataset's canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// The lines, sorted by code points, none twice.
    pub n_quads: String,
    /// The name of each blank node, less its `_:`.
    pub labels: BTreeMap<u32, String>,
}

/// The algorithm of section 4.4.
///
/// # Errors
/// [`ErrorCode::TooComplex`].
pub(crate) fn canonicalize(quads: &[Quad], hash: HashAlgorithm) -> Result<Canonical, Fault> {
    // A dataset is a set: a statement that is made twice would count twice in the hashes.
    let quads: Vec<&Quad> = quads.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut state = State::new(&quads, hash);

    // Step 3: by what is said of each alone.
    let mut alike: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (node, hash) in &state.first_degree {
        alike.entry(hash.clone()).or_default().push(*node);
    }
    // Step 4: whoever has a hash of its own gets its name now, in the order of the hashes.
    alike.retain(|_, nodes| {
        if let [node] = nodes[..] {
            state.canonical.issue(node);
            return false;
        }
        true
    });
    // Step 5: the others by their paths.
    for nodes in alike.values() {
        let mut paths = Vec::new();
        for node in nodes {
            if state.canonical.get(*node).is_none() {
                let mut issuer = Issuer::new("b");
                issuer.issue(*node);
                paths.push(state.hash_n_degree(*node, issuer, 0)?);
            }
        }
        paths.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, issuer) in paths {
            for node in issuer.order {
                state.canonical.issue(node);
            }
        }
    }

    // Steps 6 and 7.
    let issuer = state.canonical;
    let mut lines: Vec<String> = quads
        .iter()
        .map(|quad| quad.line(|node, line| line.push_str(&issuer.name(node))))
        .collect();
    // UTF-8 sorts by code points.
    lines.sort_unstable();
    lines.dedup();
    let labels = issuer.order.iter().map(|node| (*node, issuer.name(*node))).collect();
    Ok(Canonical {
        n_quads: lines.concat(),
        labels,
    })
}

/// Section 4.5: names, given in the order in which they are asked for.
#[derive(Clone)]
struct Issuer {
    prefix: &'static str,
    issued: BTreeMap<u32, usize>,
    order: Vec<u32>,
}

impl Issuer {
    const fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            issued: BTreeMap::new(),
            order: Vec::new(),
        }
    }

    fn issue(&mut self, node: u32) {
        if !self.issued.contains_key(&node) {
            self.issued.insert(node, self.order.len());
            self.order.push(node);
        }
    }

    fn get(&self, node: u32) -> Option<String> {
        self.issued.get(&node).map(|number| format!("{}{number}", self.prefix))
    }

    fn name(&self, node: u32) -> String {
        self.get(node).unwrap_or_default()
    }
}

/// Section 4.2.
struct State<'a> {
    quads: &'a [&'a Quad],
    /// Each blank node's quads.
    of_node: BTreeMap<u32, Vec<usize>>,
    first_degree: BTreeMap<u32, String>,
    canonical: Issuer,
    hash: HashAlgorithm,
    work: usize,
}

impl<'a> State<'a> {
    fn new(quads: &'a [&'a Quad], hash: HashAlgorithm) -> Self {
        let mut of_node: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, quad) in quads.iter().enumerate() {
            for node in quad.blanks().into_iter().flatten() {
                let mentions = of_node.entry(node).or_default();
                if mentions.last() != Some(&at) {
                    mentions.push(at);
                }
            }
        }
        let first_degree = of_node
            .iter()
            .map(|(node, mentions)| (*node, hash_first_degree(quads, mentions, *node, hash)))
            .collect();
        Self {
            quads,
            of_node,
            first_degree,
            canonical: Issuer::new("c14n"),
            hash,
            work: 0,
        }
    }

    fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        self.work += steps;
        if self.work <= MAX_WORK {
            return Ok(());
        }
        let message =
            format!("its blank nodes are so alike that naming them takes over {MAX_WORK} steps; give the nodes ids");
        Err(Fault::new(ErrorCode::TooComplex, message))
    }

    /// Section 4.7: how `related` looks from a node that has it at `position` of the quad.
    fn hash_related(&self, related: u32, quad: &Quad, issuer: &Issuer, position: char) -> String {
        let mut input = String::from(position);
        if position != 'g' {
            input.push_str(&format!("<{}>", quad.predicate));
        }
        match self.canonical.get(related).or_else(|| issuer.get(related)) {
            Some(name) => input.push_str(&format!("_:{name}")),
            None => input.push_str(&self.first_degree[&related]),
        }
        self.hash.hex(input.as_bytes())
    }

    /// Section 4.8: the hash of the least path from `node` on, and the names that it gave on its way.
    fn hash_n_degree(&mut self, node: u32, mut issuer: Issuer, depth: usize) -> Result<(String, Issuer), Fault> {
        if depth == MAX_RECURSION {
            return Err(Fault::new(
                ErrorCode::TooComplex,
                format!("more than {MAX_RECURSION} blank nodes in a row are alike; give the nodes ids"),
            ));
        }
        // Steps 1 to 3: the neighbours, by how they look from here.
        let mut groups: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let quads = self.quads;
        let mentions = self.of_node[&node].clone();
        self.spend(1 + mentions.len())?;
        for quad in mentions.iter().map(|at| quads[*at]) {
            for (related, position) in quad.blanks().into_iter().zip(['s', 'o', 'g']) {
                if let Some(related) = related.filter(|related| *related != node) {
                    let hash = self.hash_related(related, quad, &issuer, position);
                    groups.entry(hash).or_default().push(related);
                }
            }
        }
        // Steps 4 and 5: for each group the least path through it.
        let mut data = String::new();
        for (hash, mut group) in groups {
            data.push_str(&hash);
            group.sort_unstable();
            let mut chosen: Option<(String, Issuer)> = None;
            let mut order: Vec<usize> = (0..group.len()).collect();
            loop {
                self.spend(1 + issuer.order.len() / NAMES_A_STEP)?;
                let walk: Vec<u32> = order.iter().map(|at| group[*at]).collect();
                let least = chosen.as_ref().map(|(path, _)| path.as_str());
                if let Some(better) = self.walk(&walk, issuer.clone(), least, depth)? {
                    chosen = Some(better);
                }
                if !next_permutation(&mut order) {
                    break;
                }
            }
            if let Some((path, names)) = chosen {
                data.push_str(&path);
                issuer = names;
            }
        }
        Ok((self.hash.hex(data.as_bytes()), issuer))
    }

    /// Section 4.8, step 5.4: the path through one order of a group, unless it is not less than the `least` one so far.
    fn walk(
        &mut self,
        group: &[u32],
        mut issuer: Issuer,
        least: Option<&str>,
        depth: usize,
    ) -> Result<Option<(String, Issuer)>, Fault> {
        // A path that is at least as long, and greater, only gets worse.
        let hopeless = |path: &str| least.is_some_and(|least| path.len() >= least.len() && path > least);
        let mut path = String::new();
        let mut deeper = Vec::new();
        for related in group {
            path.push_str("_:");
            if let Some(name) = self.canonical.get(*related) {
                path.push_str(&name);
            } else {
                if issuer.get(*related).is_none() {
                    deeper.push(*related);
                    issuer.issue(*related);
                }
                path.push_str(&issuer.name(*related));
            }
            if hopeless(&path) {
                return Ok(None);
            }
        }
        for related in deeper {
            let (hash, names) = self.hash_n_degree(related, issuer.clone(), depth + 1)?;
            path.push_str(&format!("_:{}<{hash}>", issuer.name(related)));
            issuer = names;
            if hopeless(&path) {
                return Ok(None);
            }
        }
        let better = least.is_none_or(|least| path.as_str() < least);
        Ok(better.then_some((path, issuer)))
    }
}

/// Section 4.6: the hash of a node's own quads, in which it is `_:a` and every other blank node `_:z`.
fn hash_first_degree(quads: &[&Quad], mentions: &[usize], node: u32, hash: HashAlgorithm) -> String {
    let mut lines: Vec<String> = mentions
        .iter()
        .map(|at| quads[*at].line(|other, line| line.push(if other == node { 'a' } else { 'z' })))
        .collect();
    lines.sort_unstable();
    hash.hex(lines.concat().as_bytes())
}

/// The next order by the dictionary; false after the last.
fn next_permutation(order: &mut [usize]) -> bool {
    let Some(pivot) = order.windows(2).rposition(|two| two[0] < two[1]) else {
        return false;
    };
    if let Some(next) = order.iter().rposition(|at| *at > order[pivot]) {
        order.swap(pivot, next);
    }
    order[pivot + 1..].reverse();
    true
}
