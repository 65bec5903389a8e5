//! Device ids: an ObjectId that names an installation (section 3.1).

use bson::oid::ObjectId;
use serde_json::{Map, Value};

use crate::local_app::ids;
use crate::local_app::providers::Payload;

/// "No device".
pub const NO_DEVICE: &str = "000000000000000000000000";

/// What is remembered of an installation; realm-web and realm-core send these (section 3.1).
const FACTS: [&str; 13] = [
    "appId",
    "appVersion",
    "platform",
    "platformVersion",
    "sdk",
    "sdkVersion",
    "cpuArch",
    "deviceName",
    "deviceVersion",
    "frameworkName",
    "frameworkVersion",
    "coreVersion",
    "bundleId",
];
/// The longest fact that is remembered, in bytes.
const LONGEST_FACT: usize = 256;

/// What a login says about the installation that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// Nothing.
    Absent,
    /// That there is one, which has no id yet.
    New(DeviceFacts),
    /// The id that it got earlier.
    Known(String, DeviceFacts),
}

/// What an installation says of itself: the fields that SDKs send, each a text of limited length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceFacts(Map<String, Value>);

impl DeviceFacts {
    fn of(device: &Map<String, Value>) -> Self {
        let is_kept = |value: &Value| value.as_str().is_some_and(|text| text.len() <= LONGEST_FACT);
        let kept = FACTS.iter().filter_map(|&name| Some((name.to_owned(), device.get(name)?.clone())));
        Self(kept.filter(|(_, value)| is_kept(value)).collect())
    }

    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

impl Device {
    /// Reads `options.device` of a login body.
    pub fn of_login(payload: &Payload) -> Self {
        match payload.get("options").and_then(|options| options.get("device")) {
            Some(Value::Object(device)) => Self::of_object(device),
            _ => Self::Absent,
        }
    }

    /// Reads a description of a device. Its `deviceId` is an ObjectId in Extended JSON, or bare.
    pub fn of_object(device: &Map<String, Value>) -> Self {
        let facts = DeviceFacts::of(device);
        let id = device.get("deviceId").map(|id| id.get("$oid").unwrap_or(id));
        match id.and_then(Value::as_str).and_then(|id| ObjectId::parse_str(id).ok()).map(ObjectId::to_hex) {
            Some(id) if id != NO_DEVICE => Self::Known(id, facts),
            _ => Self::New(facts),
        }
    }

    /// The id to answer with, a fresh one for a new device, and what is to be remembered under it.
    pub fn into_id(self) -> (String, Option<DeviceFacts>) {
        match self {
            Self::Absent => (NO_DEVICE.to_owned(), None),
            Self::New(facts) => (ids::oid(), Some(facts)),
            Self::Known(id, facts) => (id, Some(facts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_valid_id_is_kept_and_anything_else_gets_a_new_one() {
        let none = DeviceFacts::default;
        let known = Device::Known("610d81f929164593aa50e663".to_owned(), none());
        for (options, expected) in [
            (json!({}), Device::Absent),
            (json!({"options": {}}), Device::Absent),
            (json!({"options": {"device": "x"}}), Device::Absent),
            (json!({"options": {"device": {}}}), Device::New(none())),
            (
                json!({"options": {"device": {"deviceId": {"$oid": "610d81f929164593aa50e663"}}}}),
                known.clone(),
            ),
            (json!({"options": {"device": {"deviceId": "610D81F929164593AA50E663"}}}), known),
            (json!({"options": {"device": {"deviceId": NO_DEVICE}}}), Device::New(none())),
            (json!({"options": {"device": {"deviceId": "short"}}}), Device::New(none())),
            (json!({"options": {"device": {"deviceId": {"$oid": 5}}}}), Device::New(none())),
        ] {
            assert_eq!(Device::of_login(options.as_object().unwrap()), expected, "{options}");
        }
        assert_eq!(Device::Absent.into_id(), (NO_DEVICE.to_owned(), None));
        assert_ne!(Device::New(none()).into_id().0, NO_DEVICE);
    }

    #[test]
    fn of_a_device_only_the_known_facts_are_kept_and_none_that_is_long() {
        let long = "x".repeat(LONGEST_FACT + 1);
        let device = json!({
            "platform": "node", "sdkVersion": "2.0.1", "appVersion": 5, "deviceName": long, "other": "x",
        });
        let Device::New(facts) = Device::of_object(device.as_object().unwrap()) else { panic!("no id") };
        assert_eq!(Value::Object(facts.0), json!({ "platform": "node", "sdkVersion": "2.0.1" }));
    }
}
