//! The tracehound command.
fn main() {}
