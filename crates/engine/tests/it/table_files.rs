//! Files of tables: codecs that are read and those that are not, columns that are wanted, errors that name the file.
//!
//! The files are those of pyarrow 26.0.1 for `t = table({"x": [1.5, 2.5], "y": ["a", "b"]})`: `feather.write_feather(t, path,
//! compression=…)` and `parquet.write_table(t, path, compression=…)`.

use std::path::PathBuf;

use engine::AutoOptions;
use engine::tabular::{Table, train_model};

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "files", name].iter().collect()
}

#[test]
fn codecs_that_are_built_in_are_read() {
    for name in ["gzip.parquet", "zstd.feather"] {
        let table = Table::open(&path(name)).unwrap();
        let shown: Vec<String> = (0..2)
            .flat_map(|row| table.frame.columns().iter().filter_map(move |c| c.values.shown(row)))
            .collect();
        assert_eq!(shown, ["1.5", "a", "2.5", "b"], "{name}");
        let one = Table::open_columns(&path(name), &|column| column == "y").unwrap();
        let names: Vec<&str> = one.frame.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["y"], "{name}: the other is not read");
        // With none of them an error names the column that is missed, not an empty table.
        let none = Table::open_columns(&path(name), &|_| false).unwrap();
        assert_eq!(none.frame.columns().len(), 2, "{name}");
    }
}

#[test]
fn other_codecs_are_named_with_the_way_around_them() {
    for (name, codec) in
        [("brotli.parquet", "brotli"), ("lz4.parquet", "lz4"), ("lz4.feather", "lz4")]
    {
        let error = Table::open(&path(name)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.ends_with(&format!("{name} is compressed with {codec}, which is not read here")),
            "{text}"
        );
        assert!(error.hint().unwrap().contains("compression=\"zstd\""), "{error:?}");
    }
}

#[test]
fn errors_name_the_file_and_wrong_names_the_nearest_column() {
    let bad = Table::from_bytes(b"a,b\n1\n".to_vec(), "june.csv").unwrap_err();
    assert_eq!(bad.to_string(), "june.csv: line 2: a row of 1 fields under a header of 2");
    assert!(bad.hint().is_some());
    let table = Table::from_bytes(b"Survived,Age\n0,1\n1,2\n".to_vec(), "t.csv").unwrap();
    let asked = |change: &dyn Fn(&mut AutoOptions)| {
        let mut options = AutoOptions::for_target("Survived");
        change(&mut options);
        let error = train_model(&table, &options, "m", &engine::Unwatched).unwrap_err();
        (error.to_string(), error.hint().unwrap_or_default(), error.is_usage())
    };
    let (what, hint, is_usage) = asked(&|options| options.target = "Survivd".to_owned());
    assert_eq!(what, "the table has no column \"Survivd\", which --target (target) names");
    assert_eq!(
        (hint.as_str(), is_usage),
        ("did you mean \"Survived\"? its columns are Survived, Age", true)
    );
    let (what, hint, _) = asked(&|options| options.weight = Some("how many".to_owned()));
    assert!(what.contains("--weight (weight)"), "{what}");
    assert_eq!(hint, "its columns are Survived, Age");
    let (what, ..) = asked(&|options| options.split = engine::SplitBy::Group("shop".to_owned()));
    assert!(what.contains("\"shop\", which --split (split)"), "{what}");
    let (what, ..) = asked(&|options| {
        options.roles.insert("Agee".to_owned(), engine::ColumnKind::Number.into());
    });
    assert!(what.contains("\"Agee\", which --column (column)"), "{what}");
}
