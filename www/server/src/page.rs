//! The files: the page under `/`, the npm package under `/pkg/`.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::App;

/// A folder that is served.
pub struct Folder {
    root: PathBuf,
    /// What lies in it and is never served.
    withheld: Option<PathBuf>,
}

impl Folder {
    /// The page's folder, in which the server's own source lies.
    pub fn page(root: PathBuf) -> Self {
        Self {
            withheld: Some(root.join("server")),
            root,
        }
    }

    /// The package's folder.
    pub fn package(root: PathBuf) -> Self {
        Self {
            root,
            withheld: None,
        }
    }

    /// Finds the file of a path, by the names the file system gives, so that
    /// neither dots nor links nor spellings lead out or into what is withheld.
    async fn find(&self, relative: &Path) -> Option<Found> {
        let plain = relative.components().all(|part| match part {
            Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
            _ => false,
        });
        if !plain {
            return None;
        }
        let root = tokio::fs::canonicalize(&self.root).await.ok()?;
        let path = tokio::fs::canonicalize(root.join(relative)).await.ok()?;
        if !path.starts_with(&root) {
            return None;
        }
        if let Some(withheld) = &self.withheld
            && let Ok(withheld) = tokio::fs::canonicalize(withheld).await
            && path.starts_with(withheld)
        {
            return None;
        }
        if tokio::fs::metadata(&path).await.ok()?.is_dir() {
            Some(Found::Folder(path))
        } else {
            Some(Found::File(path))
        }
    }
}

enum Found {
    File(PathBuf),
    Folder(PathBuf),
}

/// Serves `/…` and `/pkg/…`.
pub async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = [(ALLOW, HeaderValue::from_static("GET, HEAD"))];
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            allow,
            "Method Not Allowed\n",
        )
            .into_response();
    }
    let Some(path) = decode(request.uri().path()) else {
        return (StatusCode::BAD_REQUEST, "Bad Request\n").into_response();
    };
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let (folder, rest) = match names.split_first() {
        Some((&"pkg", rest)) => (&app.package, rest),
        _ => (&app.page, names.as_slice()),
    };
    match folder.find(&rest.iter().collect::<PathBuf>()).await {
        Some(Found::File(file)) => send(&file).await,
        // Without the slash, relative addresses in the page would miss.
        Some(Found::Folder(_)) if !path.ends_with('/') => {
            let location = format!("{}/", request.uri().path());
            match HeaderValue::from_str(&location) {
                Ok(location) if !location.as_bytes().starts_with(b"//") => {
                    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response()
                }
                _ => not_found(),
            }
        }
        Some(Found::Folder(folder)) => send(&folder.join("index.html")).await,
        None => not_found(),
    }
}

async fn send(file: &Path) -> Response {
    match tokio::fs::read(file).await {
        Ok(bytes) => {
            let content_type = HeaderValue::from_static(media_type(file));
            ([(CONTENT_TYPE, content_type)], bytes).into_response()
        }
        Err(_) => not_found(),
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "Not Found\n").into_response()
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("md" | "txt" | "ts") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Undoes percent-encoding (RFC 3986 section 2.1). Nothing comes of a broken
/// one, of one that is no UTF-8, or of a NUL or backslash.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|path| !path.contains(['\0', '\\']))
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn decodes_paths() {
        assert_eq!(decode("/a%20b/%C3%A4").as_deref(), Some("/a b/ä"));
        for broken in ["/%", "/%2", "/%zz", "/%ff", "/%00", "/a%5Cb"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
