//! What goes on beside the viewers' own threads: connections to origins, filling the cache.

use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime that outlives every viewer. It starts when it is first needed: a site of folders
/// never needs it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Background(Arc<Threads>);

#[derive(Debug, Default)]
struct Threads(OnceLock<Option<Runtime>>);

impl Background {
    pub(crate) fn handle(&self) -> Handle {
        let runtime = self.0.0.get_or_init(|| {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let builder = &mut Builder::new_multi_thread();
            let builder = builder.worker_threads(threads).thread_name("gatepass-background");
            Some(builder.enable_all().build().expect("a runtime starts"))
        });
        runtime.as_ref().expect("it is there until it is dropped").handle().clone()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // An edge may be dropped where nobody may wait.
        if let Some(runtime) = self.0.get_mut().and_then(Option::take) {
            runtime.shutdown_background();
        }
    }
}
