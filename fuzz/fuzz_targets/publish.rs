//! Bodies of `POST /events` and `/events/batch`: our scanner takes nothing that serde_json does not take for JSON and refuses
//! nothing more than the contract does, and what it takes is sent on meaning the same.

#![no_main]

use herald::base::Timestamp;
use herald::publish::wire;
use herald::web::json::{Document, NotJson};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, value::RawValue};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fuzz_target!(|bytes: &[u8]| {
    let theirs = serde_json::from_slice::<Value>(bytes);
    let document = match Document::parse(bytes, Some("data")) {
        Ok(document) => document,
        Err(reason) => {
            // They know no such rules.
            let is_stricter =
                matches!(reason, NotJson::DuplicateKey { .. } | NotJson::TooDeep(_) | NotJson::LoneSurrogate(_));
            assert!(is_stricter || theirs.is_err(), "{reason}");
            return;
        }
    };
    // Numbers beyond a double, and depths beyond theirs, are no Value; both are JSON, which a RawValue tells.
    assert!(theirs.is_ok() || serde_json::from_slice::<&RawValue>(bytes).is_ok() || depth(bytes) > 100);
    let compact = document.root().compact();
    if let Ok(theirs) = theirs {
        assert_eq!(serde_json::from_str::<Value>(&compact).expect("JSON without spaces"), theirs);
    }
    let again = Document::parse(compact.as_bytes(), Some("data")).expect("JSON without spaces");
    assert_eq!(again.root().compact(), compact);

    let mut errors = Vec::new();
    if let Some(draft) = wire::event(&document, NOW, &mut errors)
        && errors.is_empty()
    {
        assert!((1..=1_000).contains(&draft.entity_ids.len()));
        assert!(draft.entity_ids.iter().all(|id| (1..=128).contains(&id.chars().count()) && !id.contains(char::is_control)));
        assert!(draft.performed_by.len() <= 254 && draft.performed_by.contains('@'));
        if let Some(data) = draft.data {
            assert!(data.starts_with('{') && Document::parse(data.as_bytes(), None).is_ok());
        }
    }
    // A field that nobody knows is named as its sender spelled it; what is said of it is ours.
    for error in &errors {
        assert!(!error.message.contains(char::is_control), "{:?}", error.message);
    }
    let mut errors = Vec::new();
    let drafts = wire::batch(&document, NOW, &mut errors);
    assert!(drafts.len() <= 500);
    assert!(!drafts.is_empty() || !errors.is_empty(), "nothing to publish, and nobody says so");
});

fn depth(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count()
}
