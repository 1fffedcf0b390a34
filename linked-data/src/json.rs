//! JSON as JSON-LD needs it: with fractions, which the records' own reader refuses, and otherwise as strict.
//!
//! Nothing is read in two ways here that other readers disagree on: no member twice, no lone surrogate, no integer that
//! JavaScript would round, no number that has no finite value.

use crate::MAX_DEPTH;
use crate::error::{ErrorCode, Fault};

/// The largest magnitude of an integer that every reader keeps: 2^53 - 1 (RFC 7493 section 2.2).
const MAX_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Array(Vec<Json>),
    Object(Object),
}

/// Members, sorted by their keys: the order of members has no meaning in JSON-LD.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object(Vec<(String, Json)>);

impl Object {
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        let at = self.position(key).ok()?;
        Some(&self.0[at].1)
    }

    /// The member with its key as it stands here.
    pub(crate) fn entry(&self, key: &str) -> Option<(&str, &Json)> {
        let (key, value) = &self.0[self.position(key).ok()?];
        Some((key, value))
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Json> {
        let at = self.position(key).ok()?;
        Some(self.0.remove(at).1)
    }

    pub(crate) fn insert(&mut self, key: &str, value: Json) {
        match self.position(key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key.to_owned(), value)),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_str().cmp(key))
    }
}

impl Json {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, or the value itself as the only one.
    pub(crate) fn as_slice(&self) -> &[Self] {
        match self {
            Self::Array(elements) => elements,
            other => std::slice::from_ref(other),
        }
    }
}

/// Reads a whole text.
pub(crate) fn parse(bytes: &[u8]) -> Result<Json, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| fault(error.valid_up_to(), "is not UTF-8"))?;
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = reader.value()?;
    reader.space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(fault(reader.at, "goes on after its end"))
    }
}

fn fault(at: usize, what: &str) -> Fault {
    Fault::new(ErrorCode::Json, format!("the JSON text {what}, at byte {at}"))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes the byte, after space, if it is next.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    fn value(&mut self) -> Result<Json, Fault> {
        self.space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let words = [
                    ("null", Json::Null),
                    ("true", Json::Bool(true)),
                    ("false", Json::Bool(false)),
                ];
                let word = words
                    .into_iter()
                    .find(|(word, _)| self.text[self.at..].starts_with(word));
                let (word, value) = word.ok_or_else(|| fault(self.at, "has no value"))?;
                self.at += word.len();
                Ok(value)
            }
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, Fault>) -> Result<Json, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::new(
                ErrorCode::TooLarge,
                format!("nested deeper than {MAX_DEPTH}"),
            ));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Json, Fault> {
        let mut elements = Vec::new();
        if self.take(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.take(b']') {
                return Ok(Json::Array(elements));
            }
            if !self.take(b',') {
                return Err(fault(self.at, "lacks a , or ]"));
            }
        }
    }

    fn object(&mut self) -> Result<Json, Fault> {
        let mut members = Vec::new();
        let start = self.at;
        if self.take(b'}') {
            return Ok(Json::Object(Object(members)));
        }
        loop {
            self.space();
            let key = self.string()?;
            if !self.take(b':') {
                return Err(fault(self.at, "lacks a :"));
            }
            members.push((key, self.value()?));
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return Err(fault(self.at, "lacks a , or }"));
            }
        }
        members.sort_by(|a, b| a.0.cmp(&b.0));
        match members.windows(2).find(|two| two[0].0 == two[1].0) {
            Some(two) => Err(fault(start, &format!("has an object with two members {:?}", two[0].0))),
            None => Ok(Json::Object(Object(members))),
        }
    }

    fn number(&mut self) -> Result<Json, Fault> {
        let start = self.at;
        let digits = |reader: &mut Self| {
            let from = reader.at;
            while reader.peek().is_some_and(|b| b.is_ascii_digit()) {
                reader.at += 1;
            }
            reader.at - from
        };
        self.at += usize::from(self.peek() == Some(b'-'));
        let zero = self.peek() == Some(b'0');
        let whole = digits(self);
        let mut legal = whole == 1 || whole > 1 && !zero;
        if self.peek() == Some(b'.') {
            self.at += 1;
            legal &= digits(self) > 0;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            legal &= digits(self) > 0;
        }
        // Rust reads decimal digits into the nearest value, as ECMAScript does.
        let value = self.text[start..self.at]
            .parse::<f64>()
            .ok()
            .filter(|value| legal && value.is_finite());
        let value = value.ok_or_else(|| fault(start, "has no legal number"))?;
        if value.fract() == 0.0 && value.abs() > MAX_INTEGER {
            return Err(fault(start, "has an integer beyond 2^53 - 1; write it as a string"));
        }
        // Minus zero is written as 0 by whoever makes RDF or canonical JSON of it.
        Ok(Json::Number(if value == 0.0 { 0.0 } else { value }))
    }

    fn string(&mut self) -> Result<String, Fault> {
        if self.peek() != Some(b'"') {
            return Err(fault(self.at, "lacks a string"));
        }
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c| c == '"' || c == '\\' || c < ' ');
            let length = plain.ok_or_else(|| fault(self.at, "ends within a string"))?;
            out.push_str(&rest[..length]);
            self.at += length + 1;
            match rest.as_bytes()[length] {
                b'"' => return Ok(out),
                b'\\' => out.push(self.escape()?),
                _ => return Err(fault(self.at - 1, "has a control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let letter = self.peek().ok_or_else(|| fault(start, "ends within an escape"))?;
        self.at += 1;
        let plain = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(start),
            _ => return Err(fault(start, "has an unknown escape")),
        };
        Ok(plain)
    }

    fn unicode(&mut self, start: usize) -> Result<char, Fault> {
        let high = self.hex(start)?;
        let mut code = high;
        if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let low = self.hex(start)?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        char::from_u32(code).ok_or_else(|| fault(start, "has half of a surrogate pair"))
    }

    fn hex(&mut self, start: usize) -> Result<u32, Fault> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        self.at += 4;
        digits
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| fault(start, "has an escape without four digits"))
    }
}

/// Writes RFC 8785 (JCS), as JSON literals ask for it.
pub(crate) fn canonical(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(value) => out.push_str(&number(*value)),
        Json::String(text) => string(text, out),
        Json::Array(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                canonical(element, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            out.push('{');
            for (at, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                string(key, out);
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `Number::toString` of ECMAScript: the shortest digits that give the value back, laid out by the exponent.
fn number(value: f64) -> String {
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let sign = if value < 0.0 { "-" } else { "" };
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let body = match point {
        21.. | ..=-6 => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{first}{dot}{rest}e{:+}", point - 1)
        }
        point if point >= length => format!("{digits}{}", zeros(point - length)),
        point if point > 0 => {
            let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or(0));
            format!("{whole}.{rest}")
        }
        point => format!("0.{}{digits}", zeros(-point)),
    };
    format!("{sign}{body}")
}

#[cfg(test)]
mod tests;
