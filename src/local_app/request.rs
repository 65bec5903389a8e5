//! Where a request comes from: for rate limits, and for functions, which see it as `context.request` (section 13.1).

use std::net::IpAddr;

/// Facts about one request, without its body.
#[derive(Debug, Clone, Default)]
pub struct RequestFacts {
    /// Who sent it, as far as trusted proxies say.
    pub remote_address: Option<IpAddr>,
    /// `POST` and so on.
    pub method: String,
    /// What stands after the `?`.
    pub raw_query: String,
    /// Header names in lower case with their values, in the order of arrival. `Authorization` and `Cookie` are left out.
    pub headers: Vec<(String, String)>,
}
