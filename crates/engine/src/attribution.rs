//! Attribution: imports of sanctions lists and tag packs.
//!
//! A list is read strictly, compared with what is live, guarded against a suspicious shrink, and appended to the log of
//! list events; a pack replaces what the same pack said before, with the same guard. Both take effect for direct hits at the commit, and for
//! clusters and hops at the next run; answers between say so.

mod packs;

use std::path::PathBuf;

use ingest::lists::{self, ParsedList, ReadOptions, UnmatchedEntry};
use ingest::tags::{self, TagFileContent};
use ledger::{ListImported, Listing, Tag, Timestamp, tables};
use store::Writer;

use crate::layout::{self, SHARED, checkpoint, mapped};
use crate::view::{self, TagFile};
use crate::{Engine, Error, ListImport, ListReport, PackReport, Progress, TagsReport, Watch};

/// Refused tags that a report shows in full; the count stands beside them.
const REFUSALS_SHOWN: usize = 20;

impl Engine {
    /// Takes in one or several versions of a list: each folder among the paths is a publication of its own, taken in
    /// order of its date; loose files together are one.
    ///
    /// # Errors
    /// If a file is refused, a version is older than the one in force, or it shrinks more than is accepted. Versions
    /// before it are kept.
    pub fn import_lists(
        &self,
        import: &ListImport,
        now: Timestamp,
        watch: &dyn Watch,
    ) -> Result<Vec<ListReport>, Error> {
        let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
            import.paths.iter().cloned().partition(|path| path.is_dir());
        let mut publications: Vec<Vec<PathBuf>> =
            folders.into_iter().map(|folder| vec![folder]).collect();
        if !files.is_empty() || publications.is_empty() {
            publications.push(files);
        }
        self.one_name_a_list(&import.list)?;
        let options = ReadOptions {
            list: Some(import.list.clone()),
            published: import.published,
            accept_unterminated: import.accept_unterminated,
        };
        let total = Some(publications.len() as u64);
        watch.tell(Progress::Begin {
            what: format!("list {}", import.list),
            total,
            unit: "versions",
        });
        let read = publications.iter().map(|paths| lists::read_list(paths, &options));
        let mut versions = read.collect::<Result<Vec<ParsedList>, _>>()?;
        versions.sort_by_key(|version| version.published);
        let mut writer = self.store.writer()?;
        let mut reports = Vec::new();
        for (done, version) in (1..).zip(&versions) {
            reports.push(self.import_version(&mut writer, import, version, now)?);
            watch.tell(Progress::At { done });
        }
        watch.tell(Progress::End);
        Ok(reports)
    }

    /// Refuses a name that is held in other letters: one list under two names is never taken off either.
    fn one_name_a_list(&self, name: &str) -> Result<(), Error> {
        let imports = view::list_imports(&self.store.snapshot()?)?;
        let same = |held: &&ListImported| held.list.to_lowercase() == name.to_lowercase();
        match imports.iter().find(same).filter(|held| held.list != name) {
            None => Ok(()),
            Some(held) => Err(Error::Question {
                what: format!(
                    "there is a list {:?} already, in other letters than {name:?}",
                    held.list
                ),
                hint: Some(format!("write {:?}, or give the other list another name", held.list)),
            }),
        }
    }

    fn import_version(
        &self,
        writer: &mut Writer,
        import: &ListImport,
        version: &ParsedList,
        now: Timestamp,
    ) -> Result<ListReport, Error> {
        let snapshot = writer.snapshot();
        let events = view::list_events(&snapshot)?;
        let mut live = lists::listings_as_of(&events, None, None);
        live.retain(|listing| listing.list == version.list);
        let imports = view::list_imports(&snapshot)?;
        let before = imports.iter().rev().find(|import| import.list == version.list);
        lists::not_older(before.and_then(|import| import.published_at), version)?;
        let difference = lists::diff(&live, version);
        lists::removals_allowed(&difference, live.len(), import.accept_removals)?;
        let new_events = lists::events_for(&difference, version, &events, now);
        let n_live = live.len() + difference.added.len() - difference.removed.len();
        let imported = ListImported {
            list: version.list.clone(),
            list_version: version.version_sha256.clone(),
            format: version.format.name().to_owned(),
            published_at: version.published,
            known_at: now,
            n_entries: n_live as u64,
            n_added: difference.added.len() as u64,
            n_removed: difference.removed.len() as u64,
        };
        let after = if import.dry_run {
            snapshot.clone()
        } else {
            self.append_events(writer, &new_events, &imported)?
        };
        let addresses = snapshot.dictionary(layout::ADDRESSES)?;
        let added_in_ledger = difference
            .added
            .iter()
            .filter(|entry| addresses.lookup_one(&entry.address.key()).is_some());
        Ok(ListReport {
            list: version.list.clone(),
            format: imported.format.clone(),
            version: imported.list_version.clone(),
            published_s: version.published,
            entities: version.entity_count,
            entries: version.identifiers().count() as u64,
            unmatched: version.unmatched.iter().map(unmatched).collect(),
            added_in_ledger: added_in_ledger.count() as u64,
            added: difference.added.iter().map(|entry| entry.address_text.clone()).collect(),
            removed: difference.removed.iter().map(|row| row.address_text.clone()).collect(),
            unchanged: (difference.unchanged + difference.relabelled.len()) as u64,
            relabelled: difference.relabelled.len() as u64,
            live: n_live as u64,
            warnings: version.warnings.iter().map(ToString::to_string).collect(),
            dry_run: import.dry_run,
            snapshot: after.id().to_string(),
        })
    }

