//! Device ids: an ObjectId that names an installation (section 3.1).

use bson::oid::ObjectId;
use serde_json::Value;

use crate::local_app::ids;
use crate::local_app::providers::Payload;

/// "No device".
const NO_DEVICE: &str = "000000000000000000000000";

/// What a login says about the installation that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// Nothing.
    Absent,
    /// That there is one, which has no id yet.
    New,
    /// The id that it got earlier.
    Known(String),
}

impl Device {
    /// Reads `options.device` of a login body. Its `deviceId` is an ObjectId in Extended JSON, or bare.
    pub fn of_login(payload: &Payload) -> Self {
        let Some(Value::Object(device)) = payload.get("options").and_then(|options| options.get("device"))
        else {
            return Self::Absent;
        };
        let id = device.get("deviceId").map(|id| id.get("$oid").unwrap_or(id));
        match id.and_then(Value::as_str).and_then(|id| ObjectId::parse_str(id).ok()).map(ObjectId::to_hex) {
            Some(id) if id != NO_DEVICE => Self::Known(id),
            _ => Self::New,
        }
    }

    /// The id to answer with, a fresh one for a new device.
    pub fn into_id(self) -> String {
        match self {
            Self::Absent => NO_DEVICE.to_owned(),
            Self::New => ids::oid(),
            Self::Known(id) => id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_valid_id_is_kept_and_anything_else_gets_a_new_one() {
        let known = Device::Known("610d81f929164593aa50e663".to_owned());
        for (options, expected) in [
            (json!({}), Device::Absent),
            (json!({"options": {}}), Device::Absent),
            (json!({"options": {"device": "x"}}), Device::Absent),
            (json!({"options": {"device": {}}}), Device::New),
            (
                json!({"options": {"device": {"deviceId": {"$oid": "610d81f929164593aa50e663"}}}}),
                known.clone(),
            ),
            (json!({"options": {"device": {"deviceId": "610D81F929164593AA50E663"}}}), known),
            (json!({"options": {"device": {"deviceId": NO_DEVICE}}}), Device::New),
            (json!({"options": {"device": {"deviceId": "short"}}}), Device::New),
            (json!({"options": {"device": {"deviceId": {"$oid": 5}}}}), Device::New),
        ] {
            assert_eq!(Device::of_login(options.as_object().unwrap()), expected, "{options}");
        }
        assert_eq!(Device::Absent.into_id(), NO_DEVICE);
        assert_ne!(Device::New.into_id(), NO_DEVICE);
    }
}
