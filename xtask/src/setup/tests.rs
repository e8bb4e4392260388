#![allow(clippy::unwrap_used)]

use super::*;

/// What set-up does on a machine that lacks `lacking`, one command a line, or what it tells.
fn planned(lacking: &[&Need], rights: Rights) -> String {
    match plan(lacking, || rights) {
        Ok(installs) => {
            let commands: Vec<String> = installs.iter().map(|i| i.command.join(" ")).collect();
            commands.join("\n")
        }
        Err(failure) => format!("{failure}\n{}", failure.hint().unwrap()),
    }
}

#[track_caller]
fn check(lacking: &[&Need], rights: Rights, expected: &str) {
    assert_eq!(planned(lacking, rights), expected);
}

const INSTALL: &str = "apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120";

#[test]
fn root_installs_all_packages_in_one_call() {
    let expected = format!("apt-get update -qq\n{INSTALL} gcc libc6-dev binutils python3");
    check(&[&C_COMPILER, &ARCHIVER, &PYTHON], Rights::Root, &expected);
}

#[test]
fn sudo_is_used_where_it_asks_nothing() {
    let expected = format!("sudo -n apt-get update -qq\nsudo -n {INSTALL} python3");
    check(&[&PYTHON], Rights::Sudo, &expected);
}

#[test]
fn without_rights_the_person_gets_the_command() {
    let lacks = "this machine lacks python3 with its standard library \
                 (tests compare with an independent script)";
    let install = "apt-get install -y --no-install-recommends python3";
    let with_sudo = format!("{lacks}\nrun: sudo apt-get update && sudo {install}");
    check(&[&PYTHON], Rights::Password, &with_sudo);
    let as_root = format!("{lacks}\nrun as root: apt-get update && {install}");
    check(&[&PYTHON], Rights::Nobody, &as_root);
    let no_apt = format!("{lacks}\nthere is no apt-get here; Debian's names for it are: python3");
    check(&[&PYTHON], Rights::NoApt, &no_apt);
}

#[test]
fn components_come_from_rustup_and_need_no_rights() {
    let expected = "rustup component add rustfmt\nrustup component add clippy";
    let never_asked = || -> Rights { panic!("rights are asked only for Debian packages") };
    let installs = plan(&[&RUSTFMT, &CLIPPY], never_asked).unwrap();
    let commands: Vec<String> = installs.iter().map(|i| i.command.join(" ")).collect();
    assert_eq!(commands.join("\n"), expected);
}

#[test]
fn a_machine_that_lacks_nothing_gets_no_command() {
    check(&[], Rights::Nobody, "");
}

#[test]
fn only_a_package_list_may_fail() {
    let installs = plan(&[&PYTHON], || Rights::Root).unwrap();
    assert_eq!(installs.iter().map(|i| i.may_fail).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn every_scope_needs_what_its_task_runs() {
    let names = |scope| needs(scope).iter().map(|need| need.probe[0]).collect::<Vec<_>>();
    assert_eq!(names(Scope::Build), ["cc", "ar"]);
    assert_eq!(names(Scope::Test), ["cc", "ar", "python3"]);
    assert_eq!(names(Scope::Check), ["cc", "ar", "cargo", "cargo"]);
    assert_eq!(names(Scope::Everything), ["cc", "ar", "python3", "cargo", "cargo"]);
}
