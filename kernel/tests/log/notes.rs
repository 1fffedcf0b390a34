//! Notes: published examples with real signatures, and every way to be malformed.

use base64ct::{Base64, Encoding as _};
use placet_kernel::note::{
    MAX_NOTE_BYTES, MAX_SIGNATURES, NoteError, SignatureType, UnverifiedNote, VerifierKey, VkeyError,
};
use proptest::prelude::*;

use crate::signer::TestSigner;

const EXAMPLE_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE_NOTE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// The example of golang.org/x/mod/sumdb/note.
const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// A note with blank lines in its text; its key is not published.
const QUASIMODO: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
    — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

fn vkey(text: &str) -> VerifierKey {
    let key: VerifierKey = text.parse().unwrap();
    assert_eq!(key.to_string(), text);
    key
}

fn parse(note: &str) -> Result<UnverifiedNote<'_>, NoteError> {
    UnverifiedNote::parse(note.as_bytes())
}

fn line(name: &str, bytes: &[u8]) -> String {
    format!("— {name} {}\n", Base64::encode_string(bytes))
}

fn refused(note: &str, error: &NoteError) {
    assert_eq!(parse(note).as_ref(), Err(error), "{note:?}");
}

#[test]
fn published_notes_verify() {
    for (key, note) in [(EXAMPLE_VKEY, EXAMPLE_NOTE), (GO_VKEY, GO_NOTE)] {
        let keys = [vkey(key)];
        let parsed = parse(note).unwrap();
        let opened = parsed.open_exact(&keys).unwrap();
        assert_eq!(opened, parsed.open(&keys).unwrap());
        assert_eq!(opened.to_exact(), note);
        assert_eq!(opened.text(), &note[..note.rfind("\n\n").unwrap() + 1]);
        assert_eq!(opened.signatures()[0].key(), &keys[0]);
        assert_eq!(opened.signatures()[0].time(), None);
    }
    // The checksum database's own key and a tree head that it signed.
    let keys = [vkey(
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    )];
    let note = "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    parse(note).unwrap().open_exact(&keys).unwrap();
}

#[test]
fn the_last_blank_line_separates() {
    let note = parse(QUASIMODO).unwrap();
    assert!(note.unverified_text().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.lines()[0].name().as_str(), "quasimodo.example/salvatore");
    assert_eq!(note.lines()[0].id().to_string(), "367ba04b");
    assert_eq!(note.lines()[0].signature().len(), 64);
    assert_eq!(note.open(&[vkey(GO_VKEY)]), Err(NoteError::NoKnownSignature));
}

#[test]
fn malformed_notes_are_refused() {
    let good = line("a", &[1; 68]);
    parse(&format!("text\n\n{good}")).unwrap();
    parse(&format!("\n\n{good}")).unwrap();
    for note in [
        "",
        "\n",
        "text",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        &good,
        &format!("text\n{good}"),
    ] {
        refused(note, &NoteError::NoSignatures);
    }
    refused(format!("text\n\n{good}").trim_end(), &NoteError::NoSignatures);
    refused(&format!("te\rxt\n\n{good}"), &NoteError::ControlCharacter);
    refused(
        &format!("text\n\n{}", good.replace('\n', "\r\n")),
        &NoteError::ControlCharacter,
    );
    assert_eq!(UnverifiedNote::parse(b"text\xff\n\n"), Err(NoteError::NotUtf8));
    let long = format!("{}\n\n{good}", "x".repeat(MAX_NOTE_BYTES));
    refused(&long, &NoteError::TooLong(long.len()));
}

#[test]
fn malformed_signature_lines_are_refused() {
    let good = line("a", &[1; 68]);
    let base64 = Base64::encode_string(&[1; 68]);
    let refused_lines = [
        good.replace('—', "-"),
        good.replace("— ", "—"),
        good.replace("— ", "—  "),
        good.replace("— ", " — "),
        format!("— {base64}\n"),
        "— a \n".to_owned(),
        format!("— a {base64} \n"),
        format!("— a  {base64}\n"),
        format!("— a+b {base64}\n"),
        format!("— a\u{a0}b {base64}\n"),
        // What moves a terminal's cursor or colours it: a name is shown to people.
        format!("— a\u{7f}b {base64}\n"),
        format!("— a\u{9b}b {base64}\n"),
        format!("— {} {base64}\n", "n".repeat(256)),
        format!("— a {}\n", base64.trim_end_matches('=')),
        format!("— a {}\n", base64.replace("E=", "F=")),
        format!("— a {}\n", base64.replace('A', "-")),
        line("a", &[1; 4]),
        line("a", &[1; 3]),
    ];
    for bad in refused_lines {
        assert_ne!(bad, good);
        refused(&format!("text\n\n{bad}"), &NoteError::MalformedLine { line: 0 });
        refused(&format!("text\n\n{good}{bad}"), &NoteError::MalformedLine { line: 1 });
    }
}