    fn append_events(
        &self,
        writer: &mut Writer,
        events: &[Listing],
        imported: &ListImported,
    ) -> Result<store::Snapshot, Error> {
        let mut commit = writer.begin();
        if !events.is_empty() {
            commit.append(
                &layout::spec(&tables::LISTINGS),
                SHARED,
                &tables::listings_to(events),
            )?;
            bump_attribution(&mut commit);
        }
        let rows = tables::list_imports_to(std::slice::from_ref(imported));
        commit.append(&layout::spec(&tables::LIST_IMPORTS), SHARED, &rows)?;
        Ok(commit.finish(self.run_record("lists import", imported.known_at))?)
    }

    /// Takes in tag packs: files, or folders of them. Tags that the same packs brought before are replaced; `accept_removals`
    /// is how many tagged addresses they may lose.
    ///
    /// # Errors
    /// If a path cannot be read, packs lose more addresses than is accepted, or the store fails. A pack that cannot be parsed
    /// is reported, and the others are taken in.
    pub fn import_tags(
        &self,
        paths: &[PathBuf],
        accept_removals: Option<u64>,
        now: Timestamp,
        watch: &dyn Watch,
    ) -> Result<TagsReport, Error> {
        let files = tags::tag_files(paths)?;
        let total = Some(files.len() as u64);
        watch.tell(Progress::Begin { what: "tag packs".to_owned(), total, unit: "packs" });
        let mut report = TagsReport::default();
        let mut new: Vec<Tag> = Vec::new();
        let mut read: Vec<String> = Vec::new();
        for (done, file) in (1..).zip(&files) {
            if watch.stopped() {
                return Err(Error::Stopped);
            }
            match tags::read_tag_file(file, now) {
                Ok(TagFileContent::Tags(pack)) => {
                    report.packs.push(pack_report(&pack));
                    read.push(pack.pack);
                    new.extend(pack.tags);
                }
                Ok(TagFileContent::Actors(pack)) => report.actors += pack.actors.len() as u64,
                Err(error) => report.failed.push(error.to_string()),
            }
            watch.tell(Progress::At { done });
        }
        report.tags = report.packs.iter().map(|pack| pack.tags).sum();
        report.refused = report.packs.iter().map(|pack| pack.refused).sum();
        self.replace_tags(new, &read, accept_removals, &mut report, now)?;
        watch.tell(Progress::End);
        Ok(report)
    }

    fn replace_tags(
        &self,
        mut new: Vec<Tag>,
        packs: &[String],
        accept_removals: Option<u64>,
        report: &mut TagsReport,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut writer = self.store.writer()?;
        let snapshot = writer.snapshot();
        let held = TagFile::open(&snapshot)?.map_or(Ok(Vec::new()), |file| file.all())?;
        let (old, others): (Vec<Tag>, Vec<Tag>) =
            held.into_iter().partition(|tag| packs.contains(&tag.pack));
        report.removed = packs::removed(&old, &new, accept_removals)?;
        report.twice = packs::twice(&new, &others);
        new.extend(others);
        (report.tags_held, report.snapshot) = (new.len() as u64, snapshot.id().to_string());
        if packs.is_empty() {
            return Ok(());
        }
        // Texts last: they decide only between claims of one pack on one address.
        new.sort_by(|a, b| {
            let key = |tag: &Tag| (tag.address, std::cmp::Reverse(tag.confidence));
            key(a)
                .cmp(&key(b))
                .then_with(|| a.pack.cmp(&b.pack))
                .then_with(|| a.label.cmp(&b.label))
                .then_with(|| a.source.cmp(&b.source))
        });
        if u32::try_from(new.len()).is_err() {
            return Err(Error::Full { what: "tags", limit: u64::from(u32::MAX) });
        }
        let batch = tables::tags_to(&new);
        let mut commit = writer.begin();
        commit.replace(&layout::spec(&tables::TAGS), SHARED, [batch.clone()])?;
        commit.put_mapped(mapped::TAGS, &batch)?;
        bump_attribution(&mut commit);
        report.snapshot = commit.finish(self.run_record("tags import", now))?.id().to_string();
        Ok(())
    }
}

fn bump_attribution(commit: &mut store::Commit<'_>) {
    let before = commit.checkpoint(checkpoint::ATTRIBUTION).unwrap_or(0);
    commit.set_checkpoint(checkpoint::ATTRIBUTION, before + 1);
}

fn unmatched(unmatched: &UnmatchedEntry) -> String {
    let entry = &unmatched.entry;
    format!("{} {} ({})", entry.label, entry.address_text, unmatched.reason)
}

fn pack_report(pack: &tags::TagPackReport) -> PackReport {
    let reasons =
        pack.count_by_reason.iter().map(|(reason, count)| (reason.name().to_owned(), *count));
    let remarks =
        pack.count_by_remark.iter().map(|(remark, count)| (remark.name().to_owned(), *count));
    let unknown = pack.unknown_categories.iter().take(REFUSALS_SHOWN);
    let unknown = unknown
        .map(|(name, count)| (format!("category {name:?} is not known, taken as other"), *count));
    let refusal = |refusal: &tags::Refusal| match refusal.line {
        Some(line) => format!("line {line}: {} ({})", refusal.address_text, refusal.reason.name()),
        None => format!("{} ({})", refusal.address_text, refusal.reason.name()),
    };
    PackReport {
        pack: pack.pack.clone(),
        tags: pack.tags.len() as u64,
        refused: pack.refused.len() as u64,
        duplicates: pack.duplicates,
        reasons: reasons.collect(),
        remarks: remarks.chain(unknown).collect(),
        refusals: pack.refused.iter().take(REFUSALS_SHOWN).map(refusal).collect(),
    }
}
