//! Rust source as tokens: enough to see names, paths and string literals, and to leave out
//! comments and test code.

use std::collections::BTreeSet;

/// One meaningful piece of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword; a raw name without its `r#`.
    Name(String),
    /// A string literal's inside, escapes left as written.
    Text(String),
    /// Any other single character outside literals.
    Sign(char),
}

/// A piece of source and the line it begins on, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn is(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// A source file without its comments and test code.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// The package it belongs to.
    pub(crate) package: String,
    /// Its path from the workspace root, with `/` between parts.
    pub(crate) path: String,
    /// All its lines, comments and tests included.
    pub(crate) lines: usize,
    pub(crate) tokens: Vec<Token>,
    /// Modules in files of their own that only tests see.
    test_modules: Vec<String>,
}

impl SourceFile {
    pub(crate) fn new(package: &str, path: &str, text: &str) -> Self {
        let (tokens, test_modules) = without_tests(tokens(text));
        Self {
            package: package.to_owned(),
            path: path.to_owned(),
            lines: text.lines().count(),
            tokens,
            test_modules,
        }
    }

    /// Every path written in the file, `use` groups spelt out: `use std::{fs, io::Read}` gives
    /// `std::fs` and `std::io::Read`. A glob ends in `*`.
    pub(crate) fn paths(&self) -> Vec<(Vec<&str>, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            at = self.path_from(at, &[], &mut found).max(at + 1);
        }
        found
    }

    /// Reads one path (or group of paths) that begins at `at`; gives where it ends.
    fn path_from<'a>(&'a self, mut at: usize, prefix: &[&'a str], found: &mut Vec<(Vec<&'a str>, usize)>) -> usize {
        let mut path = prefix.to_vec();
        let mut line = 0;
        while let Some(token) = self.tokens.get(at) {
            let part = match &token.kind {
                Kind::Name(name) => name.as_str(),
                Kind::Sign('*') if !path.is_empty() => "*",
                Kind::Sign('{') if !path.is_empty() => {
                    return self.group_from(at + 1, &path, found);
                }
                // A turbofish or a qualified path ends what can be followed.
                _ => break,
            };
            path.push(part);
            line = token.line;
            at += 1;
            if !self.is_separator(at) {
                break;
            }
            at += 2;
        }
        if path.len() > prefix.len() {
            found.push((path, line));
        }
        at
    }

    fn group_from<'a>(&'a self, mut at: usize, prefix: &[&'a str], found: &mut Vec<(Vec<&'a str>, usize)>) -> usize {
        while let Some(token) = self.tokens.get(at) {
            if token.is('}') {
                return at + 1;
            }
            at = self.path_from(at, prefix, found).max(at + 1);
        }
        at
    }

    fn is_separator(&self, at: usize) -> bool {
        matches!(self.tokens.get(at..at + 2), Some([a, b]) if a.is(':') && b.is(':'))
    }
}

/// Leaves out the files of modules that are declared under `#[cfg(test)]`.
pub(crate) fn drop_test_files(sources: Vec<SourceFile>) -> Vec<SourceFile> {
    let mut dropped = BTreeSet::new();
    for source in &sources {
        let folder = module_folder(&source.path);
        for module in &source.test_modules {
            dropped.insert(format!("{folder}/{module}"));
        }
    }
    sources
        .into_iter()
        .filter(|source| {
            let stem = source.path.trim_end_matches(".rs");
            !dropped
                .iter()
                .any(|module| stem == module || stem.starts_with(&format!("{module}/")))
        })
        .collect()
}

/// Where the modules that a file declares have their files.
fn module_folder(path: &str) -> &str {
    let stem = path.trim_end_matches(".rs");
    match stem.rsplit_once('/') {
        Some((folder, "lib" | "main" | "mod")) => folder,
        _ => stem,
    }
}

