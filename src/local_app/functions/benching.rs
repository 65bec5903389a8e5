//! Two ways to run one function again and again, for the benchmark.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use bson::{Bson, DateTime, doc};

use super::engine::{Engine, Host, Limits};
use super::pool::{Call, Pool};
use crate::local_app::config::{AppConfig, Function};

const NAME: &str = "main";

fn input() -> Bson {
    Bson::Document(doc! {
        "now": DateTime::now(), "user": {}, "system": false, "values": {}, "environment": {}, "app": {}, "request": {},
        "arguments": [],
    })
}

struct Nothing(String);

impl Host for Nothing {
    fn source(&self, _: &str) -> Option<String> {
        Some(self.0.clone())
    }

    fn log(&self, _: &str) {}

    fn growth(&self) -> Option<usize> {
        None
    }
}

/// Calls the function of `source` in this process, in a fresh engine.
///
/// # Panics
/// When the function fails.
pub fn bare(source: &str) {
    let host: Rc<dyn Host> = Rc::new(Nothing(source.to_owned()));
    let input = crate::data::ejson::canonical(&input()).to_string();
    let mut engine = Engine::new(Limits::default()).expect("an engine starts");
    engine.call(NAME, &input, &host).expect("the function runs");
}

/// Workers that have the function of a source.
pub struct Workers {
    pool: Pool,
    config: Arc<AppConfig>,
}

impl Workers {
    /// Workers of `program`, none of which is started.
    pub fn new(program: &Path, source: &str) -> Self {
        let mut config = AppConfig::default();
        config.functions.insert(NAME.to_owned(), Function::new(source));
        Self { pool: Pool::new(Limits::default(), Some(program)), config: Arc::new(config) }
    }

    /// Calls the function.
    ///
    /// # Panics
    /// When it fails.
    pub async fn call(&self) {
        let call =
            Call { name: NAME.to_owned(), config: Arc::clone(&self.config), input: input(), user: None };
        self.pool.run(call).await.result.expect("the function runs");
    }

    /// Ends the workers; the next call starts anew, in a pool of its own.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
