//! What the service keeps beside memories: partitions of the store that belong to no owner, and changing them when others
//! change them too.

use std::rc::Rc;

use edgemem::host::Host;
use edgemem::store::{ByteStore, Commit, Image, RESERVED};
use edgemem::text::Digest;
use edgemem::{ErrorKind, Result};

/// How often a change is tried again after another one was faster: of those that are made at once, one gets through each
/// time.
const CONFLICTS: usize = 128;

/// The partition of this purpose.
pub fn partition(purpose: &[&[u8]]) -> String {
    format!("{RESERVED}{}", &Digest::of(purpose).to_hex()[..16])
}

/// Makes a change against what the store holds now, and returns what it was made against; `None` if there was nothing to
/// change. `plan` is asked again if another instance was faster. A store that does not compare versions takes every
/// change, so a plan must be right whichever of two comes first.
///
/// Errors: what `plan` refuses, and the `STORE_…` codes.
pub async fn change<E: From<edgemem::Error>>(
    store: &dyn ByteStore,
    partition: &str,
    mut plan: impl FnMut(&Image) -> std::result::Result<Option<Commit>, E>,
) -> std::result::Result<Option<Image>, E> {
    for tries in 0.. {
        let image = store.load(partition, None).await?.unwrap_or_default();
        let Some(commit) = plan(&image)? else { return Ok(None) };
        let commit = Commit { partition: partition.to_owned(), expect: image.version, ..commit };
        match store.commit(&commit).await {
            Ok(_) => return Ok(Some(image)),
            Err(error) if error.kind() == ErrorKind::StoreConflict && tries < CONFLICTS => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// So many random hex digits, sixteen of them from each draw of the host.
pub fn random_hex(host: &Rc<dyn Host>, digits: usize) -> String {
    let mut text = String::with_capacity(digits + 16);
    while text.len() < digits {
        text.push_str(&format!("{:016x}", host.random()));
    }
    text.truncate(digits);
    text
}

/// Reads a text that a store kept as bytes of JSON.
pub fn json(bytes: &[u8]) -> Result<serde_json::Value> {
    let damaged =
        || edgemem::Error::new(ErrorKind::StoreCorrupt, "what the service keeps beside memories is damaged");
    let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
    serde_json::from_str(text).map_err(|_| damaged())
}
