//! A link as a QR code (ISO/IEC 18004): for a terminal, and as a picture.
//!
//! The link in it is a secret: whoever can read the code can answer in its place. Nothing here is kept or logged.

use miniz_oxide::deflate::compress_to_vec_zlib;
use qrcode::{Color, EcLevel};

/// Longest text of a code, in bytes: far above any link, and well below what a phone still reads from a screen.
pub const MAX_QR_BYTES: usize = 1024;
/// Light modules around the code (ISO/IEC 18004, 6.3.8): without them a reader does not find it.
const QUIET_ZONE: usize = 4;
/// Width of a module in the picture, in pixels.
const SCALE: usize = 8;
/// What every PNG begins with (ISO/IEC 15948, 5.2).
const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// The end of its header (11.2.2): one bit, greyscale, deflate, the usual filters, not interlaced.
const ONE_BIT_GREY: [u8; 5] = [1, 0, 0, 0, 0];
/// The filter type of a row that is as it is (9.2).
const NO_FILTER: u8 = 0;
/// Deflate's level: a code is small, and made once.
const COMPRESSION: u8 = 9;
/// Black on white whatever the terminal's own colours are, and back to them.
const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// A QR code with its quiet zone, error correction M: 15 percent of it may be covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode {
    /// Modules in a row and in a column, quiet zone included.
    side: usize,
    dark: Vec<bool>,
}

/// Why there is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// The text is longer than [`MAX_QR_BYTES`].
    #[error("the text is too long for a QR code")]
    TooLong,
}

impl QrCode {
    /// The code of a text.
    ///
    /// # Errors
    /// [`QrError::TooLong`].
    pub fn of(text: &str) -> Result<Self, QrError> {
        if text.len() > MAX_QR_BYTES {
            return Err(QrError::TooLong);
        }
        let code = qrcode::QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| QrError::TooLong)?;
        let (width, colors) = (code.width(), code.into_colors());
        let side = width + 2 * QUIET_ZONE;
        let mut dark = vec![false; side * side];
        for (row, modules) in colors.chunks(width).enumerate() {
            let start = (row + QUIET_ZONE) * side + QUIET_ZONE;
            for (module, color) in dark[start..start + width].iter_mut().zip(modules) {
                *module = *color == Color::Dark;
            }
        }
        Ok(Self { side, dark })
    }

    /// Lines of half blocks, two modules high each. With `colours` they are black on white on every terminal; without, light
    /// modules are drawn and dark ones left out, which is right on a dark background and inverted on a light one.
    #[must_use]
    pub fn terminal(&self, colours: bool) -> String {
        let mut text = String::new();
        for row in (0..self.side).step_by(2) {
            if colours {
                text.push_str(BLACK_ON_WHITE);
            }
            for column in 0..self.side {
                // Drawn is what is dark when black is the ink, and what is light when the ink is the light.
                let (upper, lower) = (self.dark(column, row) == colours, self.dark(column, row + 1) == colours);
                text.push(match (upper, lower) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            if colours {
                text.push_str(RESET);
            }
            text.push('\n');
        }
        text
    }

    /// A PNG (ISO/IEC 15948) of one bit a pixel, black on white.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        // At most 185 modules of 8 pixels: the number fits.
        let side = u32::try_from(self.side * SCALE).unwrap_or(u32::MAX).to_be_bytes();
        let header = [&side[..], &side[..], &ONE_BIT_GREY].concat();
        let mut bytes = PNG_SIGNATURE.to_vec();
        chunk(&mut bytes, b"IHDR", &header);
        chunk(&mut bytes, b"IDAT", &compress_to_vec_zlib(&self.rows(), COMPRESSION));
        chunk(&mut bytes, b"IEND", &[]);
        bytes
    }

    /// Whether a module is dark; those below the last row, which an odd side has, are light.
    fn dark(&self, column: usize, row: usize) -> bool {
        row < self.side && self.dark[row * self.side + column]
    }

    /// The picture's rows, each after a byte that says "no filter". A module is as many pixels wide as a byte has bits; 1 is white.
    fn rows(&self) -> Vec<u8> {
        const { assert!(SCALE == 8) };
        let rows = self.dark.chunks(self.side).flat_map(|row| [row; SCALE]);
        let pixels = |row: &[bool]| -> Vec<u8> { row.iter().map(|dark| if *dark { 0x00 } else { 0xff }).collect() };
        rows.flat_map(|row| [vec![NO_FILTER], pixels(row)].concat()).collect()
    }
}

/// A chunk: length, kind, data, and the CRC of the last two.
fn chunk(bytes: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    bytes.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let checked = [kind.as_slice(), data].concat();
    bytes.extend(&checked);
    bytes.extend(crc32fast::hash(&checked).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://consent.example/i#ABEiM0RVZneImaq7zN3u_w.4f3c2b1a";

    /// What a reader that knows nothing of this encoder makes of a picture, dark where `dark` says so.
    fn read(side: usize, dark: impl Fn(usize, usize) -> bool) -> String {
        let grey = |x, y| if dark(x, y) { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, grey);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code is found");
        let (meta, text) = grids[0].decode().unwrap();
        assert_eq!(meta.ecc_level, 0, "level M is written as 00");
        text
    }

    #[test]
    fn a_stranger_reads_the_picture() {
        let long = format!("https://consent.example/{}/i#x", "long/".repeat(90));
        for text in [LINK, &long, "x"] {
            let png = QrCode::of(text).unwrap().png();
            let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut pixels).unwrap();
            assert_eq!((info.width, info.bit_depth), (info.height, png::BitDepth::One));
            let side = info.width as usize;
            let found = read(side, |x, y| pixels[y * info.line_size + x / 8] & (0x80 >> (x % 8)) == 0);
            assert_eq!(found, text);
        }
    }

    #[test]
    fn a_stranger_reads_the_terminal_with_colours_and_without() {
        for colours in [true, false] {
            let shown = QrCode::of(LINK).unwrap().terminal(colours);
            assert_eq!(shown.contains('\u{1b}'), colours);
            let plain = shown.replace(BLACK_ON_WHITE, "").replace(RESET, "");
            let lines: Vec<Vec<char>> = plain.lines().map(|line| line.chars().collect()).collect();
            let side = lines[0].len();
            assert!(lines.iter().all(|line| line.len() == side) && lines.len() == side.div_ceil(2));
            // Every cell as a square of pixels, as large as a reader wants them.
            let dark = |x: usize, y: usize| {
                let (column, row) = (x / 8, y / 8);
                let ink = match lines[row / 2][column] {
                    '█' => true,
                    '▀' => row % 2 == 0,
                    '▄' => row % 2 == 1,
                    ' ' => false,
                    other => panic!("{other:?} is no part of a code"),
                };
                ink == colours
            };
            assert_eq!(read(side * 8, dark), LINK);
        }
    }

    #[test]
    fn what_no_phone_would_read_is_refused() {
        assert!(QrCode::of(&"x".repeat(MAX_QR_BYTES)).is_ok());
        assert_eq!(QrCode::of(&"x".repeat(MAX_QR_BYTES + 1)), Err(QrError::TooLong));
    }
}
