//! Limits on length: what does not fit on a page is two things.

use super::rust::{code_only, functions};
use super::{Project, Violation};

const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

pub(super) fn long_files(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in project.rust() {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            let message = format!("{lines} lines, {FILE_LINES_MAX} allowed: make it two modules");
            violations.push(Violation::file(path, message));
        }
    }
    violations
}

pub(super) fn long_functions(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in project.rust() {
        for function in functions(&code_only(text)) {
            let lines = function.last_line - function.first_line + 1;
            if lines > FUNCTION_LINES_MAX {
                let message = format!(
                    "`{}` has {lines} lines, {FUNCTION_LINES_MAX} allowed: name a part of it",
                    function.name
                );
                violations.push(Violation::line(path, function.first_line, message));
            }
        }
    }
    violations
}
