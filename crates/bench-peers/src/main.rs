//! Measurements side by side with peers; see the README of the crate.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracehound_bench_peers::graph::{ChildArgs, GraphArgs, run, run_child};

#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Graph kernels beside those of other libraries.
    Graph(GraphArgs),
    /// One contender; started by graph.
    #[command(hide = true)]
    GraphChild(ChildArgs),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Graph(options) => run(&options),
        Command::GraphChild(options) => run_child(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "a program says why it failed")]
            {
                eprintln!("error: {fault}");
            }
            ExitCode::FAILURE
        }
    }
}
