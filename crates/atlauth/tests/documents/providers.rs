//! The page of each kind of provider.

use atlassian_authorizer::document::Kind;

use crate::page::Page;

#[test]
fn each_kind_has_a_page_with_the_same_headings() {
    for kind in Kind::ALL {
        let page = Page::read(format!("docs/providers/{}.md", kind.as_str()));
        let headings: Vec<String> = page
            .headings()
            .into_iter()
            .filter(|heading| heading.level == 2)
            .map(|heading| heading.text)
            .collect();
        let expected = [
            "Where the values are",
            "Smallest settings",
            "Who may call",
            "Usernames and groups",
            "Traps",
        ];
        assert_eq!(headings, expected, "{}", page.path.display());
    }
}
