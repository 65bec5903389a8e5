//! What the App's own functions say of a confirmation or a password reset (section 3.3).

use bson::Bson;

use crate::local_app::app::App;
use crate::local_app::request::RequestFacts;

/// What a confirmation or reset function returned as `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Success,
    /// It takes the token, which the function has sent to somebody.
    Pending,
    /// An object without a status, or with an empty one: refused, but for whoever looks after the App (section 17.1).
    Silent,
    /// Refused; also whatever else a function returns, or that it fails.
    Fail,
}

impl Verdict {
    fn of(result: &Bson) -> Self {
        let Some(result) = result.as_document() else { return Self::Fail };
        match result.get("status") {
            Some(Bson::String(status)) if status == "success" => Self::Success,
            Some(Bson::String(status)) if status == "pending" => Self::Pending,
            Some(Bson::String(status)) if status.is_empty() => Self::Silent,
            None | Some(Bson::Null | Bson::Undefined) => Self::Silent,
            Some(_) => Self::Fail,
        }
    }
}

impl App {
    /// Runs a confirmation or reset function. Why it fails is for whoever looks after the App, not for the client.
    pub(super) async fn verdict_of(
        &self,
        function: &str,
        arguments: Vec<Bson>,
        request: &RequestFacts,
    ) -> Verdict {
        // That it fails was told.
        let result = self.run_hook(function, arguments, request).await;
        result.map_or(Verdict::Fail, |result| {
            let verdict = Verdict::of(&result);
            if verdict == Verdict::Fail {
                self.notices().tell(&format!(
                    "function '{function}' said no: its status is neither success nor pending"
                ));
            }
            verdict
        })
    }
}

#[cfg(test)]
mod tests {
    use bson::bson;

    use super::*;

    #[test]
    fn whatever_is_neither_success_nor_pending_does_not_confirm() {
        for (result, verdict) in [
            (bson!({ "status": "success" }), Verdict::Success),
            (bson!({ "status": "pending", "more": 1 }), Verdict::Pending),
            (bson!({ "status": "fail" }), Verdict::Fail),
            (bson!({ "status": "Success" }), Verdict::Fail),
            (bson!({ "status": true }), Verdict::Fail),
            (bson!({}), Verdict::Silent),
            (bson!({ "status": "" }), Verdict::Silent),
            (bson!("success"), Verdict::Fail),
            (Bson::Null, Verdict::Fail),
            (Bson::Undefined, Verdict::Fail),
        ] {
            assert_eq!(Verdict::of(&result), verdict, "{result}");
        }
    }
}
