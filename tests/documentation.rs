//! The pages of this repository: what they link to is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All pages for people.
fn pages() -> Vec<PathBuf> {
    let pages = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_page = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "md");
    pages(root()).chain(pages(root().join("docs"))).filter(is_page).collect()
}

/// The page without blocks and spans of code, in which brackets are no links.
fn prose(page: &str) -> String {
    let outside: String = page.split("```").step_by(2).collect();
    outside.split('`').step_by(2).collect()
}

/// Where the page's links and pictures lead, in Markdown and in HTML.
fn targets(page: &str) -> Vec<String> {
    let prose = prose(page);
    let after = |mark: &str, end: char| {
        let parts: Vec<_> = prose.split(mark).skip(1).collect();
        parts
            .into_iter()
            .filter_map(move |part| part.split_once(end))
            .map(|(target, _)| target.to_owned())
            .collect()
    };
    let all: [Vec<String>; 3] = [after("](", ')'), after("src=\"", '"'), after("href=\"", '"')];
    all.concat()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn has_heading(page: &Path, wanted: &str) -> bool {
    let text = fs::read_to_string(page).unwrap();
    text.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| anchor(line.trim_start_matches('#')) == wanted)
}

#[test]
fn every_link_leads_somewhere() {
    let mut found = 0;
    let mut broken = Vec::new();
    for page in pages() {
        for target in targets(&fs::read_to_string(&page).unwrap()) {
            if target.contains("://") {
                continue;
            }
            found += 1;
            let (path, heading) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            if !file.exists() || (!heading.is_empty() && !has_heading(&file, heading)) {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(found > 30, "the links are found, there are {found}");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_picture_is_shown_and_says_what_it_is() {
    let mut shown = BTreeSet::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in targets(&text).iter().filter(|target| target.ends_with(".svg")) {
            shown.insert(Path::new(target).file_name().unwrap().to_owned());
            let without_words = format!("![]({target})");
            assert!(!text.contains(&without_words), "{}: {target} says nothing", page.display());
        }
    }
    let pictures = fs::read_dir(root().join("assets")).unwrap().map(|entry| entry.unwrap().path());
    for picture in pictures.filter(|path| path.extension().is_some_and(|kind| kind == "svg")) {
        assert!(shown.contains(picture.file_name().unwrap()), "no page shows {}", picture.display());
        let size = fs::metadata(&picture).unwrap().len();
        assert!(size < 60 * 1024, "{} has {size} bytes", picture.display());
        let text = fs::read_to_string(&picture).unwrap();
        assert!(text.starts_with("<svg ") && text.contains("<title"), "{}", picture.display());
    }
}

#[test]
fn the_readme_leads_to_every_page_of_the_manual() {
    let readme = targets(&fs::read_to_string(root().join("README.md")).unwrap());
    for page in fs::read_dir(root().join("docs")).unwrap() {
        let name = format!("docs/{}", page.unwrap().file_name().to_str().unwrap());
        assert!(!name.ends_with(".md") || readme.contains(&name), "README.md does not link {name}");
    }
}
