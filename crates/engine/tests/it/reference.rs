//! The reference page of tables is what the code says; `TRACEHOUND_UPDATE=1 cargo test` writes it anew.

use std::fmt::Write;

use ledger::tables;

const HEAD: &str = "\
# Tables

What the tables of a store hold. The files of a table are named by the newest manifest ([storage](storage.md)); any Parquet reader
opens them. Hashes are 32 bytes in chain order, back to front of how explorers show them; CSV exports show them as explorers do.
Addresses are ids into the dictionary `addresses`, whose record is family, length and payload (34 bytes). This page is
generated from the schemas.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for table in tables::ALL.iter() {
        let (first, rest) = table.about.split_at(1);
        writeln!(page, "\n## `{}`\n\n{}{rest}.", table.name, first.to_uppercase()).unwrap();
        if let Some(key) = table.key {
            writeln!(page, "\nOrdered, sought and unwound by `{key}`.").unwrap();
        }
        page.push_str("\n| column | type | null |\n|---|---|---|\n");
        for field in table.schema().fields() {
            let null = if field.is_nullable() { "yes" } else { "no" };
            writeln!(page, "| `{}` | {} | {null} |", field.name(), field.data_type()).unwrap();
        }
    }
    page
}

#[test]
fn the_page_of_tables_is_true() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/tables.md");
    if std::env::var_os("TRACEHOUND_UPDATE").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        page(),
        "run with TRACEHOUND_UPDATE=1 to write it anew"
    );
}

const FEATURES_HEAD: &str = "\
# Features

The columns of the table `cluster_features`, one row a cluster (see [tables](tables.md) for their types). Null means that it is not
known or has no meaning there; 0 means none. A transaction is *mixing* if it is possibly collaborative; a cluster *paid alone*
where every input is its own and the transaction is not mixing. How they are computed: `docs/methods/cluster-features.md`.
This page is generated from the columns.

| column | unit | says | null when |
|---|---|---|---|
";

#[test]
fn the_page_of_features_is_true() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/features.md");
    let mut page = FEATURES_HEAD.to_owned();
    for tables::FeatureColumn { name, unit, about, null } in tables::FEATURE_COLUMNS {
        let null = if null.is_empty() { "never" } else { null };
        writeln!(page, "| `{name}` | {unit} | {about} | {null} |").unwrap();
    }
    if std::env::var_os("TRACEHOUND_UPDATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap();
    assert_eq!(found, page, "run with TRACEHOUND_UPDATE=1 to write it anew");
}
