//! What goes on beside the requests for as long as the program runs, and its end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;

use super::clock::{Clock, Timestamp};

/// Something that is looked after again and again. Each step of it must be whole in itself, a transaction perhaps: the end of the
/// program comes between any two.
pub trait Look: Send + 'static {
    /// What lies between the beginning of one look and the next.
    fn every(&self) -> Duration;
    /// One look. What fails is told to the log, and tried again at the next.
    fn look(&mut self, now: Timestamp) -> BoxFuture<'_, ()>;
}

/// Tasks with one stop for all.
#[derive(Default)]
pub struct Tasks(Vec<JoinHandle<()>>);

impl Tasks {
    /// Runs `task` until it ends, or the stop.
    pub fn run(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.push(tokio::spawn(task));
    }

    /// Looks now, and then each time that [`Look::every`] has passed.
    pub fn look(&mut self, clock: Arc<dyn Clock>, mut look: impl Look) {
        self.run(async move {
            loop {
                let now = clock.now();
                look.look(now).await;
                clock.sleep_until(now + look.every()).await;
            }
        });
    }

    /// Ends all of them at whatever they wait for, and returns when none runs any more.
    pub async fn stop(self) {
        for task in &self.0 {
            task.abort();
        }
        for task in self.0 {
            // An aborted task has nothing to say.
            let _ = task.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ManualClock;
    use tokio::sync::mpsc;

    struct Seen(mpsc::UnboundedSender<Timestamp>);

    impl Look for Seen {
        fn every(&self) -> Duration {
            Duration::from_secs(60)
        }
        fn look(&mut self, now: Timestamp) -> BoxFuture<'_, ()> {
            self.0.send(now).expect("the test listens");
            Box::pin(async {})
        }
    }

    #[tokio::test]
    async fn a_look_is_taken_at_once_and_each_time_it_is_due_until_the_stop() {
        let start = Timestamp::from_seconds(1_800_000_000);
        let clock = Arc::new(ManualClock::at(start));
        let (told, mut looks) = mpsc::unbounded_channel();
        let mut tasks = Tasks::default();
        tasks.look(clock.clone(), Seen(told));
        assert_eq!(looks.recv().await, Some(start));
        clock.advance(Duration::from_secs(61));
        assert_eq!(looks.recv().await, Some(start + Duration::from_secs(61)));
        tasks.run(std::future::pending());
        tasks.stop().await;
        assert_eq!(looks.recv().await, None, "the task is gone, and its end of the channel with it");
    }
}
