//! Clusters of real blocks against tags: two addresses of one cluster should be of one party.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use forensics::evaluation::agreement;
use ingest::labelled::MemoryLedger;
use ingest::tags::{TagFileContent, read_tag_file, tag_files};
use ledger::Timestamp;

use super::report::TagsAgreement;
use super::{advance, begin};
use crate::{Error, Progress, Watch};

/// Reads every pack and compares.
pub(super) fn measure(
    packs: &Path,
    ledger: &MemoryLedger,
    labels: &[u32],
    watch: &dyn Watch,
) -> Result<TagsAgreement, Error> {
    let files = tag_files(&[PathBuf::from(packs)])?;
    begin(watch, "tag packs", files.len(), "packs")?;
    let mut parties: BTreeMap<String, u32> = BTreeMap::new();
    let mut claims: Vec<(u32, u32)> = Vec::new();
    let mut n_tags = 0;
    for (at, file) in files.iter().enumerate() {
        if let TagFileContent::Tags(pack) = read_tag_file(file, Timestamp::new(0))? {
            for tag in pack.tags.iter().filter(|tag| !tag.actor.is_empty()) {
                n_tags += 1;
                let Some(address) = ledger.id_of(&tag.address) else { continue };
                let next = u32::try_from(parties.len()).unwrap_or(u32::MAX);
                let party = *parties.entry(tag.actor.clone()).or_insert(next);
                claims.push((address.get(), party));
            }
        }
        advance(watch, at + 1)?;
    }
    watch.tell(Progress::End);
    Ok(TagsAgreement::of(n_tags, &agreement(labels, &claims)))
}
