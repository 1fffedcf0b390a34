//! A process of the simulation: a thread with a runtime of its own, whose timers run by the simulation's time alone.
//!
//! A killed one leaves what `kill -9` leaves: every task is gone at the point that it had reached, and nothing was closed.

use std::pin::Pin;
use std::sync::mpsc as blocking;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc;

/// How long, by the machine's clock, a piece of work may take before it is taken to hang.
const HANGS: Duration = Duration::from_secs(60);

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

enum Job {
    Run(Work),
    Advance(Duration, blocking::Sender<()>),
}

/// The process.
pub(super) struct Cell {
    jobs: Option<mpsc::UnboundedSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Cell {
    /// Starts it.
    pub(super) fn start(name: &str) -> Self {
        let (jobs, waiting) = mpsc::unbounded_channel();
        let thread = thread::Builder::new().name(name.to_owned());
        Self {
            jobs: Some(jobs),
            thread: Some(thread.spawn(move || live(waiting)).unwrap()),
        }
    }

    /// Begins some work there. The answer never comes when it is killed meanwhile.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> blocking::Receiver<T> {
        let (told, answer) = blocking::channel();
        self.order(Job::Run(Box::pin(async move {
            // Nobody may wait for it any more.
            let _unheard = told.send(work.await);
        })));
        answer
    }

    /// Does some work there.
    pub(super) fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.begin(work).recv_timeout(HANGS).expect("work that ends")
    }

    /// Lets time pass there.
    pub(super) fn advance(&self, time: Duration) {
        let (told, passed) = blocking::channel();
        self.order(Job::Advance(time, told));
        passed.recv_timeout(HANGS).expect("time passes");
    }

    /// Ends it in the middle of whatever it does.
    pub(super) fn kill(mut self) {
        self.end();
    }

    fn order(&self, job: Job) {
        assert!(self.jobs.as_ref().unwrap().send(job).is_ok(), "it lives");
    }

    fn end(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                ended.is_ok() || thread::panicking(),
                "a process of the simulation panicked"
            );
        }
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        self.end();
    }
}

fn live(mut jobs: mpsc::UnboundedReceiver<Job>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        // A paused clock jumps to the next timer whenever nothing else is to be done, which it cannot tell from waiting for a
        // socket or for SQLite. It does not while something blocks.
        let (release, held) = blocking::channel::<()>();
        let holding = tokio::task::spawn_blocking(move || held.recv());
        while let Some(job) = jobs.recv().await {
            match job {
                Job::Run(work) => drop(tokio::spawn(work)),
                Job::Advance(time, told) => {
                    tokio::time::advance(time).await;
                    let _unheard = told.send(());
                }
            }
        }
        drop((release, holding));
    });
}
