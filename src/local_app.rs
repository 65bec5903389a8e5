//! The local App: an embedded, honest server of the App Services client API.
