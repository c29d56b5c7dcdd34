//! Rate limits, and who does not heed them.

use super::World;
use super::rules::{ask, post};
use fakes::discord::{RateScope, Trouble};
use serde_json::json;
use twilight_model::id::Id;

#[tokio::test]
async fn a_sixth_message_within_five_seconds_must_wait_and_another_channel_need_not() {
    let world = World::new().await;
    let path = format!("channels/{}/messages", world.channel);
    let hello = json!({ "content": "Hello" });
    for left in ["4", "3", "2", "1", "0"] {
        let response = ask(&world, "POST", &path, &hello).await;
        assert_eq!(response.headers()["x-ratelimit-remaining"], left);
        assert_eq!(response.headers()["x-ratelimit-limit"], "5");
        assert_eq!(response.headers()["x-ratelimit-reset"], "1795435205.000");
    }
    world.advance(1_500);
    let response = ask(&world, "POST", &path, &hello).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "4");
    assert_eq!(response.headers()["x-ratelimit-scope"], "user");
    assert_eq!(response.headers()["x-ratelimit-reset-after"], "3.500");
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(body, json!({ "message": "You are being rate limited.", "retry_after": 3.5, "global": false }));
    let elsewhere = world.fake.text_channel(world.guild, "elsewhere");
    assert_eq!(post(&world, &format!("channels/{elsewhere}/messages"), &hello).await.0, 200);
    assert!(world.fake.violations().is_empty());
    // Who asks again too soon is told of.
    assert_eq!(post(&world, &path, &hello).await.0, 429);
    assert!(world.fake.violations()[0].starts_with("ignored rate limit: POST"));
    assert_eq!(world.fake.invalid_requests(), 2);
    world.advance(3_500);
    assert_eq!(post(&world, &path, &hello).await.0, 200);
    assert_eq!(world.fake.channel_messages(world.channel).len(), 6);
    assert_eq!(world.fake.violations().len(), 1);
}

#[tokio::test]
async fn fifty_requests_in_a_second_are_enough_for_all_routes_together() {
    let world = World::new().await;
    for _ in 0..49 {
        assert_eq!(ask(&world, "GET", "users/@me", &json!(null)).await.status(), 200);
    }
    assert_eq!(ask(&world, "GET", "gateway", &json!(null)).await.status(), 200);
    let response = ask(&world, "GET", "gateway/bot", &json!(null)).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["x-ratelimit-global"], "true");
    assert!(response.headers().get("x-ratelimit-bucket").is_none());
    world.advance(1_000);
    assert_eq!(ask(&world, "GET", "gateway/bot", &json!(null)).await.status(), 200);
}

#[tokio::test]
async fn a_limit_of_each_scope_comes_on_demand() {
    let world = World::new().await;
    let path = format!("channels/{}/messages", world.channel);
    for (scope, name) in [(RateScope::User, "user"), (RateScope::Shared, "shared"), (RateScope::Global, "global")] {
        world.fake.trouble("/api/v10/channels", &[Trouble::RateLimited(scope)]);
        let response = ask(&world, "POST", &path, &json!({ "content": "Hello" })).await;
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["x-ratelimit-scope"], name);
        world.advance(1_000);
    }
    // What others have used up is not the bot's fault.
    assert_eq!(world.fake.invalid_requests(), 2);
    assert!(world.fake.channel_messages(world.channel).is_empty());
    assert!(world.fake.violations().is_empty());
}

#[tokio::test]
async fn the_client_library_waits_by_itself() {
    let world = World::new().await;
    world.fake.trouble("/api/v10/channels", &[Trouble::RateLimited(RateScope::User)]);
    let clock = std::sync::Arc::clone(&world.time);
    let moving = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(800)).await;
        clock.fetch_add(2_000, std::sync::atomic::Ordering::SeqCst);
    });
    world.http.create_message(Id::new(world.channel)).content("Hello").await.unwrap();
    moving.await.unwrap();
    assert_eq!(world.fake.channel_messages(world.channel).len(), 1);
    assert_eq!(world.fake.violations(), Vec::<String>::new());
}
