//! Which language a person is answered in: `?lang=` first, then Accept-Language, then French.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
pub use carbex_rulebook::Language;

/// Accept-Language lists longer than this are read only so far.
const RANGES_MAX: usize = 32;

/// The language of the answer, as an argument of a route.
#[derive(Clone, Copy, Debug)]
pub struct Answering(pub Language);

impl<S: Sync> FromRequestParts<S> for Answering {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(asked(parts.uri.query()).unwrap_or_else(|| preferred(&parts.headers))))
    }
}

/// The language that `?lang=` names, if it does.
fn asked(query: Option<&str>) -> Option<Language> {
    query?.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Language::from_code)
}

/// The language that these headers prefer (RFC 9110, 12.5.4): the highest quality wins, French wins a tie with `*` or silence.
fn preferred(headers: &HeaderMap) -> Language {
    let ranges = headers
        .get_all(header::ACCEPT_LANGUAGE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(RANGES_MAX);
    let mut best: Option<(u16, Language)> = None;
    for range in ranges {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1000, quality_thousandths);
        let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let language = if primary == "*" { Some(Language::French) } else { Language::from_code(&primary) };
        if let Some(language) = language
            && quality > best.map_or(0, |(quality, _)| quality)
        {
            best = Some((quality, language));
        }
    }
    best.map_or(Language::French, |(_, language)| language)
}

/// `0.8` as 800; what is not a quality counts as 0, so a broken header never wins.
fn quality_thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = format!("{fraction:0<3}");
    match (whole, fraction.parse::<u16>()) {
        ("1", _) => 1000,
        ("0", Ok(thousandths)) if fraction.len() == 3 => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred_by(value: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, value.parse().expect("a header value"));
        preferred(&headers)
    }

    #[test]
    fn french_is_spoken_unless_english_is_preferred() {
        assert_eq!(preferred(&HeaderMap::new()), Language::French);
        assert_eq!(preferred_by("de"), Language::French);
        assert_eq!(preferred_by("en"), Language::English);
        assert_eq!(preferred_by("en-GB,en;q=0.9,fr;q=0.8"), Language::English);
        assert_eq!(preferred_by("fr-FR, fr;q=0.9, en;q=0.8"), Language::French);
        assert_eq!(preferred_by("fr;q=0.2, en;q=0.3"), Language::English);
        assert_eq!(preferred_by("en;q=banana, fr;q=0.1"), Language::French);
        assert_eq!(preferred_by("en;q=0"), Language::French);
    }
}
