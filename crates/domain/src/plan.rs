//! What a plan allows.

/// Devices at most on a plan without a device limit: fair use for one person and their family.
pub const FAIR_USE_DEVICES: u32 = 50;

/// How many devices a plan allows at the same time; `None` is a plan without a limit of its own.
pub fn device_limit(devices: Option<u32>) -> u32 {
    devices.unwrap_or(FAIR_USE_DEVICES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_a_limit_has_the_fair_use_cap() {
        assert_eq!(device_limit(None), 50);
        assert_eq!(device_limit(Some(1)), 1);
        assert_eq!(device_limit(Some(0)), 0);
    }
}
