//! The report of a model on a table: `cargo run -p tracehound-learn --example report -- TABLE.csv TARGET SECONDS OUT.html`.

use tracehound_learn::automl::{AutoOptions, Model, train};
use tracehound_learn::{Frame, report};

#[expect(clippy::disallowed_methods, reason = "a program, not a method: it reads and writes files")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [table, target, seconds, out] = arguments.as_slice() else {
        return Err("give TABLE.csv TARGET SECONDS OUT.html".into());
    };
    let frame = Frame::from_csv(&std::fs::read(table)?)?;
    let options = AutoOptions { budget_s: seconds.parse()?, ..AutoOptions::for_target(target) };
    let trained = train(&frame, &options, &mut |_| true)?;
    let (model, manifest) = Model::from_bytes(&trained.to_bytes("example", "not hashed")?)?;
    std::fs::write(out, report::html(&model, &manifest))?;
    Ok(())
}