/// Takes out every item under `#[cfg(test)]` or `#[cfg(all(test, …))]`, and names the modules
/// among them whose bodies are in other files.
fn without_tests(tokens: Vec<Token>) -> (Vec<Token>, Vec<String>) {
    let mut kept = Vec::new();
    let mut modules = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match test_attribute(&tokens, at) {
            Some(Attribute { end, whole_file: true }) => return (kept, test_modules_below(&tokens[end..])),
            Some(Attribute { end, .. }) => {
                let (end, module) = item(&tokens, end);
                modules.extend(module);
                at = end;
            }
            None => {
                kept.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    (kept, modules)
}

/// Modules declared in a file that is test code as a whole.
fn test_modules_below(tokens: &[Token]) -> Vec<String> {
    tokens
        .windows(3)
        .filter(|three| three[0].name() == Some("mod") && three[2].is(';'))
        .filter_map(|three| three[1].name().map(str::to_owned))
        .collect()
}

struct Attribute {
    end: usize,
    whole_file: bool,
}

/// Recognises `#[cfg(test)]`, `#[cfg(all(test, …))]` and their inner `#!` forms. `any(test, …)`
/// and `not(test)` are not test code: something else builds them too.
fn test_attribute(tokens: &[Token], at: usize) -> Option<Attribute> {
    if !tokens.get(at)?.is('#') {
        return None;
    }
    let whole_file = tokens.get(at + 1)?.is('!');
    let open = at + 1 + usize::from(whole_file);
    if !tokens.get(open)?.is('[') || tokens.get(open + 1)?.name() != Some("cfg") {
        return None;
    }
    let first = tokens.get(open + 3)?.name()?;
    let test_only = first == "test"
        || (first == "all"
            && tokens[open + 4..]
                .iter()
                .take_while(|token| !token.is(']') && token.name() != Some("any") && token.name() != Some("not"))
                .any(|token| token.name() == Some("test")));
    test_only.then(|| Attribute {
        end: matching(tokens, open),
        whole_file,
    })
}

/// Passes over one item, field or statement with its further attributes; gives its end, and its
/// name if it is a module in another file.
fn item(tokens: &[Token], mut at: usize) -> (usize, Option<String>) {
    while tokens.get(at).is_some_and(|token| token.is('#')) {
        at = matching(tokens, at + 1);
    }
    let start = at;
    let keyword = tokens.get(start).and_then(Token::name).unwrap_or_default();
    // A field or match arm ends at a comma; the commas of a function's generics end nothing.
    let ends_at_comma = !matches!(
        keyword,
        "pub"
            | "fn"
            | "async"
            | "const"
            | "mod"
            | "use"
            | "impl"
            | "struct"
            | "enum"
            | "trait"
            | "static"
            | "type"
            | "macro_rules"
            | "extern"
    );
    while let Some(token) = tokens.get(at) {
        match token.kind {
            Kind::Sign('(' | '[') => at = matching(tokens, at),
            Kind::Sign('{') => return (matching(tokens, at), None),
            Kind::Sign(';') => return (at + 1, module_name(&tokens[start..at])),
            Kind::Sign(',') if ends_at_comma => return (at + 1, None),
            Kind::Sign('}') => return (at, None),
            _ => at += 1,
        }
    }
    (at, None)
}

fn module_name(declaration: &[Token]) -> Option<String> {
    let at = declaration.iter().position(|token| token.name() == Some("mod"))?;
    declaration.get(at + 1)?.name().map(str::to_owned)
}

/// The place after the bracket that closes the one at `open`.
fn matching(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Sign('(' | '[' | '{') => depth += 1,
            Kind::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Cuts source into tokens, dropping comments, numbers, character literals and lifetimes.
fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: text, line: 1 };
    let mut tokens = Vec::new();
    while !lexer.rest.is_empty() {
        let line = lexer.line;
        if let Some(kind) = lexer.next_kind() {
            tokens.push(Token { kind, line });
        }
    }
    tokens
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lexer<'a> {
    fn next_kind(&mut self) -> Option<Kind> {
        let first = self.rest.chars().next()?;
        if self.rest.starts_with("//") {
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            return None;
        }
        if self.rest.starts_with("/*") {
            self.block_comment();
            return None;
        }
        if let Some(text) = self.string() {
            return Some(Kind::Text(text));
        }
        if first == '\'' {
            self.quote();
            return None;
        }
        if first == '_' || first.is_alphabetic() {
            let raw = self.rest.starts_with("r#");
            self.take(if raw { 2 } else { 0 });
            return Some(Kind::Name(self.word().to_owned()));
        }
        if first.is_ascii_digit() {
            self.word();
            return None;
        }
        self.take(first.len_utf8());
        (!first.is_whitespace()).then_some(Kind::Sign(first))
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn word(&mut self) -> &'a str {
        let end = self
            .rest
            .find(|c: char| c != '_' && !c.is_alphanumeric())
            .unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Block comments nest in Rust.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while !self.rest.is_empty() {
            let step = if self.rest.starts_with("/*") {
                depth += 1;
                2
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                2
            } else {
                self.rest.chars().next().map_or(0, char::len_utf8)
            };
            self.take(step);
            if depth == 0 {
                return;
            }
        }
    }

    /// Reads `"…"`, `r#"…"#` and their `b` and `c` forms, if one begins here.
    fn string(&mut self) -> Option<String> {
        let unprefixed = self.rest.trim_start_matches(['b', 'c']);
        let prefix = self.rest.len() - unprefixed.len();
        if prefix > 1 {
            return None;
        }
        if let Some(body) = unprefixed.strip_prefix('r') {
            let hashes = body.len() - body.trim_start_matches('#').len();
            if !body[hashes..].starts_with('"') {
                return None;
            }
            let close = format!("\"{}", "#".repeat(hashes));
            self.take(prefix + 1 + hashes + 1);
            let text = self.take(self.rest.find(&close).unwrap_or(self.rest.len()));
            self.take(close.len().min(self.rest.len()));
            return Some(text.to_owned());
        }
        if !unprefixed.starts_with('"') {
            return None;
        }
        self.take(prefix + 1);
        let mut escaped = false;
        let end = self.rest.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        let text = self.take(end.unwrap_or(self.rest.len()));
        self.take(1.min(self.rest.len()));
        Some(text.to_owned())
    }

    /// Passes over a character literal or a lifetime.
    fn quote(&mut self) {
        self.take(1);
        let mut characters = self.rest.chars();
        match (characters.next(), characters.next()) {
            (Some('\\'), Some(escaped)) => {
                self.take(1 + escaped.len_utf8());
                self.take(self.rest.find('\'').map_or(0, |end| end + 1));
            }
            (Some(character), Some('\'')) => {
                self.take(character.len_utf8() + 1);
            }
            _ => {
                self.word();
            }
        }
    }
}

#[cfg(test)]
mod tests;
