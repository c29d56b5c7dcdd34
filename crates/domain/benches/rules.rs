//! How long the rules take that run for every device or every look at a device: `cargo bench -p domain`.
#![expect(clippy::unwrap_used, reason = "a bench fails as tests do")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use domain::vpn::balancer::{Candidate, ServerStatus, Wish, choose};
use domain::vpn::config::{ConfigFile, Mtu, Routes};
use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::peer_diff::{Activity, FoundPeer, WantedPeer, diff};
use domain::vpn::pool::{Freed, Next, Pool, REST_MS, next};
use uuid::Uuid;

const SERVERS: u32 = 1_000;
const PEERS: u32 = 10_000;

fn pool() -> Pool {
    Pool::new("10.64.0.0/10".parse().unwrap(), "fd4d:6972:6169::/48".parse().unwrap()).unwrap()
}

fn balancer(c: &mut Criterion) {
    let regions = ["jp", "fr", "us", "de"];
    let server = |n: u32| Candidate {
        id: Uuid::from_u128(u128::from(n)),
        region: regions[n as usize % regions.len()].to_owned(),
        status: if n.is_multiple_of(10) { ServerStatus::Down } else { ServerStatus::Up },
        load: f64::from(n % 100) / 100.0,
        peers: n,
        capacity: SERVERS,
    };
    let servers: Vec<Candidate> = (0..SERVERS).map(server).collect();
    let mut dice = (0_u64, 1_u64);
    c.bench_function("balancer: one of 1,000 servers", |b| {
        b.iter(|| {
            dice = (dice.0.wrapping_add(7), dice.1.wrapping_add(13));
            choose(black_box(&servers), Wish::Region("jp".to_owned()), dice)
        });
    });
}

fn address(c: &mut Criterion) {
    let pool = pool();
    let mut high_water = 1;
    c.bench_function("pool: the next address", |b| {
        b.iter(|| {
            let freed = Freed { index: 2 + high_water % 1000, freed_at: (high_water % 2) * REST_MS };
            let given = next(black_box(Some(freed)), high_water, pool.capacity(), REST_MS).unwrap();
            high_water = (high_water + 1) % 1_000_000;
            let (Next::Reuse(index) | Next::Fresh(index)) = given;
            pool.addresses(index)
        });
    });
}

fn config(c: &mut Criterion) {
    let (v4, v6) = pool().addresses(257).unwrap();
    let (gateway_v4, gateway_v6) = pool().gateway();
    let preshared_key = PresharedKey::from_bytes([2; 32]);
    let mut file = ConfigFile {
        private_key: None,
        address_v4: v4,
        address_v6: v6,
        dns: vec![gateway_v4.into(), gateway_v6.into()],
        mtu: Mtu::M1420,
        server_key: PrivateKey::from_random([1; 32]).public(),
        preshared_key: &preshared_key,
        endpoint: "vpn1.example.net:51820".to_owned(),
        routes: Routes::All,
        title: "Mika's phone on osaka-1".to_owned(),
    };
    c.bench_function("config: a file", |b| b.iter(|| black_box(&file).render()));
    file.routes = Routes::AllButLocal;
    c.bench_function("config: a file that leaves out local networks", |b| b.iter(|| black_box(&file).render()));
}

fn peer_diff(c: &mut Criterion) {
    let pool = pool();
    let keys: Vec<_> = (0..PEERS)
        .map(|n| {
            let mut random = [0; 32];
            random[1..5].copy_from_slice(&n.to_le_bytes());
            PrivateKey::from_random(random).public()
        })
        .collect();
    let wanted: Vec<WantedPeer> = keys
        .iter()
        .zip(2..)
        .map(|(key, index)| WantedPeer {
            key: *key,
            preshared_key: PresharedKey::from_bytes([2; 32]),
            address: pool.addresses(index).unwrap(),
            is_resting: false,
        })
        .collect();
    let found = |changed: u8| -> Vec<FoundPeer> {
        let peer = |(n, peer): (usize, &WantedPeer)| FoundPeer {
            key: peer.key.bytes(),
            preshared_key: PresharedKey::from_bytes([if n % 100 < usize::from(changed) { 9 } else { 2 }; 32]),
            allowed_ips: peer.allowed_ips(),
            activity: Activity::default(),
        };
        wanted.iter().enumerate().map(peer).collect()
    };
    for changed in [0, 1] {
        let found = found(changed);
        assert_eq!(diff(&wanted, &found).len(), usize::from(changed) * wanted.len() / 100);
        c.bench_function(&format!("peer diff: 10,000 peers, {changed} % changed"), |b| {
            b.iter(|| diff(black_box(&wanted), black_box(&found)));
        });
    }
    c.bench_function("peer diff: 10,000 peers, all new", |b| b.iter(|| diff(black_box(&wanted), black_box(&[]))));
}

criterion_group!(rules, balancer, address, config, peer_diff);
criterion_main!(rules);
