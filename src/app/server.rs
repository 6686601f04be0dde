//! The HTTP server: from a listening socket to the routes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_http::{HttpService, Protocol, Request};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use bytes::Bytes;
use tokio::net::{TcpSocket, TcpStream};

use crate::routes;
use crate::web::connection::{self, Patience, Stream};
use crate::web::{Context, error, guard, headers, host, origin, panics, session};

use super::{PATIENCE, files};

const WORKERS: usize = 2;
/// Connections that wait until they are accepted.
const BACKLOG: u32 = 1024;
/// For a client to read an answer that came before all of its request was sent, so that it sees it and not a reset.
const LINGER: Duration = Duration::from_secs(1);

/// Binds, and says where. The middlewares from the outside in: what the connection is at, headers on every answer, the head's
/// size, error pages, the body's time, the host, panics, the cross-site rule, sessions, guards that nobody waited for.
pub(super) fn listen(
    address: SocketAddr,
    context: &Context,
    patience: Patience,
    shared: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<(Server, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    let bound = listener.local_addr()?;

    let is_https = context.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    let lines = Bytes::from(headers::lines(is_https));
    let context = context.clone();
    let builder = ServerBuilder::new()
        .workers(WORKERS)
        .max_concurrent_connections(files::connections().div_ceil(WORKERS))
        .disable_signals()
        .shutdown_timeout(PATIENCE.as_secs());
    let stopping = builder.graceful_shutdown_signal();
    let builder = builder.listen("herald", listener, move || {
        let app = App::new()
            .configure(&shared)
            .configure(routes::configure)
            .wrap(from_fn(guard::decide))
            .wrap(session::middleware(&context))
            .wrap(from_fn(session::tell))
            .wrap(from_fn(origin::check))
            .wrap(from_fn(panics::catch))
            .wrap(from_fn(host::check))
            .wrap(from_fn(connection::bound_body))
            .wrap(from_fn(error::pages))
            .wrap(from_fn(connection::bound_head))
            .wrap(from_fn(headers::apply))
            .wrap(from_fn(connection::track));
        let app = IntoServiceFactory::<_, Request>::into_factory(app);
        let app = app.map_err(|error: actix_web::Error| error.error_response());
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(patience.idle)
            .client_request_timeout(patience.head)
            .client_disconnect_timeout(LINGER)
            .local_addr(bound)
            .on_connect_ext(|stream: &Stream<TcpStream>, data| {
                data.insert(stream.connection());
            })
            .finish(map_config(app, |()| AppConfig::default()));
        let lines = lines.clone();
        fn_service(move |socket: TcpStream| {
            let peer = socket.peer_addr().ok();
            let stream = Stream::new(socket, patience, lines.clone());
            async move { Ok((stream, Protocol::Http1, peer)) }
        })
        .and_then(http)
    })?;
    Ok((builder.run(), bound))
}
