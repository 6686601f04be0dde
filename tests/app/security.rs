//! The server against those who mean harm: what every answer carries, what requests may cost, who may write from where, and
//! what is told of our faults. The tables go through the whole route table, so a new route is covered from its first day.

mod answers;
mod assignment;
mod faults;
mod heads;
mod hosts;
mod reading;
mod sessions;
mod slow;
mod supply;
mod writes;

use crate::battery::routes::things::Things;
use crate::support::app::{Setting, TestApp, Visitor, eventually};
use crate::support::dump::{Dump, dump};
use crate::support::programs::Program;
use crate::support::routes::{self, Route};

/// A Herald with one thing of every kind in it, whose deliveries have all ended.
struct Furnished {
    app: TestApp,
    admin: Visitor,
    program: Program,
    things: Things,
}

impl Furnished {
    async fn house() -> Self {
        let app = Setting::default().spawn().await;
        let things = Things::make(&app).await;
        let (admin, program) = (app.admin().await, app.program("read,write,publish").await);
        eventually("all deliveries have ended", &mut async || {
            let open = program.gets("/deliveries?state=pending").await.json();
            open["data"].as_array()?.is_empty().then_some(())
        })
        .await;
        Self { app, admin, program, things }
    }

    /// The route's address about what is there.
    fn path(&self, route: &Route) -> String {
        self.things.path(route, thing(route))
    }

    fn id(&self, kind: &str) -> &str {
        &self.things.get(kind).id
    }

    /// What the database holds, but for when somebody was last seen.
    async fn contents(&self) -> Dump {
        dump(&self.app.running().db).await
    }
}

/// What the id in the route's path is of.
fn thing(route: &Route) -> &'static str {
    let row = routes::table().into_iter().find(|row| row.route == *route);
    row.unwrap_or_else(|| panic!("{route:?} has no row in routes.txt")).thing
}
