//! For tests: the secrets that lie in OpenMLS's storage.

use std::collections::BTreeMap;

use openmls::prelude::OpenMlsProvider as _;
use serde_json::Value;

use crate::provider::Provider;

/// Every secret in a provider's storage, with the name of the field that holds it. OpenMLS stores JSON, in which bytes
/// are arrays of numbers, and calls what must not be seen a secret or private.
pub(crate) fn stored_secrets(provider: &Provider) -> BTreeMap<Vec<u8>, String> {
    let mut found = BTreeMap::new();
    for value in provider.storage().all() {
        gather(&serde_json::from_slice(&value).unwrap_or_default(), "secret", "", &mut found);
    }
    found
}

/// `field` is the name of the field that `value` stands in; `name` that of the secret that it is a part of, or empty.
fn gather(value: &Value, field: &str, name: &str, found: &mut BTreeMap<Vec<u8>, String>) {
    match value {
        Value::Array(values) => {
            let byte = |value: &Value| value.as_u64().and_then(|number| u8::try_from(number).ok());
            match values.iter().map(byte).collect::<Option<Vec<u8>>>() {
                Some(bytes) if bytes.len() >= 16 && !name.is_empty() => {
                    found.insert(bytes, name.to_owned());
                }
                Some(_) => {}
                None => values.iter().for_each(|value| gather(value, field, name, found)),
            }
        }
        Value::Object(fields) => {
            for (inner, value) in fields {
                let telling = inner.contains("private") || inner.ends_with("secret");
                let name = match (name, inner.as_str()) {
                    // What is just called a secret has its name from the field around it.
                    ("", "secret") => field,
                    ("", inner) if telling => inner,
                    (name, _) => name,
                };
                gather(value, inner, name, found);
            }
        }
        _ => {}
    }
}
