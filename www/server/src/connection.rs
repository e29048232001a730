//! Connections: accepting them, closing them without an answer, and knowing
//! when an answer has left.
//!
//! `axum::serve` hides all three, so hyper is driven here. HTTP/1.1 only: one
//! exchange at a time on a connection is what makes "close this one" exact.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::task::JoinSet;

use crate::App;
use crate::clock::Timestamp;
use crate::store::Store;
use crate::store::sessions::mark_answered;

/// How long a request under way may take once the server is told to end.
pub const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// A rotation whose answer is on its way. Holds the turn of the presented
/// token, so that a second call with it waits until this one's end is known.
pub struct Delivery {
    store: Arc<Store>,
    row: i64,
    turn: Arc<OwnedMutexGuard<()>>,
}

impl Clone for Delivery {
    // Extensions of a response have to be Clone; nothing clones them.
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            row: self.row,
            turn: Arc::clone(&self.turn),
        }
    }
}

impl Delivery {
    /// Goes with the answer that carries the refresh token of this row.
    pub fn new(store: Arc<Store>, row: i64, turn: OwnedMutexGuard<()>) -> Self {
        Self {
            store,
            row,
            turn: Arc::new(turn),
        }
    }

    /// Notes that the answer has left, then gives the turn up.
    pub async fn answered(self) {
        let row = self.row;
        let marked = self
            .store
            .run(move |db| mark_answered(db, row, Timestamp::now()))
            .await;
        if let Err(error) = marked {
            // The old token stays good, which is the safe side.
            eprintln!("evertoken-demo-server: {error}");
        }
        drop(self.turn);
    }
}

/// A connection, as the requests on it see it.
#[derive(Clone)]
pub struct ConnectionHandle(Arc<Shared>);

struct Shared {
    peer: SocketAddr,
    /// A panel's exchange is under way: it is spared when the server is down.
    panel: AtomicBool,
    close: Notify,
    retire: Notify,
    /// The answer whose last byte is in hyper's buffer.
    leaving: Mutex<Option<Delivery>>,
}

impl ConnectionHandle {
    /// Gives the other end's address.
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// Closes the connection at once, whatever is under way on it.
    pub fn close(&self) {
        self.0.close.notify_one();
    }

    /// Closes the connection when nothing is under way on it.
    fn retire(&self) {
        self.0.retire.notify_one();
    }

    fn leaving(&self) -> std::sync::MutexGuard<'_, Option<Delivery>> {
        self.0
            .leaving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections that are open.
#[derive(Default)]
pub struct Connections {
    open: Mutex<HashMap<u64, ConnectionHandle>>,
    next: AtomicU64,
}

impl Connections {
    /// Closes all but those on which the panel is being asked.
    pub fn close_all(&self) {
        for connection in self.lock().values() {
            if !connection.0.panel.load(Ordering::Acquire) {
                connection.close();
            }
        }
    }

    /// Closes all as soon as nothing is under way on them.
    pub fn retire_all(&self) {
        for connection in self.lock().values() {
            connection.retire();
        }
    }

    fn add(&self, peer: SocketAddr) -> (u64, ConnectionHandle) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let handle = ConnectionHandle(Arc::new(Shared {
            peer,
            panel: AtomicBool::new(false),
            close: Notify::new(),
            retire: Notify::new(),
            leaving: Mutex::new(None),
        }));
        self.lock().insert(id, handle.clone());
        (id, handle)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, ConnectionHandle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts until the server is told to end, then lets what is under way end.
pub async fn serve(listener: TcpListener, app: Arc<App>, router: Router) {
    let mut stopping = app.stopping();
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => break,
            Some(_) = tasks.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                tasks.spawn(connection(stream, peer, Arc::clone(&app), router.clone()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: it passes.
                eprintln!("evertoken-demo-server: accept: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_LIMIT, finished)
        .await
        .is_err()
    {
        eprintln!("evertoken-demo-server: requests still under way were cut off");
        tasks.shutdown().await;
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, app: Arc<App>, router: Router) {
    // Small answers: waiting to fill a segment only adds latency.
    let _ = stream.set_nodelay(true);
    let (id, handle) = app.connections.add(peer);
    let io = Line {
        stream: TokioIo::new(stream),
        handle: handle.clone(),
    };
    let service = service_fn(|request: Request<Incoming>| {
        exchange(
            Arc::clone(&app),
            router.clone(),
            handle.clone(),
            request.map(Body::new),
        )
    });
    let mut http = pin!(http1::Builder::new().serve_connection(io, service));
    let mut stopping = app.stopping();
    let mut ending = false;
    loop {
        tokio::select! {
            // Broken requests and clients that leave are everyday events.
            _ = http.as_mut() => break,
            () = handle.0.close.notified() => break,
            () = handle.0.retire.notified() => http.as_mut().graceful_shutdown(),
            _ = stopping.wait_for(|stop| *stop), if !ending => {
                ending = true;
                http.as_mut().graceful_shutdown();
            }
        }
    }
    app.connections.lock().remove(&id);
}

/// Lets the router answer one request.
async fn exchange(
    app: Arc<App>,
    router: Router,
    handle: ConnectionHandle,
    mut request: Request,
) -> Result<Response, std::convert::Infallible> {
    let panel = request.uri().path().starts_with("/panel/");
    handle.0.panel.store(panel, Ordering::Release);
    if app.faults.is_down() && !panel {
        return Ok(crate::fault::close(Some(handle)).await);
    }
    request.extensions_mut().insert(handle.clone());
    let service = TowerToHyperService::new(router);
    let mut response = hyper::service::Service::call(&service, request).await?;
    if app.faults.forbid_reuse() {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let delivery = response.extensions_mut().remove::<Delivery>();
    Ok(response.map(|body| {
        Body::new(Watched {
            body,
            handle,
            delivery,
        })
    }))
}

/// A body that notices when hyper has taken its last frame.
struct Watched {
    body: Body,
    handle: ConnectionHandle,
    delivery: Option<Delivery>,
}

impl HttpBody for Watched {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        if matches!(frame, None | Some(Ok(_)))
            && self.body.is_end_stream()
            && let Some(delivery) = self.delivery.take()
        {
            *self.handle.leaving() = Some(delivery);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The socket, watched for the flush that follows an answer's last byte: hyper
/// flushes only when the operating system has taken all that was written.
struct Line {
    stream: TokioIo<TcpStream>,
    handle: ConnectionHandle,
}

impl Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if let Some(delivery) = self.handle.leaving().take() {
            tokio::spawn(delivery.answered());
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }
}
