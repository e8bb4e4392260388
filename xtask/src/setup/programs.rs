//! Programs that tests talk to: a real Prometheus and a real Alertmanager, as Debian packages them.
//!
//! In: whatever the machine has. Out: nothing where both answer; else the folder that holds them, to hand to the tests in
//! a variable, or a line that says why there is none: those tests then say that they were skipped, and nothing fails.
//! The packages are unpacked into the cache folder, once. Turned down: installing them, which needs root and starts two
//! daemons that listen on every address. Debian's Alertmanager opens its templates by an absolute path, so the unpacked one
//! gets a relative path of the same length: it finds them where it is started in the folder of the packages.

use std::fs;
use std::path::{Path, PathBuf};

use super::peers::cache_folder;
use super::{Install, Rights, announce, answers, carry_out, rights, words};
use crate::Failure;

/// Names the folder of unpacked programs.
pub(crate) const VARIABLE: &str = "TRACEHOUND_PROGRAMS";

/// Debian's package and the program in it have one name.
const PROGRAMS: [&str; 2] = ["prometheus", "prometheus-alertmanager"];

/// Where Debian's Alertmanager has its templates, and the same seen from the folder of the packages.
const TEMPLATES: [&[u8]; 2] =
    [b"/usr/share/prometheus/alertmanager", b"usr//share/prometheus/alertmanager"];

/// The variable with its folder; `None` where the programs are on the PATH, or cannot be had.
pub(crate) fn folder() -> Option<(&'static str, String)> {
    if let Some(chosen) = std::env::var(VARIABLE).ok().filter(|chosen| !chosen.is_empty()) {
        return Some((VARIABLE, chosen));
    }
    if PROGRAMS.iter().all(|program| answers(&[program, "--version"], "")) {
        return None;
    }
    let cache = cache_folder()?.join("unpacked-programs");
    let programs = cache.join("usr/bin");
    let are_there = || {
        PROGRAMS.iter().all(|program| {
            answers(&[&programs.join(program).display().to_string(), "--version"], "")
        })
    };
    if !are_there() {
        announce(&format!("fetching {} into {}", PROGRAMS.join(", "), cache.display()));
        if let Err(failure) = fetch(&cache) {
            announce(&format!("no {}, going on: {failure}", PROGRAMS.join(", ")));
            return None;
        }
    }
    Some((VARIABLE, programs.display().to_string()))
}

fn fetch(cache: &Path) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| Failure::new(format!("{}: {error}", cache.display()));
    fs::create_dir_all(cache).map_err(unwritable)?;
    let run = |line: &str, may_fail: bool| {
        carry_out(&Install { announcement: String::new(), command: words(line), may_fail })
    };
    // Fresh machines have no package lists; who may not read them anew may still have them.
    match rights() {
        Rights::NoApt => return Err(Failure::new("there is no apt-get here")),
        Rights::Root => run("apt-get update -qq", true)?,
        Rights::Sudo => run("sudo -n apt-get update -qq", true)?,
        Rights::Password | Rights::Nobody => {}
    }
    let folder = cache.display().to_string();
    let mut download = vec!["env".to_owned(), "-C".to_owned(), folder.clone()];
    download.extend(words("apt-get download -qq"));
    download.extend(PROGRAMS.map(str::to_owned));
    carry_out(&Install { announcement: String::new(), command: download, may_fail: false })?;
    for package in packages(cache).map_err(unwritable)? {
        let package = package.display().to_string();
        let unpack = ["dpkg-deb", "-x", &package, &folder].map(str::to_owned).to_vec();
        carry_out(&Install { announcement: String::new(), command: unpack, may_fail: false })?;
        fs::remove_file(package).map_err(unwritable)?;
    }
    let alertmanager = cache.join("usr/bin/prometheus-alertmanager");
    let mut program = fs::read(&alertmanager).map_err(unwritable)?;
    replace_all(&mut program, TEMPLATES);
    fs::write(&alertmanager, program).map_err(unwritable)
}

/// Puts `after` in place of every `before`, which is as long.
fn replace_all(bytes: &mut [u8], [before, after]: [&[u8]; 2]) {
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(before.len()).position(|part| part == before) {
        at += found;
        bytes[at..at + before.len()].copy_from_slice(after);
    }
}

/// In the order of their names.
fn packages(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut packages: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "deb")).collect();
    packages.sort();
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_one_length_take_each_others_place() {
        let [before, after] = TEMPLATES;
        let mut bytes = [b"a", before, b"/ui", before].concat();
        replace_all(&mut bytes, TEMPLATES);
        assert_eq!(bytes, [b"a", after, b"/ui", after].concat());
    }
}
