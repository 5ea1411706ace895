//! Style, script and icon: built into the program, named by their content, kept by browsers for a year.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};

use crate::{
    language::Answering,
    problem::{DoorRefusal, Problem},
};

/// One built-in file.
struct Asset {
    /// Its name with the beginning of its hash: another content is another address.
    name: String,
    media_type: &'static str,
    bytes: &'static [u8],
}

/// The addresses of the built-in files, for the page.
pub struct Addresses {
    /// The style.
    pub style: String,
    /// The module that keeps the page live.
    pub script: String,
    /// The icon.
    pub icon: String,
}

fn asset(stem: &str, extension: &str, media_type: &'static str, bytes: &'static [u8]) -> Asset {
    let hash = blake3::hash(bytes).to_hex();
    Asset { name: format!("{stem}.{}.{extension}", &hash[..16]), media_type, bytes }
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset("market", "css", "text/css; charset=utf-8", include_bytes!("../assets/market.css")),
        asset("market", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/market.js")),
        asset("icon", "svg", "image/svg+xml", include_bytes!("../assets/icon.svg")),
    ]
});

/// Where the page finds its files.
pub fn addresses() -> Addresses {
    let [style, script, icon] = &*ASSETS;
    let at = |asset: &Asset| format!("/assets/{}", asset.name);
    Addresses { style: at(style), script: at(script), icon: at(icon) }
}

/// `GET /assets/{name}`.
pub async fn get(Answering(language): Answering, Path(name): Path<String>) -> Result<Response, Problem> {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    let asset = found.ok_or_else(|| Problem::door(DoorRefusal::NotFound, language))?;
    let headers =
        [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.bytes).into_response())
}
