use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::id::ReleaseId;

struct Source {
    dir: tempfile::TempDir,
    manifest: Manifest,
}

fn source(files: &[(&str, &[u8])]) -> Source {
    let dir = tempfile::tempdir().unwrap();
    let mut listed = Vec::new();
    for (path, bytes) in files {
        let place = dir.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, bytes).unwrap();
        listed.push(describe(path, &place, *path == manifest::PROGRAM).unwrap());
    }
    let manifest = Manifest {
        format: manifest::FORMAT,
        id: ReleaseId::parse("20261127T123501Z-0123456789ab").unwrap(),
        revision: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        version: "0.1.0".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        role: crate::role::Role::Site,
        files: listed,
    };
    Source { dir, manifest }
}

fn packed(source: &Source) -> Vec<u8> {
    let from = |file: &File| -> PathBuf { source.dir.path().join(&file.path) };
    pack(&source.manifest, from, Vec::new()).unwrap()
}

fn program() -> Source {
    source(&[("LICENSE", b"MIT"), ("bin/mirai", b"#!/bin/sh\nexit 0\n")])
}

#[test]
fn the_same_files_make_the_same_archive_wherever_and_whenever_they_lie() {
    let (one, two) = (program(), program());
    let later = fs::File::options().write(true).open(two.dir.path().join("bin/mirai")).unwrap();
    later.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
    assert_eq!(packed(&one), packed(&two));
}

#[test]
fn an_archive_unpacks_to_what_was_packed() {
    let source = program();
    let archive = packed(&source);
    assert_eq!(verify(archive.as_slice()).unwrap(), source.manifest);
    let into = tempfile::tempdir().unwrap();
    unpack(archive.as_slice(), into.path()).unwrap();
    assert_eq!(fs::read(into.path().join("bin/mirai")).unwrap(), b"#!/bin/sh\nexit 0\n");
    let text = fs::read(into.path().join("manifest.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Manifest>(&text).unwrap(), source.manifest);
}

/// An archive whose entries are made by hand: name, kind, link, bytes.
fn by_hand(manifest: &Manifest, entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    let text = serde_json::to_vec(manifest).unwrap();
    tar.append(&header(manifest::NAME, text.len() as u64, 0o644).unwrap(), text.as_slice()).unwrap();
    for (name, kind, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        // `set_path` would refuse what these tests are about.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

#[test]
fn what_is_made_to_do_harm_is_refused_and_nothing_is_written_outside() {
    use tar::EntryType as Kind;
    let source = source(&[("bin/mirai", b"good")]);
    let honest = &source.manifest;
    let listing = |path: &str| {
        let mut manifest = honest.clone();
        manifest.files.insert(0, File { path: path.to_owned(), is_program: false, size: 4, sha256: String::new() });
        manifest
    };
    let good = ("bin/mirai", Kind::Regular, b"good".as_slice());
    let cases: [(&str, Vec<u8>); 11] = [
        ("another file", by_hand(honest, &[("../../etc/cron.d/x", Kind::Regular, b"good")])),
        ("a link", by_hand(honest, &[("bin/mirai", Kind::Symlink, b"")])),
        ("a hard link", by_hand(honest, &[("bin/mirai", Kind::Link, b"")])),
        ("a device", by_hand(honest, &[("bin/mirai", Kind::Char, b"")])),
        ("other bytes", by_hand(honest, &[("bin/mirai", Kind::Regular, b"evil")])),
        ("more bytes", by_hand(honest, &[("bin/mirai", Kind::Regular, b"good and more")])),
        ("one file more", by_hand(honest, &[good, ("bin/more", Kind::Regular, b"x")])),
        ("one file less", by_hand(honest, &[])),
        ("a path upwards", by_hand(&listing("../x"), &[("../x", Kind::Regular, b"evil"), good])),
        ("a path from the root", by_hand(&listing("/etc/x"), &[("/etc/x", Kind::Regular, b"evil"), good])),
        ("the file twice", by_hand(&listing("bin/mirai"), &[good, good])),
    ];
    for (what, archive) in cases {
        assert!(matches!(verify(archive.as_slice()), Err(ArchiveError::Refused(_))), "{what}");
        let outer = tempfile::tempdir().unwrap();
        let into = outer.path().join("a/b");
        fs::create_dir_all(&into).unwrap();
        assert!(unpack(archive.as_slice(), &into).is_err(), "{what}");
        let names: Vec<_> = fs::read_dir(outer.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a"], "{what}");
    }
    let bomb = listing("a");
    let bomb = Manifest { files: bomb.files.into_iter().map(|f| File { size: MOST_UNPACKED, ..f }).collect(), ..bomb };
    let said = verify(by_hand(&bomb, &[]).as_slice()).unwrap_err().to_string();
    assert!(said.contains("2 GiB"), "{said}");
}

#[test]
fn something_else_is_refused_with_what_was_expected() {
    for other in [b"".as_slice(), b"PK\x03\x04 a zip", &zstd::encode_all(b"no tar".as_slice(), 1).unwrap()] {
        assert!(matches!(verify(other), Err(ArchiveError::Refused(_))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_archive_with_a_flipped_bit_or_a_missing_end_is_refused(at in any::<prop::sample::Index>(), bit in 0..8, cut in any::<bool>()) {
        let mut archive = packed(&program());
        let at = at.index(archive.len());
        if cut {
            archive.truncate(at);
        } else {
            archive[at] ^= 1_u8 << bit;
        }
        // A bit of the frame's own descriptor may mean nothing to what is unpacked: then all is as it was.
        match verify(archive.as_slice()) {
            Ok(manifest) => prop_assert!(!cut && manifest == program().manifest),
            Err(error) => prop_assert!(matches!(error, ArchiveError::Refused(_)), "{error}"),
        }
    }
}
