use super::*;
use crate::state::{Kept, Live, Pending};

const MANNER: Manner = Manner { watch_s: 60, confirm_s: 30, has_backup: true };

fn id(n: u32) -> ReleaseId {
    ReleaseId::parse(&format!("20261127T1235{n:02}Z-0123456789ab")).unwrap()
}

fn wanted(n: u32) -> Wanted {
    Wanted { id: id(n), sha256: format!("hash{n}"), size: 17_000_000, unpacked: 60_000_000 }
}

fn kept(n: u32, mark: Mark) -> Kept {
    let sha256 = format!("hash{n}");
    Kept { id: id(n), sha256, version: "0.1.0".to_owned(), mark, at_ms: i64::from(n), by: "mika@laptop".to_owned() }
}

fn host(releases: Vec<Kept>, live: Option<u32>) -> Facts {
    let live = live.map(|n| Live { release: id(n), slot: Slot::A });
    let state = State { live, pending: None, releases };
    let (arrived, free, is_serving, has_new_settings) = (0, 10_000_000_000, true, false);
    Facts { role: Role::Site, state, arrived, free, is_serving, has_new_settings, troubles: Vec::new() }
}

fn names(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().map(Step::name).collect()
}

#[test]
fn the_first_release_has_nothing_to_back_up_and_nothing_to_end() {
    let plan = plan(&host(vec![], None), &Wish::Release(wanted(1)), &MANNER).unwrap();
    assert_eq!(names(&plan), ["upload", "unpack", "migrate", "try", "switch", "watch", "confirm"]);
    assert!(plan.steps.contains(&Step::Switch { release: id(1), slot: Slot::A, role: Role::Site, from: None }));
}

#[test]
fn what_is_live_needs_nothing() {
    let facts = host(vec![kept(1, Mark::Good)], Some(1));
    for wish in [Wish::Release(wanted(1)), Wish::Push(wanted(1)), Wish::Rollback(Some(id(1)))] {
        assert_eq!(plan(&facts, &wish, &MANNER).unwrap().steps, []);
    }
}

#[test]
fn what_is_live_takes_its_own_place_to_take_up_new_settings() {
    let facts = Facts { has_new_settings: true, ..host(vec![kept(1, Mark::Good)], Some(1)) };
    let again = plan(&facts, &Wish::Release(wanted(1)), &MANNER).unwrap();
    assert_eq!(names(&again), ["migrate", "try", "switch", "watch", "confirm"]);
    let from = Some(id(1));
    assert!(again.steps.contains(&Step::Switch { release: id(1), slot: Slot::B, role: Role::Site, from }));
    assert_eq!(plan(&facts, &Wish::Push(wanted(1)), &MANNER).unwrap().steps, []);
    let elsewhere = Wanted { sha256: "built elsewhere".to_owned(), ..wanted(1) };
    assert_eq!(plan(&facts, &Wish::Release(elsewhere), &MANNER), Ok(again));
}

#[test]
fn what_a_run_that_was_cut_off_has_not_taken_away_goes_with_the_next() {
    let releases = (1..=6).map(|n| kept(n, Mark::Good)).collect();
    let plan = plan(&host(releases, Some(6)), &Wish::Release(wanted(6)), &MANNER).unwrap();
    assert_eq!(plan.steps, [Step::Prune { releases: vec![id(1)] }]);
}

#[test]
fn what_has_begun_goes_on_where_it_stopped() {
    let facts = Facts { arrived: 10_000_000, ..host(vec![kept(1, Mark::Good)], Some(1)) };
    let resumed = plan(&facts, &Wish::Release(wanted(2)), &MANNER).unwrap();
    assert_eq!(resumed.steps[0], Step::Upload { from: 10_000_000, size: 17_000_000 });
    assert!(resumed.steps[0].to_string().contains("7.0 MB of 17.0 MB"));
    let facts = host(vec![kept(1, Mark::Good), kept(2, Mark::Ready)], Some(1));
    let resumed = plan(&facts, &Wish::Release(wanted(2)), &MANNER).unwrap();
    assert_eq!(names(&resumed), ["backup", "migrate", "try", "switch", "watch", "confirm"]);
    let facts = host(vec![kept(1, Mark::Good), kept(2, Mark::Bad)], Some(1));
    assert_eq!(plan(&facts, &Wish::Release(wanted(2)), &MANNER).unwrap(), resumed, "what failed may be tried again");
}