#[test]
fn as_many_large_signatures_as_allowed_fit() {
    let keys = [vkey(EXAMPLE_VKEY)];
    // An ML-DSA-44 cosignature: id, time and 2,420 bytes.
    let unknown = line("witness.example/with-a-name-of-some-length", &[6; 4 + 8 + 2420]);
    let mut note = EXAMPLE_NOTE.to_owned();
    note.extend(std::iter::repeat_n(unknown.as_str(), MAX_SIGNATURES - 1));
    assert_eq!(parse(&note).unwrap().open(&keys).unwrap().to_exact(), EXAMPLE_NOTE);
    note.push_str(&unknown);
    refused(&note, &NoteError::TooManySignatures);
}

#[test]
fn unknown_lines_are_skipped_live_and_refused_in_evidence() {
    let keys = [vkey(EXAMPLE_VKEY)];
    let (name, id) = (keys[0].name().clone(), keys[0].id());
    // The name or the id alone does not make a line ours.
    let other_id = line("example.com/foo", &[9; 68]);
    let other_name = EXAMPLE_NOTE.rsplit_once("— ").unwrap().1.replace("/foo", "/bar");
    for unknown in [other_id, format!("— {other_name}")] {
        let note = format!("{EXAMPLE_NOTE}{unknown}");
        let parsed = parse(&note).unwrap();
        assert_eq!(parsed.open(&keys).unwrap().to_exact(), EXAMPLE_NOTE);
        let line = &parsed.lines()[1];
        let error = NoteError::UnknownKey {
            name: line.name().clone(),
            id: line.id(),
        };
        assert_eq!(parsed.open_exact(&keys), Err(error));
    }

    let (_, own) = EXAMPLE_NOTE.rsplit_once("\n\n").unwrap();
    let twice = format!("{EXAMPLE_NOTE}{own}");
    let parsed = parse(&twice).unwrap();
    assert_eq!(parsed.open(&keys).unwrap().to_exact(), EXAMPLE_NOTE);
    assert_eq!(
        parsed.open_exact(&keys),
        Err(NoteError::DuplicateSignature { name, id })
    );
}

#[test]
fn a_known_keys_bad_signature_refuses_the_note() {
    let keys = [vkey(EXAMPLE_VKEY), vkey(GO_VKEY)];
    let invalid = |key: &VerifierKey| NoteError::InvalidSignature {
        name: key.name().clone(),
        id: key.id(),
    };
    let mut bytes = keys[1].id().to_bytes().to_vec();
    for length in [1, 63, 64, 65, 72] {
        bytes.truncate(4);
        bytes.resize(4 + length, 7);
        let note = format!("{EXAMPLE_NOTE}{}", line("PeterNeumann", &bytes));
        let parsed = parse(&note).unwrap();
        assert_eq!(parsed.open(&keys), Err(invalid(&keys[1])));
        assert_eq!(parsed.open_exact(&keys), Err(invalid(&keys[1])));
        assert!(parsed.open(&keys[..1]).is_ok());
    }
    // Also where an earlier line by the same key holds.
    let (text, own) = EXAMPLE_NOTE.rsplit_once("\n\n").unwrap();
    let mut broken = Base64::decode_vec(own.trim().rsplit_once(' ').unwrap().1).unwrap();
    broken[40] ^= 1;
    let note = format!("{text}\n\n{own}{}", line("example.com/foo", &broken));
    assert_eq!(parse(&note).unwrap().open(&keys), Err(invalid(&keys[0])));
}

