//! What goes on beside the viewers' own threads: connections to origins, filling the cache.

mod complaints;

use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Handle, Runtime};

use complaints::Complaints;

/// A runtime that outlives every viewer. It starts when it is first needed: a site of folders
/// never needs it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Background(Arc<Threads>);

#[derive(Debug, Default)]
struct Threads {
    runtime: OnceLock<Option<Runtime>>,
    complaints: Complaints,
}

impl Background {
    pub(crate) fn handle(&self) -> Handle {
        let runtime = self.0.runtime.get_or_init(|| {
            let complaints = self.0.complaints.clone();
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let builder = &mut Builder::new_multi_thread();
            let builder = builder.worker_threads(threads).thread_name("gatepass-background");
            builder.on_thread_start(move || complaints.listen());
            Some(builder.enable_all().build().expect("a runtime starts"))
        });
        runtime.as_ref().expect("it is there until it is dropped").handle().clone()
    }

    /// What the cache's disk failed at.
    pub(crate) fn complaints(&self) -> &Complaints {
        &self.0.complaints
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // An edge may be dropped where nobody may wait.
        if let Some(runtime) = self.runtime.get_mut().and_then(Option::take) {
            runtime.shutdown_background();
        }
    }
}
