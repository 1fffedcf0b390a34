//! The parser: one pass over the bytes, which also tells whether they are canonical.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::jcs::utf16_order;
use super::{Document, Fault, FaultCode, MAX_DEPTH, MAX_INTEGER, Member, Node, Value};

/// Reads one JSON text.
///
/// # Errors
///
/// With the pointer of the first fault found: more than `max_bytes` bytes, invalid UTF-8, anything
/// outside RFC 8259 (a byte order mark and trailing data too), a duplicate member, a fraction, an
/// exponent or minus zero, an integer beyond ±[`MAX_INTEGER`], a lone surrogate, nesting over
/// [`MAX_DEPTH`].
pub fn parse(bytes: &[u8], max_bytes: usize) -> Result<Document<'_>, Fault> {
    run(bytes, max_bytes, false)
}

/// Reads one JSON text that must be its own RFC 8785 form.
///
/// # Errors
///
/// As [`parse`], and [`FaultCode::NotCanonical`] with the pointer of the first departure from the
/// canonical form. A fault that [`parse`] would find is reported before that one.
pub fn parse_canonical(bytes: &[u8], max_bytes: usize) -> Result<Document<'_>, Fault> {
    let document = run(bytes, max_bytes, false)?;
    if document.canonical {
        return Ok(document);
    }
    // Only a refused document pays for the second pass, which stops at the departure.
    run(bytes, max_bytes, true)
}

fn run(bytes: &[u8], max_bytes: usize, insist: bool) -> Result<Document<'_>, Fault> {
    let most = max_bytes.min(MAX_BYTES);
    if bytes.len() > most {
        let message = format!("{} bytes, at most {most} are allowed", bytes.len());
        return Err(Fault::new("", FaultCode::Oversize, message));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let message = format!("invalid UTF-8 at byte {}", e.valid_up_to());
        Fault::new("", FaultCode::Syntax, message)
    })?;
    let mut parser = Parser {
        text,
        bytes,
        at: 0,
        depth: 0,
        canonical: true,
        insist,
        elements: Vec::new(),
        members: Vec::new(),
    };
    let root = parser.whole().map_err(|fault| *fault)?;
    Ok(Document {
        bytes,
        root,
        canonical: parser.canonical,
    })
}

/// Nodes say in 32 bits where they stand.
const MAX_BYTES: usize = u32::MAX as usize;

/// A fault is rare and large, a node is neither: boxed, it does not make every result larger.
type Parse<T> = Result<T, Box<Fault>>;

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// No departure from RFC 8785 so far.
    canonical: bool,
    /// Whether such a departure is a fault.
    insist: bool,
    /// Elements and members of the containers that are being read, innermost last: each container is
    /// copied out at its full length, so that none is ever moved as it grows.
    elements: Vec<Node<'a>>,
    members: Vec<Member<'a>>,
}