#[test]
fn two_keys_with_one_name_and_id_are_refused() {
    // Found by trying some 30,000 keys: ids are 32 bits.
    let twins = [
        vkey("twin.example+17d0ce88+AQ3bWgZDuFRJDhIZlTqcZHVrxTK7u+9rx0508Uav3xgP"),
        vkey("twin.example+17d0ce88+ATi8unPLX2GQIXiCR1bArow3g3xB3KWUv5f1waL2z9JF"),
    ];
    let bytes = [&twins[0].id().to_bytes()[..], &[7; 64]].concat();
    let note = format!("text\n\n{}", line("twin.example", &bytes));
    let ambiguous = NoteError::AmbiguousKey {
        name: twins[0].name().clone(),
        id: twins[0].id(),
    };
    let parsed = parse(&note).unwrap();
    assert_eq!(parsed.open(&twins), Err(ambiguous.clone()));
    assert_eq!(parsed.open_exact(&twins), Err(ambiguous));
    // The same key twice is no ambiguity.
    let same = [twins[0].clone(), twins[0].clone()];
    assert!(matches!(parsed.open(&same), Err(NoteError::InvalidSignature { .. })));
}

#[test]
fn a_signature_of_one_type_is_none_of_the_other() {
    let signer = TestSigner::new(1);
    let keys = [signer.cosigner_key("a.example")];
    let plain = placet_kernel::sign::Signer::sign(&signer, b"text\n").unwrap();
    let bytes = [&keys[0].id().to_bytes()[..], &[0; 8], &plain].concat();
    let note = format!("text\n\n{}", line("a.example", &bytes));
    let error = NoteError::InvalidSignature {
        name: keys[0].name().clone(),
        id: keys[0].id(),
    };
    assert_eq!(parse(&note).unwrap().open(&keys), Err(error));
    assert_ne!(signer.log_key("a.example").id(), keys[0].id());
}

#[test]
fn vkeys_have_one_spelling() {
    let cosigner = TestSigner::new(1).cosigner_key("witness.example/w1");
    assert_eq!(vkey(&cosigner.to_string()), cosigner);
    assert_eq!(cosigner.signature_type(), SignatureType::CosignatureV1);

    let material = |byte: u8, key: &[u8]| Base64::encode_string(&[&[byte], key].concat());
    let (_, key) = EXAMPLE_VKEY.rsplit_once('+').unwrap();
    let cases = [
        ("example.com/foo".to_owned(), VkeyError::Format),
        ("example.com/foo+530d903a".to_owned(), VkeyError::Format),
        (EXAMPLE_VKEY.replace("530d903a", "530D903A"), VkeyError::Format),
        (EXAMPLE_VKEY.replace("530d903a", "30d903a"), VkeyError::Format),
        (EXAMPLE_VKEY.replace("530d903a", "530d903b"), VkeyError::IdMismatch),
        (EXAMPLE_VKEY.replace("foo", "bar"), VkeyError::IdMismatch),
        (format!("+530d903a+{key}"), VkeyError::Name),
        (format!("a b+530d903a+{key}"), VkeyError::Name),
        (format!("{EXAMPLE_VKEY}\n"), VkeyError::Format),
        (format!("{EXAMPLE_VKEY}="), VkeyError::Format),
        ("a+530d903a+".to_owned(), VkeyError::Format),
        (
            format!("a+530d903a+{}", material(6, &[1; 1312])),
            VkeyError::UnsupportedType(6),
        ),
        (format!("a+530d903a+{}", material(1, &[1; 31])), VkeyError::Key),
        (format!("a+530d903a+{}", material(1, &[0; 32])), VkeyError::Key),
        (format!("a+530d903a+{}", "A".repeat(1 << 20)), VkeyError::Format),
    ];
    for (text, error) in cases {
        assert_eq!(
            text.parse::<VerifierKey>(),
            Err(error),
            "{}",
            &text[..text.len().min(80)]
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsing_never_panics_and_loses_nothing(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        note in "(\\PC|\n){0,30}\n\n(— [a-z +]{0,3} [A-Za-z0-9+/]{0,12}={0,2}\n){0,3}",
        vkey in "[a-z+ ]{0,3}\\+[0-9a-f]{7,9}\\+[A-Za-z0-9+/=]{0,50}",
    ) {
        let _ = UnverifiedNote::parse(&bytes);
        if let Ok(key) = vkey.parse::<VerifierKey>() {
            prop_assert_eq!(key.to_string(), vkey);
        }
        if let Ok(parsed) = parse(&note) {
            let mut again = format!("{}\n", parsed.unverified_text());
            for line in parsed.lines() {
                let bytes = [&line.id().to_bytes()[..], line.signature()].concat();
                again.push_str(&self::line(line.name().as_str(), &bytes));
            }
            prop_assert_eq!(again, note);
        }
    }
}