#[test]
fn a_switch_that_nobody_confirmed_is_taken_back_first() {
    let mut facts = host(vec![kept(1, Mark::Good), kept(2, Mark::Ready)], Some(1));
    let (to, from) = (Live { release: id(2), slot: Slot::B }, facts.state.live.clone());
    facts.state.pending = Some(Pending { to, from, since_ms: 5 });
    let plan = plan(&facts, &Wish::Release(wanted(2)), &MANNER).unwrap();
    assert_eq!(plan.steps[0], Step::Recover { from: id(2), to: Some(id(1)) });
    assert!(names(&plan).ends_with(&["switch", "watch", "confirm"]));
}

#[test]
fn a_live_release_that_does_not_run_is_started() {
    let facts = Facts { is_serving: false, ..host(vec![kept(1, Mark::Good)], Some(1)) };
    assert_eq!(plan(&facts, &Wish::Release(wanted(1)), &MANNER).unwrap().steps, [Step::Start { release: id(1) }]);
}

#[test]
fn a_live_release_that_can_not_start_is_in_nobodys_way() {
    let facts = Facts { is_serving: false, ..host(vec![kept(1, Mark::Good), kept(2, Mark::Good)], Some(2)) };
    for wish in [Wish::Release(wanted(3)), Wish::Rollback(None)] {
        let plan = plan(&facts, &wish, &MANNER).unwrap();
        assert!(!names(&plan).contains(&"start") && names(&plan).ends_with(&["watch", "confirm"]), "{plan:?}");
    }
}

#[test]
fn going_back_brings_no_archive_and_no_backup_and_only_to_what_was_good() {
    let facts = host(vec![kept(1, Mark::Good), kept(2, Mark::Bad), kept(3, Mark::Good)], Some(3));
    let back = plan(&facts, &Wish::Rollback(None), &MANNER).unwrap();
    assert_eq!(names(&back), ["migrate", "try", "switch", "watch", "confirm"]);
    assert!(back.steps.contains(&Step::Watch { seconds: KNOWN_WATCH_S }), "it was good before: seconds are enough");
    assert!(back.steps.contains(&Step::Switch { release: id(1), slot: Slot::B, role: Role::Site, from: Some(id(3)) }));
    let refused = |to| plan(&facts, &Wish::Rollback(Some(to)), &MANNER).unwrap_err().to_string();
    assert!(refused(id(2)).contains("is bad"));
    assert!(refused(id(9)).contains("has no release"));
    let alone = host(vec![kept(1, Mark::Good)], Some(1));
    assert!(plan(&alone, &Wish::Rollback(None), &MANNER).is_err());
}

#[test]
fn a_full_disk_a_changed_archive_and_troubles_are_refused_with_what_to_type() {
    let full = Facts { free: 100_000_000, ..host(vec![], None) };
    let refusal = plan(&full, &Wish::Release(wanted(1)), &MANNER).unwrap_err();
    assert!(refusal.to_string().contains("100.0 MB left") && refusal.0[0].remedy.contains("df -h"), "{refusal}");
    let facts = host(vec![kept(1, Mark::Good)], Some(1));
    let other = Wanted { sha256: "another".to_owned(), ..wanted(1) };
    assert!(plan(&facts, &Wish::Release(other), &MANNER).unwrap_err().to_string().contains("other content"));
    let trouble = Trouble { what: "nginx -t fails".to_owned(), remedy: "nginx -t".to_owned() };
    let facts = Facts { troubles: vec![trouble.clone()], ..facts };
    assert_eq!(plan(&facts, &Wish::Release(wanted(1)), &MANNER), Err(Refusal(vec![trouble])));
}

#[test]
fn a_vpn_server_has_no_tables_and_ends_one_release_before_the_next() {
    let site = host(vec![kept(1, Mark::Good)], Some(1));
    let facts = Facts { role: Role::Gateway, ..site };
    let plan = plan(&facts, &Wish::Release(wanted(2)), &MANNER).unwrap();
    assert_eq!(names(&plan), ["upload", "unpack", "rehearse", "switch", "watch", "confirm"]);
    assert_eq!(plan.steps[3].to_string(), format!("end {}, then start {} as mirai-gateway@b.service", id(1), id(2)));
}