impl<'a> Parser<'a> {
    fn whole(&mut self) -> Parse<Node<'a>> {
        self.space()?;
        let root = self.value()?;
        self.space()?;
        if self.at != self.bytes.len() {
            return Err(self.syntax("nothing may follow the value"));
        }
        Ok(root)
    }

    fn value(&mut self) -> Parse<Node<'a>> {
        let start = self.at;
        let value = match self.peek() {
            Some(b'"') => Value::String(self.string()?),
            Some(b'{') => {
                self.enter()?;
                self.object()?
            }
            Some(b'[') => {
                self.enter()?;
                self.array()?
            }
            Some(b'-' | b'0'..=b'9') => Value::Integer(self.integer()?),
            Some(b't') => self.literal("true", Value::Bool(true))?,
            Some(b'f') => self.literal("false", Value::Bool(false))?,
            Some(b'n') => self.literal("null", Value::Null)?,
            _ => return Err(self.syntax("a value is expected")),
        };
        Ok(Node {
            value,
            span: (position(start), position(self.at)),
        })
    }

    /// Steps over the opening bracket.
    fn enter(&mut self) -> Parse<()> {
        if self.depth == MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH}");
            return Err(self.fault(FaultCode::TooDeep, &message, self.at));
        }
        self.depth += 1;
        self.at += 1;
        self.space()
    }

    fn array(&mut self) -> Parse<Value<'a>> {
        let first = self.elements.len();
        if !self.eat(b']') {
            loop {
                let index = self.elements.len() - first;
                let element = self.value().map_err(|fault| under(fault, &index.to_string()))?;
                self.elements.push(element);
                if !self.another(b']', "a comma or the end of the array is expected")? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(Value::Array(self.elements.drain(first..).collect()))
    }

    fn object(&mut self) -> Parse<Value<'a>> {
        let first = self.members.len();
        let mut sorted = true;
        if !self.eat(b'}') {
            loop {
                let start = self.at;
                if self.peek() != Some(b'"') {
                    return Err(self.syntax("a member name is expected"));
                }
                let key = self.string()?;
                let before = self.members[first..].last();
                match before.map(|m| utf16_order(&m.key, &key)) {
                    None | Some(Ordering::Less) => {}
                    Some(Ordering::Equal) => return Err(self.duplicate(&key, start)),
                    Some(Ordering::Greater) => {
                        sorted = false;
                        self.departure("the members are not sorted", start)
                            .map_err(|fault| under(fault, &key))?;
                    }
                }
                let value = self.member_value().map_err(|fault| under(fault, &key))?;
                let start = position(start);
                self.members.push(Member { key, value, start });
                if !self.another(b'}', "a comma or the end of the object is expected")? {
                    break;
                }
            }
        }
        // Names in strictly ascending order cannot repeat; others are sorted to look, since
        // comparing all pairs would let a long object cost quadratic time.
        if !sorted {
            self.refuse_duplicates(&self.members[first..])?;
        }
        self.depth -= 1;
        Ok(Value::Object(self.members.drain(first..).collect()))
    }

    fn member_value(&mut self) -> Parse<Node<'a>> {
        self.space()?;
        if !self.eat(b':') {
            return Err(self.syntax("a colon is expected"));
        }
        self.space()?;
        self.value()
    }

    fn refuse_duplicates(&self, members: &[Member<'a>]) -> Parse<()> {
        let mut by_key: Vec<&Member<'a>> = members.iter().collect();
        // The sort is stable, so the second of a pair is the later one in the input.
        by_key.sort_by(|a, b| a.key.cmp(&b.key));
        match by_key.windows(2).find(|pair| pair[0].key == pair[1].key) {
            Some(pair) => Err(self.duplicate(&pair[1].key, pair[1].span().start)),
            None => Ok(()),
        }
    }

    /// After an element or a member: true after a comma, false after the closing bracket.
    fn another(&mut self, close: u8, expected: &str) -> Parse<bool> {
        self.space()?;
        if self.eat(b',') {
            self.space()?;
            return Ok(true);
        }
        if self.eat(close) {
            return Ok(false);
        }
        Err(self.syntax(expected))
    }

    fn string(&mut self) -> Parse<Cow<'a, str>> {
        self.at += 1;
        let plain = self.plain();
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = String::from(plain);
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.syntax("a control character must be escaped")),
                None => return Err(self.syntax("the string does not end")),
            }
            text.push_str(self.plain());
        }
        self.at += 1;
        Ok(Cow::Owned(text))
    }

    /// The text up to the next quote, backslash or control character.
    fn plain(&mut self) -> &'a str {
        let rest = &self.bytes[self.at..];
        let start = self.at;
        let (words, tail) = rest.as_chunks::<8>();
        let within = words
            .iter()
            .enumerate()
            .find_map(|(at, word)| Some(8 * at + first_stop(*word)?));
        let stop = |b: &u8| *b == b'"' || *b == b'\\' || *b < 0x20;
        let in_tail = || tail.iter().position(stop).unwrap_or(tail.len());
        self.at += within.unwrap_or_else(|| rest.len() - tail.len() + in_tail());
        &self.text[start..self.at]
    }

    fn escape(&mut self) -> Parse<char> {
        let start = self.at;
        self.at += 1;
        let char = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => {
                self.departure("a slash is not escaped", start)?;
                '/'
            }
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => return Err(self.syntax("no such escape")),
        };
        self.at += 1;
        Ok(char)
    }

    fn unicode_escape(&mut self, start: usize) -> Parse<char> {
        let unit = self.hex()?;
        let code_point = match unit {
            0xd800..=0xdbff => {
                let low = match self.bytes[self.at..] {
                    [b'\\', b'u', ..] => {
                        self.at += 1;
                        self.hex()?
                    }
                    _ => 0,
                };
                if !(0xdc00..=0xdfff).contains(&low) {
                    return Err(self.lone_surrogate(start));
                }
                0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
            }
            _ => unit,
        };
        // RFC 8785 section 3.2.2.2: only the control characters that have no short form, in
        // lower case.
        let short = matches!(unit, 0x8 | 0x9 | 0xa | 0xc | 0xd);
        let digits = &self.bytes[self.at - 4..self.at];
        if unit >= 0x20 || short || digits.iter().any(u8::is_ascii_uppercase) {
            self.departure("an escape in another than the canonical form", start)?;
        }
        char::from_u32(code_point).ok_or_else(|| self.lone_surrogate(start))
    }

    /// Steps over a `u` and reads the four digits after it.
    fn hex(&mut self) -> Parse<u32> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.syntax("four hexadecimal digits are expected"));
            };
            unit = unit << 4 | digit;
            self.at += 1;
        }
        Ok(unit)
    }

    fn integer(&mut self) -> Parse<i64> {
        let start = self.at;
        let negative = self.eat(b'-');
        let first = self.at;
        let mut magnitude: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            // Saturation stays above the limit, so no length of digits passes the test below.
            magnitude = magnitude.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - first;
        if digits == 0 {
            return Err(self.syntax("a digit is expected"));
        }
        if digits > 1 && self.bytes[first] == b'0' {
            self.at = first;
            return Err(self.syntax("a number may not begin with a zero"));
        }
        if let Some(b'.' | b'e' | b'E') = self.peek() {
            let message = "a number may have no fraction and no exponent";
            return Err(self.fault(FaultCode::Float, message, start));
        }
        if negative && magnitude == 0 {
            // RFC 8785 writes it as 0: signer and verifier would hold different bytes.
            return Err(self.fault(FaultCode::Float, "minus zero is refused", start));
        }
        if magnitude > MAX_INTEGER {
            let message = "the integer is beyond 2^53 - 1";
            return Err(self.fault(FaultCode::IntegerRange, message, start));
        }
        Ok(if negative { -magnitude } else { magnitude })
    }

    fn literal(&mut self, word: &str, value: Value<'a>) -> Parse<Value<'a>> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.syntax("a value is expected"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn space(&mut self) -> Parse<()> {
        let start = self.at;
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Ok(());
        }
        self.departure("white space", start)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn departure(&mut self, message: &str, at: usize) -> Parse<()> {
        self.canonical = false;
        if self.insist {
            return Err(self.fault(FaultCode::NotCanonical, message, at));
        }
        Ok(())
    }

    fn syntax(&self, message: &str) -> Box<Fault> {
        self.fault(FaultCode::Syntax, message, self.at)
    }

    fn lone_surrogate(&self, start: usize) -> Box<Fault> {
        let message = "a surrogate without its other half";
        self.fault(FaultCode::LoneSurrogate, message, start)
    }

    fn duplicate(&self, key: &str, start: usize) -> Box<Fault> {
        let message = "the member occurs twice";
        under(self.fault(FaultCode::DuplicateMember, message, start), key)
    }

    /// A fault in the value at hand; the callers put the way to it in front of its pointer.
    fn fault(&self, code: FaultCode, message: &str, at: usize) -> Box<Fault> {
        Box::new(Fault::new("", code, format!("{message} (byte {at})")))
    }
}

fn under(mut fault: Box<Fault>, token: &str) -> Box<Fault> {
    fault.go_under(token);
    fault
}

/// A place in an input of at most [`MAX_BYTES`].
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The place of the first quote, backslash or control character among eight bytes. To look at eight at
/// once takes a fraction of the time, and most of a document is the inside of strings.
fn first_stop(bytes: [u8; 8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = LOW << 7;
    // The first byte is the lowest.
    let word = u64::from_le_bytes(bytes);
    // The lowest byte of `word` below `limit` sets its high bit here. A byte above it may do so too, by a
    // borrow; bytes from 0x80 on never do.
    let below = |word: u64, limit: u64| word.wrapping_sub(LOW * limit) & !word & HIGH;
    let is = |byte: u8| below(word ^ (LOW * u64::from(byte)), 1);
    let stops = below(word, 0x20) | is(b'"') | is(b'\\');
    (stops != 0).then(|| stops.trailing_zeros() as usize / 8)
}
